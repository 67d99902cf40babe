"""LiveDisplay: what runs, drawn in place at the bottom of a terminal."""

from __future__ import annotations

import contextlib
import os
import threading

from rulesengine.cli.console import Console
from rulesengine.cli.progress import Display, State
from rulesengine.cli.width import fit

INTERVAL = 0.1
"""Seconds between two drawings, unless --show_progress_rate_limit says otherwise."""
_HIDE, _SHOW = "\x1b[?25l", "\x1b[?25h"
_BEGIN, _END = "\x1b[?2026h", "\x1b[?2026l"
"""Terminals that know these show what stands between them at once; others pass over them."""
_ERASE = "\r \x1b[J\r\x1b[2K"
"""Not from the first column: where the block begins on the first row, tmux would keep all of it in its history."""


class LiveDisplay(Display):
    """A block of lines at the bottom of a terminal, redrawn at most ten times a second, and only where it changed.

    Between drawings the cursor stays at the block's beginning: terminals that rewrap lines when they
    are resized, and those that cut them, both keep it there, so erasing from the cursor downwards is
    always right.  Everything is one write: nobody sees a block that is half drawn.
    """

    def __init__(
        self,
        console: Console,
        state: State | None = None,
        *,
        keep_going: bool = False,
        shown: int = 8,
        interval: float = INTERVAL,
    ) -> None:
        super().__init__(console, state, keep_going=keep_going)
        self._shown = max(shown, 0)
        self._interval = max(interval, 0.02)
        self._drawn = ""
        self._size_drawn = (0, 0)
        self._stale = False
        self._paused = False
        self._stop = threading.Event()
        self._closed = False
        self._thread = threading.Thread(target=self._watch, name="display", daemon=True)
        self._write(_HIDE)
        self._thread.start()

    def close(self) -> None:
        """Erase the block and show the cursor again.  May be called twice."""
        self._stop.set()
        if self._thread is not threading.current_thread():
            self._thread.join(1.0)
        with self._lock:
            if not self._closed:
                self._closed = True
                self._write((_ERASE if self._drawn else "") + _SHOW)
                self._drawn = ""

    # ---- signals: called by handlers, so these take no lock ----

    def restore(self) -> None:
        """Erase the block and show the cursor, because the process ends or stops at once."""
        self._paused = True
        with contextlib.suppress(OSError, ValueError):
            os.write(self.console.stderr.fileno(), (_END + "\x1b[?7h" + _ERASE + _SHOW).encode())

    def resume(self) -> None:
        """Go on drawing after `restore`, or after the process was stopped by others."""
        self._stale = True
        if not self._paused:
            return
        with contextlib.suppress(OSError, ValueError):
            os.write(self.console.stderr.fileno(), _HIDE.encode())
        self._drawn = ""
        self._paused = False

    def resized(self) -> None:
        """The terminal is another size now: what is drawn may be anything."""
        self._stale = True

    # ---- drawing ----

    def line(self, text: str) -> None:
        """Print lines above the block."""
        with self._lock:
            erase = _ERASE if self._drawn else ""
            text = self.console.stamped(text).replace("\n", "\r\n") + "\r\n"
            block = "" if self._closed or self._paused else self._block()
            self._write(f"{_BEGIN}{erase}{text}{block}{_END}" if erase or block else text)
            self._drawn = block

    def draw(self) -> None:
        """Draw the block as it is now, where that is not what is there."""
        with self._lock:
            if self._closed or self._paused:
                return
            block = self._block()
            if block != self._drawn or self._stale:
                self._stale = False
                self._drawn = block
                self._write(_BEGIN + block + _END)

    def _block(self) -> str:
        columns, rows = self._size()
        if (columns, rows) != self._size_drawn:
            self._size_drawn = (columns, rows)
            self._stale = True
        elapsed = self.state.clock() - self.state.started
        lines = [f"{self.state.head()} · {elapsed:.0f} s"]
        lines += ["    " + text for text in self.state.actions(self._shown)]
        # Half the screen at most: when it becomes half as high or as wide, the beginning of the block is still on it.
        lines = [fit(text, columns - 1) for text in lines[: max(min(rows // 2, rows - 1), 1)]]
        shown = [self.console.style(lines[0], "green"), *lines[1:]]
        # Erased first: lines that are only written over stay joined where the terminal wrapped them.
        text = "\r" + "\r\n".join(f"\x1b[2K{line}" for line in shown) + "\x1b[J\r"
        if len(lines) > 1:
            text += f"\x1b[{len(lines) - 1}A"
        # Lines do not wrap while they are drawn: a terminal that has just become narrower cuts them.
        return f"\x1b[?7l{text}\x1b[?7h"

    def _watch(self) -> None:
        while not self._stop.wait(self._interval):
            self.draw()

    def _size(self) -> tuple[int, int]:
        try:
            found = os.get_terminal_size(self.console.stderr.fileno())
        except (OSError, ValueError):
            return 80, 24
        return found.columns or 80, found.lines or 24

    def _write(self, text: str) -> None:
        try:
            self.console.stderr.write(text)
            self.console.stderr.flush()
        except (OSError, ValueError):  # the terminal is gone; the build is not
            self._stop.set()
