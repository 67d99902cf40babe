"""CancelToken: asks work under way to stop."""

from __future__ import annotations

import threading

from rulesengine.errors import InterruptedBuild


class CancelToken:
    """Thread-safe, one-way: once cancelled, every `check()` raises InterruptedBuild."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        """Ask the work to stop at its next check.  May be called from a signal handler."""
        self._event.set()

    @property
    def cancelled(self) -> bool:
        """Whether cancel() has been called."""
        return self._event.is_set()

    def check(self) -> None:
        """Raise InterruptedBuild when cancelled."""
        if self._event.is_set():
            raise InterruptedBuild("interrupted", hint="what was finished is kept; the next build resumes from it")

    def wait(self, seconds: float) -> None:
        """Sleep, but wake and raise InterruptedBuild at once when cancelled."""
        self._event.wait(seconds)
        self.check()
