"""Hostile files, each given to a process of its own: it ends by itself, in time, in bounds, and says where.

The limits are those of processor time and memory: the wall belongs to whoever else uses the machine.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

SECONDS = 10
MEBIBYTES = 512
GIVEN_UP = 120
"""Seconds of wall time after which a process counts as hanging, however busy the machine."""

Files = dict[str, str]


def macro(*lines: str) -> Files:
    """A function of a .bzl file, called by a BUILD file."""
    body = "".join(f"    {line}\n" for text in lines for line in text.split("\n"))
    return {"a/d.bzl": "def f():\n" + body, "a/BUILD": 'load(":d.bzl", "f")\n\nf()\n'}


def rule(*lines: str) -> Files:
    """A rule's implementation."""
    body = "".join(f"    {line}\n" for text in lines for line in text.split("\n"))
    text = f"def _impl(ctx):\n{body}    return []\n\nthing = rule(implementation = _impl)\n"
    return {"a/d.bzl": text, "a/BUILD": 'load(":d.bzl", "thing")\n\nthing(name = "x")\n'}


def doubled(start: str, step: str) -> Files:
    return macro(f"x = {start}", f"for _ in range(60):\n    {step}", "return x")


def brackets(one: str, other: str) -> Files:
    return {"a/BUILD": 'load(":d.bzl", "x")\n', "a/d.bzl": f"x = {one * 100_000}{other * 100_000}\n"}


def _two_lists() -> str:
    return "def made():\n    " + _SHARED.replace("\n", "\n    ") + "\n    return x\n\nx = made()\ny = made()\n"


_SHARED = "x = ['1']\nfor _ in range(60):\n    x = [x, x]"
_TWICE = f"{_SHARED}\ny = ['1']\nfor _ in range(60):\n    y = [y, y]"
_DEEP = "x = []\nfor _ in range(200000):\n    x = [x]"
CASES: dict[str, Files | Callable[[], Files]] = {
    "endless loop": macro("for _ in range(1 << 60):\n    pass"),
    "endless loops in each other": macro("for _ in range(1 << 30):\n    for _ in range(1 << 30):\n        pass"),
    "endless comprehension": {"a/BUILD": "x = [0 for a in range(1000000) for b in range(1000000) if False]\n"},
    "endless loop of a rule": rule("for _ in range(1 << 60):\n    pass"),
    "list doubling": doubled("[1]", "x = x + x"),
    "list doubling in place": doubled("[1]", "x += x"),
    "list doubling by extend": doubled("[1]", "x.extend(x + [])"),
    "text doubling": doubled("'a'", "x = x + x"),
    "text doubling by format": doubled("'a'", "x = '%s%s' % (x, x)"),
    "text doubling by join": doubled("'a'", "x = ','.join([x, x])"),
    "number doubling": doubled("3", "x = x * x"),
    "doubling of a rule": rule("x = [1]\nfor _ in range(60):\n    x = x + x"),
    "a huge text": {"a/BUILD": "x = 'a' * 1000000000000\n"},
    "a huge list": {"a/BUILD": "x = [1] * 2000000000\n"},
    "a huge number": macro("return 1 << 100000000000"),
    "a huge range": {"a/BUILD": "x = list(range(2000000000))\n"},
    "shared values as text": macro(_SHARED, "return str(x)"),
    "shared values as JSON": macro(_SHARED, "return json.encode(x)"),
    "shared values compared": macro(_TWICE, "return x == y"),
    "shared values compared by a rule": rule(_TWICE, "z = x == y"),
    "shared values looked for": {"a/BUILD": 'load(":d.bzl", "x", "y")\n\nz = x in [y]\n', "a/d.bzl": _two_lists()},
    "shared values as a key": macro("x = ('1',)\nfor _ in range(60):\n    x = (x, x)", "return {x: 1}"),
    "shared values in an error": macro(_SHARED, "return range(x)"),
    "deep values as text": rule(_DEEP, "y = str(x)"),
    "deep values printed": rule(_DEEP, "print(x)"),
    "deep JSON": macro("return json.decode('[' * 200000)"),
    "deep depsets": rule(
        "x = depset(['a'])\nfor _ in range(200000):\n    x = depset(['b'], transitive = [x])\nx.to_list()"
    ),
    "deep recursion": {
        "a/d.bzl": "def f(n):\n    return f(n + 1)\n",
        "a/BUILD": 'load(":d.bzl", "f")\n\nf(0)\n',
    },
    "100,000 round brackets": brackets("(", ")"),
    "100,000 square brackets": brackets("[", "]"),
    "100,000 brackets never closed": {"a/BUILD": "x = " + "[" * 100_000 + "\n"},
    "a million targets": {"a/BUILD": '[filegroup(name = "t%d" % n) for n in range(1000000)]\n'},
    "600,000 targets written out": lambda: {"a/BUILD": "".join(f'filegroup(name = "t{n}")\n' for n in range(600_000))},
    "a BUILD file of 100 MB": lambda: {"a/BUILD": "# x\n" * 25_000_000},
    "a .bzl file of 100 MB": lambda: {"a/BUILD": 'load(":d.bzl", "x")\n', "a/d.bzl": "# x\n" * 25_000_000},
    "loads in a circle": {
        "a/BUILD": 'load(":d.bzl", "x")\n',
        "a/d.bzl": 'load(":e.bzl", "x")\n',
        "a/e.bzl": 'load(":d.bzl", "x")\n',
    },
}
_LAUNCHER = """
import os, resource, subprocess, sys
with open(sys.argv[1], "wb") as out:
    code = subprocess.call(sys.argv[3:], cwd=sys.argv[2], stdout=out, stderr=out)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(code, used.ru_utime + used.ru_stime, used.ru_maxrss)
"""
_PLACE = re.compile(r"a/(?:BUILD|[de]\.bzl):\d+")


def run(directory: Path, *flags: str) -> tuple[int, float, float, str]:
    """Exit code, seconds of processor time, MiB at the most, and what was written."""
    command = [sys.executable, "-m", "rulesengine", "--ignore_all_rc_files", "build", "--nobuild", *flags, "//a:all"]
    environment = {**os.environ, "PYBUILD_CACHE": str(directory / ".cache")}
    root = str(Path(__file__).parents[2])
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    log = directory / "log"
    # A process of its own starts the command: what the child of a large process uses at the most is that of its parent.
    launcher = [sys.executable, "-S", "-c", _LAUNCHER, str(log), str(directory), *command]
    done = subprocess.run(launcher, env=environment, capture_output=True, text=True, timeout=GIVEN_UP, check=True)
    code, seconds, size = done.stdout.split()
    return int(code), float(seconds), int(size) / 1024, log.read_text(errors="replace")


@pytest.mark.parametrize("name", CASES)
def test_it_ends_and_says_where(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    (tmp_path / "MODULE.bazel").write_text("")
    (tmp_path / "a").mkdir()
    for path, text in (case() if callable(case) else case).items():
        (tmp_path / path).write_text(text)
    code, seconds, memory, text = run(tmp_path)
    assert code == 1, (code, text[-2000:])
    assert _PLACE.search(text), text[-2000:]
    assert "Traceback" not in text
    assert "a bug in pybuild" not in text
    assert seconds < SECONDS, f"{seconds:.1f} s"
    assert memory < MEBIBYTES, f"{memory:.0f} MiB"


def test_which_of_many_targets_and_which_line(tmp_path: Path) -> None:
    """The targets of a wave run one after the other; one of them, asked for under a setting, does not end."""
    (tmp_path / "MODULE.bazel").write_text("")
    (tmp_path / "a").mkdir()
    (tmp_path / "a/d.bzl").write_text(
        "def _impl(ctx):\n    if ctx.attr.bad:\n        _spend()\n    return []\n\n"
        f"def _spend():\n    {_TWICE}\n    return x == y\n\n".replace(_TWICE, _TWICE.replace("\n", "\n    "))
        + "r = rule(implementation = _impl, attrs = {'bad': attr.bool(), 'deps': attr.label_list()})\n"
    )
    (tmp_path / "a/BUILD").write_text(
        'load(":d.bzl", "r")\n\n'
        'config_setting(name = "opt", values = {"compilation_mode": "opt"})\n\n'
        '[r(name = "t%d" % n, bad = select({":opt": n == 7, "//conditions:default": False})) for n in range(20)]\n'
    )
    code, _, _, text = run(tmp_path, "-c", "opt")
    assert code == 1
    line = (tmp_path / "a/d.bzl").read_text().split("\n").index("    return x == y") + 1
    assert f"ERROR: a/d.bzl:{line}: in the implementation of //a:t7: one step takes more than" in text
    assert "return x == y" in text


def test_which_line_of_a_header(tmp_path: Path) -> None:
    files = macro(_TWICE, "before = 1", "if x == y:\n    return before")
    (tmp_path / "MODULE.bazel").write_text("")
    (tmp_path / "a").mkdir()
    for path, text in files.items():
        (tmp_path / path).write_text(text)
    lines = files["a/d.bzl"].split("\n")
    line = next(number for number, one in enumerate(lines, 1) if "x == y" in one)
    code, _, _, text = run(tmp_path)
    assert code == 1
    assert f"ERROR: a/d.bzl:{line}: " in text, text


@pytest.mark.parametrize("what", ["fifo", "directory", "device"])
def test_a_build_file_that_is_none(what: str, tmp_path: Path) -> None:
    (tmp_path / "MODULE.bazel").write_text("")
    (tmp_path / "a").mkdir()
    path = tmp_path / "a/BUILD"
    if what == "fifo":
        os.mkfifo(path)
    elif what == "directory":
        path.mkdir()
    else:
        path.symlink_to("/dev/zero")
    code, seconds, memory, text = run(tmp_path)
    assert code == 1, (code, text[-2000:])
    assert "a" in text
    assert "Traceback" not in text
    assert seconds < SECONDS
    assert memory < MEBIBYTES
