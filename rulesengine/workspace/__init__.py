"""Workspace: the library's front door; loads, analyses, executes and materialises on request.

Importing this package costs nothing: names are loaded when first used, so that the no-op
path may import `workspace.noop` alone.
"""

from __future__ import annotations

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

    from rulesengine.workspace.cancel import CancelToken as CancelToken
    from rulesengine.workspace.question import Question as Question
    from rulesengine.workspace.result import BuildResult as BuildResult
    from rulesengine.workspace.result import Image as Image
    from rulesengine.workspace.result import ImagePlatform as ImagePlatform
    from rulesengine.workspace.result import Output as Output
    from rulesengine.workspace.result import Program as Program
    from rulesengine.workspace.result import TargetResult as TargetResult
    from rulesengine.workspace.test_options import PerTest as PerTest
    from rulesengine.workspace.test_options import TestOptions as TestOptions
    from rulesengine.workspace.test_report import RunOfTest as RunOfTest
    from rulesengine.workspace.test_report import TestReport as TestReport
    from rulesengine.workspace.test_report import TestResult as TestResult
    from rulesengine.workspace.workspace import Workspace as Workspace

_PUBLIC = {
    "BuildResult": "result",
    "CancelToken": "cancel",
    "Image": "result",
    "ImagePlatform": "result",
    "Output": "result",
    "Question": "question",
    "TargetResult": "result",
    "PerTest": "test_options",
    "Program": "result",
    "RunOfTest": "test_report",
    "TestOptions": "test_options",
    "TestReport": "test_report",
    "TestResult": "test_report",
    "Workspace": "workspace",
}

__all__ = [
    "BuildResult",
    "CancelToken",
    "Image",
    "ImagePlatform",
    "Output",
    "PerTest",
    "Program",
    "Question",
    "RunOfTest",
    "TargetResult",
    "TestOptions",
    "TestReport",
    "TestResult",
    "Workspace",
]


def __getattr__(name: str) -> Any:
    module = _PUBLIC.get(name)
    if module is None:
        raise AttributeError(f"module 'rulesengine.workspace' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"rulesengine.workspace.{module}"), name)
