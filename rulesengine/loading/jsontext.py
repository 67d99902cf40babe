"""JSON texts laid out as Bazel's json.indent does, without changing a token."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from rulesengine.errors import LoadingError

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+')


_HARD = re.compile(r"[0-9]{16}|[eE.][0-9+-]")
"""Numbers that Starlark's own decoder may read otherwise."""


class _NotStandardError(ValueError):
    """A text that Python takes for JSON and the standard does not."""


def _no_constant(name: str) -> Any:
    raise _NotStandardError(f"unexpected {name}")


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise _NotStandardError(f"number {text} is too large")
    return value


def decode_json(text: str, quiet: bool) -> Any:
    """0 where Starlark's own decoder reads a text, else a list that holds its value.

    A text that is no JSON: an empty list when quiet, else LoadingError with line and column.
    """
    try:
        value = json.loads(
            text,
            parse_constant=_no_constant,
            parse_float=_finite,
        )
        if "{" in text or _HARD.search(text):  # it would sort the members of objects
            return [value]
    except (ValueError, RecursionError) as fault:
        if quiet:
            return []
        if isinstance(fault, json.JSONDecodeError):
            why = fault.msg[:1].lower() + fault.msg[1:]
            what = f"at offset {fault.pos} (line {fault.lineno}, column {fault.colno}): {why}"
        else:
            what = "nesting too deep" if isinstance(fault, RecursionError) else str(fault)
        raise LoadingError(f"json.decode(): {what}", hint="give default = ... for texts that may not be JSON") from None
    return 0


def is_json(text: str) -> bool:
    """Whether a text is one JSON value."""
    return bool(decode_json(text, quiet=True) != [])


def indent_json(text: str, prefix: str, indent: str) -> str:
    """A JSON text with one member a line.  prefix: before every line but the first; raises LoadingError."""
    if not is_json(text):
        raise LoadingError("json.indent(): the text is not JSON")
    out: list[str] = []
    depth = 0
    tokens = _TOKEN.findall(text)
    for index, token in enumerate(tokens):
        following = tokens[index + 1] if index + 1 < len(tokens) else ""
        if token in "]}" and tokens[index - 1] not in ("[", "{"):
            depth -= 1
            out.append("\n" + prefix + indent * depth)
        out.append(token)
        if token in "[{" and following not in ("]", "}"):
            depth += 1
            out.append("\n" + prefix + indent * depth)
        elif token == ",":
            out.append("\n" + prefix + indent * depth)
        elif token == ":":
            out.append(" ")
    return "".join(out)
