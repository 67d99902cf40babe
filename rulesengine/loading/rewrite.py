"""What Bazel accepts and starlark-pyo3 does not, put into words it takes; lines never move.

- `TARGET.label`, `.files`, `.default_runfiles` …: a target is a dict here, so the access becomes
  `dot__(TARGET, "label")`; in .bzl files, and BUILD files in which there may be sets, the methods of sets likewise.
- `TARGET[MyInfo]` becomes `provider__(TARGET, MyInfo)`, which can say what lacks which provider.
- `"…" % label` and `"…".format(label)` become calls that write labels as Bazel does.
- In files that name OutputGroupInfo, which is a struct here, `X["group"]`, `in X` and `for … in X`
  become calls likewise.
- `map_each = f` becomes `map_each = expanding__(f)` where `f` of this file has a second parameter of which it
  calls `.expand()`: nothing tells how many parameters a function has.
- `A + B` becomes `add__(A, B)` where one of them may be a select() and the other no list: in files that call select(),
  and where a text that stands there is added to something else; `A | B` becomes `or__(A, B)`.
- `.startswith(X, START)` and the like become `dot__` too: starlark-pyo3 has them with one argument.
- What may be a set or a depset, which are structs here, is seen through calls where it is iterated, searched, measured
  or asked whether it is true; see `standins`.
- What may make a value much larger in one step (`A + B`, `A * B`, `.extend(X)`, in loops `.join()` and `.replace()`,
  `list(range(N))`) is wrapped so that memory is looked at; see `growth`.
- `f(*args, b = 1)` is a parse error here: `*args` moves behind the keyword arguments.

The places are found with Python's own parser (Starlark is a subset of its grammar for what
matters); a file that it does not read is left as it is, and the Starlark parser says why.
Columns are mapped back through `Rewritten.original_column`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from rulesengine.loading import growth, shapes, standins
from rulesengine.loading.nesting import bare
from rulesengine.loading.python_tree import python_tree
from rulesengine.loading.rewritten import Edit, Rewritten, apply
from rulesengine.loading.standins import SEEN, Kind, StandIns

_TARGET_NAMES = frozenset(
    {
        "label", "files", "files_to_run", "default_runfiles", "data_runfiles", "actions", "output_groups",
        "same_package_label", "relative",
    }
)  # fmt: skip
_SET_NAMES = frozenset(
    {
        "add", "clear", "difference", "difference_update", "discard", "intersection", "intersection_update",
        "isdisjoint", "issubset", "issuperset", "pop", "remove", "symmetric_difference",
        "symmetric_difference_update", "union", "update",
    }
)  # fmt: skip
_NEVER = frozenset({"ctx", "repository_ctx", "module_ctx", "attr", "native"})
_PROVIDER = re.compile(r"_*[A-Z]\w*[a-z]\w*")
_WORTH = re.compile(r"\.(?:" + "|".join(sorted(_TARGET_NAMES)) + r")\b|\[(?:\w+\.)*_*[A-Z]\w*[a-z]\w*\]")
_STARRED = re.compile(r"\*(?<=[(,\s]\*)[^*\s=][^\n]*,")
_LONG_CALLS = {"startswith": 2, "endswith": 2, "replace": 3, "elems": 0}
"""Methods of texts that take more arguments in Bazel: from how many on."""
_LONG_CALL = re.compile(r"\.(?:startswith|endswith)\([^()\n]+,|\.replace\([^\n]+,[^\n]+,|\.elems\(")
_CTX_ONLY = re.compile(r"\bctx\.(?:label|files|actions)\b")
SET = re.compile(r"\bset\(")
"""What a file that makes sets holds."""
_EXPANDS = re.compile(r"\.expand\b")
_SELECT = re.compile(r"\bselect\(")
_ADDS = re.compile(r"[\"')]\s*\+(?!=)|[^+=]\+\s*[r(]?[\"']")
_FORMATS = re.compile(r"%(?!d)|\.format\(|(?<!\|)\|(?![|=])")

_FIRST = -(10**18)


def rewrite(text: str, kind: Kind = "") -> Rewritten:
    """Rewrite what needs it; most BUILD files come back as they are.

    kind: `bzl`; `build`, where no sets are loaded; `sets`, a BUILD file where they may be; empty: nothing runs it.
    """
    code = bare(text)
    seen = SEEN[kind] if kind != "build" or not SET.search(code) else SEEN["sets"]
    keyed = "label_keyed_string_dict" in text
    groups = keyed or "OutputGroupInfo" in text
    expands = "map_each" in code and _EXPANDS.search(code) is not None
    # Most BUILD files hold none of these letters: to look for them takes a hundredth of a regular expression's time.
    selects = "select(" in text and _SELECT.search(text) is not None
    adds = selects or ("def " in code and _ADDS.search(code) is not None)
    if not (
        expands
        or groups
        or standins.worth(code, seen)
        or (adds and "+" in code)
        or (("%" in code or "|" in code or ".format(" in code) and _FORMATS.search(code))
        or growth.worth(code)
        or _LONG_CALL.search(code)
        or ("*" in code and _STARRED.search(code))
        or _WORTH.search(_CTX_ONLY.sub("ctx_", code) if "ctx." in code else code)
    ):
        return Rewritten(text, text)
    try:
        tree = python_tree(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Rewritten(text, text)
    names = _TARGET_NAMES | _SET_NAMES if seen.sets else _TARGET_NAMES
    lines = text.split("\n")
    if len(lines) != text.count("\n") + 1 or "\f" in text or "\r" in text:
        return Rewritten(text, text)  # Python counts lines differently there
    stand_ins = StandIns(seen, groups, keyed)
    finder = _Finder([line.encode() for line in lines], names, adds, selects, expands, groups, stand_ins, kind)
    edits = finder.all(tree)
    return apply(text, finder.raw, edits) if edits else Rewritten(text, text)


class _Finder:
    """Finds the places to edit."""

    def __init__(
        self,
        raw: list[bytes],
        names: frozenset[str],
        adds: bool,
        selects: bool,
        expands: bool,
        groups: bool,
        stand_ins: StandIns,
        kind: Kind,
    ) -> None:
        self.raw = raw
        self._names = names
        self._adds = adds
        self._selects = selects
        self._expands = expands
        self._groups = groups
        self._standins = stand_ins
        self._kind = kind

    def all(self, tree: ast.AST) -> list[Edit]:
        """Every edit of a file; none inside of what another one moves."""
        edits: list[Edit] = list(self._expanding(tree)) if self._expands else []
        loops = growth.in_loops(tree)
        stack: list[ast.AST] = [tree]
        while stack:
            node = stack.pop()
            moved: ast.Starred | None = None
            if isinstance(node, ast.Attribute):
                edits.extend(self._attribute(node))
            elif isinstance(node, ast.Subscript):
                edits.extend(self._subscript(node))
            elif isinstance(node, ast.BoolOp):
                edits.extend(self._ands(node))
            elif isinstance(node, ast.BinOp):
                edits.extend(self._operation(node))
            elif isinstance(node, ast.AugAssign):
                edits.extend(self._augmented(node))
            elif isinstance(node, ast.Call):
                for argument in growth.taken(node):
                    edits.extend(self._wrapped("taken__(", argument))
                if isinstance(node.func, ast.Attribute):
                    if node.func.attr == "format":
                        edits.extend(self._format(node, node.func))
                    elif node.func.attr == "join" and node in loops:
                        edits.extend(self._wrapped("big__(", node))
                    elif node in loops or len(node.args) >= _LONG_CALLS.get(node.func.attr, 1000):
                        edits.extend(self._dotted(node.func))
                star, found = self._star(node)
                edits.extend(found)
                moved = star
            for call, one in self._standins.calls(node):
                if moved is None or one is not moved.value:
                    edits.extend(self._wrapped(call, one))
            stack.extend(child for child in ast.iter_child_nodes(node) if child is not moved)
        return edits

    def _expanding(self, tree: ast.AST) -> Iterator[Edit]:
        """The functions given as `map_each` that take a DirectoryExpander."""
        known = {
            node.name
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef) and _takes_expander(node.args, node)
        }
        for node in ast.walk(tree):
            if not isinstance(node, ast.keyword) or node.arg != "map_each":
                continue
            value = node.value
            if (isinstance(value, ast.Name) and value.id in known) or (
                isinstance(value, ast.Lambda) and _takes_expander(value.args, value)
            ):
                yield from self._wrapped("expanding__(", value)

    def _wrapped(self, call: str, node: ast.expr) -> Iterator[Edit]:
        if not isinstance(node, ast.Tuple | ast.List | ast.Dict | ast.GeneratorExp):
            yield self._open(node, call)
            yield self._close(node)

    @staticmethod
    def _open(node: ast.expr, text: str) -> Edit:
        # Of two that open at one place, the outer (it ends later) comes first.
        return node.lineno, node.col_offset, -((node.end_lineno or 0) * 1_000_000 + (node.end_col_offset or 0)), 0, text

    @staticmethod
    def _close(node: ast.expr) -> Edit:
        # Before anything else that stands at that place.
        return node.end_lineno or 0, node.end_col_offset or 0, _FIRST, 0, ")"

    def _attribute(self, node: ast.Attribute) -> Iterator[Edit]:
        if node.attr not in self._names or not isinstance(node.ctx, ast.Load):
            return
        if isinstance(node.value, ast.Name) and node.value.id in _NEVER:
            return
        yield from self._dotted(node)

    def _dotted(self, node: ast.Attribute) -> Iterator[Edit]:
        dot = self._dot(node)
        if dot is not None:
            yield self._open(node, "dot__(")
            yield node.end_lineno or 0, dot, 0, (node.end_col_offset or 0) - dot, f', "{node.attr}")'

    def _dot(self, node: ast.Attribute) -> int | None:
        """The byte column of the dot of `X.name`, where dot and name stand together."""
        end = node.end_col_offset or 0
        start = end - len(node.attr.encode())
        line = self.raw[(node.end_lineno or 1) - 1]
        dot = line.rfind(b".", 0, start)
        if line[start:end] != node.attr.encode() or dot < 0 or line[dot + 1 : start].strip():
            return None
        return dot

    def _subscript(self, node: ast.Subscript) -> Iterator[Edit]:
        key = node.slice
        name = key.id if isinstance(key, ast.Name) else key.attr if isinstance(key, ast.Attribute) else ""
        if not isinstance(node.ctx, ast.Load):
            return
        if not _PROVIDER.fullmatch(name) and (not self._groups or isinstance(key, ast.Slice)):
            return
        opening = self._bracket(node)
        end = (node.end_col_offset or 0) - 1
        if opening is None:
            return
        yield self._open(node, "provider__(")
        yield key.lineno, opening, 0, 1, ", "
        yield key.lineno, end, 0, 1, ")"

    def _operation(self, node: ast.BinOp) -> Iterator[Edit]:
        """`%`, `+` and `|` as calls, where their meaning is another one than starlark-pyo3's."""
        left, right = node.left, node.right
        of_sets = self._standins.operation(node)
        if of_sets is not None:
            yield from self._called(node, of_sets[0], of_sets[1] + "(")
        elif isinstance(node.op, ast.Mod):
            if shapes.is_number(left) or shapes.is_plain(right) or not shapes.shows(left):
                return
            yield from self._called(node, b"%", "mod__(")
        elif isinstance(node.op, ast.BitOr):
            if not shapes.is_number(left) and not shapes.is_number(right):
                yield from self._called(node, b"|", "or__(")
        elif isinstance(node.op, ast.Mult):
            if not growth.is_small(left, right):
                yield from self._called(node, b"*", "mul__(")
        elif isinstance(node.op, ast.Add):
            texts = shapes.is_text(left), shapes.is_text(right)
            if any(
                isinstance(side, (ast.List, ast.ListComp, ast.Tuple)) or shapes.is_number(side)
                for side in (left, right)
            ):
                return  # lists add select() as they are
            if self._adds and not all(texts) and (self._selects or any(texts)):
                yield from self._called(node, b"+", "add__(")
            elif not any(texts):
                yield from self._wrapped("big__(", node)

    def _augmented(self, node: ast.AugAssign) -> Iterator[Edit]:
        """`X += Y` with a select(), and what makes X much larger."""
        target, value = node.target, node.value
        of_sets = self._standins.in_place(node)
        if of_sets is not None:
            yield from self._in_place(node, *of_sets)
            return
        if not isinstance(target, ast.Name):
            return
        if isinstance(node.op, ast.Add) and shapes.is_number(value):
            return
        if isinstance(node.op, ast.Add) and self._selects:
            line = self.raw[target.lineno - 1]
            at = line.find(b"+=", target.end_col_offset or 0)
            if at >= 0 and not line[target.end_col_offset or 0 : at].strip():
                yield target.lineno, at, 0, 1, ""
                yield self._open(value, f"iadd__({target.id}, ")
                yield node.end_lineno or 0, node.end_col_offset or 0, 1, 0, ")"
        elif (
            isinstance(node.op, ast.Add) and not shapes.is_text(value) and not isinstance(value, (ast.List, ast.Tuple))
        ):
            yield from self._wrapped("big__(", value)
        elif isinstance(node.op, ast.Mult):
            yield self._open(value, f"times__({target.id}, ")
            yield value.end_lineno or 0, value.end_col_offset or 0, 3, 0, ")"

    def _in_place(self, node: ast.AugAssign, operator: bytes, function: str) -> Iterator[Edit]:
        """`S |= X` as `S = change__(S, or__, X)`; `D[K] |= X` as `change_item__(D, K, or__, X)`."""
        target, value = node.target, node.value
        place = self._behind(target, operator + b"=")
        if place is None:
            return
        if isinstance(target, ast.Name):
            yield *place, 0, 1, ""
            yield self._open(value, f"change__({target.id}, {function}, ")
        elif isinstance(target, ast.Subscript) and not isinstance(target.slice, ast.Slice):
            number, end = target.end_lineno or 0, (target.end_col_offset or 0) - 1
            opening = self._bracket(target)
            if opening is None:
                return
            yield self._open(target, "change_item__(")
            yield target.slice.lineno, opening, 0, 1, ", "
            yield number, end, 0, 1, f", {function}, "
            yield *place, 0, 2, ""
        else:
            return
        yield self._close(value)

    def _bracket(self, node: ast.Subscript) -> int | None:
        """The byte column of the `[` of `X[key]`, where all of it stands in one line."""
        key = node.slice
        line = self.raw[key.lineno - 1]
        opening = line.rfind(b"[", 0, key.col_offset)
        if key.lineno != node.end_lineno or opening < 0 or line[opening + 1 : key.col_offset].strip():
            return None
        return opening

    def _called(self, node: ast.BinOp, operator: bytes, function: str) -> Iterator[Edit]:
        place = self._behind(node.left, operator)
        if place is not None:
            yield self._open(node, function)
            yield *place, 0, 1, ","
            yield self._close(node)

    def _behind(self, node: ast.expr, operator: bytes) -> tuple[int, int] | None:
        """Where the operator behind an expression stands: line and byte column."""
        number, column = node.end_lineno or 0, node.end_col_offset or 0
        while number <= len(self.raw):
            code = self.raw[number - 1][column:].partition(b"#")[0]
            at = code.find(operator)
            if at >= 0:
                return number, column + at
            number, column = number + 1, 0
        return None

    def _ands(self, node: ast.BoolOp) -> Iterator[Edit]:
        """`A and B` whose value may be an A that is empty."""
        found = self._standins.ands(node)
        if not found:
            return
        places = [self._behind(one, b"and") for one in node.values[:-1]]
        openings = []
        for one, stands_in, place in zip(node.values, found, places, strict=False):
            if place is None:
                return
            openings.append("" if not stands_in else "(" if isinstance(one, ast.Name) else "and__(")
        yield self._open(node, openings[0])
        for one, stands_in, place, opening in zip(node.values, found, places, [*openings[1:], ""], strict=False):
            if place is not None:
                name = one.id if isinstance(one, ast.Name) else ""
                new = "and" if not stands_in else f"if empty__({name}) else" if name else ", lambda:"
                yield *place, 0, 3, f"{new} {opening}" if opening else new
        for _ in range(sum(found)):
            yield self._close(node)

    def _format(self, node: ast.Call, function: ast.Attribute) -> Iterator[Edit]:
        dot = self._dot(function)
        line = self.raw[(function.end_lineno or 1) - 1]
        end = function.end_col_offset or 0
        if dot is None or line[end : end + 1] != b"(":
            return
        yield self._open(node, "format__(")
        yield function.end_lineno or 0, dot, 0, end + 1 - dot, ", "

    def _star(self, node: ast.Call) -> tuple[ast.Starred | None, list[Edit]]:
        """`*args` before keyword arguments moves behind them."""
        stars = [one for one in node.args if isinstance(one, ast.Starred)]
        named = [one for one in node.keywords if one.arg is not None]
        if len(stars) != 1 or not named or stars[0] is not node.args[-1]:
            return None, []
        star, last = stars[0], named[-1]
        if (last.lineno, last.col_offset) < (star.lineno, star.col_offset) or star.lineno != star.end_lineno:
            return None, []
        line = self.raw[star.lineno - 1]
        written = line[star.col_offset : star.end_col_offset].decode()
        comma = re.match(rb"\s*,\s*", line[star.end_col_offset or 0 :])
        if comma is None:
            return None, []
        gone = (star.end_col_offset or 0) - star.col_offset + comma.end()
        moved = rewrite(written[1:], self._kind).text
        if self._standins.starred(star.value):
            moved = f"names__({moved})"
        return star, [
            (star.lineno, star.col_offset, 0, gone, ""),
            (last.end_lineno or 0, last.end_col_offset or 0, 2, 0, f", *{moved}"),
        ]


def _takes_expander(arguments: ast.arguments, function: ast.AST) -> bool:
    if len(arguments.args) != 2 or arguments.defaults:
        return False
    second = arguments.args[1].arg
    return any(
        isinstance(node, ast.Attribute)
        and node.attr == "expand"
        and isinstance(node.value, ast.Name)
        and node.value.id == second
        for node in ast.walk(function)
    )
