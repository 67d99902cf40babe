"""Memory of a test worker: what builds in this process leave is taken away before there is much of it."""

from __future__ import annotations

import gc
import os
from pathlib import Path

_GROWTH = 96 << 20
"""Bytes that a worker may grow by before what is left over is looked for."""
_PAGE = os.sysconf("SC_PAGE_SIZE")
_kept = [0]


def resident() -> int:
    """Bytes of memory that this process has."""
    return int(Path("/proc/self/statm").read_bytes().split()[1]) * _PAGE


def let_go() -> None:
    """Collect garbage where this process has grown.

    A Loader stands in circles of references and holds megabytes of Starlark, of which Python's collector knows nothing:
    it counts objects, and these are few.
    """
    if resident() > _kept[0] + _GROWTH:
        gc.collect()
        _kept[0] = resident()
