"""Docstrings: their parts, and whether they name the arguments that a function has."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator

from attrs import frozen

from rulesengine.lint.finding import Finding
from rulesengine.lint.scopes import parameters
from rulesengine.lint.source import Source, called

_HEADS = re.compile(r"^(Args|Returns|Yields|Deprecated|Raises|Example|Examples|Note):\s*$", re.MULTILINE)
_ARGUMENT = re.compile(r"^( +)(\*{0,2}[A-Za-z_]\w*)(?: *\([^)]*\))?:\s*(.*)$")


@frozen
class Docstring:
    """text: all before the parts.  arguments: name (with its stars) -> meaning.  returns: meaning, or empty."""

    text: str
    arguments: dict[str, str]
    lines: dict[str, int]
    returns: str = ""
    deprecated: str = ""


def docstring_of(node: ast.FunctionDef | ast.Module) -> tuple[ast.Constant, Docstring] | None:
    """A function's or file's docstring, taken apart as Bazel's documentation tools do; None without one."""
    first = node.body[0] if node.body else None
    if not (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    ):
        return None
    return first.value, parse_docstring(first.value.value)


def parse_docstring(raw: str) -> Docstring:
    """The parts of a text."""
    text = inspect.cleandoc(raw)
    offset = 0
    for line in raw.split("\n"):
        if line.strip():
            break
        offset += 1
    parts: dict[str, tuple[int, list[str]]] = {"": (0, [])}
    current = ""
    for number, line in enumerate(text.split("\n")):
        head = _HEADS.match(line)
        if head and head[1] in ("Args", "Returns", "Deprecated"):
            current = head[1]
            parts[current] = (number + 1, [])
        else:
            if line and not line.startswith(" ") and current:
                current = ""  # text goes on after a part
            parts[current][1].append(line)
    arguments: dict[str, str] = {}
    lines: dict[str, int] = {}
    start, content = parts.get("Args", (0, []))
    depth, last = 0, ""
    for number, line in enumerate(content, start):
        found = _ARGUMENT.match(line)
        if found and (not depth or len(found[1]) <= depth):
            depth, last = len(found[1]), found[2]
            arguments[last] = found[3]
            lines[last] = number + offset
        elif last and line.strip():
            arguments[last] += " " + line.strip()
    return Docstring(
        "\n".join(parts[""][1]).strip(),
        arguments,
        lines,
        inspect.cleandoc("\n".join(parts.get("Returns", (0, []))[1])),
        inspect.cleandoc("\n".join(parts.get("Deprecated", (0, []))[1])),
    )


def docstrings(source: Source) -> Iterator[Finding]:
    """What is wrong with the docstrings of a .bzl file."""
    if source.kind != "bzl":
        return
    if docstring_of(source.tree) is None and source.tree.body:
        yield source.finding(
            "docstring-missing", source.tree.body[0], "the file begins without a docstring; say what it is for"
        )
    for node in source.tree.body:
        if isinstance(node, ast.FunctionDef):
            yield from _function(source, node)
        elif isinstance(node, ast.Assign) and called(node.value) in ("rule", "provider", "aspect", "macro"):
            target = node.targets[0]
            if isinstance(target, ast.Name) and not target.id.startswith("_") and isinstance(node.value, ast.Call):
                documented = any(one.arg == "doc" for one in node.value.keywords)
                if not documented and not (called(node.value) == "provider" and node.value.args):
                    text = f"{target.id} has no documentation; add doc = …"
                    yield source.finding("docstring-missing", node, text)


def _function(source: Source, node: ast.FunctionDef) -> Iterator[Finding]:
    found = docstring_of(node)
    if found is None:
        if not node.name.startswith("_"):
            yield source.finding("docstring-missing", node, f"{node.name}() has no docstring; say what it does")
        return
    place, doc = found
    if not doc.arguments:
        return
    stars = {one.arg: one for one in parameters(node)}
    of = node.args
    shown = {name: name for name in stars}
    if of.vararg is not None:
        shown[of.vararg.arg] = "*" + of.vararg.arg
    if of.kwarg is not None:
        shown[of.kwarg.arg] = "**" + of.kwarg.arg
    for name in doc.arguments:
        if name.lstrip("*") not in stars:
            text = f"{node.name}() has no parameter {name!r}; take it out of the docstring"
            yield source.at("docstring-args", place.lineno + doc.lines[name], 0, text)
    documented = {name.lstrip("*") for name in doc.arguments}
    lacking = [shown[name] for name in stars if name not in documented and not name.startswith("_")]
    if lacking:
        text = f"the docstring of {node.name}() does not describe {', '.join(map(repr, lacking))}; add it under Args:"
        yield source.finding("docstring-args", place, text)
