"""Foresight: what an execution would do, without doing it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from rulesengine.errors import MissingInputError
from rulesengine.execution.keys import KeyMaker, decode_result, spell
from rulesengine.execution.plan import Plan, Task
from rulesengine.execution.store import CheckedStore, is_complete
from rulesengine.model.artifact import Artifact, FileValue, TreeValue, Value
from rulesengine.model.directory import walk_tree
from rulesengine.model.ports import ActionCache, Cancellation, SourceTree
from rulesengine.values import define, field, frozen


@frozen(eq=False)
class Foreseen:
    """An action.  state: `cached`, `runs` or `waits` (for one that runs, or waits); its task has key and spelling
    unless it waits."""

    task: Task
    state: str


@define
class Foresight:
    """Goes through a plan.  values: what is known of artifacts, in the end."""

    store: CheckedStore
    cache: ActionCache
    sources: SourceTree
    cancel: Cancellation
    values: dict[Artifact, Value] = field(factory=dict)
    _keys: KeyMaker = field(factory=KeyMaker)

    def of(self, plan: Plan) -> list[Foreseen]:
        """What would become of each action, in topological order.  Raises InterruptedBuild, StoreError."""
        out = []
        for task in plan.tasks:
            self.cancel.check()
            out.append(Foreseen(task, self._state(task)))
        return out

    def _state(self, task: Task) -> str:
        action = task.action
        if task.is_pinned:
            self.values.update({output: FileValue(digest) for output, digest in action.pinned})
            return "cached"
        waits = False
        for artifact in task.inputs:
            if artifact in self.values:
                continue
            if not artifact.is_source:
                waits = True
                continue
            try:
                self.values[artifact] = self.sources.value(artifact)
            except MissingInputError:
                return "runs"
        if waits:
            return "waits"
        try:
            task.spelling = spell(action, task.inputs, partial(_members, self.values, self.store.read))
        except KeyError:
            return "waits"
        task.key = self._keys.key(action, task.spelling, self.values)
        fresh = action.test is not None and action.test.fresh
        if not action.cacheable or fresh:
            return "runs"
        found = self.cache.get(task.key)
        values = None if found is None else decode_result(found, task.spelling.outputs)
        if values is None or not all(is_complete(self.store, value, self.store.has) for value in values.values()):
            return "runs"
        self.values.update(values)
        return "cached"


def _members(values: dict[Artifact, Value], read: Callable[..., bytes], tree: Artifact) -> list[str]:
    value = values[tree]
    if not isinstance(value, TreeValue):
        return [""]
    return sorted(name for name, member in walk_tree(value.digest, read) if member is not None)


__all__ = ["Foreseen", "Foresight"]
