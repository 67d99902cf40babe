"""CancelToken: asks work under way to stop."""

from __future__ import annotations

import threading
import time

from rulesengine.errors import InterruptedBuild


class CancelToken:
    """Thread-safe, one-way: once cancelled, every `check()` raises InterruptedBuild.

    timeout: seconds from now after which it is cancelled by itself; None: never.
    """

    def __init__(self, timeout: float | None = None) -> None:
        self._event = threading.Event()
        self._timeout = timeout
        self._deadline = float("inf") if timeout is None else time.monotonic() + timeout

    def cancel(self) -> None:
        """Ask the work to stop at its next check.  May be called from any thread, and from a signal handler."""
        self._event.set()

    @property
    def cancelled(self) -> bool:
        """Whether cancel() has been called, or the time is over."""
        return self._event.is_set() or self._late

    @property
    def _late(self) -> bool:
        return self._timeout is not None and time.monotonic() >= self._deadline

    def check(self) -> None:
        """Raise InterruptedBuild when cancelled."""
        if self._event.is_set():
            raise InterruptedBuild("interrupted", hint="what was finished is kept; the next build resumes from it")
        if self._late:
            raise InterruptedBuild(
                f"stopped after {self._timeout:g} s, the time it was given",
                hint="what was finished is kept; the next build resumes from it",
            )

    def wait(self, seconds: float) -> None:
        """Sleep, but wake and raise InterruptedBuild at once when cancelled."""
        self._event.wait(min(seconds, max(0.0, self._deadline - time.monotonic())))
        self.check()
