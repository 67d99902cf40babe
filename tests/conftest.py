"""What holds for all tests: a worker that has run thousands of them stays small."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

_GROWTH = 96 << 20
"""Bytes that a worker may grow by before what tests have left is taken away."""
_PAGE = os.sysconf("SC_PAGE_SIZE")
_kept = [0]


def _resident() -> int:
    """Bytes of memory that this process has."""
    return int(Path("/proc/self/statm").read_bytes().split()[1]) * _PAGE


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Iterator[None]:
    """A Loader stands in circles of references and holds megabytes of Starlark, of which Python's collector knows
    nothing: it counts objects, and these are few."""
    yield
    if _resident() > _kept[0] + _GROWTH:
        gc.collect()
        _kept[0] = _resident()
