"""Rewritten: a text with edits applied, and the way back from its columns to the author's."""

from __future__ import annotations

from rulesengine.values import field, frozen

Edit = tuple[int, int, int, int, str]
"""Line, byte column, order at that place, bytes replaced, new text."""


@frozen
class Rewritten:
    """A file's text as written and as parsed.

    shifts: line -> (first column of new text, width of new text, width of what it replaced), ascending;
        columns are characters from 1, of the parsed text.
    """

    original: str
    text: str
    shifts: dict[int, list[tuple[int, int, int]]] = field(factory=dict)

    def original_column(self, line: int, column: int) -> int:
        """The author's column (from 1) for a column of the parsed text."""
        moved = 0
        for start, width, replaced in self.shifts.get(line, ()):
            if column < start:
                break
            if column < start + width:
                return max(1, start - moved)
            moved += width - replaced
        return max(1, column - moved)


def apply(original: str, raw: list[bytes], edits: list[Edit]) -> Rewritten:
    """Apply edits to a text whose lines are `raw`, which is changed."""
    shifts: dict[int, list[tuple[int, int, int]]] = {}
    by_line: dict[int, list[Edit]] = {}
    for edit in edits:
        by_line.setdefault(edit[0], []).append(edit)
    for number, changes in by_line.items():
        changes.sort(key=lambda edit: (edit[1], edit[2]))
        line = raw[number - 1]
        out, at = "", 0
        for _, start, _, length, new in changes:
            out += line[at:start].decode()
            shifts.setdefault(number, []).append((len(out) + 1, len(new), len(line[start : start + length].decode())))
            out += new
            at = max(at, start + length)
        raw[number - 1] = (out + line[at:].decode()).encode()
    return Rewritten(original, b"\n".join(raw).decode(), shifts)
