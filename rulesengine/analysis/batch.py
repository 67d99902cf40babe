"""Batch: rule implementations that run in one module, one after the other, and what they have said so far."""

from __future__ import annotations

from typing import Any

from rulesengine.analysis.attributes import Resolved
from rulesengine.analysis.configured import ConfiguredTarget
from rulesengine.errors import ConflictError, RulesEngineError
from rulesengine.model.artifact import Artifact
from rulesengine.model.platform import Configuration
from rulesengine.model.target import Target
from rulesengine.values import define, field, light


@light
class Work:
    """An implementation to run.  found: the target's dependencies, in the order of `resolved.wanted`."""

    target: Target
    configuration: Configuration
    resolved: Resolved
    found: list[ConfiguredTarget]


@define
class Batch:
    """Implementations that run in one module, and what those that are done said, or why that is wrong.

    running: the number of the one that runs.
    module: theirs, once they are done; its LATE__ are functions of theirs that look into trees.
    declared: by number.  conflicts: by number, the first action that cannot be beside another.
    """

    work: list[Work]
    done: list[dict[str, Any] | RulesEngineError] = field(factory=list)
    running: int = 0
    module: Any = None
    declared: dict[int, list[Artifact]] = field(factory=dict)
    conflicts: dict[int, ConflictError] = field(factory=dict)


def where(work: list[Work]) -> str:
    """The place of implementations, of which one runs: nothing tells which."""
    first = work[0].target
    others = f" or one of {len(work) - 1} more targets" if len(work) > 1 else ""
    place = f"{first.location.path}:{first.location.line}" if first.location else str(first.label)
    return f"{place}: in the implementation of {first.label}{others}"
