"""SIGINT and SIGTERM: the first asks the command to stop, the second ends the process at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from rulesengine.errors import EXIT_INTERRUPTED
from rulesengine.workspace.cancel import CancelToken

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def cancelling(token: CancelToken, tell: Callable[[], None], restore: Callable[[], None]) -> Iterator[None]:
    """While the block runs, the first signal cancels and calls `tell`; the second calls `restore` and exits with 8."""
    seen: list[int] = []

    def handle(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        seen.append(number)
        if len(seen) > 1:
            restore()
            os._exit(EXIT_INTERRUPTED)
        token.cancel()
        tell()

    before = {}
    for number in _SIGNALS:
        before[number] = signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
