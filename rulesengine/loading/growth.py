"""Growth: which operations of a file may make a value many times larger in one step.

starlark-pyo3 asks whether to go on once in a thousand steps only; thirty steps make a list of a
gigabyte out of one element.  `rewrite` wraps what is found here.
"""

from __future__ import annotations

import ast
import re

_OPERATION = re.compile(r"\+=?\s{0,40}[A-Za-z_(]|\*=?\s{0,40}[\w(\[\"']")
_COPY = re.compile(r"\b(?:list|sorted|tuple|reversed|enumerate)\([^\n]*range")
_LOOP = re.compile(r"^[ \t]+for\b[^\n]*:[ \t]*(?:#.*)?$", re.MULTILINE)
_TEXTS = re.compile(r"\.(?:join|replace)\(")
_TAKES = frozenset({"list", "sorted", "tuple", "reversed", "enumerate"})
_SMALL = 10_000
"""A literal repeated up to so many times is no matter."""


def worth(text: str) -> bool:
    """A quick look at a text: whether it may hold anything that is found here."""
    if ".extend(" in text or ("range" in text and _COPY.search(text)):
        return True
    if "+" in text or "*" in text:
        for found in _OPERATION.finditer(text):
            left = text[max(found.start() - 41, 0) : found.start()].rstrip()[-1:]
            if left and (left.isalnum() or left in ("_)]" if found[0][0] == "+" else "_)]\"'")):
                return True
    if "for" not in text:
        return False
    loop = _LOOP.search(text)
    return loop is not None and _TEXTS.search(text, loop.end()) is not None


def in_loops(tree: ast.AST) -> set[ast.AST]:
    """The calls of join() and replace() in loops: the only ones that can double a text again and again."""
    return {
        node
        for loop in ast.walk(tree)
        if isinstance(loop, ast.For)
        for node in ast.walk(loop)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("join", "replace")
    }


def taken(call: ast.Call) -> list[ast.expr]:
    """The argument that a call copies whole: of extend(), and of list() and the like, which may be a range."""
    if len(call.args) != 1:
        return []
    argument = call.args[0]
    if isinstance(argument, (ast.List, ast.Tuple, ast.Dict, ast.ListComp, ast.DictComp, ast.Starred)):
        return []
    if isinstance(call.func, ast.Attribute):
        return [argument] if call.func.attr == "extend" else []
    return [argument] if isinstance(call.func, ast.Name) and call.func.id in _TAKES else []


def is_small(left: ast.expr, right: ast.expr) -> bool:
    """Whether a product is of literals, one of which is a small number."""
    sides = [side for side in (left, right) if isinstance(side, ast.Constant)]
    return len(sides) == 2 and any(isinstance(side.value, int) and abs(side.value) < _SMALL for side in sides)
