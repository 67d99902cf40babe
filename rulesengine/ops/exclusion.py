"""Exclusion: glob patterns of paths that a layer leaves out."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rulesengine.errors import ExecutionError


class Exclusion:
    """Matches canonical paths against patterns in Bazel's glob syntax, relative to the layer's root.

    `*` and `?` stay within one component, `**` is a whole component and matches any number of them:
    `usr/share/doc/**` is everything below `usr/share/doc`, not the directory itself.
    Raises ExecutionError for a pattern that is absolute or empty, or has `**` within a component.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        texts = [_expression(pattern) for pattern in patterns]
        self._match = re.compile("|".join(texts)).fullmatch if texts else None

    def __bool__(self) -> bool:
        return self._match is not None

    def __contains__(self, path: str) -> bool:
        return self._match is not None and self._match(path) is not None


def _expression(pattern: str) -> str:
    parts = pattern.removeprefix("./").split("/")
    if any(part in ("", ".", "..") or ("**" in part and part != "**") for part in parts):
        raise ExecutionError(
            f"bad pattern {pattern!r} of excluded paths",
            hint="write it relative to the layer's root, as usr/share/man/** or usr/lib/*.a",
        )
    out = ""
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        if part == "**":
            out += r"[^/]+(?:/[^/]+)*" if last else r"(?:[^/]+/)*"
        else:
            out += "".join({"*": "[^/]*", "?": "[^/]"}.get(char, re.escape(char)) for char in part)
            out += "" if last else "/"
    return f"(?:{out})"
