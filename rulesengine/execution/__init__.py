"""Execution: the scheduler, the content-addressed store, the action cache, sources and runners.

Names are loaded when first used, so that a build that needs no executor pays for none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rulesengine.execution.action_cache import DiskActionCache as DiskActionCache
    from rulesengine.execution.executor import Executor as Executor
    from rulesengine.execution.executor import NeverCancelled as NeverCancelled
    from rulesengine.execution.executor import serialised as serialised
    from rulesengine.execution.failure import ActionFailure as ActionFailure
    from rulesengine.execution.keys import KeyMaker as KeyMaker
    from rulesengine.execution.local_runner import LocalRunner as LocalRunner
    from rulesengine.execution.op_runner import OpRunner as OpRunner
    from rulesengine.execution.result import ExecutionResult as ExecutionResult
    from rulesengine.execution.sources import WorkspaceSources as WorkspaceSources
    from rulesengine.execution.stat_cache import StatCache as StatCache
    from rulesengine.execution.store import LocalStore as LocalStore

_MODULES = {
    "ActionFailure": "failure",
    "DiskActionCache": "action_cache",
    "ExecutionResult": "result",
    "Executor": "executor",
    "KeyMaker": "keys",
    "LocalRunner": "local_runner",
    "LocalStore": "store",
    "NeverCancelled": "executor",
    "serialised": "executor",
    "OpRunner": "op_runner",
    "StatCache": "stat_cache",
    "WorkspaceSources": "sources",
}

__all__ = sorted(_MODULES)  # noqa: PLE0605 - the names above


def __getattr__(name: str) -> Any:
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module 'rulesengine.execution' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"rulesengine.execution.{module}"), name)
