"""Texts of .bzl files that are evaluated a second time, for the functions in them; see `Again`."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator

from rulesengine.loading.python_tree import python_tree

_PURE = frozenset({"struct", "dict", "list", "tuple", "len", "str", "range", "enumerate", "zip", "sorted", "reversed"})
"""What may be called once more: its value is as good as the first one."""
_METHODS = frozenset(
    {
        "append",
        "extend",
        "insert",
        "update",
        "setdefault",
        "items",
        "keys",
        "values",
        "get",
        "format",
        "join",
        "replace",
    }
)
"""Likewise, methods of lists, dicts and texts."""


def makes_tests(text: str) -> bool:
    """Whether a .bzl file may call testing.analysis_test()."""
    return "analysis_test" in text and "testing" in text


def _body(text: str) -> list[ast.stmt]:
    try:
        return python_tree(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


def _assigned(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, (ast.Tuple, ast.List)):
        for one in node.elts:
            yield from _assigned(one)


def _targets(statement: ast.stmt) -> set[str]:
    if not isinstance(statement, ast.Assign):
        return set()
    return {name for target in statement.targets for name in _assigned(target)}


def _names(text: str) -> list[str]:
    return sorted({name for one in _body(text) for name in _targets(one)})


def values(text: str) -> str:
    """An epilogue: the values that a file's top level assigned, private ones too, in GLOBALS__."""
    pairs = ", ".join(f"{json.dumps(name)}: {name}" for name in _names(text))
    return f"GLOBALS__ = {{{pairs}}}\nNone\n"


def taken_over(text: str) -> str:
    """A preamble: those values, of the file's module `c`; and `testing` of module `t`."""
    names = _names(text)
    lines = [f"{name} = globals__[{json.dumps(name)}]" for name in names]
    if "testing" not in names:
        lines.append("testing = testing__")
    return 'load("c", globals__ = "GLOBALS__")\nload("t", testing__ = "TESTING__")\n' + "\n".join([*lines, "None\n"])


def _pure(node: ast.AST) -> bool:
    """Whether something may be evaluated once more: what is made anew by it nobody can tell from what was."""
    stack = [node]
    while stack:
        one = stack.pop()
        if isinstance(one, ast.Lambda):
            continue
        if isinstance(one, ast.Call):
            function = one.func
            if not (isinstance(function, ast.Name) and function.id in _PURE) and not (
                isinstance(function, ast.Attribute) and function.attr in _METHODS
            ):
                return False
        stack.extend(ast.iter_child_nodes(one))
    return True


def _is_load(statement: ast.stmt) -> bool:
    call = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "load"


def _evaluated(body: list[ast.stmt]) -> list[bool]:
    """Which statements are evaluated once more: functions, and values that may hold them.

    A value that another statement than its assignment has changed stays as it is, unless that one is evaluated, too.
    """
    always = [isinstance(one, ast.FunctionDef) or _is_load(one) for one in body]
    stays = [given or _pure(one) for given, one in zip(always, body, strict=True)]
    mentioned = [{name.id for name in ast.walk(one) if isinstance(name, ast.Name)} for one in body]
    while True:
        changed = {
            name
            for one, names, stay in zip(body, mentioned, stays, strict=True)
            if not stay and not isinstance(one, ast.Assign)
            for name in names
        }
        after = [
            given or (stay and not ((_targets(one) or names) & changed))
            for given, stay, one, names in zip(always, stays, body, mentioned, strict=True)
        ]
        if after == stays:
            return stays
        stays = after


def functions(original: str, parsed: str) -> str:
    """A file's parsed text, every character in its place, without what makes rules, providers or other values that
    are what they are because they were made once."""
    lines = [line.encode() for line in parsed.split("\n")]
    for statement, stays in zip(_body(parsed), _evaluated(_body(original)), strict=False):
        if stays:
            continue
        first, last = statement.lineno - 1, (statement.end_lineno or 1) - 1
        for number in range(first, last + 1):
            line = lines[number]
            start = statement.col_offset if number == first else 0
            end = (statement.end_col_offset or 0) if number == last else len(line)
            word = b"0" if number == first else b""
            lines[number] = line[:start] + word + b" " * (end - start - len(word)) + line[end:]
    return b"\n".join(lines).decode()
