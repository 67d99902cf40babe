"""Stand-ins: sets and depsets are structs here, always true and not to be iterated; `rewrite` puts calls around.

- `for x in S`, `x in S`, `a, b = S`, `f(*S)`, `len(S)`, `sorted(S)`, `",".join(S)` …: `names__(S)`, the elements.
- `if S`, `not S`, `S or x`, `bool(S)`, `any([S for …])` …: `filled__(S)`, S unless it is empty.
- `S and x` whose value is wanted: `(S if empty__(S) else x)`, or `and__(f(), lambda: x)`.
- `A - B`, `A & B`, `A ^ B`, `A < B`: calls; `S |= B` and the like: calls that change S in place.

Values travel, so this is done in every .bzl file, not only in those that make sets; a call around costs 30 ns.
What an expression is for sure is left alone; see `shapes`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Literal

from rulesengine.loading.shapes import is_number, is_of_ctx, may_stand_in
from rulesengine.values import frozen

Kind = Literal["", "bzl", "build", "sets"]
_ITERATE = frozenset({"enumerate", "len", "list", "max", "min", "reversed", "sorted", "tuple", "zip"})
"""Builtins that go over what they are given."""
_TRUTH = r"\b(?:if|not|and|or|bool|any|all)\b"
_LETTERS = ("if", "not", "and", "or", "bool(", "any(", "all(")
"""What the shortest of these look for."""
_SETS = (
    r"|\b(?:in|for|enumerate|len|list|max|min|reversed|sorted|tuple|zip)\b|[-&|^<>]|\*\w|, *\w+ *=(?!=)"
    r"|\.(?:add|clear|difference\w*|discard|extend|intersection\w*|is\w+|join|pop|remove|symmetric\w+|union|update)\("
)
_WORDS: dict[Kind, re.Pattern[str]] = {
    "bzl": re.compile(_TRUTH + _SETS + r"|\b(?:def|lambda)\b"),
    "build": re.compile(_TRUTH),
    "sets": re.compile(_TRUTH + _SETS),
}
OPERATORS: dict[type[ast.operator], tuple[bytes, str]] = {
    ast.Sub: (b"-", "sub__"),
    ast.BitAnd: (b"&", "band__"),
    ast.BitXor: (b"^", "xor__"),
    ast.BitOr: (b"|", "or__"),
}
"""The operators of sets: how they are written, and what is called instead."""


_ORDERING = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)


@frozen
class Seen:
    """What is seen in a file: truth of depsets and sets; sets otherwise; and whether it may define functions."""

    truth: bool
    sets: bool
    functions: bool


SEEN: dict[Kind, Seen] = {
    "": Seen(False, False, False),
    "bzl": Seen(True, True, True),
    "build": Seen(True, False, False),
    "sets": Seen(True, True, False),
}


def worth(code: str, seen: Seen) -> bool:
    """A quick look at a text without its literals: whether it may hold anything that is found here."""
    if not seen.truth or not (seen.sets or any(letters in code for letters in _LETTERS)):
        return False
    kind: Kind = "bzl" if seen.functions else "sets" if seen.sets else "build"
    return _WORDS[kind].search(code) is not None


class StandIns:
    """Finds where a file sees a value that may be a set or a depset; asked for outer nodes before inner ones.

    groups: whether there may be dicts of targets and groups of outputs, which are structs, too.
    """

    def __init__(self, seen: Seen, groups: bool, keyed: bool) -> None:
        self._seen = seen
        self._sets = seen.sets
        self._groups = groups
        self._keyed = keyed
        self._asked: set[ast.AST] = set()

    def calls(self, node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
        """What is to be put around which expressions that stand right in a node."""
        if self._sets or self._groups:
            for one in self._iterated(node):
                yield "names__(", one
        if self._seen.truth:
            for one in self._conditions(node):
                yield "filled__(", one
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("any", "all"):
                yield from self._members(node)
        if self._sets and isinstance(node, ast.Compare) and isinstance(node.ops[0], _ORDERING):
            yield from [("ordered__(", node.left)] if all(map(may_stand_in, (node.left, *node.comparators))) else []

    def ands(self, node: ast.AST) -> list[bool]:
        """Of `A and B …` whose value is wanted: which of all but the last may be empty and the value."""
        if (
            not self._seen.truth
            or not isinstance(node, ast.BoolOp)
            or isinstance(node.op, ast.Or)
            or node in self._asked
        ):
            return []
        found = [may_stand_in(one) and (self._seen.functions or isinstance(one, ast.Name)) for one in node.values[:-1]]
        return found if any(found) else []

    def operation(self, node: ast.BinOp) -> tuple[bytes, str] | None:
        """The call for an operator that sets have, but `|`."""
        if not self._sets or isinstance(node.op, ast.BitOr) or not may_stand_in(node.left) or is_number(node.right):
            return None
        return OPERATORS.get(type(node.op))

    def in_place(self, node: ast.AugAssign) -> tuple[bytes, str] | None:
        """The operator of an assignment that changes a set in place."""
        if not self._sets or type(node.op) not in OPERATORS or not may_stand_in(node.value):
            return None
        return OPERATORS[type(node.op)]

    def starred(self, node: ast.expr) -> bool:
        """Whether what stands behind a `*` may be a set."""
        return self._sets and self._may_iterate(node)

    def _may_iterate(self, node: ast.expr) -> bool:
        return may_stand_in(node) or (self._groups and is_of_ctx(node))

    def _iterated(self, node: ast.AST) -> Iterator[ast.expr]:
        found: list[ast.expr] = []
        if isinstance(node, ast.Compare):
            if isinstance(node.ops[0], ast.In | ast.NotIn):
                found = node.comparators[:1]
        elif isinstance(node, ast.For | ast.comprehension):
            found = [node.iter]
        elif isinstance(node, ast.Call):
            found = self._arguments(node)
        elif self._sets and isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple | ast.List):
            found = [node.value]
        for one in found:
            if self._may_iterate(one):
                yield one

    def _arguments(self, node: ast.Call) -> list[ast.expr]:
        if isinstance(node.func, ast.Name):
            name = node.func.id
            if not (self._sets or self._keyed):
                return []
            if name in _ITERATE and (name not in ("max", "min") or len(node.args) == 1):
                return [one.value if isinstance(one, ast.Starred) else one for one in node.args]
        elif self._sets and isinstance(node.func, ast.Attribute) and node.func.attr in ("join", "extend"):
            return [one for one in node.args if not isinstance(one, ast.Starred)]
        return [one.value for one in node.args if isinstance(one, ast.Starred)] if self._sets else []

    def _conditions(self, node: ast.AST) -> Iterator[ast.expr]:
        if isinstance(node, ast.If | ast.IfExp):
            yield from self._asks(node.test)
        elif isinstance(node, ast.UnaryOp):
            if isinstance(node.op, ast.Not):
                yield from self._asks(node.operand)
        elif isinstance(node, ast.comprehension):
            for one in node.ifs:
                yield from self._asks(one)
        elif isinstance(node, ast.BoolOp):
            if isinstance(node.op, ast.Or) and node not in self._asked:
                for one in node.values[:-1]:
                    yield from self._asks(one)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and len(node.args) == 1:
            if node.func.id == "bool":
                yield from self._asks(node.args[0])
            elif node.func.id in ("any", "all"):
                argument = node.args[0]
                if isinstance(argument, ast.List | ast.Tuple):
                    for one in argument.elts:
                        yield from self._asks(one)
                elif isinstance(argument, ast.ListComp):
                    yield from self._asks(argument.elt)

    def _asks(self, node: ast.expr) -> Iterator[ast.expr]:
        """The parts of an expression of which nothing but the truth matters."""
        if isinstance(node, ast.BoolOp):
            self._asked.add(node)
            for one in node.values:
                yield from self._asks(one)
        elif isinstance(node, ast.IfExp):
            yield from self._asks(node.body)
            yield from self._asks(node.orelse)
        elif may_stand_in(node) and not isinstance(node, ast.Starred):
            yield node

    def _members(self, node: ast.Call) -> Iterator[tuple[str, ast.expr]]:
        if len(node.args) == 1 and may_stand_in(node.args[0]) and not isinstance(node.args[0], ast.Starred):
            yield "each__(", node.args[0]
