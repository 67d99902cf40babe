"""Schedule: runs what analyses targets, in waves: implementations whose dependencies are all there run together."""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable, Iterable, Sequence
from typing import Any, Generic, TypeVar

from rulesengine.errors import RulesEngineError
from rulesengine.values import define, field

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
W = TypeVar("W")

BATCH = 256
"""Implementations that run together at most; more save nothing, and hold more memory."""


@define(eq=False)
class _Task(Generic[K, V, W]):
    """A key under way.  waiting: of how many keys the values are still missing; waiters: who waits for this one."""

    key: K
    steps: Generator[list[K] | W, Any, V]
    parent: _Task[K, V, W] | None
    waiting: int = 0
    failed: bool = False
    wanted: Sequence[K] = ()
    waiters: list[_Task[K, V, W]] = field(factory=list)
    answer: Any = None


class Schedule(Generic[K, V, W]):
    """Works keys out, each once and without recursion: dependencies may be thousands deep.

    begin: the steps of a key: a generator that yields lists of keys whose values must be in `done` before it goes on,
        or an item of work, whose result it is sent; it returns the key's value.
    work: does items of work together; yields a result or an error for each, in order.
    circle: the error for keys that wait for each other, each for the next, the last for the first.
    failing: told of an error where it happens, with the keys that need the key that failed, outermost first.
    """

    def __init__(
        self,
        begin: Callable[[K], Generator[list[K] | W, Any, V]],
        work: Callable[[list[W]], Iterable[Any]],
        circle: Callable[[list[K]], RulesEngineError],
        failing: Callable[[RulesEngineError, list[K]], None],
        finished: Callable[[K], None],
    ) -> None:
        self.done: dict[K, V] = {}
        self.failed: dict[K, RulesEngineError] = {}
        self._begin = begin
        self._work = work
        self._circle = circle
        self._failing = failing
        self._finished = finished
        self._tasks: dict[K, _Task[K, V, W]] = {}
        self._stack: list[_Task[K, V, W]] = []
        self._batch: list[tuple[_Task[K, V, W], W]] = []

    def run(self, keys: Sequence[K], *, keep_going: bool) -> None:
        """Work out keys and what they need: each is in `done` or in `failed` then.

        Raises the first error unless keep_going, and an interruption.
        """
        try:
            for key in reversed(keys):
                if key not in self.done and not (self.failed and key in self.failed) and key not in self._tasks:
                    self._push(key, None)
            self._until_settled(keep_going)
        except BaseException:
            self._tasks.clear()
            self._stack.clear()
            self._batch.clear()
            raise
        if not keep_going and self.failed:
            for key in keys:
                if key in self.failed:
                    raise self.failed[key]

    def _until_settled(self, keep_going: bool) -> None:
        while True:
            failures = len(self.failed)
            if self._stack:
                self._advance(self._stack.pop())
            elif self._batch:
                self._run_batch()
            elif self._tasks:
                self._break_circle(next(iter(self._tasks.values())))
            else:
                return
            if len(self._batch) >= BATCH:
                self._run_batch()
            if not keep_going and len(self.failed) > failures:
                raise next(reversed(self.failed.values()))

    def _push(self, key: K, parent: _Task[K, V, W] | None) -> _Task[K, V, W]:
        task = self._tasks[key] = _Task(key, self._begin(key), parent)
        self._stack.append(task)
        return task

    def _advance(self, task: _Task[K, V, W]) -> None:
        if task.failed:
            return  # meanwhile
        while True:
            answer, task.answer = task.answer, None
            try:
                step = task.steps.send(answer)
            except StopIteration as end:
                self._settle(task, end.value)
                return
            except RulesEngineError as fault:
                self._fail(task, fault)
                return
            if not isinstance(step, list):
                self._batch.append((task, step))
                return
            task.wanted = step
            for key in reversed(step):
                if self.failed and key in self.failed:
                    self._fail_all(task, self.failed[key])
                    return
                if key not in self.done:
                    other = self._tasks.get(key) or self._push(key, task)
                    other.waiters.append(task)
                    task.waiting += 1
            if task.waiting:
                return

    def _run_batch(self) -> None:
        batch, self._batch = self._batch, []
        batch = [pair for pair in batch if not pair[0].failed]
        ready = []
        for (task, _), result in zip(batch, self._work([item for _, item in batch]), strict=True):
            if isinstance(result, RulesEngineError):
                self._fail(task, result)
            else:
                task.answer = result
                ready.append(task)
        self._stack.extend(reversed(ready))

    def _settle(self, task: _Task[K, V, W], value: V) -> None:
        del self._tasks[task.key]
        self.done[task.key] = value
        self._finished(task.key)
        for waiter in reversed(task.waiters):
            waiter.waiting -= 1
            if not waiter.waiting:
                self._stack.append(waiter)

    def _fail(self, task: _Task[K, V, W], fault: RulesEngineError) -> None:
        needed, above = [], task.parent
        while above is not None:
            needed.append(above.key)
            above = above.parent
        self._failing(fault, [*reversed(needed), task.key])
        self._fail_all(task, fault)

    def _fail_all(self, task: _Task[K, V, W], fault: RulesEngineError) -> None:
        """A key failed, and so does all that needs it."""
        stack = [task]
        while stack:
            one = stack.pop()
            if self._tasks.pop(one.key, None) is not None:
                one.failed = True
                self.failed[one.key] = fault
                stack += one.waiters

    def _break_circle(self, task: _Task[K, V, W]) -> None:
        """Nothing can go on: somewhere below `task` keys wait for each other."""
        path: dict[K, None] = {}
        while task.key not in path:
            path[task.key] = None
            task = next(self._tasks[key] for key in task.wanted if key in self._tasks)
        keys = list(path)
        circle = keys[keys.index(task.key) :]
        self._fail_all(task, self._circle(circle))


__all__ = ["Schedule"]
