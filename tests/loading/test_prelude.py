"""The prelude is one module in many files: no file may take another's names."""

from __future__ import annotations

import re
from collections import Counter
from importlib import resources

_NAMES = re.compile(r"^(?:def (\w+)|((?:\w+, )*\w+) = )", re.MULTILINE)


def test_no_name_is_bound_twice_at_the_top_level() -> None:
    folder = resources.files("rulesengine.loading").joinpath("prelude")
    names: Counter[str] = Counter()
    for file in folder.iterdir():
        if file.name.endswith(".bzl"):
            for match in _NAMES.finditer(file.read_text(encoding="utf-8")):
                names.update(match[1].split() if match[1] else match[2].split(", "))
    assert len(names) > 100
    assert [name for name, count in names.items() if count > 1 and name != "_"] == []
