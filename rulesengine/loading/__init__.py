"""BUILD and .bzl files through starlark-pyo3, packages, glob and target patterns; yields targets.

Names are loaded when first used: a process may say that it is to be watched and then load nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rulesengine.loading.loader import Loader as Loader
    from rulesengine.loading.package import Package as Package

__all__ = ["Loader", "Package"]

watched = False
"""Whether this process is a command line's own, and may be ended by what watches evaluations (watch.py)."""


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'rulesengine.loading' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"rulesengine.loading.{name.lower()}"), name)
