"""What Bazel accepts and starlark-pyo3 does not, put into words it takes; lines never move.

- `TARGET.label`, `.files`, `.default_runfiles` …: a target is a dict here, so the access becomes
  `dot__(TARGET, "label")`; in files that call `set()` the methods of sets likewise.
- `TARGET[MyInfo]` becomes `provider__(TARGET, MyInfo)`, which can say what lacks which provider.
- `"…" % label` and `"…".format(label)` become calls that write labels as Bazel does.
- In files that name OutputGroupInfo, which is a struct here, `X["group"]`, `in X` and `for … in X`
  become calls likewise.
- `map_each = f` becomes `map_each = expanding__(f)` where `f` of this file has a second parameter of which it
  calls `.expand()`: nothing tells how many parameters a function has.
- `A + B` becomes `add__(A, B)` where one of them may be a select() and the other no list: in files that call select(),
  and where a text that stands there is added to something else; `A | B` becomes `or__(A, B)`.
- `.startswith(X, START)` and the like become `dot__` too: starlark-pyo3 has them with one argument.
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

from attrs import field, frozen

from rulesengine.loading import growth
from rulesengine.loading.nesting import bare
from rulesengine.loading.python_tree import python_tree

_TARGET_NAMES = frozenset(
    {"label", "files", "files_to_run", "default_runfiles", "data_runfiles", "actions", "same_package_label", "relative"}
)
_SET_NAMES = frozenset(
    {
        "add", "difference", "discard", "intersection", "issubset", "issuperset", "remove", "symmetric_difference",
        "union", "update",
    }
)  # fmt: skip
_NEVER = frozenset({"ctx", "repository_ctx", "module_ctx", "attr", "native"})
_PROVIDER = re.compile(r"_*[A-Z]\w*[a-z]\w*")
_WORTH = re.compile(r"\.(?:" + "|".join(sorted(_TARGET_NAMES)) + r")\b|\[(?:\w+\.)*_*[A-Z]\w*[a-z]\w*\]")
_STARRED = re.compile(r"\*(?<=[(,\s]\*)[^*\s=][^\n]*,")
_LONG_CALLS = {"startswith": 2, "endswith": 2, "replace": 3, "elems": 0}
"""Methods of texts that take more arguments in Bazel: from how many on."""
_LONG_CALL = re.compile(r"\.(?:startswith|endswith)\([^()\n]+,|\.replace\([^\n]+,[^\n]+,|\.elems\(")
_SHOWN = re.compile(r"%[srgG]")
_CTX_ONLY = re.compile(r"\bctx\.(?:label|files|actions)\b")
_SET = re.compile(r"\bset\(")
_EXPANDS = re.compile(r"\.expand\b")
_SELECT = re.compile(r"\bselect\(")
_ADDS = re.compile(r"[\"')]\s*\+(?!=)|[^+=]\+\s*[r(]?[\"']")
_FORMATS = re.compile(r"%(?!d)|\.format\(|(?<!\|)\|(?![|=])")

# (line, byte column, order at that place, bytes replaced, new text)
_Edit = tuple[int, int, int, int, str]


@frozen
class Rewritten:
    """A file's text as written and as parsed.

    shifts: line -> (first column of new text, width of new text, width of what it replaced), ascending;
        columns are characters from 1, of the parsed text.
    """

    original: str
    text: str
    shifts: dict[int, list[tuple[int, int, int]]] = field(factory=dict)

    def original_column(self, line: int, column: int) -> int:
        """The author's column (from 1) for a column of the parsed text."""
        moved = 0
        for start, width, replaced in self.shifts.get(line, ()):
            if column < start:
                break
            if column < start + width:
                return max(1, start - moved)
            moved += width - replaced
        return max(1, column - moved)


def rewrite(text: str) -> Rewritten:
    """Rewrite what needs it; most files come back as they are."""
    code = bare(text)
    keyed = "label_keyed_string_dict" in text
    groups = keyed or "OutputGroupInfo" in text
    expands = "map_each" in code and _EXPANDS.search(code) is not None
    # Most BUILD files hold none of these letters: to look for them takes a hundredth of a regular expression's time.
    selects = "select(" in text and _SELECT.search(text) is not None
    adds = selects or ("def " in code and _ADDS.search(code) is not None)
    if not (
        expands
        or groups
        or (adds and "+" in code)
        or (("%" in code or "|" in code or ".format(" in code) and _FORMATS.search(code))
        or growth.worth(code)
        or _LONG_CALL.search(code)
        or ("*" in code and _STARRED.search(code))
        or ("set(" in code and _SET.search(code))
        or _WORTH.search(_CTX_ONLY.sub("ctx_", code) if "ctx." in code else code)
    ):
        return Rewritten(text, text)
    try:
        tree = python_tree(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Rewritten(text, text)
    names = _TARGET_NAMES | _SET_NAMES if _SET.search(text) else _TARGET_NAMES
    lines = text.split("\n")
    if len(lines) != text.count("\n") + 1 or "\f" in text or "\r" in text:
        return Rewritten(text, text)  # Python counts lines differently there
    finder = _Finder([line.encode() for line in lines], names, adds, selects, expands, groups, keyed)
    edits = finder.all(tree)
    return _apply(text, finder.raw, edits) if edits else Rewritten(text, text)


_ITERATE = frozenset(["all", "any", "enumerate", "len", "list", "reversed", "sorted", "tuple", "zip"])
"""Builtins that see of a dict its keys: a dict of targets is a struct, see keyed__()."""


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
        keyed: bool,
    ) -> None:
        self.raw = raw
        self._names = names
        self._adds = adds
        self._selects = selects
        self._expands = expands
        self._groups = groups
        self._keyed = keyed

    def all(self, tree: ast.AST) -> list[_Edit]:
        """Every edit of a file; none inside of what another one moves."""
        edits: list[_Edit] = list(self._expanding(tree)) if self._expands else []
        loops = growth.in_loops(tree)
        stack: list[ast.AST] = [tree]
        while stack:
            node = stack.pop()
            moved: ast.AST | None = None
            if isinstance(node, ast.Attribute):
                edits.extend(self._attribute(node))
            elif isinstance(node, ast.Subscript):
                edits.extend(self._subscript(node))
            elif self._groups and isinstance(node, ast.Compare):
                if len(node.ops) == 1 and isinstance(node.ops[0], ast.In | ast.NotIn):
                    edits.extend(self._wrapped("names__(", node.comparators[0]))
            elif self._groups and isinstance(node, ast.For | ast.comprehension):
                edits.extend(self._wrapped("names__(", node.iter))
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
                elif self._keyed and isinstance(node.func, ast.Name) and node.func.id in _ITERATE:
                    for argument in node.args:
                        if not isinstance(argument, ast.Starred):
                            edits.extend(self._wrapped("names__(", argument))
                star, found = self._star(node)
                edits.extend(found)
                moved = star
            stack.extend(child for child in ast.iter_child_nodes(node) if child is not moved)
        return edits

    def _expanding(self, tree: ast.AST) -> Iterator[_Edit]:
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

    def _wrapped(self, call: str, node: ast.expr) -> Iterator[_Edit]:
        if not isinstance(node, ast.Tuple | ast.List | ast.Dict | ast.GeneratorExp):
            yield self._open(node, call)
            yield node.end_lineno or 0, node.end_col_offset or 0, 3, 0, ")"

    @staticmethod
    def _open(node: ast.expr, text: str) -> _Edit:
        # Of two that open at one place, the outer (it ends later) comes first.
        return node.lineno, node.col_offset, -((node.end_lineno or 0) * 1_000_000 + (node.end_col_offset or 0)), 0, text

    def _attribute(self, node: ast.Attribute) -> Iterator[_Edit]:
        if node.attr not in self._names or not isinstance(node.ctx, ast.Load):
            return
        if isinstance(node.value, ast.Name) and node.value.id in _NEVER:
            return
        yield from self._dotted(node)

    def _dotted(self, node: ast.Attribute) -> Iterator[_Edit]:
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

    def _subscript(self, node: ast.Subscript) -> Iterator[_Edit]:
        key = node.slice
        name = key.id if isinstance(key, ast.Name) else key.attr if isinstance(key, ast.Attribute) else ""
        if not isinstance(node.ctx, ast.Load):
            return
        if not _PROVIDER.fullmatch(name) and (not self._groups or isinstance(key, ast.Slice)):
            return
        line = self.raw[key.lineno - 1]
        opening = line.rfind(b"[", 0, key.col_offset)
        end = (node.end_col_offset or 0) - 1
        if key.lineno != node.end_lineno or opening < 0 or line[opening + 1 : key.col_offset].strip():
            return
        yield self._open(node, "provider__(")
        yield key.lineno, opening, 0, 1, ", "
        yield key.lineno, end, 0, 1, ")"

    def _operation(self, node: ast.BinOp) -> Iterator[_Edit]:
        """`%`, `+` and `|` as calls, where their meaning is another one than starlark-pyo3's."""
        left, right = node.left, node.right
        if isinstance(node.op, ast.Mod):
            if _is_number(left) or _is_plain(right) or not _shows(left):
                return
            yield from self._called(node, b"%", "mod__(")
        elif isinstance(node.op, ast.BitOr):
            if not _is_number(left) and not _is_number(right):
                yield from self._called(node, b"|", "or__(")
        elif isinstance(node.op, ast.Mult):
            if not growth.is_small(left, right):
                yield from self._called(node, b"*", "mul__(")
        elif isinstance(node.op, ast.Add):
            texts = _is_text(left), _is_text(right)
            if any(isinstance(side, (ast.List, ast.ListComp, ast.Tuple)) or _is_number(side) for side in (left, right)):
                return  # lists add select() as they are
            if self._adds and not all(texts) and (self._selects or any(texts)):
                yield from self._called(node, b"+", "add__(")
            elif not any(texts):
                yield from self._wrapped("big__(", node)

    def _augmented(self, node: ast.AugAssign) -> Iterator[_Edit]:
        """`X += Y` with a select(), and what makes X much larger."""
        target, value = node.target, node.value
        if not isinstance(target, ast.Name):
            return
        if isinstance(node.op, ast.Add) and _is_number(value):
            return
        if isinstance(node.op, ast.Add) and self._selects:
            line = self.raw[target.lineno - 1]
            at = line.find(b"+=", target.end_col_offset or 0)
            if at >= 0 and not line[target.end_col_offset or 0 : at].strip():
                yield target.lineno, at, 0, 1, ""
                yield self._open(value, f"iadd__({target.id}, ")
                yield node.end_lineno or 0, node.end_col_offset or 0, 1, 0, ")"
        elif isinstance(node.op, ast.Add) and not _is_text(value) and not isinstance(value, (ast.List, ast.Tuple)):
            yield from self._wrapped("big__(", value)
        elif isinstance(node.op, ast.Mult):
            yield self._open(value, f"times__({target.id}, ")
            yield value.end_lineno or 0, value.end_col_offset or 0, 3, 0, ")"

    def _called(self, node: ast.BinOp, operator: bytes, function: str) -> Iterator[_Edit]:
        number, column = node.left.end_lineno or 0, node.left.end_col_offset or 0
        while number <= len(self.raw):
            line = self.raw[number - 1]
            code = line[column:].partition(b"#")[0]
            at = code.find(operator)
            if at >= 0:
                yield self._open(node, function)
                yield number, column + at, 0, 1, ","
                yield node.end_lineno or 0, node.end_col_offset or 0, 1, 0, ")"
                return
            number, column = number + 1, 0

    def _format(self, node: ast.Call, function: ast.Attribute) -> Iterator[_Edit]:
        dot = self._dot(function)
        line = self.raw[(function.end_lineno or 1) - 1]
        end = function.end_col_offset or 0
        if dot is None or line[end : end + 1] != b"(":
            return
        yield self._open(node, "format__(")
        yield function.end_lineno or 0, dot, 0, end + 1 - dot, ", "

    def _star(self, node: ast.Call) -> tuple[ast.AST | None, list[_Edit]]:
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
        return star, [
            (star.lineno, star.col_offset, 0, gone, ""),
            (last.end_lineno or 0, last.end_col_offset or 0, 2, 0, f", *{rewrite(written[1:]).text}"),
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


def _is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and not isinstance(node.value, str)


def _is_plain(node: ast.expr) -> bool:
    """Whether a value looks alike everywhere: a literal that is no float."""
    return isinstance(node, ast.Constant) and not isinstance(node.value, float)


def _is_text(node: ast.expr) -> bool:
    """Whether an expression is a text for sure: a literal, or a sum or product that holds one."""
    while isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Mod)):
        if (
            isinstance(node.op, ast.Add)
            and isinstance(node.right, ast.Constant)
            and isinstance(node.left, ast.Constant)
        ):
            return isinstance(node.right.value, str)
        if isinstance(node.op, ast.Add):
            return False
        node = node.left
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _shows(node: ast.expr) -> bool:
    """Whether a format may show a value of any kind: one with `%d` only does not."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return _SHOWN.search(node.value) is not None
    return True


def _apply(original: str, raw: list[bytes], edits: list[_Edit]) -> Rewritten:
    shifts: dict[int, list[tuple[int, int, int]]] = {}
    by_line: dict[int, list[_Edit]] = {}
    for edit in edits:
        by_line.setdefault(edit[0], []).append(edit)
    for number, changes in by_line.items():
        changes.sort(key=lambda edit: (edit[1], edit[2]))
        line = raw[number - 1]
        out, at = "", 0
        for _, start, _, length, new in changes:
            out += line[at:start].decode()
            shifts.setdefault(number, []).append((len(out) + 1, len(new), len(line[start : start + length].decode())))
            out += new
            at = max(at, start + length)
        raw[number - 1] = (out + line[at:].decode()).encode()
    return Rewritten(original, b"\n".join(raw).decode(), shifts)
