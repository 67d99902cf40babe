"""The pages of the documentation: their blocks, as docs/README.md says they are written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

ROOT = Path(__file__).resolve().parents[2]
_FENCE = re.compile(r"^```(?P<info>\S.*)?$")


@frozen
class Command:
    """A command and the output shown below it.

    code: the exit code it must have; shown as a comment `# exit 1`.  checked: whether any output is shown.
    """

    line: int
    text: str
    shown: tuple[str, ...]
    code: int


@frozen
class File:
    """A file to be written: path below the page's directory, and text."""

    line: int
    path: str
    text: str


@frozen
class Page:
    """A page.  steps: commands and files in order."""

    path: Path
    steps: tuple[Command | File, ...]

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @property
    def words(self) -> str:
        """All commands, for finding out what a page needs."""
        return "\n".join(step.text for step in self.steps if isinstance(step, Command))


def pages() -> list[Page]:
    """README.md and everything below docs/, in a fixed order."""
    found = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [Page(path, tuple(_steps(path.read_text()))) for path in found]


def blocks(text: str) -> Iterator[tuple[int, str, list[str]]]:
    """(line of the fence, info string, lines) of each fenced block."""
    start, info = 0, ""
    inside: list[str] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if inside is None:
            found = _FENCE.match(line)
            if found:
                start, info, inside = number, found["info"] or "", []
        elif line == "```":
            yield start, info, inside
            inside = None
        else:
            inside.append(line)
    assert inside is None, f"line {start}: a block that does not end"


def _steps(text: str) -> Iterator[Command | File]:
    for start, info, lines in blocks(text):
        words = info.split()
        if "not-run" in words:
            continue
        path = next((word.removeprefix("file=") for word in words if word.startswith("file=")), None)
        if path is not None:
            yield File(start, path, "\n".join(lines) + "\n")
        elif words[:1] == ["console"]:
            yield from _commands(start, lines)


def _commands(start: int, lines: list[str]) -> Iterator[Command]:
    text, where = "", start
    shown: list[str] = []
    assert lines[0].startswith("$ "), f"line {start}: a console block starts with a command"
    for number, line in enumerate(lines, start + 1):
        if line.startswith("$ "):
            if text:
                yield _command(where, text, shown)
            text, shown, where = line[2:], [], number
        elif not shown and (line.startswith("> ") or line == ">"):
            text += "\n" + line[2:]
        else:
            shown.append(line)
    yield _command(where, text, shown)


def _command(line: int, text: str, shown: list[str]) -> Command:
    code = re.search(r"# exit (\d+)$", text)
    return Command(line, text, tuple(shown), int(code[1]) if code else 0)
