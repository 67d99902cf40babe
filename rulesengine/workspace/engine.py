"""Engine: the executor with a store, a cache and runners, opened for one build."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from rulesengine.errors import EXIT_BUILD_FAILED, RulesEngineError, TransportError
from rulesengine.execution import (
    DiskActionCache,
    Executor,
    LocalRunner,
    LocalStore,
    OpRunner,
    WorkspaceSources,
)
from rulesengine.execution.durations import Durations
from rulesengine.execution.executor import Watch
from rulesengine.execution.plan import Task
from rulesengine.execution.resources import AHEAD, CPU, OPERATIONS, Resources, processors
from rulesengine.execution.test_runner import TestRunner
from rulesengine.execution.uses import write_uses
from rulesengine.model.action import ActionGraph
from rulesengine.model.artifact import Artifact, Value
from rulesengine.model.events import Event, FetchProgress
from rulesengine.model.operation import Operation
from rulesengine.model.ports import Cancellation, Fetcher, Listener, Pin
from rulesengine.values import define, frozen
from rulesengine.workspace.spawning import Spawning, sandbox_for


@frozen
class Executed:
    """What came of an execution: values by artifact, counts of actions, errors in the order they happened."""

    values: Mapping[Artifact, Value]
    run: int = 0
    cached: int = 0
    failed: int = 0
    errors: tuple[RulesEngineError, ...] = ()


class _Counter:
    """A listener that passes events on and adds up what is fetched."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._fetched: dict[str, int] = {}

    def __call__(self, event: Event) -> None:
        if isinstance(event, FetchProgress):
            self._fetched[event.what] = event.done
        self._listener(event)

    @property
    def total(self) -> int:
        return sum(self._fetched.values())


@define
class Engine:
    """Runs action graphs of one workspace.  recorder: told what became of the actions of each execution."""

    store: LocalStore
    sources: WorkspaceSources
    _executor: Executor
    _cancel: Cancellation
    _counter: _Counter
    _root: str
    _processes: LocalRunner
    _tests: TestRunner
    recorder: Callable[[Sequence[Task], Mapping[Artifact, Value]], None] | None = None

    @staticmethod
    @contextmanager
    def open(
        *,
        cache: str,
        output_base: str,
        operations: Mapping[str, Operation],
        roots: Mapping[str, str],
        fetcher: Fetcher | None,
        offline: bool,
        jobs: int | None,
        sandbox: bool | None,
        keep_sandboxes: bool,
        spawning: Spawning,
        verbose_failures: bool,
        listener: Listener,
        cancel: Cancellation,
        details: bool = False,
        only_check: bool = False,
        few_sources: bool = False,
    ) -> Iterator[Engine]:
        """An engine while the block runs.  sandbox: True: required, False: none, None: where it works.

        few_sources: so few are looked at that reading and writing what is remembered of all costs more than digesting.
        Raises StoreError for an unusable cache, ExecutionError where a required sandbox does not work.
        """
        counter = _Counter(listener)
        store = LocalStore(cache)
        actions = DiskActionCache(cache)
        sources = WorkspaceSources(roots, store, None if few_sources else os.path.join(output_base, "stat"))
        runner = OpRunner(store, operations, _OfflineFetcher() if offline else fetcher, counter)
        processes = LocalRunner(
            store,
            sandbox=sandbox_for(sandbox),
            by_mnemonic=spawning.by_mnemonic(),
            options=spawning.options(),
            keep=keep_sandboxes,
            listener=counter,
        )
        tests = TestRunner(processes, store)
        executor = Executor(
            store,
            actions,
            sources,
            runner,
            tests,
            jobs=jobs,
            verbose_failures=verbose_failures,
            resources=Resources(
                {
                    CPU: max(jobs, processors()) if jobs else processors() + AHEAD,
                    OPERATIONS: jobs or processors(),
                    **spawning.resources,
                },
                spawning.tests,
            ),
            durations=Durations(os.path.join(output_base, "durations")),
            listener=counter,
            details=details,
            only_check=only_check,
        )
        try:
            yield Engine(store, sources, executor, cancel, counter, roots[""], processes, tests)
        finally:
            sources.save()
            actions.close()
            store.close()

    def test_settings(self, *, keep_going: bool, follow: Callable[[bytes], object] | None) -> None:
        """How test actions are run: see TestRunner.keep_going, LocalRunner.follow."""
        self._tests.keep_going = keep_going
        self._processes.follow = follow

    def watch(self, watch: Watch | None) -> None:
        """Who is told of artifacts as they come about."""
        self._executor.watch = watch

    def execute(
        self,
        graph: ActionGraph,
        wanted: Sequence[Artifact],
        *,
        keep_going: bool,
        check: bool = True,
        known: Mapping[Artifact, Value] | None = None,
    ) -> Executed:
        """Make artifacts, given the values of those that are `known`.

        Raises the first failure, unless keep_going (or not check); InterruptedBuild; StoreError.
        """
        self._executor.keep_going = keep_going
        done = self._executor.execute(graph, wanted, self._cancel, known)
        request = "\n".join(sorted(artifact.path for artifact in wanted)) if known is None else "a part"
        write_uses(self.store.root, self._root, request, done.keys, done.pinned)
        if self.recorder is not None:
            self.recorder(done.tasks, done.values)
        if not keep_going and check:
            done.check()
        errors = tuple(one.error for one in done.failed)
        return Executed(done.values, done.run, done.cached, len(done.failed), errors)

    @property
    def fetched(self) -> int:
        """Bytes that came over the network."""
        return self._counter.total


class _OfflineFetcher:
    """A Fetcher that fetches nothing (`--offline`)."""

    def fetch(
        self,
        pin: Pin,
        write: Callable[[bytes], object],  # noqa: ARG002 - the protocol's parameters
        progress: Callable[[int], None],  # noqa: ARG002 - the protocol's parameters
        cancel: Cancellation,  # noqa: ARG002 - the protocol's parameters
    ) -> None:
        """Raise TransportError."""
        fault = TransportError(
            f"{pin.path} is not in the cache, and --offline forbids to fetch it", hint="build once without --offline"
        )
        fault.exit_code = EXIT_BUILD_FAILED  # what was asked for, and no trouble of a server's
        raise fault
