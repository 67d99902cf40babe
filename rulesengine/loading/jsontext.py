"""JSON texts laid out as Bazel's json.indent does, without changing a token."""

from __future__ import annotations

import json
import re

from rulesengine.errors import LoadingError

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+')


def is_json(text: str) -> bool:
    """Whether a text is one JSON value."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


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
