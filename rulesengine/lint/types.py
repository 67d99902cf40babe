"""Types: starlark-rust's type checker, with a typed stub of what the engine defines."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import starlark as sl

from rulesengine.lint.builtins import stub
from rulesengine.lint.finding import Finding
from rulesengine.lint.source import Source
from rulesengine.loading.border import BUILD, BZL
from rulesengine.loading.rewrite import rewrite

_STUB = "stub__"
_STARLARK = frozenset(
    {
        "None", "True", "False", "all", "any", "bool", "dict", "dir", "enumerate", "getattr",
        "hasattr", "len", "list", "load", "range", "repr", "reversed", "sorted",
        "str", "tuple", "type", "zip", "struct",
    }
)  # fmt: skip
"""What the type checker knows by itself, as Starlark's specification has it; what it has otherwise takes anything."""
_PLACE = re.compile(r":(\d+):(\d+)")
_SAID_ELSEWHERE = (
    *("unresolved ident", "not found", "`str` is not iterable"),
    *("Unexpected parameter", "Missing required parameter", "Too many positional"),
)
_LIBRARY = sl.LibraryExtension
_GLOBALS = sl.Globals.extended_by(
    [_LIBRARY.StructType, _LIBRARY.Json, _LIBRARY.Print, _LIBRARY.Typing, _LIBRARY.CallStack]
)
_REWRITTEN = ("dot__", "provider__", "mod__", "format__")


def types(source: Source, bound: frozenset[str], defined: frozenset[str]) -> Iterator[Finding]:
    """Values of the wrong type in a file.

    bound: the names of its top level.  defined: those that it need not define.
    """
    if source.kind == "module":
        return
    used = {one.id for one in ast.walk(source.tree) if isinstance(one, ast.Name)}
    names = sorted((used & defined) - bound - _STARLARK) + list(_REWRITTEN)
    rewritten = rewrite(source.text)
    prefix = f"load({', '.join(repr(one) for one in (_STUB, *names))})\n"
    try:
        interface = sl.parse(_STUB, stub(names), sl.Dialect.extended()).typecheck(_GLOBALS, {})[1]
        module = sl.parse(source.path, prefix + rewritten.text, BZL if source.kind == "bzl" else BUILD)
        errors = module.typecheck(_GLOBALS, {_STUB: interface})[0]
    except sl.StarlarkError:
        return  # it says nothing about a file that it cannot take; other checks do
    said = set()
    compared = {
        (right.lineno, right.col_offset)
        for one in ast.walk(source.tree)
        if isinstance(one, ast.Compare)
        for operator, right in zip(one.ops, one.comparators, strict=True)
        if isinstance(operator, (ast.Eq, ast.NotEq))
    }
    for error in errors:
        if str(error) in said:
            continue  # both sides of a union are told apart
        said.add(str(error))
        message = str(error).partition("\n")[0].removeprefix("error: ")
        place = _PLACE.search(str(error.span))
        if place is None or any(words in message for words in _SAID_ELSEWHERE):
            continue
        line = int(place[1]) - 1  # the stub's load() stands above
        column = rewritten.original_column(line, int(place[2]))
        before = len(source.lines[line - 1][: column - 1].encode())
        if (line, before) in compared:
            continue  # values of different types may be compared: they are not equal
        yield source.at("type", line, before, message[:1].lower() + message[1:] + "; give it a value of the right type")
