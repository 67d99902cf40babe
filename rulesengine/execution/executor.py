"""Executor: brings requested artifacts about by running the actions that are not in the action cache.

In the words of "Build systems à la carte": a topological scheduler with constructive traces.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from rulesengine.execution.building import Build
from rulesengine.execution.durations import Durations
from rulesengine.execution.keys import KeyMaker
from rulesengine.execution.plan import make_plan
from rulesengine.execution.resources import AHEAD, CPU, OPERATIONS, Resources, processors
from rulesengine.execution.result import ExecutionResult
from rulesengine.execution.store import CheckedStore
from rulesengine.model.action import ActionGraph
from rulesengine.model.artifact import Artifact, Value
from rulesengine.model.events import Event
from rulesengine.model.ports import ActionCache, Cancellation, Listener, Runner, SourceTree


def serialised(listener: Listener) -> Listener:
    """A listener that several threads may call: events reach `listener` one at a time."""
    lock = threading.Lock()

    def tell(event: Event) -> None:
        with lock:
            listener(event)

    return tell


class Watch(Protocol):
    """Told, in the caller's thread, what becomes of artifacts while an execution goes on."""

    def made(self, values: Mapping[Artifact, Value]) -> None:
        """An action is done; perhaps again, where blobs of its outputs were lost."""

    def lost(self, artifacts: Iterable[Artifact]) -> None:
        """An action failed, or one that it needs."""


class NeverCancelled:
    """A Cancellation for those who never cancel."""

    def check(self) -> None:
        """Return."""


class Executor:
    """Runs action graphs.  One `execute` at a time per executor; stores and caches may be shared.

    ops, processes: the runners of operations and of commands.
    jobs: how many actions run at once (default: the usable processors, and AHEAD more commands).
    keep_going: after a failure, go on with whatever does not depend on it.
    resources: what actions that run at a time share (default: as many processors as jobs).
    durations: what earlier builds took.
    verify: read the requested outputs' blobs and check them, even when all was cached.
    watch: told of artifacts as they come about.
    details: tell ActionDetails of every action.  only_check: an action that would have to run fails instead.
    """

    def __init__(
        self,
        store: CheckedStore,
        cache: ActionCache,
        sources: SourceTree,
        ops: Runner,
        processes: Runner,
        *,
        jobs: int | None = None,
        keep_going: bool = False,
        verbose_failures: bool = False,
        verify: bool = True,
        resources: Resources | None = None,
        durations: Durations | None = None,
        listener: Listener | None = None,
        details: bool = False,
        only_check: bool = False,
    ) -> None:
        self.store = store
        self.cache = cache
        self.sources = sources
        self.ops = ops
        self.processes = processes
        self.jobs = max(1, jobs) if jobs else processors() + AHEAD
        self.keep_going = keep_going
        self.verbose_failures = verbose_failures
        self.verify = verify
        self.resources = resources or Resources({CPU: self.jobs, OPERATIONS: jobs or processors()})
        self.durations = durations
        self.listener = listener
        self.details = details
        self.only_check = only_check
        self.keys = KeyMaker()
        self.watch: Watch | None = None

    def execute(
        self,
        graph: ActionGraph,
        requested: Sequence[Artifact],
        cancel: Cancellation | None = None,
        known: Mapping[Artifact, Value] | None = None,
    ) -> ExecutionResult:
        """Make `requested`.

        known: values of artifacts that need not be made; the graph need not hold their makers.
        Failures of actions are in the result.  Raises InterruptedBuild when cancelled, DiskFullError and
        StoreError when the cache is unusable, MissingInputError for a requested source that is missing,
        LostBlobError when the bytes of a known artifact are gone.
        """
        plan = make_plan(graph, requested, known or ())
        return Build(self, plan, requested, cancel or NeverCancelled(), known or {}).go()
