"""The no-op path: what it may import, and everything that must make it step aside."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rulesengine.workspace import noop
from rulesengine.workspace.signatures import signature
from tests.cli.conftest import BUILD, Space

SLOW = {
    "argparse", "attr", "attrs", "cattrs", "collections.abc", "contextlib", "dataclasses", "difflib", "diskcache",
    "hashlib", "importlib.metadata", "inspect", "json", "networkx", "pathlib", "re", "shlex", "socket", "sqlite3",
    "starlark", "subprocess", "tempfile", "threading", "typing", "urllib3", "rulesengine.errors",
}  # fmt: skip


@pytest.fixture
def built(space: Space) -> Space:
    space.settle()
    done = space.run("//a:g")
    assert done.returncode == 0, done.stderr
    assert "1 action: 1 run, 0 cached" in done.stderr
    return space


def test_imports_nothing_slow_and_says_the_same(built: Space) -> None:
    done = built.run("//a:g", flags=("-X", "importtime"))
    found = imported(done.stderr)
    ours = {name for name in found if name.startswith("rulesengine")}
    front = {"rulesengine", "rulesengine.cli", "rulesengine.cli.entry"}
    assert ours == front | {"rulesengine.workspace", "rulesengine.workspace.noop", "rulesengine.workspace.signatures"}
    bare = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "pass"], capture_output=True, text=True, check=True
    )
    assert not (found - imported(bare.stderr)) & SLOW
    shown = [line for line in done.stderr.splitlines() if not line.startswith("import time:")]
    assert shown[0].startswith("//a:g sha256:")
    assert " 2 B · 1 action: 0 run, 1 cached · " in shown[0]
    assert shown[1] == "  pybuild-bin/a/out"


SLOW_TO_REBUILD = {
    "attr", "attrs", "cattrs", "concurrent.futures", "dataclasses", "google.protobuf", "inspect", "logging",
    "diskcache", "networkx", "pathlib", "shutil", "starlark", "tempfile", "traceback", "urllib3",
    "rulesengine.analysis", "rulesengine.loading.loader", "rulesengine.workspace.build",
}  # fmt: skip


def test_an_edited_source_imports_little(space: Space) -> None:
    space.settle()
    command = ("--spawn_strategy=local", "//a:h")
    first = space.run(*command, flags=("-X", "importtime"))
    assert imported(first.stderr) >= {"rulesengine.analysis", "rulesengine.workspace.build", "starlark"}
    space.settle()
    space.write("a/x.txt", "y\n")
    space.settle()
    done = space.run(*command, flags=("-X", "importtime"))
    assert "2 actions: 2 run, 0 cached" in done.stderr
    assert imported(done.stderr) & SLOW_TO_REBUILD == set()
    assert space.is_noop(*command)


def imported(text: str) -> set[str]:
    """The modules of `-X importtime`."""
    return {line.rpartition("|")[2].strip() for line in text.splitlines() if line.startswith("import time:")}


def test_prints_results_again(space: Space) -> None:
    space.settle()
    first = space.run("build", "--show_output=digests", "//a:g")
    assert space.is_noop("build", "--show_output=digests", "//a:g")
    assert space.run("build", "--show_output=digests", "//a:g").stdout == first.stdout != ""


CHANGES: dict[str, Callable[[Space], object]] = {
    "source edited": lambda s: s.write("a/x.txt", "y\n"),
    "source edited, same time and size": lambda s: _sneak(s.root / "a/x.txt", "z\n"),
    "source added to a glob": lambda s: s.write("a/y.txt", "y\n"),
    "source removed from a glob": lambda s: (s.root / "a/x.txt").unlink(),
    "BUILD edited": lambda s: s.write("a/BUILD", BUILD + "#\n"),
    "BUILD.bazel created beside BUILD": lambda s: s.write("a/BUILD.bazel", BUILD),
    "MODULE.bazel edited": lambda s: s.write("MODULE.bazel", "module(name = 'm')\n"),
    "workspace rc created": lambda s: s.write(".pybuildrc", "build -j1\n"),
    "home rc created": lambda s: (s.home / ".pybuildrc").write_text("build -j1\n"),
    "output removed": lambda s: (s.root / "pybuild-bin/a/out").unlink(),
    "output edited": lambda s: _force(s.root / "pybuild-bin/a/out", "w\n"),
    "output made executable": lambda s: (s.root / "pybuild-bin/a/out").chmod(0o755),
    "link removed": lambda s: (s.root / "pybuild-bin").unlink(),
    "cache removed": lambda s: shutil.rmtree(s.cache),
}


def _force(path: Path, text: str) -> None:
    path.chmod(0o644)
    path.write_text(text)


def _sneak(path: Path, text: str) -> None:
    before = path.stat()
    path.write_text(text)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize("change", CHANGES)
def test_steps_aside_when_something_changed(built: Space, change: str) -> None:
    assert built.is_noop("//a:g")
    sources = "removed from a glob" not in change
    CHANGES[change](built)
    done = built.run("//a:g", flags=("-X", "importtime"))
    assert " rulesengine.cli.main" in done.stderr
    if sources:
        assert done.returncode == 0, done.stderr
        names = sorted((built.root / "a").glob("*.txt"))
        assert (built.root / "pybuild-bin/a/out").read_text() == "".join(name.read_text() for name in names)
        assert (built.root / "pybuild-bin/a/out").stat().st_mode & 0o777 == 0o444


def test_other_words_directory_or_environment_are_another_question(built: Space) -> None:
    assert built.is_noop("//a:g")
    assert not built.is_noop("//a:g", "-j1")
    assert not built.is_noop(":g", cwd=built.root / "a")
    assert not built.is_noop("//a:g", PYBUILD_MIRROR="/nowhere")


def test_a_module_file_in_a_directory_between_makes_another_workspace(built: Space) -> None:
    inside = built.root / "a"
    built.settle()
    assert built.run("//a:g", cwd=inside).returncode == 0
    assert built.is_noop("//a:g", cwd=inside)
    built.write("a/MODULE.bazel", "")
    done = built.run("//a:g", cwd=inside)
    assert done.returncode == 1
    assert "no package //a" in done.stderr


def test_a_failed_build_is_not_remembered(built: Space) -> None:
    assert built.run("//a:bad").returncode == 1
    assert built.run("//a:bad").returncode == 1


def test_files_of_the_moment_are_not_trusted(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_text("x")
    found = signature(str(file))
    assert found is not None
    assert noop.racy(found, found[2])
    assert noop.racy(found, found[2] + 1_000_000)
    assert not noop.racy(found, found[2] + 1_000_000_000)
    whole = (1, 5_000_000_000, 5_000_000_000, 1, 1)  # stamps of whole seconds: a coarse file system
    assert noop.racy(whole, 6_500_000_000)
    assert not noop.racy(whole, 7_500_000_000)


def test_a_damaged_index_is_a_miss_at_every_byte(tmp_path: Path) -> None:
    source = tmp_path / "f"
    source.write_text("x")
    found = signature(str(source))
    assert found is not None
    directory = str(tmp_path / "noop")
    key = noop.key("1", ["//a"])
    arguments = {"started_ns": found[2] + 10**10, "absent": (), "made": (), "links": (), "shown": "s", "printed": "p"}
    assert noop.save(directory, key, read=[str(source)], **arguments)  # type: ignore[arg-type]
    assert noop.load(directory, key) == ("s", "p")
    path = Path(noop.index_path(directory, key))
    data = path.read_bytes()
    for length in range(len(data)):
        path.write_bytes(data[:length])
        assert noop.load(directory, key) is None
    for place in range(len(data)):
        path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        assert noop.load(directory, key) is None
    path.write_bytes(data)
    other = noop.key("1", ["//b"])
    path.rename(noop.index_path(directory, other))  # as if the two keys had collided
    assert noop.load(directory, other) is None
