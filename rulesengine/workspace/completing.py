"""Completing: targets and runs of tests are told of while a build goes on, when all their files are there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from rulesengine.model.artifact import Artifact, Value
from rulesengine.values import define, field

Pairs = Sequence[tuple[Artifact, Value]]


@define(eq=False)
class _Group:
    """files: what it consists of.  left: which of them are not there yet.  done: is called, once, with all of them, or
    with None when one of them cannot be made."""

    files: tuple[Artifact, ...]
    left: set[Artifact]
    done: Callable[[Pairs | None], object]
    told: bool = False


@define
class Completing:
    """A watcher of executions (see Executor.watch): groups of artifacts, and who wants to know that one is whole."""

    _by_artifact: dict[Artifact, list[_Group]] = field(factory=dict)
    _values: dict[Artifact, Value] = field(factory=dict)

    def add(self, files: Iterable[Artifact], done: Callable[[Pairs | None], object]) -> None:
        """Call `done` when all of the files are there.  What becomes of a group of none is known at the end."""
        whole = tuple(dict.fromkeys(files))
        if not whole:
            return
        group = _Group(whole, set(whole), done)
        for file in whole:
            self._by_artifact.setdefault(file, []).append(group)

    def made(self, values: Mapping[Artifact, Value]) -> None:
        """Artifacts have come about (some perhaps for the second time, after their bytes were lost)."""
        for artifact, value in values.items():
            groups = self._by_artifact.get(artifact)
            if groups is None:
                continue
            self._values[artifact] = value
            for group in groups:
                group.left.discard(artifact)
                if not group.left and not group.told:
                    group.told = True
                    group.done([(file, self._values[file]) for file in group.files])

    def lost(self, artifacts: Iterable[Artifact]) -> None:
        """Artifacts will not come about: their action failed, or one before it."""
        for artifact in artifacts:
            for group in self._by_artifact.get(artifact, ()):
                if not group.told:
                    group.told = True
                    group.done(None)
