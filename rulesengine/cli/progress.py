"""What a running command shows: what is known of it, the lines that stay, and plain progress lines for logs.

Displays are listeners of events (model.events) and survive being called from any thread; see live.py for terminals.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING

from rulesengine.cli.console import Console
from rulesengine.cli.width import clean
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

if TYPE_CHECKING:
    from rulesengine.cli.live import LiveDisplay

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
        self.failed = 0
        self.tests: dict[str, int] = {}

    def update(self, event: Event) -> None:
        """Take an event in."""
        if isinstance(event, PhaseStarted):
            self.phase, self.detail, self.done, self.total = event.phase, event.detail, 0, 0
            self.running.clear()
        elif isinstance(event, Progress):
            self.phase, self.done, self.total, self.detail = event.phase, event.done, event.total, event.detail
        elif isinstance(event, ActionsPlanned):
            self.phase, self.detail, self.total, self.done = "execution", "", event.total, 0
        elif isinstance(event, ActionStarted):
            self.running[event.id] = (self.clock(), event.message)
        elif isinstance(event, ActionFinished):
            self.running.pop(event.id, None)
            self.done += 1
            self.run += not event.cached
            self.failed += event.failed
            if event.outcome:
                self.tests[event.outcome] = self.tests.get(event.outcome, 0) + 1
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
            if self.failed:
                text += f" · {self.failed} failed"
            if self.tests:
                good = self.tests.get("PASSED", 0) + self.tests.get("FLAKY", 0)
                bad = sum(self.tests.values()) - good
                text += f" · tests: {good} passed" + (f", {bad} failed" if bad else "")
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

    def actions(self, most: int = _SHOWN_ACTIONS) -> list[str]:
        """What runs now, the longest-running first, with its time when it is worth a mention."""
        now = self.clock()
        out = []
        for began, message in sorted(self.running.values())[:most]:
            seconds = now - began
            out.append(message + (f"; {seconds:.0f} s" if seconds >= _SHOW_SECONDS_FROM else ""))
        more = len(self.running) - len(out)
        if more > 0:
            out.append(f"… {more} more")
        return out


class Display:
    """Base of all displays: permanent lines, and what happens with each event.

    record: is given every event too.  keep_going: failures are told as they come, since the command goes on.
    """

    def __init__(self, console: Console, state: State | None = None, *, keep_going: bool = False) -> None:
        self.console = console
        self.state = state or State()
        self.keep_going = keep_going
        self.record: Callable[[Event], None] | None = None
        self._lock = threading.RLock()

    @property
    def live(self) -> LiveDisplay | None:
        """Itself, where it draws on a terminal."""
        from rulesengine.cli.live import LiveDisplay as Live

        return self if isinstance(self, Live) else None

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
            if self.record is not None:
                self.record(event)
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
        if isinstance(event, ActionFinished) and not event.cached:
            if event.failed:
                return [f"{style('FAILED:', 'red')} {event.owner}: {event.message}"] if self.keep_going else []
            if event.outcome in ("FAILED", "TIMEOUT"):
                return [f"{style(event.outcome + ':', 'red')} {event.owner} in {event.seconds:.1f} s"]
            text = (event.stdout + event.stderr).decode("utf-8", "replace").rstrip("\n")
            if text:
                text = clean(text, colour=self.console.colour)
                return [f"{style('INFO:', 'green')} From {event.message}:\n{text}"]
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
        self, console: Console, state: State | None = None, *, interval: float = 0, keep_going: bool = False
    ) -> None:
        super().__init__(console, state, keep_going=keep_going)
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


def display(
    console: Console,
    curses: str,
    interval: int,
    show: bool,
    keep_going: bool = False,
    shown: int = 8,
    rate: float | None = None,
) -> Display:
    """The display that fits: live on terminals, plain elsewhere, quiet when progress is unwanted.

    interval: seconds between plain lines.  shown: how many actions are named.  rate: seconds between two drawings.
    """
    if not show:
        return QuietDisplay(console, keep_going=keep_going)
    if curses == "yes" or (curses == "auto" and console.terminal):
        from rulesengine.cli.live import INTERVAL, LiveDisplay

        return LiveDisplay(console, keep_going=keep_going, shown=shown, interval=INTERVAL if rate is None else rate)
    return PlainDisplay(console, interval=float(max(interval, 0)), keep_going=keep_going)
