"""Killed builds, builds side by side, and builds on a full disk: work may be lost, correctness never."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rulesengine.errors import DiskFullError
from rulesengine.execution import LocalStore
from rulesengine.model.digest import Digest
from tests.execution.bench import Bench, graph_of, made, shell
from tests.execution.crash_child import workload

ROOT = Path(__file__).parents[2]


def child(root: Path) -> subprocess.Popen[str]:
    root.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "tests.execution.crash_child", str(root)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen[str]) -> list[str]:
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    return out.split()


def all_blobs_are_right(bench: Bench) -> None:
    for digest in list(bench.store.blobs()):
        with open(bench.store.path(digest), "rb") as file:
            assert Digest.of(file.read()) == digest


def swept(cache: Path) -> bool:
    """Whether an opening leaves no temporary files; a child of a killed build may hold its lock for a moment more."""
    for _ in range(50):
        LocalStore(cache).close()
        if not os.listdir(cache / "tmp"):
            return True
        time.sleep(0.1)
    return False


def test_killing_a_build_at_any_moment_loses_work_only(tmp_path: Path) -> None:
    began = time.monotonic()
    expected = finish(child(tmp_path / "reference"))[2:]
    whole = time.monotonic() - began
    luck = random.Random(4711)
    killed = resumed = 0
    for _ in range(10):
        root = tmp_path / f"kill{luck.randrange(1 << 40)}"
        for _ in range(2):
            process = child(root)
            time.sleep(whole * luck.uniform(0.3, 1.0))
            killed += process.poll() is None
            process.kill()
            process.communicate()
        bench = Bench(root)
        all_blobs_are_right(bench)
        graph, outs = workload(bench)
        result = bench.build(graph, *outs, jobs=2)
        assert [result.values[out].digest.hash for out in outs] == expected
        resumed += result.cached > 0
        bench.close()
        assert swept(root / "cache")
    print(f"{killed} of 20 killed while alive, {resumed} of 10 resumed")
    assert killed >= 5


def test_four_processes_on_one_cache(tmp_path: Path) -> None:
    expected = finish(child(tmp_path / "reference"))[2:]
    results = [finish(process) for process in [child(tmp_path / "shared") for _ in range(4)]]
    assert [one[2:] for one in results] == [expected] * 4
    assert all(int(one[0]) + int(one[1]) == 12 for one in results)
    assert finish(child(tmp_path / "shared"))[:2] == ["0", "12"]


def test_a_full_disk_stops_the_build_and_leaves_the_cache_intact(small_disk: Path) -> None:
    bench = Bench(small_disk)
    small, large = made("small"), made("large")
    # A file of two names is copied into the store, not linked.
    command = f"cat {small.path}; head -c 5000000 /dev/zero > {large.path}; ln {large.path} second"
    graph = graph_of(shell(f"echo small > {small.path}", [], [small]), shell(command, [small], [large]))
    with pytest.raises(DiskFullError, match="no space left"):
        bench.build(graph, large)
    left = [f"{at}/{name}" for at, _, files in os.walk(bench.store.scratch.path) for name in files]
    # The /etc of the sandboxes goes when the store is closed.
    assert [path for path in left if not path.startswith(f"{bench.store.scratch.path}/etc")] == []
    all_blobs_are_right(bench)
    result = bench.build(graph, small)
    assert (result.run, result.cached) == (0, 1)
    bench.close()


def test_the_bytes_do_not_depend_on_the_number_of_jobs(tmp_path: Path) -> None:
    seen = set()
    for jobs in (1, 2, 8):
        root = tmp_path / str(jobs)
        root.mkdir()
        bench = Bench(root)
        graph, outs = workload(bench)
        result = bench.build(graph, *outs, jobs=jobs)
        seen.add(tuple(result.values[out].digest for out in outs))
        bench.close()
    assert len(seen) == 1
