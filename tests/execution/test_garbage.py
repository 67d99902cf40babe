"""The collector: what goes first, what stays, and what a dry run says."""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path

import pytest

from rulesengine.execution.executor import NeverCancelled
from rulesengine.execution.fsck import Fsck
from rulesengine.execution.garbage import Collected, Collector, Limits
from rulesengine.execution.outbase import abandoned, mark
from rulesengine.execution.uses import read_uses, write_uses
from rulesengine.model.digest import Digest
from tests.execution.bench import Bench, graph_of, made, shell, source

DAY = 86400.0


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A cache with four results of 10,000 bytes each, the first stored longest ago."""
    bench = Bench(tmp_path)
    (bench.workspace / "in").write_text("x")
    actions = [
        shell(
            f"head -c 10000 /dev/zero | tr '\\0' {letter} > pybuild-out/k8/bin/{letter}", [source("in")], [made(letter)]
        )
        for letter in "abcd"
    ]
    bench.build(graph_of(*actions), *[made(letter) for letter in "abcd"])
    bench.close()
    now = time.time()
    with sqlite3.connect(tmp_path / "cache/ac/cache.db") as base:
        for row, value in base.execute("SELECT rowid, value FROM Cache").fetchall():
            letter = next(one for one in "abcd" if f"/bin/{one}".encode() in value)
            age = (5 - "abcd".index(letter)) * 10 * DAY
            base.execute("UPDATE Cache SET store_time = ? WHERE rowid = ?", (now - age, row))
    base.close()
    for path in (tmp_path / "cache/cas").rglob("*"):
        if path.is_file():
            os.utime(path, (now - 50 * DAY, now - 50 * DAY))
    return bench


def blob(letter: str) -> Digest:
    return Digest.of(letter.encode() * 10000)


def collect(bench: Bench, *, dry_run: bool = False, **limits: float | None) -> Collected:
    return Collector(bench.store, NeverCancelled()).collect(Limits(**limits), dry_run=dry_run)  # type: ignore[arg-type]


def left(bench: Bench) -> str:
    return "".join(letter for letter in "abcd" if bench.store.has(blob(letter)))


def key_of(bench: Bench, letter: str) -> Digest:
    with sqlite3.connect(bench.root / "cache/ac/cache.db") as base:
        for key, value in base.execute("SELECT key, value FROM Cache"):
            if f"/bin/{letter}".encode() in value:
                text, size = bytes(key).decode().split("/")
                return Digest(text, int(size))
    raise AssertionError(letter)


def test_the_longest_unused_goes_first(bench: Bench) -> None:
    planned = collect(bench, dry_run=True, max_bytes=25_000)
    assert left(bench) == "abcd"
    assert collect(bench, max_bytes=25_000) == planned
    assert left(bench) == "cd"
    assert (planned.entries_dropped, planned.entries_kept) == (2, 2)
    assert planned.bytes_kept <= 25_000 < planned.bytes_kept + 10_000
    found = Fsck(bench.store, NeverCancelled()).check()
    assert (found.entries, found.incomplete, found.faults) == (2, 0, ())


def test_a_use_makes_young(bench: Bench) -> None:
    write_uses(bench.store.root, "/gone/workspace", "r", [key_of(bench, "a")], [])
    collect(bench, max_age=25 * DAY)
    assert left(bench) == "ad"


def test_what_a_workspace_used_last_stays(bench: Bench) -> None:
    (bench.workspace / "MODULE.bazel").write_text("")
    write_uses(bench.store.root, str(bench.workspace), "r", [key_of(bench, "b")], [blob("c")])
    for path, _ in read_uses(bench.store.root):
        os.utime(path, (1, 1))
    done = collect(bench, max_bytes=0, max_age=0.0, grace=0.0)
    assert left(bench) == "bc"  # the entry of c goes, its blob is pinned
    assert done.roots == 1


def test_without_limits_only_loose_blobs_go(bench: Bench) -> None:
    loose = bench.store.put(b"nobody knows me")
    fresh = bench.store.put(b"just made")
    bench.store.close()
    os.utime(bench.store.path(loose), (1, 1))
    collect(bench)
    assert left(bench) == "abcd"
    assert not bench.store.has(loose)
    assert bench.store.has(fresh)


def test_what_is_being_made_stays(bench: Bench) -> None:
    digest = bench.store.put(b"made by a build that runs")
    collect(bench, max_bytes=0, max_age=0.0, grace=0.0)
    assert left(bench) == ""
    assert bench.store.has(digest)
    bench.store.close()
    collect(bench, max_bytes=0, max_age=0.0, grace=0.0)
    assert not bench.store.has(digest)


def test_damaged_uses_are_no_uses(bench: Bench) -> None:
    write_uses(bench.store.root, "/somewhere", "r", [key_of(bench, "a")], [])
    ((path, uses),) = read_uses(bench.store.root)
    assert uses is not None
    assert uses.root == "/somewhere"
    data = bytearray(Path(path).read_bytes())
    data[-3] ^= 1
    Path(path).write_bytes(data)
    assert [one for _, one in read_uses(bench.store.root)] == [None]
    assert [one.what for one in Fsck(bench.store, NeverCancelled()).check(repair=True).faults] == ["uses"]
    assert not os.path.exists(path)


def test_output_trees_of_workspaces_that_are_gone(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    for name in ("gone", "here", "unknown"):
        base = cache / "workspaces" / name
        base.mkdir(parents=True)
        if name != "unknown":
            mark(str(base), str(tmp_path / name))
    (tmp_path / "here").mkdir()
    (tmp_path / "here/MODULE.bazel").write_text("")
    now = time.time()
    assert [os.path.basename(one) for one in abandoned(str(cache), now, None)] == ["gone"]
    late = now + 40 * DAY
    assert [os.path.basename(one) for one in abandoned(str(cache), late, None)] == ["gone", "unknown"]
    assert [os.path.basename(one) for one in abandoned(str(cache), late, 39 * DAY)] == ["gone", "here", "unknown"]
