"""The watch over steps that never give control back: off in programs that embed us; the line a second run finds."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rulesengine.loading.rewrite import rewrite
from rulesengine.loading.tracing import with_notes
from rulesengine.loading.watch import Watch

_ROOT = str(Path(__file__).parents[2])
_TIMED = """
import os, sys, time
from rulesengine.loading.watch import Timer
timer = Timer(0.2, 0.2, 7)
timer.say("echo said >&2")
timer.start()
until = time.thread_time() + float(sys.argv[1])
while time.thread_time() < until:
    if len(sys.argv) > 2:
        timer.start()
timer.stop()
until = time.thread_time() + 0.6
while time.thread_time() < until:
    pass
os._exit(0)
"""


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [(["5"], 7, "said\n"), (["0.1"], 0, ""), (["0.6", "started anew"], 0, "")],
)
def test_a_timer_that_runs_out_ends_the_process(arguments: list[str], code: int, said: str) -> None:
    command = [sys.executable, "-c", _TIMED, *arguments]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": _ROOT}, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (code, said)


def test_a_program_that_embeds_us_is_not_watched() -> None:
    watch = Watch()
    with watch.during(lambda: "echo"):
        assert not watch.on
        assert watch.begin(True) is None
        watch.step()
        with watch.paused():
            pass
        watch.end(None)
    assert watch.task is None


_TEXT = '''"""Doc."""

load(":x.bzl", "y")

def f(a):
    """Doc."""
    for x in a:
        if x and y:
            return [z for z in x]
        elif not a: pass
    a += 1
    return a

f(1)
'''


def test_every_statement_tells_its_line() -> None:
    made = with_notes("a/d.bzl", rewrite(_TEXT, "bzl").text)
    ast.parse(made)
    assert made.count("\n") == _TEXT.count("\n")
    noted = {number for number, line in enumerate(made.split("\n"), 1) if f"note__('a/d.bzl', {number}); " in line}
    assert noted == {9, 11, 12, 14}
    within = {number for number, line in enumerate(made.split("\n"), 1) if f"note__('a/d.bzl', {number}) or (" in line}
    assert within == {7, 8, 9, 10}


@given(st.text(alphabet="abf(). :\n=[]1'", max_size=60))
def test_notes_keep_lines(text: str) -> None:
    made = with_notes("x", text)
    assert made.count("\n") == text.count("\n")
    try:
        ast.parse(text)
    except (SyntaxError, ValueError):
        return
    ast.parse(made)


@given(st.integers(0, 3), st.sampled_from(["[]", "[1]", "(0, 2)", "0,", "[x for x in [1, 2] if x > 1 if x]"]))
def test_notes_change_nothing_else(number: int, values: str) -> None:
    text = (
        f"out = []\nfor x in {values}:\n    if x == {number} and not x < 0 or x:\n        out.append(x)\n"
        f"    elif {number}:\n        out.append([y for y in (1, x) if y or x if ({number} if not y else 1)])\n"
    )
    got, plain = {"note__": lambda path, line: None}, dict[str, object]()
    exec(with_notes("x", text), got)
    exec(text, plain)
    assert got["out"] == plain["out"]
