"""What is told of a task that is done: ActionFinished, and ActionDetails where a listener asked for them."""

from __future__ import annotations

import time
from collections.abc import Mapping

from rulesengine.execution.plan import Task
from rulesengine.model.artifact import Artifact, TreeValue, Value
from rulesengine.model.events import ActionDetails, ActionFinished, FileDetails
from rulesengine.model.ports import Result


def finished(task: Task, *, cached: bool, result: Result | None) -> ActionFinished:
    """What every listener is told."""
    action = task.action
    return ActionFinished(
        task.index,
        action.mnemonic,
        action.owner,
        action.describe(),
        cached,
        failed=task.failed,
        seconds=time.monotonic() - task.began if task.began and not cached else 0.0,
        stdout=result.stdout if result is not None else b"",
        stderr=result.stderr if result is not None else b"",
        outcome=result.outcome if result is not None else "",
    )


def details(
    task: Task, values: Mapping[Artifact, Value], *, cached: bool, result: Result | None
) -> ActionDetails | None:
    """All there is to say of a task that is done; None where it was never looked at (its digest was enough)."""
    action, spelling = task.action, task.spelling
    if spelling is None:
        return None
    ran = bool(task.began) and not cached
    seconds = time.monotonic() - task.began if ran else 0.0
    return ActionDetails(
        task.index,
        action.mnemonic,
        action.owner,
        action.configuration,
        action.describe(),
        task.key.hash if task.key is not None else "",
        tuple(spelling.arguments),
        action.environment,
        action.platform,
        _files(spelling.inputs, values),
        tuple(sorted(spelling.outputs)),
        () if task.failed else _files(spelling.outputs, values),
        cached=cached,
        failed=task.failed,
        cacheable=action.cacheable,
        timeout=action.timeout,
        runner=result.runner if result is not None else "",
        exit_code=result.exit_code if result is not None else 0,
        started=time.time() - seconds,
        seconds=seconds,
        stdout=result.stdout if result is not None else b"",
        stderr=result.stderr if result is not None else b"",
        primary=action.outputs[0].path,
    )


def _files(named: Mapping[str, Artifact], values: Mapping[Artifact, Value]) -> tuple[FileDetails, ...]:
    out = []
    for path, artifact in sorted(named.items()):
        value = values.get(artifact)
        if value is not None:
            out.append(FileDetails(path, value.digest.hash, value.digest.size, isinstance(value, TreeValue)))
    return tuple(out)
