"""What a running command shows: a few lines drawn in place on a terminal, plain lines elsewhere.

Both are listeners of events (model.events) and both survive being called from any thread.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable
from types import TracebackType

from rulesengine.cli.console import Console
from rulesengine.model.events import (
    ActionFinished,
    ActionsPlanned,
    ActionStarted,
    Event,
    FetchProgress,
    Message,
    PhaseStarted,
    Progress,
    WaitingForWorkspace,
)

_INTERVAL = 0.1
_SHOWN_ACTIONS = 8
_FIRST_REPORT = 10.0
_SHOW_SECONDS_FROM = 1.0


def size(count: float) -> str:
    """A number of bytes for people: `1.9 MiB`."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024 or unit == "GiB":
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    raise AssertionError


class State:
    """What is known of a command under way, event by event."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.started = clock()
        self.phase = ""
        self.detail = ""
        self.done = 0
        self.total = 0
        self.run = 0
        self.running: dict[int, tuple[float, str]] = {}
        self.fetches: dict[str, int] = {}

    def update(self, event: Event) -> None:
        """Take an event in."""
        if isinstance(event, PhaseStarted):
            self.phase, self.detail, self.done, self.total = event.phase, event.detail, 0, 0
            self.running.clear()
        elif isinstance(event, Progress):
            self.phase, self.done, self.total, self.detail = event.phase, event.done, event.total, event.detail
        elif isinstance(event, ActionsPlanned):
            self.phase, self.total, self.done = "execution", event.total, 0
        elif isinstance(event, ActionStarted):
            self.running[event.id] = (self.clock(), event.message)
        elif isinstance(event, ActionFinished):
            self.running.pop(event.id, None)
            self.done += 1
            self.run += not event.cached
        elif isinstance(event, FetchProgress):
            self.fetches[event.what] = event.done

    @property
    def fetched(self) -> int:
        """Bytes that came over the network so far."""
        return sum(self.fetches.values())

    def head(self) -> str:
        """One line: what is being done, how far it is."""
        if self.phase == "execution":
            text = f"[{self.done}/{max(self.total, self.done)}]"
            if self.running:
                text += f" {len(self.running)} running"
        else:
            names = {"loading": "Loading", "analysis": "Analysing", "delivery": "Placing outputs", "locking": "Locking"}
            text = names.get(self.phase, self.phase.capitalize() or "Starting")
            if self.total:
                text += f" [{self.done}/{self.total}]"
            elif self.done:
                text += f" {self.done}"
            if self.detail:
                text += f" {self.detail}"
        if self.fetched:
            text += f" · {size(self.fetched)} fetched"
        return text

    def actions(self) -> list[str]:
        """What runs now, the longest-running first, with its time when it is worth a mention."""
        now = self.clock()
        out = []
        for began, message in sorted(self.running.values())[:_SHOWN_ACTIONS]:
            seconds = now - began
            out.append(message + (f"; {seconds:.0f} s" if seconds >= _SHOW_SECONDS_FROM else ""))
        more = len(self.running) - len(out)
        if more > 0:
            out.append(f"… {more} more")
        return out


class Display:
    """Base of both displays: permanent lines, and what happens with each event."""

    def __init__(self, console: Console, state: State | None = None, *, verbose: bool = False) -> None:
        self.console = console
        self.state = state or State()
        self.verbose = verbose
        self._lock = threading.RLock()

    def __enter__(self) -> Display:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop; the terminal is as it was."""

    def __call__(self, event: Event) -> None:
        """Take an event: the listener."""
        with self._lock:
            self.state.update(event)
            for line in self.permanent(event):
                self.line(line)
            self.changed()

    def permanent(self, event: Event) -> list[str]:
        """The lines that an event leaves behind for good."""
        style = self.console.style
        if isinstance(event, Message):
            names = {"warning": ("WARNING:", "magenta"), "info": ("INFO:", "green"), "debug": ("DEBUG:", "yellow")}
            word, colour = names.get(event.level, ("INFO:", "green"))
            return [f"{style(word, colour)} {event.source + ': ' if event.source else ''}{event.text}"]
        if isinstance(event, WaitingForWorkspace):
            who = f" (process {event.holder})" if event.holder else ""
            return [f"Another pybuild{who} is building this workspace; waiting for it to end."]
        if isinstance(event, ActionFinished) and not event.failed and not event.cached:
            text = (event.stdout + event.stderr).decode("utf-8", "replace").rstrip("\n")
            if text:
                return [f"{style('INFO:', 'green')} From {event.message}:", text]
        return []

    def line(self, text: str) -> None:
        """Print a line for good."""
        self.console.say(text)

    def changed(self) -> None:
        """The state is another one now."""


class QuietDisplay(Display):
    """No progress; messages only."""


class PlainDisplay(Display):
    """Lines for logs: phases, and from time to time how far it is."""

    def __init__(
        self, console: Console, state: State | None = None, *, interval: float = 0, verbose: bool = False
    ) -> None:
        super().__init__(console, state, verbose=verbose)
        self._interval = interval or _FIRST_REPORT
        self._fixed = bool(interval)
        self._next = self.state.clock() + self._interval
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="progress", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop reporting."""
        self._stop.set()
        self._thread.join()

    def changed(self) -> None:
        """Report now and then only."""
        self.report()

    def report(self) -> None:
        """A line, if the last one is long enough ago; the pauses grow unless they were chosen."""
        with self._lock:
            now = self.state.clock()
            if now < self._next:
                return
            if not self._fixed:
                self._interval = min(self._interval * 1.5, 60.0)
            self._next = now + self._interval
            actions = self.state.actions()
            self.line(self.state.head() + (": " + actions[0] if actions else ""))

    def _watch(self) -> None:
        while not self._stop.wait(1.0):
            self.report()


class LiveDisplay(Display):
    """A block of lines at the bottom of a terminal, redrawn at most ten times a second.

    Between drawings the cursor stays at the block's beginning: terminals that rewrap lines when they
    are resized, and those that cut them, both keep it there, so erasing from the cursor downwards is
    always right.
    """

    def __init__(self, console: Console, state: State | None = None, *, verbose: bool = False) -> None:
        super().__init__(console, state, verbose=verbose)
        self._drawn = False
        self._stop = threading.Event()
        self._closed = False
        self._thread = threading.Thread(target=self._watch, name="display", daemon=True)
        self._write("\x1b[?25l")
        self._thread.start()

    def close(self) -> None:
        """Erase the block and show the cursor again.  May be called twice."""
        self._stop.set()
        if self._thread is not threading.current_thread():
            self._thread.join(1.0)
        with self._lock:
            if not self._closed:
                self._closed = True
                self._write(("\r\x1b[J" if self._drawn else "") + "\x1b[?25h")
                self._drawn = False

    def restore(self) -> None:
        """Show the cursor, from a signal handler: takes no lock."""
        with contextlib.suppress(OSError, ValueError):
            os.write(self.console.stderr.fileno(), b"\r\x1b[J\x1b[?25h")

    def line(self, text: str) -> None:
        """Print a line above the block."""
        with self._lock:
            self._write(("\r\x1b[J" if self._drawn else "") + text.replace("\n", "\r\n") + "\r\n")
            self._drawn = False
            if not self._closed:
                self.draw()

    def draw(self) -> None:
        """Draw the block as it is now."""
        with self._lock:
            if self._closed:
                return
            columns, rows = self._size()
            elapsed = self.state.clock() - self.state.started
            head, _, tail = self.state.head().partition("]")
            lines = [(f"{head}]{tail}" if tail or "[" in head else head) + f" · {elapsed:.0f} s"]
            lines += ["    " + text for text in self.state.actions()]
            lines = [_fit(text, columns - 1) for text in lines[: max(rows - 1, 1)]]
            shown = [self.console.style(lines[0], "green"), *lines[1:]]
            text = "\r" + "\x1b[K\r\n".join(shown) + "\x1b[K\x1b[J\r"
            if len(lines) > 1:
                text += f"\x1b[{len(lines) - 1}A"
            self._write("\x1b[?2026h\x1b[?7l" + text + "\x1b[?7h\x1b[?2026l")
            self._drawn = True

    def _watch(self) -> None:
        while not self._stop.wait(_INTERVAL):
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


def _fit(text: str, columns: int) -> str:
    """At most so many columns, cut in the middle with `…`; control characters made visible."""
    text = "".join(one if one.isprintable() else "?" for one in text)
    if len(text) <= columns:
        return text
    if columns < 8:
        return text[: max(columns, 0)]
    left = columns * 2 // 3
    return text[:left] + "…" + text[len(text) - (columns - left - 1) :]


def display(console: Console, curses: str, interval: int, show: bool, *, verbose: bool = False) -> Display:
    """The display that fits: live on terminals, plain elsewhere, quiet when progress is unwanted."""
    if not show:
        return QuietDisplay(console, verbose=verbose)
    if curses == "yes" or (curses == "auto" and console.terminal):
        return LiveDisplay(console, verbose=verbose)
    return PlainDisplay(console, interval=float(max(interval, 0)), verbose=verbose)
