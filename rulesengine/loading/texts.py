"""SourceTexts: the text of every evaluated file, for excerpts in messages."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from rulesengine.errors import Location
from rulesengine.loading.rewritten import Rewritten

FRAME = re.compile(r"^\s*\* (.*?):(\d+), in (.*)$", re.MULTILINE)
"""A line of a Starlark call stack: file, line, function."""
_SPLIT = 8
"""Files whose lines are kept apart: of all files, they would take as much memory as all else that is loaded."""
_MAX_EXCERPT = 200
"""Characters of a source line that a message shows at most."""


class _FirstWord(Location):
    """The start of a line: what stands there is looked up when somebody asks, which is seldom."""

    __slots__ = ("_texts",)

    def __init__(self, texts: SourceTexts, path: str, line: int) -> None:
        self._texts = texts
        self.path = path
        self.line = line

    @property
    def column(self) -> int:  # type: ignore[override]  # a property in place of a field
        return self._texts.location(self.path, self.line).column

    @property
    def excerpt(self) -> str:  # type: ignore[override]  # a property in place of a field
        return self._texts.location(self.path, self.line).excerpt


class SourceTexts:
    """The text of every evaluated file by the name it was parsed under."""

    def __init__(self) -> None:
        self._texts: dict[str, Rewritten] = {}
        self._lines: dict[str, list[str]] = {}

    def add(self, path: str, text: Rewritten) -> None:
        """Remember a file's text as written and as rewritten."""
        self._texts[path] = text
        self._lines.pop(path, None)

    def originals(self) -> Iterator[tuple[str, str]]:
        """Every file's name and text, as its author wrote it."""
        for path, text in self._texts.items():
            yield path, text.original

    def rewritten(self, path: str) -> str | None:
        """A file's text as it was parsed, where that is not as its author wrote it."""
        text = self._texts[path]
        return None if text.text == text.original else text.text

    def lines(self, path: str) -> list[str]:
        """The lines of a file as its author wrote them; none when it is unknown."""
        found = self._lines.get(path)
        if found is None:
            if len(self._lines) >= _SPLIT:
                self._lines.clear()
            text = self._texts.get(path)
            found = self._lines[path] = [] if text is None else text.original.split("\n")
        return found

    def line(self, path: str, number: int) -> str:
        """A line of a file as its author wrote it, from 1; empty when unknown."""
        lines = self.lines(path)
        return lines[number - 1] if 0 < number <= len(lines) else ""

    def column(self, path: str, line: int, column: int) -> int:
        """The author's column for a column of the rewritten text."""
        text = self._texts.get(path)
        return column if text is None else text.original_column(line, column)

    def location(self, path: str, line: int, column: int = 0, width: int = 1, *, parsed: bool = False) -> Location:
        """A Location with a caret excerpt; column 0: the first character that is not blank.

        parsed: column and width are those of the rewritten text.
        """
        text = self.line(path, line)
        if column and parsed:
            end = self.column(path, line, column + width)
            column = self.column(path, line, column)
            width = end - column
        elif not column and text.strip():
            column = len(text) - len(text.lstrip()) + 1
            width = len(text.strip())
        return Location(path, line, column, _excerpt(text, line, column, width))

    def start(self, path: str, line: int) -> Location:
        """As `location`, of the first character that is not blank; cheap to make."""
        return _FirstWord(self, path, line)

    def called(self, path: str, line: int, function: str) -> Location:
        """The place where a line of the parsed text calls a function of ours; the whole line where it does so twice."""
        text = self._texts.get(path)
        parsed = "" if text is None or line not in text.shifts else text.text.split("\n", line)[line - 1]
        if parsed.count(f"{function}(") != 1:
            return self.location(path, line)
        start = parsed.index(f"{function}(")
        depth, end = 0, start
        for end in range(start + len(function), len(parsed)):
            depth += (parsed[end] in "([{") - (parsed[end] in ")]}")
            if depth == 0:
                break
        return self.location(path, line, start + 1, end + 1 - start, parsed=True)

    def parenthesis(self, place: Location, functions: Collection[str]) -> Location:
        """Where the parenthesis of the call is that starts in the line of `place`: how Bazel names a call's place.

        functions: names, one of which is called, if several calls stand in the line.
        """
        text = self.line(place.path, place.line)
        calls = list(re.finditer(r"([A-Za-z_]\w*)\s*\(", text.split("#", 1)[0]))
        if not calls:
            return place
        found = next((one for one in calls if one[1] in functions), calls[0])
        return self.location(place.path, place.line, found.end())

    def attribute(self, place: Location, name: str) -> Location:
        """Where the call that starts at `place` sets the argument `name`, or the call itself."""
        depth = 0
        for number, content in enumerate(self.lines(place.path)[place.line - 1 : place.line + 400], place.line):
            found = re.search(rf"\b{re.escape(name)}\s*=(?!=)", content)
            if found and (depth or number == place.line):
                return self.location(place.path, number, found.start() + 1, len(name))
            depth += sum(content.count(c) for c in "([{") - sum(content.count(c) for c in ")]}")
            if depth <= 0:
                break
        return place

    @staticmethod
    def trusted(path: str) -> bool:
        """Whether a file is ours: the prelude, a driver, a rule that ships with the engine, or the interpreter's (whose
        partial() is a frame too)."""
        return path.endswith(".rs") or path.startswith(
            ("<", "@rulesengine//", "@bazel_skylib//", "@platforms//", "@bazel_tools//")
        )


def _excerpt(text: str, line: int, column: int, width: int) -> str:
    if not text.strip() or len(text) > _MAX_EXCERPT:
        return ""
    gutter = f"{line:>4} | "
    width = max(1, min(width, len(text) - column + 1))
    blank = "".join("\t" if character == "\t" else " " for character in text[: max(column - 1, 0)])
    return f"{gutter}{text}\n{' ' * len(gutter)}{blank}{'^' * width}"
