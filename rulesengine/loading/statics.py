"""Statics: what Bazel refuses of a file that parses, before anything of it runs.

- In .bzl files a name is bound once at the top level: by an assignment, `def` or load().
- In BUILD files a call has no `*args` and no `**kwargs`; there a name may be bound again.

A regular expression tells which files may be wrong; few are, and only those are looked through.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from rulesengine.loading.python_tree import python_tree
from rulesengine.values import frozen

_BOUND = re.compile(
    r"^(?:def +(\w+)|([A-Za-z_(\[][\w, ()\[\]]*)(?:[-+*%&|^]|//|<<|>>)?=(?!=)|load\()",
    re.MULTILINE,
)
_LATER = re.compile(r"^[A-Za-z_(\[][^\n#]*;", re.MULTILINE)
_NAME = re.compile(r"[A-Za-z_]\w*")
_LOADED = re.compile(r"""(?:(\w+)\s*=\s*)?["'](\w+)["']""")
_STAR = re.compile(r"[(,][ \t]*\*|^[ \t]*\*", re.MULTILINE)


@frozen
class StaticFault:
    """What is wrong, and where: line and column (from 1, characters) and width; hint: what to do next.

    before: the line of the first binding of a name that is bound again, and how it is called in Bazel; or None.
    """

    message: str
    hint: str
    line: int
    column: int
    width: int
    before: tuple[int, str] | None = None


def static_fault(text: str, build: bool) -> StaticFault | None:
    """The first such fault of a file, or None; None too where Python's parser does not read the file."""
    if not ("*" in text and _STAR.search(text) if build else _may_rebind(text)):
        return None
    try:
        tree = python_tree(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    found = _star(tree) if build else _rebound(tree)
    if found is None:
        return None
    lines = text.split("\n")
    if found.line > len(lines):
        return None
    before = lines[found.line - 1].encode()[: found.column].decode(errors="replace")
    return StaticFault(found.message, found.hint, found.line, len(before) + 1, found.width, found.before)


def _may_rebind(text: str) -> bool:
    if _LATER.search(text):
        return True
    seen: set[str] = set()
    place = 0
    while match := _BOUND.search(text, place):
        place = match.end()
        if match[1]:
            names = [match[1]]
        elif match[2]:
            names = _NAME.findall(match[2])
        else:
            start, place = place, _load_end(text, place)
            names = [local or name for local, name in _LOADED.findall(text, start, place)]
        for name in names:
            if name in seen:
                return True
            seen.add(name)
    return False


def _load_end(text: str, start: int) -> int:
    """Where the arguments of a load() end, roughly: at a closing bracket that is in no comment."""
    end = start
    while (end := text.find(")", end)) >= 0:
        if text.find("#", max(start, text.rfind("\n", 0, end)), end) < 0:
            return end
        end = text.find("\n", end)
        if end < 0:
            break
    return len(text)


def _star(tree: ast.Module) -> StaticFault | None:
    """The first `*` or `**` of a call; its column counts bytes from 0."""
    places: list[tuple[int, int, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            places += [(one.lineno, one.col_offset, "*args") for one in node.args if isinstance(one, ast.Starred)]
            places += [(one.lineno, one.col_offset, "**kwargs") for one in node.keywords if one.arg is None]
    if not places:
        return None
    line, column, what = min(places)
    message = f"{what} arguments are not allowed in BUILD files"
    return StaticFault(
        message, "pass the arguments one by one, or call a macro that does", line, column, what.count("*")
    )


@frozen
class _Binding:
    """A name bound at the top level; its column counts bytes from 0."""

    name: str
    line: int
    column: int
    loaded: bool
    statement: int


def _rebound(tree: ast.Module) -> StaticFault | None:
    first: dict[str, _Binding] = {}
    for one in _bindings(tree):
        other = first.setdefault(one.name, one)
        if other is one:
            continue
        before: tuple[int, str] | None = (other.line, f"'{one.name}' previously declared")
        hint = f"a .bzl file binds a name once: give this one another name than '{one.name}'"
        if one.loaded and other.loaded and one.statement == other.statement:
            message, before = f"load statement defines '{one.name}' more than once", None
        elif one.loaded != other.loaded:
            kind, was = ("file-local", "global") if one.loaded else ("global", "file-local")
            message = f"conflicting {kind} declaration of '{one.name}'"
            before = other.line, f"'{one.name}' previously declared as {was}"
        else:
            message = f"'{one.name}' redeclared at top level"
        return StaticFault(message, hint, one.line, one.column, len(one.name), before)
    return None


def _bindings(tree: ast.Module) -> Iterator[_Binding]:
    for number, node in enumerate(tree.body):
        if isinstance(node, ast.FunctionDef):
            yield _Binding(node.name, node.lineno, node.col_offset + len("def "), False, number)
        elif isinstance(node, ast.Assign | ast.AugAssign):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                for name in _targets(target):
                    yield _Binding(name.id, name.lineno, name.col_offset, False, number)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            call = node.value
            if isinstance(call.func, ast.Name) and call.func.id == "load":
                for value in call.args[1:]:
                    if isinstance(value, ast.Constant) and isinstance(value.value, str):
                        yield _Binding(value.value, value.lineno, value.col_offset + 1, True, number)
                for keyword in call.keywords:
                    if keyword.arg is not None:
                        yield _Binding(keyword.arg, keyword.lineno, keyword.col_offset, True, number)


def _targets(target: ast.expr) -> Iterator[ast.Name]:
    if isinstance(target, ast.Name):
        yield target
    elif isinstance(target, ast.Tuple | ast.List):
        for one in target.elts:
            yield from _targets(one)
