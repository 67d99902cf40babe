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

    from rulesengine.errors import InterruptedBuild as InterruptedBuild
    from rulesengine.errors import Location as Location
    from rulesengine.errors import RulesEngineError as RulesEngineError
    from rulesengine.execution.fsck import Checked as Checked
    from rulesengine.execution.garbage import Collected as Collected
    from rulesengine.lint.finding import Finding as Finding
    from rulesengine.model.digest import Digest as Digest
    from rulesengine.model.events import ActionDetails as ActionDetails
    from rulesengine.model.events import ActionFinished as ActionFinished
    from rulesengine.model.events import ActionsPlanned as ActionsPlanned
    from rulesengine.model.events import ActionStarted as ActionStarted
    from rulesengine.model.events import Event as Event
    from rulesengine.model.events import FetchProgress as FetchProgress
    from rulesengine.model.events import FileDetails as FileDetails
    from rulesengine.model.events import Message as Message
    from rulesengine.model.events import OutputFile as OutputFile
    from rulesengine.model.events import PatternsResolved as PatternsResolved
    from rulesengine.model.events import PhaseStarted as PhaseStarted
    from rulesengine.model.events import Progress as Progress
    from rulesengine.model.events import TargetCompleted as TargetCompleted
    from rulesengine.model.events import TargetConfigured as TargetConfigured
    from rulesengine.model.events import TestRunCompleted as TestRunCompleted
    from rulesengine.model.events import WaitingForWorkspace as WaitingForWorkspace
    from rulesengine.model.label import Label as Label
    from rulesengine.model.operation import OpArguments as OpArguments
    from rulesengine.model.operation import Operation as Operation
    from rulesengine.model.operation import operation as operation
    from rulesengine.model.ports import Listener as Listener
    from rulesengine.model.ports import OpContext as OpContext
    from rulesengine.query.actions import QueriedAction as QueriedAction
    from rulesengine.query.described import QueriedTarget as QueriedTarget
    from rulesengine.query.evaluate import QueryResult as QueryResult
    from rulesengine.reference.entries import FileReference as FileReference
    from rulesengine.workspace.affected import Affected as Affected
    from rulesengine.workspace.affected import AffectedTarget as AffectedTarget
    from rulesengine.workspace.analyzed import AnalyzedTarget as AnalyzedTarget
    from rulesengine.workspace.analyzed import ConfiguredResult as ConfiguredResult
    from rulesengine.workspace.archives import LockResult as LockResult
    from rulesengine.workspace.cancel import CancelToken as CancelToken
    from rulesengine.workspace.explanation import Cause as Cause
    from rulesengine.workspace.explanation import Change as Change
    from rulesengine.workspace.explanation import Explanation as Explanation
    from rulesengine.workspace.how import HowToAnalyse as HowToAnalyse
    from rulesengine.workspace.how import HowToBuild as HowToBuild
    from rulesengine.workspace.locking import LockChange as LockChange
    from rulesengine.workspace.memory import MemoryWorkspace as MemoryWorkspace
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
    from rulesengine.workspace.upkeep import Area as Area
    from rulesengine.workspace.upkeep import Statistics as Statistics
    from rulesengine.workspace.workspace import Workspace as Workspace

_PUBLIC = {
    "Workspace": "rulesengine.workspace.workspace",
    "MemoryWorkspace": "rulesengine.workspace.memory",
    "CancelToken": "rulesengine.workspace.cancel",
    "HowToBuild": "rulesengine.workspace.how",
    "HowToAnalyse": "rulesengine.workspace.how",
    "Listener": "rulesengine.model.ports",
    "TestOptions": "rulesengine.workspace.test_options",
    "PerTest": "rulesengine.workspace.test_options",
    "BuildResult": "rulesengine.workspace.result",
    "TargetResult": "rulesengine.workspace.result",
    "Output": "rulesengine.workspace.result",
    "Image": "rulesengine.workspace.result",
    "ImagePlatform": "rulesengine.workspace.result",
    "Program": "rulesengine.workspace.result",
    "TestReport": "rulesengine.workspace.test_report",
    "TestResult": "rulesengine.workspace.test_report",
    "RunOfTest": "rulesengine.workspace.test_report",
    "QueryResult": "rulesengine.query.evaluate",
    "QueriedTarget": "rulesengine.query.described",
    "ConfiguredResult": "rulesengine.workspace.analyzed",
    "QueriedAction": "rulesengine.query.actions",
    "AnalyzedTarget": "rulesengine.workspace.analyzed",
    "Explanation": "rulesengine.workspace.explanation",
    "Change": "rulesengine.workspace.explanation",
    "Cause": "rulesengine.workspace.explanation",
    "Affected": "rulesengine.workspace.affected",
    "AffectedTarget": "rulesengine.workspace.affected",
    "LockResult": "rulesengine.workspace.archives",
    "LockChange": "rulesengine.workspace.locking",
    "Finding": "rulesengine.lint.finding",
    "FileReference": "rulesengine.reference.entries",
    "Collected": "rulesengine.execution.garbage",
    "Checked": "rulesengine.execution.fsck",
    "Statistics": "rulesengine.workspace.upkeep",
    "Area": "rulesengine.workspace.upkeep",
    "Operation": "rulesengine.model.operation",
    "OpArguments": "rulesengine.model.operation",
    "OpContext": "rulesengine.model.ports",
    "operation": "rulesengine.model.operation",
    "Event": "rulesengine.model.events",
    "PhaseStarted": "rulesengine.model.events",
    "Progress": "rulesengine.model.events",
    "ActionsPlanned": "rulesengine.model.events",
    "ActionStarted": "rulesengine.model.events",
    "ActionFinished": "rulesengine.model.events",
    "TargetConfigured": "rulesengine.model.events",
    "TestRunCompleted": "rulesengine.model.events",
    "TargetCompleted": "rulesengine.model.events",
    "PatternsResolved": "rulesengine.model.events",
    "OutputFile": "rulesengine.model.events",
    "FileDetails": "rulesengine.model.events",
    "ActionDetails": "rulesengine.model.events",
    "FetchProgress": "rulesengine.model.events",
    "Message": "rulesengine.model.events",
    "WaitingForWorkspace": "rulesengine.model.events",
    "Digest": "rulesengine.model.digest",
    "Label": "rulesengine.model.label",
    "Location": "rulesengine.errors",
    "RulesEngineError": "rulesengine.errors",
    "InterruptedBuild": "rulesengine.errors",
}
"""Public name -> the module that defines it; docs/reference/library.md is in this order."""

__all__ = [
    "ActionDetails",
    "ActionFinished",
    "ActionStarted",
    "ActionsPlanned",
    "Affected",
    "AffectedTarget",
    "AnalyzedTarget",
    "Area",
    "BuildResult",
    "CancelToken",
    "Cause",
    "Change",
    "Checked",
    "Collected",
    "ConfiguredResult",
    "Digest",
    "Event",
    "Explanation",
    "FetchProgress",
    "FileDetails",
    "FileReference",
    "Finding",
    "HowToAnalyse",
    "HowToBuild",
    "Image",
    "ImagePlatform",
    "InterruptedBuild",
    "Label",
    "Listener",
    "Location",
    "LockChange",
    "LockResult",
    "MemoryWorkspace",
    "Message",
    "OpArguments",
    "OpContext",
    "Operation",
    "Output",
    "OutputFile",
    "PatternsResolved",
    "PerTest",
    "PhaseStarted",
    "Program",
    "Progress",
    "QueriedAction",
    "QueriedTarget",
    "QueryResult",
    "RulesEngineError",
    "RunOfTest",
    "Statistics",
    "TargetCompleted",
    "TargetConfigured",
    "TargetResult",
    "TestOptions",
    "TestReport",
    "TestResult",
    "TestRunCompleted",
    "WaitingForWorkspace",
    "Workspace",
    "__version__",
    "operation",
]


def __getattr__(name: str) -> Any:
    module = _PUBLIC.get(name)
    if module is None:
        raise AttributeError(f"module 'rulesengine' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(module), name)
