"""The text format of protocol buffers, from a message in their JSON mapping."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_ENUMERATIONS = frozenset({"type"})
"""Fields of the query protocols whose values are names of an enumeration."""


def text_format(message: Mapping[str, Any], indent: str = "") -> str:
    """`name: value` and `name { … }`, a line each; field names as the .proto files have them."""
    lines = []
    for name, value in message.items():
        field = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, Mapping):
                lines.append(f"{indent}{field} {{\n{text_format(one, indent + '  ')}{indent}}}\n")
            elif isinstance(one, bool):
                lines.append(f"{indent}{field}: {'true' if one else 'false'}\n")
            elif isinstance(one, int) or name in _ENUMERATIONS:
                lines.append(f"{indent}{field}: {one}\n")
            else:
                lines.append(f"{indent}{field}: {json.dumps(one, ensure_ascii=False)}\n")
    return "".join(lines)
