"""A terminal session, watched: builds in tmux, with many looks at the screen while they run."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rulesengine.cli.width import columns_of
from tests.cli.conftest import PROGRAM, Space

COUNT = 1000
_HEAD = re.compile(r"^\[(\d+)/(\d+)\]")
_PROMPT = "ready> "

pytestmark = [
    pytest.mark.skipif(shutil.which("tmux") is None and "RULESENGINE_ORACLES" not in os.environ, reason="no tmux"),
]


class Session:
    """A shell in tmux, on a terminal of so many columns and rows."""

    def __init__(self, space: Space, directory: Path, columns: int = 70, rows: int = 20) -> None:
        self._base = ["tmux", "-S", str(directory / "tmux.sock"), "-f", "/dev/null"]
        program = directory / "bin" / "pybuild"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -c {shlex.quote(PROGRAM)} "$@"\n')
        program.chmod(0o755)
        variables = {
            **space.environment,
            "PATH": f"{program.parent}:{os.environ['PATH']}",
            "PS1": _PROMPT,
            "LC_ALL": "C.UTF-8",
        }
        words = ["env", "-i", "TERM=tmux-256color", *(f"{name}={value}" for name, value in variables.items())]
        shell = shlex.join([*words, "bash", "--norc", "--noprofile", "-i"])
        self._tmux("new-session", "-d", "-x", str(columns), "-y", str(rows), "-c", str(space.root), shell)
        self._tmux("set-option", "-g", "history-limit", "5000")
        self.until(lambda lines: lines[0].startswith(_PROMPT.rstrip()))

    def _tmux(self, *words: str) -> str:
        environment = {**os.environ, "LC_ALL": "C.UTF-8"}
        done = subprocess.run([*self._base, *words], capture_output=True, check=True, timeout=30, env=environment)
        return done.stdout.decode("utf-8")

    def close(self) -> None:
        subprocess.run([*self._base, "kill-server"], capture_output=True, check=False)

    def type(self, text: str) -> None:
        self._tmux("send-keys", "-l", text)
        self._tmux("send-keys", "Enter")

    def key(self, name: str) -> None:
        self._tmux("send-keys", name)

    def resize(self, columns: int, rows: int) -> None:
        self._tmux("resize-window", "-x", str(columns), "-y", str(rows))

    @property
    def screen(self) -> list[str]:
        return self._tmux("capture-pane", "-p").split("\n")

    @property
    def history(self) -> list[str]:
        """Everything there ever was, wrapped lines joined."""
        return self._tmux("capture-pane", "-p", "-J", "-S", "-").rstrip().split("\n")

    @property
    def cursor(self) -> tuple[bool, int]:
        """Whether it is visible, and its column."""
        shown, column = self._tmux("display-message", "-p", "#{cursor_flag} #{cursor_x}").split()
        return shown == "1", int(column)

    def until(self, true: Callable[[list[str]], bool], seconds: float = 90) -> list[str]:
        end = time.monotonic() + seconds
        while not true(lines := self.screen):
            assert time.monotonic() < end, "\n".join(lines)
            time.sleep(0.02)
        return lines

    def ended(self, lines: list[str] | None = None) -> bool:
        """Whether the shell waits for a command again (the prompt is the last line, and nothing follows)."""
        kept = [line for line in self.screen if line] if lines is None else [line for line in lines if line]
        return len(kept) > 1 and kept[-1] == _PROMPT.rstrip()

    def assert_clean(self) -> None:
        """The prompt stands alone, the cursor is visible behind it, and nothing of the display is left."""
        assert self.cursor == (True, len(_PROMPT))
        left = [line for line in self.history if _HEAD.match(line) or line.startswith("    Genrule")]
        assert left == []


@pytest.fixture
def session(space: Space, tmp_path: Path) -> Iterator[Session]:
    made = Session(space, tmp_path)
    yield made
    made.close()


def rules(count: int) -> str:
    out = "an_output_with_a_rather_long_name_that_is_cut"
    line = 'genrule(name = "a_rule_with_a_name_{0:04}", outs = ["{1}_{0:04}.txt"], cmd = "echo > $@")'
    return "\n".join(line.format(number, out) for number in range(count))


def head(lines: list[str]) -> tuple[int, int] | None:
    found = [match for line in lines if (match := _HEAD.match(line))]
    assert len(found) <= 1, lines
    return (int(found[0][1]), int(found[0][2])) if found else None


def test_a_build_of_a_thousand_actions_watched(space: Space, session: Session) -> None:
    space.write("many/BUILD", rules(COUNT))
    session.type("pybuild --spawn_strategy=local //many:all")
    session.until(lambda lines: head(lines) is not None)
    looks, seen = 0, []
    while True:
        lines = session.screen
        now = head(lines)
        if now is None:
            break  # it is over, or it flickered: below
        looks += 1
        seen.append(now)
        assert all(columns_of(line) <= 70 for line in lines)
        assert lines[0].startswith(f"{_PROMPT}pybuild")
        place = next(number for number, line in enumerate(lines) if _HEAD.match(line))
        block = [line for line in lines[place + 1 :] if line]
        assert all(line.startswith("    Genrule many/an_output") for line in block), lines
        assert len(block) <= 8
    # Once it is there, it is there at every look until the end: no flicker.
    session.until(session.ended)
    assert looks > 20
    assert seen == sorted(seen)
    assert {total for _, total in seen} == {COUNT}
    assert seen[-1][0] > COUNT // 2
    session.assert_clean()
    assert session.history[1].startswith(f"{COUNT} targets · {COUNT} actions: {COUNT} run, 0 cached")
    assert len(session.history) == 3


def test_resizing_while_it_builds(space: Space, session: Session) -> None:
    space.write("many/BUILD", rules(1600))
    session.type("pybuild --spawn_strategy=local //many:all")
    session.until(lambda lines: head(lines) is not None)
    sizes = ((40, 14), (110, 30), (60, 15), (31, 9), (90, 5), (70, 20))
    for count, (columns, rows) in enumerate(sizes, start=1):
        session.resize(columns, rows)
        time.sleep(0.3)
        for _ in range(3):
            lines = session.screen
            assert all(columns_of(line) <= columns for line in lines)
            if session.ended(lines):
                pytest.fail("it ended too soon to be resized")
            # What tmux pushed out when the window shrank comes back above the block when it grows.
            heads = [line for line in lines if _HEAD.match(line)]
            assert 1 <= len(heads) <= count, lines
    session.until(session.ended)
    assert session.cursor == (True, len(_PROMPT))
    assert not any(_HEAD.match(line) for line in session.screen)
    # tmux wraps what stands above when it becomes narrower, and keeps the rows that this pushes out: once a resize.
    assert sum(_HEAD.match(line) is not None for line in session.history) <= len(sizes)


def test_control_c_once_and_twice(space: Space, session: Session) -> None:
    space.write("s/BUILD", 'genrule(name = "s", outs = ["o"], cmd = "sleep 60; touch $@")')
    session.type("pybuild //s")
    session.until(lambda lines: any("1 running" in line for line in lines))
    assert session.cursor[0] is False
    session.key("C-c")
    session.until(session.ended, 20)
    session.assert_clean()
    assert session.history[1].endswith("interrupted"), session.history
    session.type("echo code $?")
    session.until(lambda lines: "code 8" in lines)
    session.type("pybuild //s")
    session.until(lambda lines: any("1 running" in line for line in lines))
    session.key("C-c")
    session.key("C-c")
    session.until(session.ended, 20)
    session.assert_clean()
    session.type("echo code $?")
    session.until(lambda lines: "code 8" in lines)


def test_control_z_and_fg(space: Space, session: Session) -> None:
    space.write("s/BUILD", 'genrule(name = "s", outs = ["o"], cmd = "sleep 4; touch $@")')
    session.type("pybuild --spawn_strategy=local //s")
    session.until(lambda lines: any("1 running" in line for line in lines))
    session.key("C-z")
    session.until(session.ended, 20)
    session.assert_clean()
    assert any("Stopped" in line for line in session.screen)
    time.sleep(0.5)
    session.assert_clean()
    session.type("fg")
    session.until(lambda lines: any("running" in line for line in lines))
    assert session.cursor[0] is False
    session.until(session.ended)
    session.assert_clean()
    assert any(line.startswith("//s") and "1 run" in line for line in session.history)


def test_failures_scroll_above_and_wide_characters_fit(space: Space, session: Session) -> None:
    text = "\n".join(f'genrule(name = "失敗する規則{n}", outs = ["{n}"], cmd = "exit 4")' for n in range(3))
    out = "とても長い名前のファイル" * 3
    text += f'\ngenrule(name = "遅", outs = ["{out}.txt"], cmd = "sleep 4; touch $@")'
    space.write("f/BUILD", text)
    session.type("pybuild -k --spawn_strategy=local --color=yes //f:all")
    lines = session.until(lambda lines: sum(line.startswith("FAILED: //f:失敗") for line in lines) == 3)
    assert head(lines) is not None
    lines = session.until(lambda lines: any("とても" in line for line in lines))
    assert all(columns_of(line) <= 70 for line in lines)
    assert any("…" in line and line.startswith("    Genrule f/とても") for line in lines)
    assert any("3 failed" in line for line in lines)
    session.until(session.ended)
    assert session.cursor == (True, len(_PROMPT))


@pytest.mark.parametrize("how", ["2>&1 | cat -v", "--curses=no", "--curses=no --color=no"])
def test_without_drawing_there_are_plain_lines(space: Space, session: Session, how: str) -> None:
    space.write("s/BUILD", 'genrule(name = "s", outs = ["o"], cmd = "sleep 3; touch $@")')
    session.type(f"pybuild --spawn_strategy=local --progress_report_interval=1 //s {how}")
    session.until(lambda lines: any(line == "[0/1] 1 running: Genrule s/o; 2 s" for line in lines))
    session.until(session.ended)
    assert session.cursor == (True, len(_PROMPT))
    assert not any("^[" in line for line in session.history)
