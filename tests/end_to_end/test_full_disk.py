"""Whole builds on a file system that is too small: a clear error, nothing left behind, reads served, then it works."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rulesengine.execution import LocalStore

BUILD = """\
genrule(name = "small", outs = ["small.txt"], cmd = "echo small > $@")
genrule(name = "large", srcs = ["small"], outs = ["large.bin"], cmd = "cat $< ; head -c 6000000 /dev/urandom > $@")
[genrule(name = "n%d" % i, outs = ["n%d.txt" % i], cmd = "echo %d > $@" % i) for i in range(40)]
"""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MiB, where this user may mount one."""
    where = tmp_path / "small"
    where.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(where)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no small file system can be mounted here: {done.stderr.strip()}")
    try:
        yield where
    finally:
        subprocess.run(["umount", "--lazy", str(where)], check=True)


class Place:
    """A workspace whose cache or output base lies on the small disk."""

    def __init__(self, base: Path, cache: Path, output_base: Path) -> None:
        self.root = base / "ws"
        self.root.mkdir()
        (self.root / "MODULE.bazel").write_text('module(name = "ws")\n')
        (self.root / "BUILD").write_text(BUILD)
        self.cache = cache
        self.output_base = output_base

    def build(self, *words: str) -> subprocess.CompletedProcess[str]:
        script = Path(sys.executable).with_name("pybuild")
        start = [str(script)] if script.exists() else [sys.executable, "-m", "rulesengine.cli.entry"]
        return subprocess.run(
            [*start, "-C", str(self.root), f"--output_base={self.output_base}", "build", *words],
            env={**os.environ, "PYBUILD_CACHE": str(self.cache), "HOME": str(self.root.parent)},
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip

    def nothing_is_left(self) -> None:
        LocalStore(self.cache).close()
        assert os.listdir(self.cache / "tmp") == []


def fill(disk: Path, leave: int) -> Path:
    """A file that takes all of the disk but `leave` bytes."""
    filler = disk / "filler"
    state = os.statvfs(disk)
    filler.write_bytes(b"\xff" * max(0, state.f_bavail * state.f_frsize - leave))
    return filler


def fails_clearly(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode not in (0, 2), done.stderr
    assert "Traceback" not in done.stderr
    assert "no space left" in done.stderr.lower()


@pytest.mark.parametrize("leave", [0, 4096, 40_000, 200_000])
def test_the_store_is_full(small_disk: Path, tmp_path: Path, leave: int) -> None:
    place = Place(tmp_path, small_disk / "cache", tmp_path / "out")
    assert place.build("//:small").returncode == 0
    filler = fill(small_disk, leave)
    fails_clearly(place.build("//:large"))
    again = place.build("//:small", "--announce_rc")
    assert again.returncode == 0, again.stderr  # what is there is served
    assert "1 cached" in again.stderr
    filler.unlink()
    (place.root / "BUILD").write_text(BUILD.replace("6000000", "600000"))
    done = place.build("//...")
    assert done.returncode == 0, done.stderr
    place.nothing_is_left()


@pytest.mark.parametrize("leave", [20_000, 60_000, 120_000])
def test_the_disk_fills_while_many_results_are_written(small_disk: Path, tmp_path: Path, leave: int) -> None:
    place = Place(tmp_path, small_disk / "cache", tmp_path / "out")
    assert place.build("//:small").returncode == 0
    filler = fill(small_disk, leave)
    done = place.build("//...", "--keep_going")
    fails_clearly(done)
    filler.unlink()
    (place.root / "BUILD").write_text(BUILD.replace("6000000", "600000"))
    done = place.build("//...")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (place.root / "pybuild-bin").glob("n*.txt")) == sorted(
        f"n{number}.txt" for number in range(40)
    )
    place.nothing_is_left()


def test_the_output_tree_is_full(small_disk: Path, tmp_path: Path) -> None:
    place = Place(tmp_path, tmp_path / "cache", small_disk / "out")
    assert place.build("//:small").returncode == 0
    fails_clearly(place.build("//:large"))
    left = [path for path in small_disk.rglob("*") if path.is_file() and path.stat().st_size > 1_000_000]
    assert left == []
    assert place.build("//:small").returncode == 0
    (place.root / "BUILD").write_text(BUILD.replace("6000000", "600000"))
    done = place.build("//:large")
    assert done.returncode == 0, done.stderr
    assert (place.root / "pybuild-bin/large.bin").stat().st_size == 600_000
