"""Fixing: the findings for which there is one right change, made in the files."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from itertools import pairwise

from rulesengine.errors import RulesEngineError
from rulesengine.lint.definitions import Definitions
from rulesengine.lint.files import File
from rulesengine.lint.finding import Finding
from rulesengine.lint.linter import findings_of, parse
from rulesengine.lint.source import Load, Source
from rulesengine.loading import Loader

FIXABLE = ("integer-division", "native-build", "unused-load")
_ROUNDS = 5
"""What is taken away may have been the only use of something else."""

Edit = tuple[int, int, str]
"""A part of a text, from and to (characters), and what takes its place."""


def fix(loader: Loader, files: Iterable[File], warnings: frozenset[str]) -> dict[str, int]:
    """Change files so that findings go away; the number of those by file.  Raises OSError.

    Files with carriage returns are left as they are: only what is wrong may change.
    """
    known = Definitions(loader)
    wanted = warnings & set(FIXABLE)
    done: dict[str, int] = {}
    for file in files:
        with open(file.path, "rb") as stream:
            data = stream.read()
        try:
            text = before = data.decode()
        except UnicodeDecodeError:
            continue
        if "\r" in text or text.startswith("\ufeff"):
            continue
        for _ in range(_ROUNDS):
            loader.check()
            try:
                source = parse(file, text)
                found = [one for one in findings_of(loader, known, file, source, wanted) if one.warning in wanted]
                edits = [edit for one in _changes(source, found) for edit in one]
                changed = _applied(text, edits)
                if changed == text:
                    break
                parse(file, changed)
            except RulesEngineError:
                break
            done[file.shown] = done.get(file.shown, 0) + len(found)
            text = changed
        if text != before:
            with open(file.path, "w", encoding="utf-8", newline="") as out:
                out.write(text)
    return done


def _changes(source: Source, found: list[Finding]) -> Iterable[list[Edit]]:
    places = {(one.location.line, one.location.column): one.warning for one in found}
    for node in ast.walk(source.tree):
        if not isinstance(node, (ast.BinOp, ast.AugAssign, ast.Attribute)):
            continue
        warning = places.get(_place(source, node))
        if warning == "native-build" and isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            start = _offset(source, node.lineno, node.col_offset)
            if source.text.startswith("native.", start):
                yield [(start, start + len("native."), "")]
        elif warning == "integer-division" and isinstance(node, (ast.BinOp, ast.AugAssign)):
            left, right = (node.left, node.right) if isinstance(node, ast.BinOp) else (node.target, node.value)
            start, end = _end(source, left), _offset(source, right.lineno, right.col_offset)
            slash = source.text.find("/", start, end)
            if isinstance(node.op, ast.Div) and slash >= 0 and "#" not in source.text[start:slash]:
                yield [(slash, slash, "/")]
    for load in source.loads:
        unused = {name for name, _, place in load.symbols if places.get(_place(source, place)) == "unused-load"}
        if unused:
            yield _without(source, load, unused)


def _without(source: Source, load: Load, unused: set[str]) -> list[Edit]:
    """A load() without some of its names; without it, where none is left."""
    if unused.issuperset(name for name, _, _ in load.symbols):
        return [_statement(source, load.call)]
    arguments: list[tuple[str, ast.expr | ast.keyword]] = [("", load.call.args[0])]
    for given in load.call.args[1:]:
        arguments.append((str(given.value) if isinstance(given, ast.Constant) else "", given))
    arguments += [(named.arg or "", named) for named in load.call.keywords]
    out = []
    for (_, before), (name, one) in pairwise(arguments):
        if name not in unused:
            continue
        start, end = _offset(source, one.lineno, one.col_offset), _end(source, one)
        line_start = source.text.rfind("\n", 0, start) + 1
        line_end = source.text.find("\n", end)
        rest = source.text[end:line_end].partition("#")[0].strip()
        if not source.text[line_start:start].strip() and rest in ("", ","):
            out.append((line_start, line_end + 1, ""))
        else:
            out.append((_end(source, before), end, ""))
    return out


def _statement(source: Source, call: ast.Call) -> Edit:
    """A statement's lines, and an empty line that would be left beside another one."""
    first, last = call.lineno, call.end_lineno or call.lineno
    lines = source.lines
    before, after = "" if first < 2 else lines[first - 2].strip(), lines[last].strip() if last < len(lines) else ""
    if not before and not after and last + 1 < len(lines):
        last += 1
    return _offset(source, first, 0), _offset(source, last + 1, 0) if last < len(lines) else len(source.text), ""


def _place(source: Source, node: ast.AST) -> tuple[int, int]:
    """Where a finding at a node is."""
    found = source.finding("", node, "").location
    return found.line, found.column


def _offset(source: Source, line: int, column: int) -> int:
    """Characters before a place; column: in bytes."""
    before = sum(len(one) + 1 for one in source.lines[: line - 1])
    return before + len(source.lines[line - 1].encode()[:column].decode(errors="replace"))


def _end(source: Source, node: ast.expr | ast.keyword) -> int:
    return _offset(source, node.end_lineno or node.lineno, node.end_col_offset or 0)


def _applied(text: str, edits: list[Edit]) -> str:
    """A text with its edits made, the last one first; of those that overlap only one."""
    limit = len(text) + 1
    for start, end, instead in sorted(set(edits), reverse=True):
        if end <= limit:
            text = text[:start] + instead + text[end:]
            limit = start
    return text
