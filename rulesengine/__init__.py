"""Bazel-style build rules in Starlark; distroless OCI images from signed Debian packages.

    from rulesengine import Workspace
    result = Workspace("hello").build("//base:static")

Importing this package costs nothing: names are loaded when first used.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing costs milliseconds that a no-op build does not have; type checkers know the name

__version__ = "0.1.0"

if TYPE_CHECKING:
    from typing import Any

    from rulesengine.errors import RulesEngineError as RulesEngineError
    from rulesengine.workspace import BuildResult as BuildResult
    from rulesengine.workspace import TestOptions as TestOptions
    from rulesengine.workspace import TestReport as TestReport
    from rulesengine.workspace import Workspace as Workspace

_PUBLIC = {
    "Workspace": "rulesengine.workspace",
    "BuildResult": "rulesengine.workspace",
    "TestOptions": "rulesengine.workspace",
    "TestReport": "rulesengine.workspace",
    "RulesEngineError": "rulesengine.errors",
}

__all__ = ["BuildResult", "RulesEngineError", "TestOptions", "TestReport", "Workspace", "__version__"]


def __getattr__(name: str) -> Any:
    module = _PUBLIC.get(name)
    if module is None:
        raise AttributeError(f"module 'rulesengine' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(module), name)
