"""What is shown while a command runs: on a terminal (a real pty, read by a small emulator) and in a log."""

from __future__ import annotations

import contextlib
import fcntl
import io
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Iterator

import pytest

from rulesengine.cli.console import Console
from rulesengine.cli.live import LiveDisplay
from rulesengine.cli.progress import PlainDisplay, State, size
from rulesengine.cli.width import fit
from rulesengine.model.events import (
    ActionFinished,
    ActionsPlanned,
    ActionStarted,
    FetchProgress,
    Message,
    PhaseStarted,
    WaitingForWorkspace,
)
from tests.cli.conftest import Space

_TOKEN = re.compile(r"\x1b\[(\??)([0-9;]*)([A-Za-z])|([\r\n])|([^\x1b\r\n]+)")


class Screen:
    """As much of a VT100 as a display may use; anything else is an error.  resize() cuts lines, or rewraps them."""

    def __init__(self, columns: int, rows: int = 10) -> None:
        self.columns, self.rows = columns, rows
        self.lines = [""]
        self.row = self.column = 0
        self.cursor = self.wrap = True
        self.frames: list[list[str]] = []

    def feed(self, text: str) -> None:
        position = 0
        while position < len(text):
            match = _TOKEN.match(text, position)
            assert match is not None, repr(text[position : position + 20])
            position = match.end()
            private, argument, final, control, plain = match.groups()
            if plain is not None:
                self._print(plain)
            elif control == "\r":
                self.column = 0
            elif control == "\n":
                self.row += 1
                while len(self.lines) <= self.row:
                    self.lines.append("")
            elif final == "A":
                self.row -= int(argument or 1)
                assert self.row >= 0
            elif final == "K" and argument == "2":
                self.lines[self.row] = ""
            elif final == "K":
                self.lines[self.row] = self.lines[self.row][: self.column]
            elif final == "J":
                self.lines[self.row] = self.lines[self.row][: self.column]
                del self.lines[self.row + 1 :]
            elif private and argument in ("25", "7", "2026"):
                if argument == "25":
                    self.cursor = final == "h"
                if argument == "7":
                    self.wrap = final == "h"
                if (argument, final) == ("2026", "l"):
                    self.frames.append(list(self.lines))
            else:
                assert final == "m", match[0]

    def _print(self, text: str) -> None:
        line = self.lines[self.row].ljust(self.column)
        assert self.wrap or self.column + len(text) <= self.columns
        self.lines[self.row] = line[: self.column] + text + line[self.column + len(text) :]
        self.column += len(text)

    def resize(self, columns: int, *, rewrap: bool) -> None:
        """As VTE does (rewrap, the cursor staying at its character), or as xterm does (cut)."""
        if rewrap:
            out: list[str] = []
            row = 0
            for number, line in enumerate(self.lines):
                if number == self.row:
                    row = len(out)
                out += [line[at : at + columns] for at in range(0, len(line), columns)] or [""]
            self.lines, self.row = out, row
        else:
            self.lines = [line[:columns] for line in self.lines]
        self.columns = columns


class Terminal:
    """A pty whose output goes to a Screen."""

    def __init__(self, columns: int) -> None:
        self.master, slave = pty.openpty()
        self.stream = os.fdopen(slave, "w")
        attributes = termios.tcgetattr(slave)
        attributes[1] &= ~termios.OPOST
        termios.tcsetattr(slave, termios.TCSANOW, attributes)
        self.screen = Screen(columns)
        self.resize(columns)

    def resize(self, columns: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", 10, columns, 0, 0))

    def pump(self) -> Screen:
        os.set_blocking(self.master, False)
        while True:
            try:
                self.screen.feed(os.read(self.master, 65536).decode())
            except BlockingIOError:
                return self.screen

    def close(self) -> None:
        with contextlib.suppress(OSError):  # what it still holds for a terminal that is gone
            self.stream.close()
        with contextlib.suppress(OSError):
            os.close(self.master)


class Still(LiveDisplay):
    """A display that draws only when told."""

    def _watch(self) -> None:
        return


@pytest.fixture
def clock() -> list[float]:
    return [100.0]


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    made = Terminal(60)
    yield made
    made.close()


def start(number: int, message: str) -> ActionStarted:
    return ActionStarted(number, "Genrule", "//a:b", message)


def finish(number: int, *, cached: bool = False, stderr: bytes = b"") -> ActionFinished:
    return ActionFinished(number, "Genrule", "//a:b", f"action {number}", cached, stderr=stderr)


def test_the_block_on_a_terminal(terminal: Terminal, clock: list[float]) -> None:
    display = Still(Console("no", stderr=terminal.stream, environment={"TERM": "xterm"}), State(lambda: clock[0]))
    display(ActionsPlanned(12))
    display(start(1, "Packing base/passwd"))
    clock[0] += 3
    display(start(2, "Fetching a-file-with-a-very-long-name-that-does-not-fit-into-a-line.deb"))
    display(FetchProgress("x.deb", 3 << 19, 0))
    display(finish(0, cached=True))
    display.draw()
    screen = terminal.pump()
    assert screen.lines == [
        "[1/12] 2 running · 1.5 MiB fetched · 3 s",
        "    Packing base/passwd; 3 s",
        "    Fetching a-file-with-a-very-long-na…fit-into-a-line.deb",
    ]
    assert not screen.cursor
    display(Message("warning", "look here", "a/BUILD:3"))
    assert terminal.pump().lines[0] == "WARNING: a/BUILD:3: look here"
    assert terminal.pump().lines[1].startswith("[1/12]")
    display.close()
    display.close()
    screen = terminal.pump()
    assert screen.lines == ["WARNING: a/BUILD:3: look here", ""]
    assert screen.cursor
    assert screen.wrap


@pytest.mark.parametrize("rewrap", [True, False])
@pytest.mark.parametrize("columns", [20, 33, 90])
def test_resizing_leaves_no_remains(terminal: Terminal, clock: list[float], columns: int, rewrap: bool) -> None:
    terminal.stream.write("$ pybuild\r\n")
    display = Still(Console("no", stderr=terminal.stream, environment={"TERM": "xterm"}), State(lambda: clock[0]))
    display(ActionsPlanned(2))
    display(start(1, "An action with a name of some length, forty-five"))
    display.draw()
    terminal.pump().resize(columns, rewrap=rewrap)
    terminal.resize(columns)
    display.draw()
    screen = terminal.pump()
    assert screen.lines[0] == "$ pybuild"
    assert len(screen.lines) == 3
    assert all(len(line) < columns for line in screen.lines[1:])
    display.close()
    assert terminal.pump().lines == ["$ pybuild", ""]


def test_a_terminal_that_goes_away_is_no_fault(terminal: Terminal) -> None:
    display = LiveDisplay(Console("no", stderr=terminal.stream, environment={"TERM": "xterm"}))
    os.close(terminal.master)
    display(PhaseStarted("loading", "//a"))
    display(Message("info", "x"))
    display.draw()
    display.close()


def test_plain_lines_are_few(clock: list[float]) -> None:
    out = io.StringIO()
    display = PlainDisplay(Console("no", stderr=out), State(lambda: clock[0]))
    display(ActionsPlanned(100))
    for number in range(50):
        display(start(number, f"action {number}"))
        display(finish(number, cached=True))
    assert out.getvalue() == ""
    clock[0] += 11
    display(start(60, "slow one"))
    display(start(61, "another"))
    assert out.getvalue() == "[50/100] 1 running: slow one\n"
    display(finish(60, stderr=b"careful\n"))
    display(WaitingForWorkspace(42))
    display.close()
    assert out.getvalue().split("\n")[1:] == [
        "INFO: From action 60:",
        "careful",
        "Another pybuild (process 42) is building this workspace; waiting for it to end.",
        "",
    ]


def test_sizes_and_fitting() -> None:
    assert [size(n) for n in (0, 1023, 1024, 1992294, 5 << 40)] == ["0 B", "1023 B", "1.0 KiB", "1.9 MiB", "5120.0 GiB"]
    assert fit("abc\x1b[2Jdef", 40) == "abc?[2Jdef"
    assert [len(fit("x" * 50, n)) for n in (0, 5, 20, 49, 50)] == [0, 5, 20, 49, 50]


def test_a_build_on_a_terminal_is_stopped_by_control_c(space: Space, terminal: Terminal) -> None:
    space.write("s/BUILD", 'genrule(name = "s", outs = ["o"], cmd = "sleep 30; touch $@")')
    terminal.resize(70)
    terminal.screen.columns = 70
    process = subprocess.Popen(
        space.command("//s"),
        cwd=space.root,
        env={**space.environment, "TERM": "xterm"},
        stdout=subprocess.DEVNULL,
        stderr=terminal.stream,
    )
    try:
        until = time.monotonic() + 30
        while not any("1 running" in line for line in terminal.pump().lines):
            assert time.monotonic() < until
            time.sleep(0.05)
        assert not terminal.screen.cursor
        process.send_signal(signal.SIGINT)
        assert process.wait(15) == 8
    finally:
        process.kill()
        process.wait()
    screen = terminal.pump()
    assert screen.cursor
    assert screen.lines[0].replace("\x1b", "").endswith("interrupted"), screen.lines


def test_events_from_many_threads_do_not_mix() -> None:
    out = io.StringIO()
    display = PlainDisplay(Console("no", stderr=out))
    texts = [str(number) * 200 for number in range(8)]

    def tell(text: str) -> None:
        for _ in range(50):
            display(Message("info", text))

    threads = [threading.Thread(target=tell, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    display.close()
    lines = out.getvalue().splitlines()
    assert len(lines) == 400
    assert set(lines) == {f"INFO: {text}" for text in texts}
