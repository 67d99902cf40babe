"""Telling: a listener that asked for details hears of targets and of tests while the build goes on.

What is told of is put into the output tree first, so that a reader of the event finds the files; the delivery at the
end of the build finds them there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from rulesengine.analysis import ConfiguredTarget
from rulesengine.execution.store import LocalStore
from rulesengine.model.artifact import Artifact, FileValue, Value
from rulesengine.model.events import TargetCompleted, TestRunCompleted
from rulesengine.model.label import Label
from rulesengine.model.ports import Cancellation, Listener
from rulesengine.workspace.completing import Completing, Pairs
from rulesengine.workspace.outputs import Members, Outputs, members_of
from rulesengine.workspace.test_actions import TestAction
from rulesengine.workspace.testing import Testing

_Target = Callable[[Mapping[Artifact, Value] | None, Mapping[Artifact, Members]], TargetCompleted]


class Telling:
    """told: the targets (label, configuration) of which the listener has heard.  groups: what the executor tells."""

    def __init__(self, outputs: Outputs, store: LocalStore, listener: Listener, cancel: Cancellation) -> None:
        self._outputs = outputs
        self._store = store
        self._listener = listener
        self._cancel = cancel
        self.told: set[tuple[Label, str]] = set()
        self.groups = Completing()

    def add_target(self, label: Label, one: ConfiguredTarget, files: Iterable[Artifact], event: _Target) -> None:
        """Tell of a target when its files are there.  event: makes the event of their values, or of a failure."""

        def done(pairs: Pairs | None) -> None:
            if pairs is None:
                told = event(None, {})
            else:
                standing = [(file, as_program(value) if file == one.executable else value) for file, value in pairs]
                members = self._deliver(standing)
                if members is None:
                    return
                told = event(dict(pairs), members)
            self.told.add((label, one.configuration.mnemonic))
            self._listener(told)

        self.groups.add(files, done)

    def add_tests(self, testing: Testing, directory: str) -> None:
        """Tell of each run of each test.  directory: where their logs are shown to be."""
        for label, one, runs in testing.runs:
            for run in runs:
                self._add_run(testing, label, one, run, len(runs), directory)

    def _add_run(
        self, testing: Testing, label: Label, one: ConfiguredTarget, run: TestAction, total: int, directory: str
    ) -> None:
        def done(pairs: Pairs | None) -> None:
            members = self._deliver(pairs) if pairs is not None else None
            if pairs is None or members is None:
                return
            found = testing.run_of(run, dict(pairs), self._store.read, members, directory)
            self._listener(
                TestRunCompleted(
                    str(label),
                    one.configuration.mnemonic,
                    found.run,
                    found.shard,
                    total,
                    found.status,
                    found.cached,
                    found.seconds,
                    found.exit_code,
                    found.log,
                    found.report,
                )
            )

        self.groups.add(run.action.outputs, done)

    def _deliver(self, pairs: Pairs) -> dict[Artifact, Members] | None:
        """Put files where readers look for them; None where bytes are lost, and all is told at the end."""
        pairs = [(artifact, value) for artifact, value in pairs if not artifact.is_source]
        if not self._outputs.replace(pairs, self._cancel):
            return None
        try:
            return {artifact: members_of(value, self._store) for artifact, value in pairs}
        except KeyError:
            return None


def as_program(value: Value) -> Value:
    """A target's executable stands as one in the output tree, as in Bazel: rules seldom say it of what they write."""
    return FileValue(value.digest, True) if isinstance(value, FileValue) and not value.executable else value
