"""The project's own files have no findings; one fault put into any of them is found at its line."""

from __future__ import annotations

import ast
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from rulesengine.lint.files import File, find_files
from rulesengine.lint.finding import Finding
from rulesengine.lint.linter import lint
from rulesengine.lint.warnings import chosen
from rulesengine.loading import Loader

_PACKAGE = Path(__file__).parents[2] / "rulesengine"
_TREES = {
    "rules": "rulesengine",
    "modules/bazel_skylib": "bazel_skylib",
    "modules/bazel_tools": "bazel_tools",
    "modules/platforms": "platforms",
    "data/init": "",
}
"""Workspace trees below the package -> the module's name."""

Mutant = tuple[str, int] | None
"""A text with one fault, and the fault's line; None where the text has no place for it."""


def _insert(text: str, after: int, *lines: str) -> str:
    out = text.split("\n")
    out[after:after] = lines
    return "\n".join(out)


def _functions(text: str) -> list[ast.FunctionDef]:
    return [one for one in ast.parse(text).body if isinstance(one, ast.FunctionDef)]


def _in_function(*lines: str, at: int = 0) -> Callable[[str], Mutant]:
    """A fault that lines make which stand at the top of a function; in the last one of the file."""

    def mutate(text: str) -> Mutant:
        found = _functions(text)
        if not found:
            return None
        first = found[-1].body[0]
        before = first.lineno - 1
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
            before = first.end_lineno or 0  # behind the docstring
        return _insert(text, before, *lines), before + at + 1

    return mutate


def _at_end(*lines: str, at: int = 0) -> Callable[[str], Mutant]:
    def mutate(text: str) -> Mutant:
        base = text.rstrip("\n") + "\n"
        return base + "\n".join(lines) + "\n", base.count("\n") + at + 1

    return mutate


def _unreachable(text: str) -> Mutant:
    for one in _functions(text):
        last = one.body[-1]
        if isinstance(last, ast.Return):
            after = last.end_lineno or 0
            return _insert(text, after, "    fail()"), after + 1
    return None


def _empty_return(text: str) -> Mutant:
    for one in _functions(text):
        last = one.body[-1]
        if isinstance(last, ast.Return) and last.value is not None:
            before = last.lineno - 1
            return _insert(text, before, "    if []:", "        return"), before + 2
    return None


def _twice(text: str) -> Mutant:
    found = _functions(text)
    return _at_end("", f"def {found[0].name}():", "    pass", at=1)(text) if found else None


def _key_twice(text: str) -> Mutant:
    for one in ast.walk(ast.parse(text)):
        if isinstance(one, ast.Dict) and one.keys and one.keys[0] is not None:
            key = one.keys[0]
            if isinstance(key, ast.Constant) and key.lineno > one.lineno:
                return _insert(text, one.lineno, f"{key.value!r}: 1,"), key.lineno + 1
    return None


def _loads(text: str) -> list[ast.Call]:
    values = [one.value for one in ast.parse(text).body if isinstance(one, ast.Expr)]
    calls = [one for one in values if isinstance(one, ast.Call)]
    return [one for one in calls if isinstance(one.func, ast.Name) and one.func.id == "load" and len(one.args) > 1]


def _word(node: ast.expr) -> str:
    return str(ast.literal_eval(node))


def _unused_load(text: str) -> Mutant:
    for one in _loads(text):
        file, symbol = _word(one.args[0]), _word(one.args[1])
        after = one.end_lineno or 0
        return _insert(text, after, f'load("{file}", seeded = "{symbol}")'), after + 1
    return None


def _load_symbol(text: str) -> Mutant:
    for one in _loads(text):
        symbol = one.args[-1]
        lines = text.split("\n")
        line = lines[symbol.lineno - 1]
        end = symbol.end_col_offset or 0
        lines[symbol.lineno - 1] = line[: symbol.col_offset] + f'{_word(symbol)} = "{_word(symbol)}_"' + line[end:]
        return "\n".join(lines), symbol.lineno
    return None


def _load_file(text: str) -> Mutant:
    for one in _loads(text):
        file = one.args[0]
        name = _word(file)
        if name.startswith(("//", ":")):
            return text.replace(f'"{name}"', f'"{name[:-4]}_.bzl"', 1), file.lineno
    return None


def _docstring(text: str) -> Mutant:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip() == "Args:":
            return _insert(text, number, "      seeded: nothing"), number + 1
    return None


_FAULTS: dict[tuple[str, str], Callable[[str], Mutant]] = {
    ("bzl", "unused-variable"): _in_function("    seeded = 1"),
    ("bzl", "undefined-name"): _in_function("    seeded()"),
    ("bzl", "print"): _in_function('    print("seeded")'),
    ("bzl", "integer-division"): _in_function("    _ = 4 / 2"),
    ("bzl", "string-escape"): _in_function('    _ = "\\d"'),
    ("bzl", "string-iteration"): _in_function("    _ = [x for x in 'abc']"),
    ("bzl", "depset-iteration"): _in_function("    _ = [x for x in depset()]"),
    ("bzl", "depset-union"): _in_function("    _ = depset() + []"),
    ("bzl", "ctx-actions"): _in_function("    _ = lambda ctx: ctx.new_file"),
    ("bzl", "type"): _in_function("    _ = [3].joyn()"),
    ("bzl", "no-effect"): _in_function("    1 == 2"),
    ("bzl", "uninitialized"): _in_function("    if []:", "        seeded = 1", "    fail(seeded)", at=2),
    ("bzl", "mutable-default"): _at_end("", "def seeded(x = []):", "    x.append(1)", at=2),
    ("bzl", "unreachable"): _unreachable,
    ("bzl", "return-value"): _empty_return,
    ("bzl", "redefined-name"): _twice,
    ("bzl", "duplicated-key"): _key_twice,
    ("bzl", "docstring-args"): _docstring,
    ("bzl", "attribute-unknown"): _at_end("", "Seeded = provider(fields = [])", "", "SEEDED = Seeded(x = 1)", at=3),
    ("bzl", "attribute-missing"): _at_end("", "def seeded(x):", "    return x", "", "SEEDED = seeded()", at=4),
    ("bzl", "unused-load"): _unused_load,
    ("bzl", "load-symbol"): _load_symbol,
    ("bzl", "load-file"): _load_file,
    ("bzl", "syntax"): _at_end(")"),
    ("build", "undefined-name"): _at_end("seeded()"),
    ("build", "unused-variable"): _at_end("seeded = 1"),
    ("build", "native-build"): _at_end('native.filegroup(name = "seeded")'),
    ("build", "constant-glob"): _at_end('filegroup(name = "seeded", srcs = glob(["BUILD"]))'),
    ("build", "attribute-type"): _at_end('filegroup(name = "seeded", srcs = "BUILD")'),
    ("build", "label-missing"): _at_end('filegroup(name = "seeded", srcs = ["//seeded:none"])'),
    ("build", "duplicated-name"): _at_end('filegroup(name = "seeded")', 'filegroup(name = "seeded")', at=1),
    ("build", "positional-args"): _at_end('filegroup("seeded")'),
    ("build", "package-on-top"): _at_end('filegroup(name = "seeded")', "package()", at=1),
    ("build", "attribute-unknown"): _at_end('filegroup(name = "seeded", seeded_ = 1)'),
    ("build", "attribute-missing"): _at_end('alias(name = "seeded")'),
    ("build", "unused-load"): _unused_load,
    ("build", "load-symbol"): _load_symbol,
    ("build", "syntax"): _at_end(")"),
}


@cache
def _workspaces() -> tuple[Path, list[tuple[str, str]]]:
    """Where copies of the trees lie, and (tree, file) of every file."""
    import tempfile

    base = Path(tempfile.mkdtemp(prefix="lint-"))
    names = []
    for tree, module in _TREES.items():
        shutil.copytree(_PACKAGE / tree, base / tree)
        if module:
            (base / tree / "MODULE.bazel").write_text(f'module(name = "{module}")\n')
        names += [(tree, one.shown) for one in find_files(Loader(str(base / tree)), (), str(base / tree))]
    return base, [(tree, name) for tree, name in names if not name.endswith("MODULE.bazel")]


@cache
def _loader(tree: str) -> Loader:
    return Loader(str(_workspaces()[0] / tree))


def _lint(loader: Loader, file: File) -> list[Finding]:
    return list(lint(loader, [file], chosen([])))


_ALL = [
    (tree, path.relative_to(_PACKAGE / tree).as_posix())
    for tree in _TREES
    for path in sorted((_PACKAGE / tree).rglob("*"))
    if path.name in ("BUILD", "BUILD.bazel") or path.suffix == ".bzl"
]


def test_all_files_are_looked_at() -> None:
    assert sorted(_workspaces()[1]) == sorted(_ALL)
    assert len(_ALL) > 30


@pytest.mark.parametrize(("tree", "name"), _ALL)
def test_one_fault_of_each_kind_is_found(tree: str, name: str) -> None:
    loader = _loader(tree)
    [file] = find_files(loader, (name,), loader.root)
    path = Path(file.path)
    text = path.read_text()
    assert [str(one) for one in _lint(loader, file)] == []
    for (kind, warning), mutate in _FAULTS.items():
        mutant = mutate(text) if kind == file.kind else None
        if mutant is None:
            continue
        try:
            path.write_text(mutant[0])
            found = _lint(loader, file)
        finally:
            path.write_text(text)
        assert (warning, mutant[1]) in [(one.warning, one.location.line) for one in found], (warning, found)


def test_every_fault_has_a_place_in_some_file() -> None:
    for (kind, warning), mutate in _FAULTS.items():
        texts = [
            (_PACKAGE / tree / name).read_text() for tree, name in _ALL if name.endswith(".bzl") == (kind == "bzl")
        ]
        assert any(mutate(text) for text in texts), (kind, warning)
