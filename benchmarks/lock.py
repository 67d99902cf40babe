"""Locking six architectures: with the indexes in the cache, and with an empty cache (which downloads them)."""

from __future__ import annotations

import shutil
from pathlib import Path

from benchmarks.measure import Cost, Report, environment, medians, of_process, pybuild
from benchmarks.workspaces import hello


def run(directory: Path, report: Report, quick: bool) -> None:
    """Informative: the network takes part."""
    root, _ = hello(directory)
    cache = directory / "locking"
    # A mirror in the middle of an update must not end the benchmarks.
    command = [*pybuild(), "-C", str(root), "lock", "--update", "--allow_missing_indexes"]

    def cold() -> Cost:
        shutil.rmtree(cache, ignore_errors=True)
        return of_process(command, environment=environment(cache))

    def warm() -> Cost:
        return of_process(command, environment=environment(cache))

    first, again = medians(1 if quick else 3, cold, warm)
    report.ratio("CPU, warm", again.cpu, first.cpu, "cold")
    report.ratio("wall, warm", again.wall, first.wall, "cold")
