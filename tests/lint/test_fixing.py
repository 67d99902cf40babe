"""lint --fix: findings that can be put right in one way only are put right, and nothing else changes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rulesengine.lint.fixing import FIXABLE
from rulesengine.lint.warnings import NAMES
from rulesengine.workspace import Workspace

LIB = '"""A library."""\n\nused = 1\nother = 2\nthird = 3\n'
# fmt: off
CASES = {
    "one of two": (
        'load("//:lib.bzl", "other", "used")\n\nX = used\n',
        'load("//:lib.bzl", "used")\n\nX = used\n',
    ),
    "the last": (
        'load("//:lib.bzl", "other", "used")\n\nX = other\n',
        'load("//:lib.bzl", "other")\n\nX = other\n',
    ),
    "a line of its own": (
        'load(\n    "//:lib.bzl",\n    "other",  # once\n    "third",\n    "used",\n)\n\nX = used + third\n',
        'load(\n    "//:lib.bzl",\n    "third",\n    "used",\n)\n\nX = used + third\n',
    ),
    "under another name": (
        'load("//:lib.bzl", "used", mine = "other", yours = "third")\n\nX = used + yours\n',
        'load("//:lib.bzl", "used", yours = "third")\n\nX = used + yours\n',
    ),
    "all of a load": (
        '"""Doc."""\n\nload("//:lib.bzl", "used")\nload("//:lib2.bzl", "more")\n\nX = more\n',
        '"""Doc."""\n\nload("//:lib2.bzl", "more")\n\nX = more\n',
    ),
    "all loads": (
        '"""Doc."""\n\nload("//:lib.bzl", "used")\n\nX = 1\n',
        '"""Doc."""\n\nX = 1\n',
    ),
    "division": (
        "def f(x, y):\n    x /= 2\n    return (x + 1) / y, [\n        x /\n        y,\n    ]\n",
        "def f(x, y):\n    x //= 2\n    return (x + 1) // y, [\n        x //\n        y,\n    ]\n",
    ),
    "behind letters of several bytes": (
        'load("//:lib.bzl", "used")\n\nX = "äöü€", used\n\ndef f(x):\n    return "äöü€", x / 2\n',
        'load("//:lib.bzl", "used")\n\nX = "äöü€", used\n\ndef f(x):\n    return "äöü€", x // 2\n',
    ),
    "switched off": (
        'load("//:lib.bzl", "other", "used")  # lint: disable=unused-load\n\nX = used\n',
        'load("//:lib.bzl", "other", "used")  # lint: disable=unused-load\n\nX = used\n',
    ),
    "nothing to do": ("def f(x):\n    return x // 2\n", "def f(x):\n    return x // 2\n"),
}
# fmt: on


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "MODULE.bazel").touch()
    (tmp_path / "BUILD").touch()
    (tmp_path / "lib.bzl").write_text(LIB)
    (tmp_path / "lib2.bzl").write_text('"""More."""\n\nmore = 1\n')
    return tmp_path


@pytest.mark.parametrize("name", CASES)
def test_a_file_is_put_right(name: str, root: Path) -> None:
    before, after = CASES[name]
    path = root / "a.bzl"
    path.write_text(before)
    workspace = Workspace(str(root))
    fixed = workspace.fix("a.bzl")
    assert path.read_text() == after
    assert (fixed == {}) == (before == after)
    assert [one for one in workspace.lint("a.bzl") if one.warning in FIXABLE] == []


def test_build_files_say_it_without_native(root: Path) -> None:
    path = root / "BUILD"
    path.write_text('native.filegroup(\n    name = "x",\n    srcs = native.glob(["*.txt"]),\n)\n')
    assert Workspace(str(root)).fix("BUILD") == {"BUILD": 2}
    assert path.read_text() == 'filegroup(\n    name = "x",\n    srcs = glob(["*.txt"]),\n)\n'


def test_files_with_other_ends_of_lines_and_broken_ones_stay(root: Path) -> None:
    texts = {"a.bzl": b'load("//:lib.bzl", "used")\r\n', "b.bzl": b'load("//:lib.bzl", "used")\n(\n'}
    for name, text in texts.items():
        (root / name).write_bytes(text)
    assert Workspace(str(root)).fix() == {}
    assert {name: (root / name).read_bytes() for name in texts} == texts


def test_only_the_warnings_that_are_asked_for(root: Path) -> None:
    text = 'load("//:lib.bzl", "used")\n\ndef f(x):\n    return x / 2\n'
    (root / "a.bzl").write_text(text)
    Workspace(str(root)).fix("a.bzl", warnings=["-unused-load"])
    assert (root / "a.bzl").read_text() == text.replace("/ 2", "// 2")


def test_the_command_tells_what_it_did(root: Path) -> None:
    (root / "a.bzl").write_text('"""Doc."""\n\nload("//:lib.bzl", "used")\n\nX = y\n')
    command = [sys.executable, "-m", "rulesengine.cli.entry", "-C", str(root), "lint", "--fix"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 3, done.stderr
    assert "1 finding put right in 1 file: a.bzl" in done.stderr
    assert "'y' is not defined" in done.stdout
    assert "unused-load" not in done.stdout


def test_the_names_are_those_of_warnings() -> None:
    assert set(FIXABLE) <= set(NAMES)
