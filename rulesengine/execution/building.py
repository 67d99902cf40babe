"""Build: one execution of a plan, from the first look into the cache to the last output.

The caller's thread holds all state: it computes keys, asks the cache and hands misses to worker
threads.  Blobs that turn out lost or damaged make their action run again.
"""

from __future__ import annotations

import heapq
import queue
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from rulesengine.errors import (
    DiskFullError,
    InterruptedBuild,
    LostBlobError,
    MissingInputError,
    RulesEngineError,
)
from rulesengine.execution import at_work
from rulesengine.execution.details import details, finished
from rulesengine.execution.failure import ActionFailure, again, exit_failure, out_of_date, raised_failure, wrong_outputs
from rulesengine.execution.keys import decode_result, encode_result, spell
from rulesengine.execution.known import Known
from rulesengine.execution.late_results import SOON, LateResults
from rulesengine.execution.line import Line, Place, place
from rulesengine.execution.plan import Plan, Task, weigh
from rulesengine.execution.result import ExecutionResult
from rulesengine.execution.stop import Stop
from rulesengine.execution.store import is_complete
from rulesengine.execution.workers import Workers
from rulesengine.model.artifact import Artifact, FileValue, Value
from rulesengine.model.events import ActionsPlanned, ActionStarted, Event
from rulesengine.model.ports import Cancellation, Result

if TYPE_CHECKING:
    from rulesengine.execution.executor import Executor

_POLL = 0.1
"""Seconds between two looks at the cancellation while all workers are busy."""

_REPEATS = 3
"""How often one action is run again because blobs were lost, before the cache is called unusable."""


_Report = tuple[Task, Result | None, BaseException | None]


class Build:
    """One execution.  All methods but `_work` run in the caller's thread."""

    def __init__(
        self,
        executor: Executor,
        plan: Plan,
        requested: Sequence[Artifact],
        cancel: Cancellation,
        known: Mapping[Artifact, Value],
    ) -> None:
        self._x = executor
        self._plan = plan
        self._requested = requested
        self._cancel = cancel
        self._stop = Stop(cancel)
        self._stopping = False
        self._known = Known(executor.store, executor.sources, known)
        self._values = self._known.values
        self._late = LateResults(executor.cache)
        self._ready: list[Place] = []
        self._line = Line(executor.resources)
        self._weighed = False
        self._in_flight: dict[object, list[Task]] = {}
        self._running = 0
        self._reports: queue.SimpleQueue[_Report] = queue.SimpleQueue()
        self._pool: Workers | None = None
        self._failures: list[ActionFailure] = []

    def go(self) -> ExecutionResult:
        self._tell(ActionsPlanned(len(self._plan.tasks)))
        try:
            for artifact in self._requested:
                if artifact.is_source:
                    self._x.sources.provide(artifact, self._known.source(artifact))
            if self._x.watch is not None:
                self._x.watch.made(
                    {artifact: self._values[artifact] for artifact in self._requested if artifact.is_source}
                )
            for task in self._plan.tasks:
                if not task.waiting:
                    self._push(task)
            self._loop()
            while not self._stopping and self._recover_outputs():
                self._loop()
        finally:
            self._stop.stop()
            if self._pool is not None:
                self._pool.close()
            self._give_back()
            self._late.write()
            if self._x.durations is not None:
                self._x.durations.save()
        for task in self._plan.tasks:
            if task.done and not task.announced:
                self._announce(task, cached=True)
        # The same action for several configurations (an `all` package for six platforms) is one action.
        ran: dict[object, bool] = {}
        for task in self._plan.tasks:
            if task.done:
                key = task.key if task.action.cacheable else task
                same: object = task.action.pinned[0][1] if task.is_pinned else key
                ran[same] = ran.get(same, False) or task.ran
        return ExecutionResult(
            self._values,
            run=sum(ran.values()),
            cached=len(ran) - sum(ran.values()),
            failed=tuple(self._failures),
            skipped=sum(1 for task in self._plan.tasks if not task.done and not task.failed),
            keys=[task.key for task in self._plan.tasks if task.done and task.key is not None and not task.is_pinned],
            pinned=[digest for task in self._plan.tasks if task.done for _, digest in task.action.pinned],
            tasks=self._plan.tasks,
        )

    def _give_back(self) -> None:
        """After an interruption: the resources of what nobody waits for any more."""
        while self._running:
            self._running -= 1
            self._x.resources.give_back(self._reports.get()[0].action)

    def _loop(self) -> None:
        while True:
            self._cancel.check()
            self._collect(block=False)
            if self._may_start():
                task = self._line.step()
                if task is not None:
                    self._start(task)
            elif self._ready and not self._stopping:
                self._resolve(heapq.heappop(self._ready)[2])
            elif self._running:
                self._collect(block=True)
            else:
                return

    # ---- looking an action up ----

    def _resolve(self, task: Task) -> None:
        action = task.action
        if task.skipped or task.failed:
            return
        if task.is_pinned:
            pinned: dict[Artifact, Value] = {output: FileValue(digest) for output, digest in action.pinned}
            if not task.wanted:
                # The digest is enough until somebody who needs the bytes really has to run.
                self._finish(task, pinned, cached=True, announce=False)
                return
            if all(self._x.store.has(value.digest) for value in pinned.values()):
                self._finish(task, pinned, cached=True)
                return
        try:
            for artifact in task.inputs:
                if artifact.is_source and artifact not in self._values:
                    self._known.source(artifact)
            if task.spelling is None:
                task.spelling = spell(action, task.inputs, partial(self._known.members, task))
            task.key = self._x.keys.key(action, task.spelling, self._values)
        except KeyError:  # a directory of a tree that arguments look into
            lost = [
                artifact for artifact in task.inputs if artifact.is_directory and not self._known.is_whole(artifact)
            ]
            self._repeat_makers(task, lost)
            return
        except MissingInputError as fault:
            # Several actions may want the same file: each gets an error of its own.
            error = MissingInputError(fault.message, label=action.owner or None, hint=fault.hint)
            error.notes = (f"wanted by {action.describe()} of {action.owner}",)
            self._fail(task, error)
            return
        except RulesEngineError as fault:
            self._fail(task, fault)
            return
        if task.key in self._in_flight and action.cacheable:
            self._in_flight[task.key].append(task)
            return
        fresh = action.test is not None and action.test.fresh and not task.repeats
        if action.cacheable and not task.is_pinned and not fresh:
            found = self._late.get(task.key)
            values = None if found is None else decode_result(found, task.spelling.outputs)
            if values is not None and all(
                is_complete(self._x.store, value, self._x.store.has) for value in values.values()
            ):
                self._finish(task, values, cached=True)
                return
        lost = [
            artifact
            for artifact in task.inputs
            if not artifact.is_source
            and not artifact.is_symlink
            and not self._x.store.has(self._values[artifact].digest)
        ]
        if lost:
            self._repeat_makers(task, lost)
            return
        if self._x.only_check:
            self._fail(task, out_of_date(action))
            return
        self._in_flight[task.key if action.cacheable else task] = [task]
        if not self._weighed and self._x.durations is not None:
            self._weighed = True
            weigh(self._plan.tasks, self._x.durations.seconds)
            self._ready = [place(one) for _, _, one in self._ready]
            heapq.heapify(self._ready)
        self._line.add(task)

    # ---- running it ----

    def _may_start(self) -> bool:
        """Whether to start an action now, before a more urgent one is looked up."""
        if self._running >= self._x.jobs or self._stopping:
            return False
        first = self._line.first
        return first is not None and (not self._ready or first < self._ready[0])

    def _start(self, task: Task) -> None:
        if self._pool is None:
            self._pool = Workers(self._x.jobs, "action")
        self._running += 1
        task.began = time.monotonic()
        action = task.action
        expected = self._x.durations.seconds(action) if self._x.durations is not None else 0.0
        assert task.spelling is not None
        self._tell(
            ActionStarted(
                task.index,
                action.mnemonic,
                action.owner,
                action.describe(),
                expected,
                tuple(task.spelling.arguments),
                action.environment,
                action.configuration,
            )
        )
        values = {artifact: self._values[artifact] for artifact in task.inputs}
        self._pool.submit(partial(self._work, task, values))

    def _work(self, task: Task, values: Mapping[Artifact, Value]) -> None:
        """In a worker thread: run, and report whatever happens."""
        try:
            self._reports.put((task, at_work.run(self._x, task, values, self._stop), None))
        except BaseException as fault:  # noqa: BLE001 - the caller's thread judges it
            self._reports.put((task, None, fault))

    def _collect(self, *, block: bool) -> None:
        while self._running:
            try:
                if block:
                    task, result, fault = self._reports.get(timeout=SOON if self._late else _POLL)
                else:
                    task, result, fault = self._reports.get_nowait()
            except queue.Empty:
                if block:
                    self._late.write()
                return
            block = False
            self._running -= 1
            self._line.freed()
            self._x.resources.give_back(task.action)
            key = task.key if task.action.cacheable else task
            followers = self._in_flight.pop(key)[1:]
            if result is not None:
                self._succeeded(task, followers, result)
            else:
                assert fault is not None
                self._raised(task, followers, fault)

    def _succeeded(self, task: Task, followers: list[Task], result: Result) -> None:
        action = task.action
        assert task.spelling is not None
        assert task.key is not None
        error: RulesEngineError | None = None
        if result.exit_code:
            error = exit_failure(action, task.spelling.arguments, result, self._x.verbose_failures)
        else:
            error = wrong_outputs(task.action, result.outputs, self._x.store)
        if error is not None:
            self._fail(task, error, result)
            for follower in followers:
                # The same command for another configuration: it fails alike, and is named.
                self._fail(follower, again(error, follower.action.owner))
            return
        by_path = {path: result.outputs[artifact] for path, artifact in task.spelling.outputs.items()}
        encoded = encode_result(by_path.items(), result.stdout, result.stderr)
        if action.cacheable and result.keep and not task.is_pinned:
            self._late.put(task.key, encoded)
        if self._x.durations is not None:
            self._x.durations.note(action, time.monotonic() - task.began)
        self._finish(task, result.outputs, cached=False, result=result)
        for follower in followers:
            assert follower.spelling is not None
            self._finish(
                follower, {artifact: by_path[path] for path, artifact in follower.spelling.outputs.items()}, cached=True
            )

    def _raised(self, task: Task, followers: list[Task], fault: BaseException) -> None:
        if isinstance(fault, InterruptedBuild) and self._stopping:
            for one in (task, *followers):
                one.skipped = True
            return
        if isinstance(fault, InterruptedBuild | DiskFullError) or not isinstance(fault, Exception):
            raise fault
        # An operation may have wrapped what the store told it, so look ourselves.
        lost = [artifact for artifact in task.inputs if not artifact.is_source and not self._known.is_whole(artifact)]
        if (lost or isinstance(fault, LostBlobError)) and not self._stopping and task.repeats < _REPEATS:
            task.repeats += 1
            for follower in followers:
                self._push(follower)
            if lost:
                self._repeat_makers(task, lost)
            else:
                self._push(task)
            return
        assert task.spelling is not None
        error = raised_failure(task.action, task.spelling.arguments, fault, self._x.verbose_failures)
        self._fail(task, error)
        for follower in followers:
            self._fail(follower, again(error, follower.action.owner))

    # ---- outcomes ----

    def _finish(
        self,
        task: Task,
        outputs: Mapping[Artifact, Value],
        *,
        cached: bool,
        announce: bool = True,
        result: Result | None = None,
    ) -> None:
        self._values.update(outputs)
        task.done = True
        task.ran = task.ran or not cached
        if announce:
            self._announce(task, cached=cached, result=result)
        if self._x.watch is not None:
            self._x.watch.made(outputs)
        waiters, task.waiters = task.waiters, []
        for waiter in waiters:
            waiter.waiting -= 1
            if not waiter.waiting:
                self._push(waiter)

    def _fail(self, task: Task, error: RulesEngineError, result: Result | None = None) -> None:
        task.failed = True
        self._failures.append(ActionFailure(task.action, error))
        self._announce(task, cached=False, result=result)
        below = [*task.waiters]
        lost = [*task.action.outputs]
        while below:
            other = below.pop()
            if not other.skipped:
                other.skipped = True
                below += other.waiters
                lost += other.action.outputs
        if self._x.watch is not None:
            self._x.watch.lost(lost)
        if not self._x.keep_going:
            self._stopping = True
            self._stop.stop()

    def _repeat_makers(self, task: Task, lost: Sequence[Artifact]) -> None:
        """Let the makers of `lost` run (again) before `task`."""
        for artifact in lost:
            if artifact not in self._plan.makers:
                raise LostBlobError(f"{artifact.path} is not in the cache any more")
        makers = {id(maker): maker for maker in (self._plan.makers[artifact] for artifact in lost)}
        for maker in makers.values():
            maker.waiters.append(task)
            task.waiting += 1
            self._repeat(maker)

    def _repeat(self, maker: Task) -> None:
        if not maker.done:
            return
        if maker.wanted:
            maker.repeats += 1
        if maker.repeats > _REPEATS:
            raise LostBlobError(
                f"outputs of {maker.action.describe()} are lost from the cache again and again",
                label=maker.action.owner or None,
                hint="check the disk, or name another cache with PYBUILD_CACHE or --disk_cache",
            )
        maker.done = False
        maker.wanted = True
        self._push(maker)

    def _recover_outputs(self) -> bool:
        """Check the requested outputs; True when an action has to run again."""
        check = self._x.store.verify if self._x.verify else self._x.store.has
        again = False
        for artifact in self._requested:
            self._cancel.check()
            value = self._values.get(artifact)
            if value is None or artifact.is_source or is_complete(self._x.store, value, check):
                continue
            self._repeat(self._plan.makers[artifact])
            again = True
        return again

    def _push(self, task: Task) -> None:
        heapq.heappush(self._ready, place(task))

    def _announce(self, task: Task, *, cached: bool, result: Result | None = None) -> None:
        task.announced = True
        if self._x.details and (said := details(task, self._values, cached=cached, result=result)) is not None:
            self._tell(said)
        self._tell(finished(task, cached=cached, result=result))

    def _tell(self, event: Event) -> None:
        if self._x.listener is not None:
            self._x.listener(event)
