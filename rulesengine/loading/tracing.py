"""Tracing: loads a package again, noting every line, to say which one never ends; see `watch`.

python -m rulesengine.loading.tracing PROCESS ROOT REPOSITORY PACKAGE
"""

from __future__ import annotations

import ast
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from rulesengine.errors import RulesEngineError
from rulesengine.loading.rewritten import Edit, Rewritten, apply
from rulesengine.loading.watch import Timer, spent, told

if TYPE_CHECKING:
    from rulesengine.loading.loader import Loader

_SECONDS = 0.5
"""Processor time of a line that counts as without end: in the process that asks, it took longer."""
_NOTE = "note__"


def with_notes(path: str, text: str) -> str:
    """A text as it is parsed, with a call before every statement that tells its line, and in every header."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return text
    edits: list[Edit] = []
    for node in ast.walk(tree):
        for body in (getattr(node, "body", None), getattr(node, "orelse", None)):
            for one in body if isinstance(body, list) else ():
                if isinstance(one, (ast.Assign, ast.AugAssign, ast.Expr, ast.Return)) and not _is_load(one):
                    edits.append((one.lineno, one.col_offset, 0, 0, f"{_NOTE}({path!r}, {one.lineno}); "))
        for header in _headers(node):  # a note is None, so that what follows it counts
            edits.append((header.lineno, header.col_offset, 0, 0, f"{_NOTE}({path!r}, {header.lineno}) or ("))
            edits.append((header.end_lineno or 0, header.end_col_offset or 0, 0, 0, ")"))
    return apply(text, [line.encode() for line in text.split("\n")], edits).text


def _headers(node: ast.AST) -> list[ast.expr]:
    """What is evaluated of a node where no statement can stand before it."""
    if isinstance(node, (ast.If, ast.IfExp)):
        return [node.test]
    if isinstance(node, ast.For):
        return [node.iter]
    if isinstance(node, ast.comprehension):
        return [node.iter, *node.ifs]
    return []


def _is_load(node: ast.stmt) -> bool:
    """Whether a statement must stay the first in its line: load(), and a function's description."""
    if not isinstance(node, ast.Expr):
        return False
    value = node.value
    return isinstance(value, ast.Constant) or (
        isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "load"
    )


class Notes:
    """What Starlark calls before each line."""

    def __init__(self) -> None:
        self.loader: Loader | None = None
        self.timer = Timer(_SECONDS, 0.5, 0)
        self.work = ""
        self._known: dict[tuple[str, int], str] = {}

    def during(self, work: str) -> None:
        """What is done from now on: words behind the place."""
        self.work = work
        self._known.clear()

    def text(self, path: str, text: Rewritten) -> Rewritten:
        return Rewritten(text.original, with_notes(path, text.text))

    def traced(self, process: int, root: str) -> Loader:
        """A Loader that notes what it evaluates, for a process that only waits for us, as busy as it is."""
        from rulesengine.loading.loader import Loader

        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, process, 19)
        self.loader = Loader(root)
        self.loader.interpreter.trace(self.text, self.note)
        return self.loader

    def note(self, path: str, line: int) -> None:
        command = self._known.get((path, line))
        if command is None:
            lines = [] if self.loader is None else self.loader.texts.lines(path)
            excerpt = f"{line:>6} | {lines[line - 1]}\n" if line <= len(lines) else ""
            command = self._known[path, line] = told(spent(f"{path}:{line}{self.work}", excerpt), stream=1)
        self.timer.say(command)
        self.timer.start()


def main(process: int, root: str, repository: str, package: str) -> int:
    """Load a package until the line that does not end, which ends this process with 0; 1 when there is none."""
    notes = Notes()
    loader = notes.traced(process, root)
    with suppress(RulesEngineError):
        loader.package(repository, package)
    return 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), *sys.argv[2:5]))
