"""Known: what the artifacts of one execution came out as until now."""

from __future__ import annotations

from collections.abc import Mapping

from rulesengine.errors import ExecutionError
from rulesengine.execution.plan import Task
from rulesengine.execution.store import is_complete
from rulesengine.model.artifact import Artifact, TreeValue, Value
from rulesengine.model.directory import walk_tree
from rulesengine.model.ports import BlobStore, SourceTree


class Known:
    """Values by artifact.  values: those known before."""

    def __init__(self, store: BlobStore, sources: SourceTree, values: Mapping[Artifact, Value]) -> None:
        self._store = store
        self._sources = sources
        self.values: dict[Artifact, Value] = dict(values)

    def source(self, artifact: Artifact) -> Value:
        """A source's value, looked at once.  Raises MissingInputError."""
        value = self.values.get(artifact)
        if value is None:
            value = self.values[artifact] = self._sources.value(artifact)
        return value

    def is_whole(self, artifact: Artifact) -> bool:
        """Whether all blobs of a known value are in the store."""
        return is_complete(self._store, self.values[artifact], self._store.has)

    def members(self, task: Task, tree: Artifact) -> list[str]:
        """The paths of a tree's files, below it; a file's own is its only one.  Raises ExecutionError, KeyError."""
        value = self.values.get(tree) if tree in task.inputs else None
        if value is None:
            raise ExecutionError(
                f"{tree.path} is expanded in the arguments, but is no input",
                label=task.action.owner or None,
                hint="list the directory in the action's inputs",
            )
        if not isinstance(value, TreeValue):
            return [""]
        return sorted(name for name, member in walk_tree(value.digest, self._store.read) if member is not None)
