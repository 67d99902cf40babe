"""Stop: the end of a build under way."""

from __future__ import annotations

import threading

from rulesengine.errors import InterruptedBuild
from rulesengine.model.ports import Cancellation


class Stop:
    """The caller's Cancellation, and our own after a failure."""

    def __init__(self, cancel: Cancellation) -> None:
        self._cancel = cancel
        self._event = threading.Event()

    def stop(self) -> None:
        """What runs is to end."""
        self._event.set()

    def check(self) -> None:
        """Raise InterruptedBuild once it is."""
        if self._event.is_set():
            raise InterruptedBuild("the action was stopped")
        self._cancel.check()
