"""How many columns a text takes on a terminal, and texts made to fit."""

from __future__ import annotations

import re
from unicodedata import combining, east_asian_width

_ESCAPE = r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_]|[ -/]+[0-~])"
_COLOUR = r"\x1b\[[0-9;:]*m"


def columns_of(text: str) -> int:
    """The columns of a text without control characters: two for a wide character, none for one that combines."""
    if text.isascii():
        return len(text)
    return sum(_width(one) for one in text)


def _width(one: str) -> int:
    if combining(one) or one in "\u200b\u200c\u200d\ufe0e\ufe0f":
        return 0
    return 2 if east_asian_width(one) in ("W", "F") else 1


def fit(text: str, columns: int) -> str:
    """At most so many columns, cut in the middle with `…`; control characters made visible."""
    text = "".join(one if one.isprintable() else "?" for one in text)
    if columns_of(text) <= columns:
        return text
    if columns < 8:
        return _start(text, max(columns, 0))
    left = _start(text, columns * 2 // 3)
    rest = _start(text[::-1], columns - columns_of(left) - 1)
    return left + "…" + rest[::-1].lstrip("".join(one for one in rest if combining(one)))


def _start(text: str, columns: int) -> str:
    taken = 0
    for number, one in enumerate(text):
        taken += _width(one)
        if taken > columns:
            return text[:number]
    return text


def clean(text: str, *, colour: bool) -> str:
    """What a program printed, without what would move the cursor or change the terminal; colours where wanted."""
    if text.isprintable():
        return text

    def escape(match: re.Match[str]) -> str:
        return match[0] if colour and re.fullmatch(_COLOUR, match[0]) else ""

    coloured = "\x1b" in text
    text = re.sub(_ESCAPE, escape, text).replace("\r\n", "\n")
    kept = "\n\t\x1b" if colour else "\n\t"
    # A line that is written over and over (a progress bar) is what it was at last.
    lines = [line.rpartition("\r")[2] if "\r" in line.rstrip("\r") else line.rstrip("\r") for line in text.split("\n")]
    text = "\n".join("".join(one if one.isprintable() or one in kept else "?" for one in line) for line in lines)
    return text + "\x1b[0m" if colour and coloured and "\x1b[" in text else text
