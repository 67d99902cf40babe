"""Signals: the first SIGINT, SIGTERM or SIGHUP asks the command to stop, the second ends the process at once.

Ctrl-Z leaves a clean terminal, and `fg` goes on drawing; a terminal that is resized is drawn anew.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

from rulesengine.errors import EXIT_INTERRUPTED
from rulesengine.workspace.cancel import CancelToken

if TYPE_CHECKING:
    from rulesengine.cli.live import LiveDisplay

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def cancelling(token: CancelToken, tell: Callable[[], None], live: LiveDisplay | None) -> Iterator[None]:
    """While the block runs, the first signal cancels and calls `tell`; the second exits with 8.

    live: what is drawn on a terminal, which is erased first.
    """
    seen: list[int] = []

    def end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - what a signal handler is given
        seen.append(number)
        if len(seen) > 1:
            if live is not None:
                live.restore()
            os._exit(EXIT_INTERRUPTED)
        token.cancel()
        tell()

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - what a signal handler is given
        assert live is not None
        live.restore()
        os.kill(os.getpid(), signal.SIGSTOP)

    def go_on(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - what a signal handler is given
        assert live is not None
        live.resume()

    def resize(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - what a signal handler is given
        assert live is not None
        live.resized()

    handlers: dict[int, Callable[[int, FrameType | None], None]] = {}
    for number in _ENDING:
        # nohup, and a shell that starts a job in the background, ignore some: they stay ignored.
        if signal.getsignal(number) is not signal.SIG_IGN:
            handlers[number] = end
    if live is not None:
        handlers |= {signal.SIGTSTP: stop, signal.SIGCONT: go_on, signal.SIGWINCH: resize}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for which, earlier in before.items():
            signal.signal(which, earlier)
