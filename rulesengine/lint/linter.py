"""lint: the findings of files, one after another; what comments switch off is left out."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

import starlark as sl

from rulesengine.errors import Location, RulesEngineError, SyntaxFault
from rulesengine.lint.calls import Calls
from rulesengine.lint.definitions import Definitions
from rulesengine.lint.docstrings import docstrings
from rulesengine.lint.expressions import expressions
from rulesengine.lint.files import File
from rulesengine.lint.finding import Finding
from rulesengine.lint.flow import flow
from rulesengine.lint.names import defined
from rulesengine.lint.scopes import Names
from rulesengine.lint.source import Source
from rulesengine.lint.types import types
from rulesengine.loading import Loader
from rulesengine.loading.border import BUILD, BZL
from rulesengine.loading.messages import translate
from rulesengine.loading.nesting import check_nesting
from rulesengine.loading.python_tree import python_tree
from rulesengine.loading.rewrite import rewrite
from rulesengine.loading.texts import SourceTexts


def lint(loader: Loader, files: Iterable[File], warnings: frozenset[str]) -> Iterator[Finding]:
    """The findings of files, each file's in the order of its lines."""
    native = loader.native_rules
    known = Definitions(loader)
    for file in files:
        loader.check()
        yield from sorted(_file(loader, known, file, warnings, native), key=lambda one: one.order)


def _file(
    loader: Loader, known: Definitions, file: File, warnings: frozenset[str], native: list[str]
) -> Iterator[Finding]:
    try:
        source = parse(file, loader.sources.read(file.path, file.shown))
    except RulesEngineError as fault:
        if "syntax" in warnings:
            text = fault.message + (f"; {fault.hint}" if fault.hint else "")
            yield Finding(fault.location or Location(file.shown), "syntax", text)
        return
    yield from findings_of(loader, known, file, source, warnings, native)


def findings_of(
    loader: Loader,
    known: Definitions,
    file: File,
    source: Source,
    warnings: frozenset[str],
    native: list[str] | None = None,
) -> Iterator[Finding]:
    """What is to be said of a file that parses, without what its comments switch off."""
    off = source.suppressed()
    for found in _all(loader, known, file, source, loader.native_rules if native is None else native):
        if found.warning in warnings:
            names = off.get(found.location.line, ())
            if found.warning not in names and "all" not in names:
                yield found


def _all(loader: Loader, known: Definitions, file: File, source: Source, native: list[str]) -> Iterator[Finding]:
    builtin = defined(file.kind, native)
    names = Names(source, builtin)
    yield from names.findings()
    yield from types(source, frozenset(names.top.names), builtin)
    yield from flow(source)
    yield from expressions(source)
    yield from docstrings(source)
    yield from Calls(loader, known, source, file.label).findings()


def parse(file: File, text: str) -> Source:
    """A file's tree.  Raises SyntaxFault with its place, as evaluating it would."""
    check_nesting(file.shown, text)
    texts = SourceTexts()
    rewritten = rewrite(text)
    texts.add(file.shown, rewritten)
    try:
        sl.parse(file.shown, rewritten.text, BZL if file.kind == "bzl" else BUILD)
    except sl.StarlarkError as fault:
        raise translate(str(fault), texts, SyntaxFault) from None
    try:
        tree = python_tree(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        tree = ast.Module([], [])  # Starlark that Python cannot read: nothing is said about it
    return Source(file.shown, file.kind, text, tree)
