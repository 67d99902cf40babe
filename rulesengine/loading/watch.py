"""Watch: ends this process where one step of Starlark never gives control back.

starlark-pyo3 holds the interpreter's lock and asks nobody while it compares, hashes or writes one value; a value that
holds itself twice, and so on for sixty levels, keeps it busy for ever.  No Python code runs then.  So the system's own
timer, on the processor time of the thread that evaluates, calls two functions of the C library: `system`, with a
command that says where that is, and `_exit`.  Only a process that is `pybuild` and nothing else is watched.
"""

from __future__ import annotations

import os
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rulesengine import loading

SECONDS = 2.5
"""Processor time of one step, which no honest one takes: memory runs out before."""
GRACE = 2.5
"""Processor time from then to the end of the process: so long it may take to say where it is."""
_START_AFTER = 0.3
"""Seconds after which a timer is started anew, when control comes back: to do so takes two calls of the system."""
_MAX_COMMAND = 1 << 16
_THREAD_CPUTIME = 3
_BY_THREAD = 2
_OFF = struct.pack("4q", 0, 0, 0, 0)

_POSSIBLE = sys.platform == "linux" and struct.calcsize("P") == 8
"""The timers' structures are those of 64 bits."""


def told(text: str, stream: int = 2) -> str:
    """The shell's command that writes an error of ours."""
    import shlex

    return f"printf '%s\\n' {shlex.quote(text)} >&{stream}"


def traced(root: str, repo: str, package: str, shown: str) -> str:
    """The shell's command that says in which line a package's evaluation is: it loads it again, see `tracing`."""
    return searched("rulesengine.loading.tracing", [root, repo, package], shown)


def searched(module: str, words: list[str], place: str) -> str:
    """The shell's command that lets one of our modules look for the line, in a process of its own; without an answer
    of it, what is known is said."""
    import shlex

    command = shlex.join([sys.executable, "-P", "-m", module, str(os.getpid()), *words])
    return f"{command} >&2 2>/dev/null || {told(spent(place))}"


def spent(place: str, excerpt: str = "") -> str:
    """The error, at a place (path:line, or what is known)."""
    return (
        f"ERROR: {place}: one step takes more than {SECONDS:g} s of processor time, and cannot be stopped\n{excerpt}"
        "  hint: does a value hold another one twice, which holds a third one twice, and so on? "
        "give the work to an action"
    )


class Timer:
    """A timer on the processor time of the thread that makes it; the process ends some time after it has run out.

    Raises OSError where the system has none.
    """

    def __init__(self, seconds: float, grace: float, code: int) -> None:
        import ctypes

        library: Any = ctypes.CDLL(None)
        try:
            self._set = library.timer_settime
            create = library.timer_create
        except AttributeError:
            raise OSError("no timers") from None
        self._command = ctypes.create_string_buffer(_MAX_COMMAND)
        self._timers = []
        for name, value in (("system", ctypes.addressof(self._command)), ("_exit", code)):
            timer = ctypes.c_void_p()
            function = ctypes.cast(getattr(library, name), ctypes.c_void_p).value
            event = struct.pack("=QiiQQ32x", value, 0, _BY_THREAD, function, 0)
            if create(_THREAD_CPUTIME, event, ctypes.byref(timer)):
                raise OSError("no timer")
            self._timers.append(timer)
        self._spans = [_span(seconds), _span(seconds + grace)]

    def say(self, command: str) -> None:
        """What the shell will run."""
        encoded = command.encode("utf-8", "surrogateescape")
        self._command.value = encoded if len(encoded) < _MAX_COMMAND else told(spent("a file")).encode()

    def start(self) -> None:
        """Begin to count anew."""
        for timer, span in zip(self._timers, self._spans, strict=True):
            self._set(timer, 0, span, None)

    def stop(self) -> None:
        """Count no more."""
        for timer in self._timers:
            self._set(timer, 0, _OFF, None)


_Watched = tuple[Timer, str]


class Watch:
    """The watch over the evaluations of one Interpreter.

    task: makes the shell's command that says what is evaluated; None: nobody knows, and nothing is watched.
    on: whether this process is a command line's own.
    """

    def __init__(self) -> None:
        self.task: Callable[[], str] | None = None
        self.on = loading.watched and _POSSIBLE
        self._current: _Watched | None = None
        self._started = 0.0
        self._local = threading.local()

    @contextmanager
    def during(self, task: Callable[[], str]) -> Iterator[None]:
        """What is done in the meantime."""
        before, self.task = self.task, task
        try:
            yield
        finally:
            self.task = before

    def begin(self, watched: bool) -> _Watched | None:
        """An evaluation begins; what `end` wants to have back."""
        before, self._current = self._current, None
        if watched and self.task and self.on:
            timer: Timer | None = getattr(self._local, "timer", None)
            if timer is None:
                try:
                    timer = self._local.timer = Timer(SECONDS, GRACE, 1)
                except OSError:
                    self.on = False
            if timer is not None:
                command = self.task()
                timer.say(command)
                self._start(timer)
                self._current = timer, command
        if before is not None and self._current is None:
            before[0].stop()
        return before

    def end(self, before: _Watched | None) -> None:
        """Go on with the evaluation around the one that ends."""
        current, self._current = self._current, before
        if before is not None:
            before[0].say(before[1])
            self._start(before[0])
        elif current is not None:
            current[0].stop()

    def step(self) -> None:
        """Control came back."""
        if self._current is not None and time.perf_counter() - self._started > _START_AFTER:
            self._start(self._current[0])

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Python code runs that may take its time."""
        current = self._current
        if current is not None:
            current[0].stop()
        try:
            yield
        finally:
            if current is not None:
                self._start(current[0])

    def _start(self, timer: Timer) -> None:
        self._started = time.perf_counter()
        timer.start()


def _span(seconds: float) -> bytes:
    return struct.pack("4q", 0, 0, int(seconds), int(seconds % 1 * 1e9))
