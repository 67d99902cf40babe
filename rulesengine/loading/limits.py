"""Limits: what one evaluation may take, so that a loop without end or a list that doubles ends in an error.

starlark-pyo3 asks a callable once in a thousand steps of a loop or calls whether to go on; what
grows within one step (`x * n`, `x + x`) asks for room itself, through `py_room`.
"""

from __future__ import annotations

import os
import threading
import time

MAX_SECONDS = 5.0
"""Processor time of one file's evaluation, or of one rule's implementation, on its own thread."""
MAX_GROWTH = 160 << 20
"""Bytes of memory by which one evaluation may let the process grow."""
MAX_STARLARK_BYTES = 4 << 20
"""A BUILD or .bzl file larger than this is refused; parsing takes up to a hundred times as much memory."""
_MEMORY_EVERY = 8
"""Memory is looked at in one of so many questions: it costs more than the clock."""
_FRESH = 0.05
"""Seconds for which a look at clock and memory serves all evaluations that begin: most are over much sooner."""
_PAGE = os.sysconf("SC_PAGE_SIZE")


class ExceededError(Exception):
    """An evaluation takes more than it may; never leaves this room."""

    def __init__(self, words: str, hint: str) -> None:
        super().__init__(words)
        self.words = words
        self.hint = hint


def resident() -> int:
    """Bytes of memory that this process holds; 0 where the system does not tell."""
    try:
        descriptor = os.open("/proc/self/statm", os.O_RDONLY)  # no file object: Ctrl-C often comes in here
        try:
            return int(os.read(descriptor, 128).split()[1]) * _PAGE
        finally:
            os.close(descriptor)
    except (OSError, IndexError, ValueError):
        return 0


class Budget:
    """The time and memory that evaluations have; one inside of another one has its own."""

    def __init__(self) -> None:
        self._until = 0.0
        self._earliest = 0.0
        self._most = 0
        self._asked = 0
        self._looked = (0, 0.0)  # in which thread, and when
        self._time = 0.0
        self._held = 0

    def begin(self) -> tuple[float, float, int]:
        """Start anew; what `end` wants to have back."""
        before = self._until, self._earliest, self._most
        now, thread = time.perf_counter(), threading.get_ident()
        if self._looked[0] != thread or now - self._looked[1] > _FRESH:
            self._looked = thread, now
            self._time = time.thread_time()
            self._held = resident()
        self._until = self._time + MAX_SECONDS
        self._earliest = self._looked[1] + MAX_SECONDS  # a thread cannot have worked for longer than it was there
        self._most = self._held + MAX_GROWTH
        return before

    def end(self, before: tuple[float, float, int]) -> None:
        """Go on with the evaluation around the one that ends."""
        self._until, self._earliest, self._most = before

    def step(self) -> None:
        """A thousand steps were done.  Raises ExceededError."""
        self._asked += 1
        if not self._asked % _MEMORY_EVERY:
            self.room(0)
        # The clock on the wall costs a tenth of the thread's own, which is a system call.
        if time.perf_counter() > self._earliest and time.thread_time() > self._until:
            raise ExceededError(
                f"this runs for more than {MAX_SECONDS:g} s of processor time",
                "does a loop go on for ever? let it go over fewer elements, or give the work to an action",
            )

    def room(self, size: int) -> None:
        """Something of `size` bytes is about to be made.  Raises ExceededError."""
        held = resident()
        if not self._most:
            self._most = held + MAX_GROWTH
        if held + size > self._most:
            raise ExceededError(
                f"this takes more than {MAX_GROWTH >> 20} MiB of memory",
                "does a value grow with each step of a loop? give the work to an action",
            )
