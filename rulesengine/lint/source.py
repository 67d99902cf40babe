"""Source: one parsed file, as the checks see it."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator

from attrs import field, frozen

from rulesengine.errors import Location
from rulesengine.lint.finding import Finding
from rulesengine.lint.warnings import NAMES

_DISABLE = re.compile(r"#.*?\b(?:lint|buildifier):\s*disable=([\w-]+(?:\s*,\s*[\w-]+)*)")


@frozen(eq=False)
class Source:
    """A file.  kind: `build`, `bzl` or `module`.  path: as findings name it."""

    path: str
    kind: str
    text: str
    tree: ast.Module
    lines: list[str] = field(init=False)

    @lines.default
    def _split(self) -> list[str]:
        return self.text.split("\n")

    def finding(self, warning: str, node: ast.AST, text: str) -> Finding:
        """A finding at a node."""
        line, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0)
        return self.at(warning, line, column, text)

    def at(self, warning: str, line: int, bytes_before: int, text: str) -> Finding:
        """A finding at a line, from 1, and so many bytes into it."""
        content = self.lines[line - 1] if line <= len(self.lines) else ""
        column = len(content.encode()[:bytes_before].decode(errors="replace")) + 1
        return Finding(Location(self.path, line, column, f"{line:>4} | {content}"), warning, text)

    @property
    def loads(self) -> Iterator[Load]:
        """What load() statements bind, in order."""
        for statement in self.tree.body:
            call = statement.value if isinstance(statement, ast.Expr) else None
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "load"):
                continue
            if not (call.args and isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, str)):
                continue
            pairs: list[tuple[str, str, ast.expr]] = []
            for one in call.args[1:]:
                if isinstance(one, ast.Constant) and isinstance(one.value, str):
                    pairs.append((one.value, one.value, one))
            for named in call.keywords:
                if named.arg and isinstance(named.value, ast.Constant) and isinstance(named.value.value, str):
                    pairs.append((named.arg, named.value.value, named.value))
            yield Load(call, call.args[0].value, call.args[0], pairs)

    def suppressed(self) -> dict[int, set[str]]:
        """Line -> the warnings that comments switch off there."""
        out: dict[int, set[str]] = {}
        if "disable=" not in self.text:
            return out
        starts: dict[int, int] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, (ast.stmt, ast.expr, ast.keyword)) and hasattr(node, "lineno"):
                starts[node.lineno] = max(starts.get(node.lineno, 0), node.end_lineno or node.lineno)
        for line, column, comment in _comments(self.text):
            found = _DISABLE.search(comment)
            if found is None:
                continue
            names = {NAMES.get(name.strip(), name.strip()) for name in found[1].split(",")}
            first = line
            if not self.lines[line - 1][:column].strip():  # on a line of its own: for what follows
                while first <= len(self.lines) and (
                    not self.lines[first - 1].strip() or self.lines[first - 1].lstrip().startswith("#")
                ):
                    first += 1
            for number in range(first, starts.get(first, first) + 1):
                out.setdefault(number, set()).update(names)
        return out


@frozen(eq=False)
class Load:
    """One load().  symbols: (name here, name there, where it stands)."""

    call: ast.Call
    label: str
    place: ast.expr
    symbols: list[tuple[str, str, ast.expr]]


def _comments(text: str) -> Iterator[tuple[int, int, str]]:
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.start[1], token.string
    except (tokenize.TokenError, SyntaxError):
        return


def called(node: ast.AST) -> str:
    """The dotted name that a call calls; empty when it is no plain name."""
    return dotted(node.func) if isinstance(node, ast.Call) else ""


def dotted(node: ast.AST) -> str:
    """`a.b.c` of names; empty for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join([node.id, *reversed(parts)])
