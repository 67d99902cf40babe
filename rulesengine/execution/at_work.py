"""What a worker thread does: one action, from its inputs to its result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rulesengine.execution.keys import input_value
from rulesengine.execution.plan import Task
from rulesengine.execution.sources import is_lent
from rulesengine.model.artifact import Artifact, FileValue, LentFile, Value
from rulesengine.model.ports import Cancellation, Result

if TYPE_CHECKING:
    from rulesengine.execution.executor import Executor


def run(executor: Executor, task: Task, values: Mapping[Artifact, Value], stop: Cancellation) -> Result:
    """Run a task's action on inputs of these values.  Raises whatever its runner does."""
    assert task.spelling is not None
    stop.check()
    is_op = task.action.op is not None
    for artifact in task.inputs:
        if artifact.is_source and (is_op or not is_lent(values[artifact])):
            executor.sources.provide(artifact, values[artifact])
    runner = executor.ops if is_op else executor.processes
    inputs: dict[str, Value] = {}
    for path, artifact in task.spelling.inputs.items():
        value = input_value(task.action, artifact, values[artifact])
        if isinstance(value, FileValue) and artifact.is_source and not is_op and is_lent(value):
            value = LentFile(value.digest, value.executable, executor.sources.path(artifact))
        inputs[path] = value
    return runner.run(task.action, task.spelling.arguments, inputs, task.spelling.outputs, stop)
