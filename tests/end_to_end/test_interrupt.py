"""Ctrl-C stops a build cleanly with exit 8, and the next build goes on where it stopped."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.end_to_end.command import Pybuild

TEXT = """\
genrule(name = "first", outs = ["first.txt"], cmd = "echo one > $@")

genrule(name = "slow", srcs = [":first"], outs = ["slow.txt"], cmd = "sleep %(seconds)s && cat $(location :first) > $@")

genrule(name = "last", srcs = [":slow"], outs = ["last.txt"], cmd = "cat $(location :slow) > $@")
"""


def processes(*words: str) -> list[int]:
    """The processes with this command line."""
    wanted = "\0".join(words).encode() + b"\0"
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if path.read_bytes() == wanted:
                found.append(int(path.parent.name))
        except OSError:
            pass
    return found


def wait_for(what: Callable[[], object], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "timed out"
        time.sleep(0.02)


@pytest.fixture
def work(tmp_path: Path) -> tuple[Path, Pybuild, str]:
    """A workspace with a slow action, pybuild, and the number by which the sleeping process is known."""
    seconds = f"4.{os.getpid()}"
    root, home = tmp_path / "work", tmp_path / "home"
    home.mkdir()
    root.mkdir()
    (root / "MODULE.bazel").write_text("")
    (root / "BUILD").write_text(TEXT % {"seconds": seconds})
    return root, Pybuild(tmp_path / "cache", home), seconds


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_and_resumed(work: tuple[Path, Pybuild, str], number: signal.Signals) -> None:
    root, pybuild, seconds = work
    process = pybuild.start("-C", root, "//:last")
    with process:
        wait_for(lambda: processes("sleep", seconds))
        process.send_signal(number)
        started = time.monotonic()
        out, err = process.communicate(timeout=30)
    assert process.returncode == 8, err
    assert time.monotonic() - started < 3
    assert "Traceback" not in err
    assert "interrupt" in err.lower()
    assert out == ""
    assert processes("sleep", seconds) == []
    assert list((pybuild.cache / "tmp").glob("*")) == []

    done = pybuild.good("-C", root, "//:last")
    found = re.search(r"3 actions: (\d) run, (\d) cached", done.err)
    assert found is not None, str(done)
    assert found.groups() == ("2", "1")
    assert (root / "pybuild-bin/last.txt").read_text() == "one\n"


def test_killed_and_resumed(work: tuple[Path, Pybuild, str]) -> None:
    """Killing pybuild at any instant loses work, never correctness (DESIGN 2.1)."""
    root, pybuild, seconds = work
    process = pybuild.start("-C", root, "//:last")
    with process:
        wait_for(lambda: processes("sleep", seconds))
        process.kill()
    assert process.returncode == -signal.SIGKILL
    done = pybuild.good("-C", root, "//:last")
    assert "2 run, 1 cached" in done.err, str(done)
    assert (root / "pybuild-bin/last.txt").read_text() == "one\n"
    wait_for(lambda: processes("sleep", seconds) == [])


def test_a_reader_that_goes_away_is_no_fault(work: tuple[Path, Pybuild, str]) -> None:
    root, pybuild, _ = work
    with pybuild.start("-C", root, "build", "--show_output=files", "//:first") as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        err = process.stderr.read()
    assert "Traceback" not in err
    assert "BrokenPipe" not in err


def test_two_builds_of_one_workspace_take_turns(work: tuple[Path, Pybuild, str]) -> None:
    root, pybuild, seconds = work
    with pybuild.start("-C", root, "//:last") as first:
        wait_for(lambda: processes("sleep", seconds))
        declined = pybuild("-C", root, "build", "--noblock_for_lock", "//:first")
        assert declined.code == 9, str(declined)
        second = pybuild.good("-C", root, "//:first")
        assert "wait" in second.err.lower()
        out, err = first.communicate(timeout=60)
    assert (first.returncode, out) == (0, ""), err


def test_output_to_a_terminal_is_live_and_leaves_it_as_it_was(work: tuple[Path, Pybuild, str]) -> None:
    """Through a pseudo-terminal: progress is drawn, and every mode that was set is set back."""
    root, pybuild, _ = work
    master, slave = os.openpty()
    with subprocess.Popen(
        [*pybuild.program, "-C", str(root), "//:first"],
        env={**pybuild.variables(), "TERM": "xterm-256color"},
        stdin=slave, stdout=slave, stderr=slave, cwd=root,
    ) as process:  # fmt: skip
        os.close(slave)
        shown = b""
        while True:
            try:
                piece = os.read(master, 65536)
            except OSError:  # EIO: the other end is closed
                break
            if not piece:
                break
            shown += piece
    os.close(master)
    assert process.returncode == 0
    assert b"\x1b[" in shown
    assert b"//:first" in shown
    assert shown.count(b"\x1b[?25l") == shown.count(b"\x1b[?25h")
    assert shown.count(b"\x1b[?7l") == shown.count(b"\x1b[?7h")
