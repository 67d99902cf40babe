"""Drivers: the few lines of Starlark that call the prelude for implementations, parsed once each."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from rulesengine.loading.border import parse_own


@lru_cache(maxsize=256)
def running(modules: int, rules: int, configurations: int) -> Any:
    """Runs implementations that need targets of so many `modules` and have so many `rules` and configurations.

    The modules `p`, `r0`, `r1` …, `c0` …, `0`, `1` … come from the loader.  What was done before one fails stays in
    TARGETS__, what those said in SAID__.  Nothing follows: Starlark would look for garbage.
    """
    source = 'load("p", "analyze_all__")\n'
    source += "".join(f'load("r{i}", r{i} = "RULE__")\n' for i in range(rules))
    source += "".join(f'load("c{i}", c{i} = "SHARED__")\n' for i in range(configurations))
    source += "".join(f'load("{i}", d{i} = "TARGETS__")\n' for i in range(modules))
    lists = (
        "[" + ", ".join(f"{letter}{i}" for i in range(count)) + "]"
        for letter, count in (("d", modules), ("r", rules), ("c", configurations))
    )
    source += "TARGETS__ = []\nLATE__ = []\nSAID__ = [], []\n"
    source += f"analyze_all__(TARGETS__, SPEC, {', '.join(lists)}, LATE__, SAID__)\n"
    return parse_own("<analysis>", source)


@lru_cache(maxsize=1)
def saying() -> Any:
    """What the implementations said that were done before one failed."""
    return parse_own("<analysis>", 'load("p", "say__")\nsay__(SAID__)\n')


@lru_cache(maxsize=1)
def looking() -> Any:
    return parse_own("<analysis>", 'load("p", "late__")\nload("t", "LATE__")\nMADE__ = late__(LATE__[INDEX])\nNone\n')


__all__ = ["looking", "running", "saying"]
