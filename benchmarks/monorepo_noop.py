"""A monorepo with nothing to do, and with one changed source, beside ninja and Bazel's warm server."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from benchmarks import growth, monorepo, peers
from benchmarks.measure import Cost, Report, environment, medians, of_process, pybuild
from benchmarks.workspaces import pybuild_in


def run(directory: Path, report: Report, quick: bool) -> None:
    """Wall and CPU, side by side in turns; then the growth with the number of targets (growth.py).

    Some ten minutes, of which the first builds take nearly all: 10,000 targets of ours, ninja's and Bazel's, and
    100,000 for the growth.
    """
    targets = 1_000 if quick else 10_000
    root, cache = directory / f"m{targets}", directory / "cache"
    monorepo.write(root, targets)
    if peers.ninja() is not None:  # before ours: its files are in our directories
        monorepo.write_ninja(root, targets)
        of_process([str(peers.ninja())], cwd=root)
    pybuild_in(root, cache, "build", "--spawn_strategy=local", "//...")
    time.sleep(0.1)  # files of a build just before may not be trusted (docs/design/noop-index.md)
    pybuild_in(root, cache, "build", "--spawn_strategy=local", "//...")
    command = [*pybuild(), "-C", str(root), "build", "--spawn_strategy=local", "//..."]

    def ours() -> Cost:
        return of_process(command, environment=environment(cache))

    if peers.ninja() is None:
        noop = medians(5, ours)[0]
        report.line(f"ninja is not here; {targets:,} targets: {noop.wall * 1000:.0f} ms wall")
    else:

        def theirs() -> Cost:
            return of_process([str(peers.ninja())], cwd=root)

        noop, ninja = medians(5 if quick else 15, ours, theirs)
        goal = None if quick else 1.0
        report.ratio(f"CPU, nothing to do, {targets:,} targets", noop.cpu, ninja.cpu, "of ninja", goal=goal)
        report.ratio(f"wall, nothing to do, {targets:,} targets", noop.wall, ninja.wall, "of ninja", goal=goal)
        _changed(root, report, ours, theirs, goal)
    _bazel(root, report, noop, targets)
    growth.run(directory, report, quick)


def _changed(root: Path, report: Report, ours: object, theirs: object, goal: float | None) -> None:
    assert callable(ours) and callable(theirs)
    number = 0

    def edited(build: object) -> Cost:
        nonlocal number
        number += 1
        assert callable(build)
        (root / monorepo.CHANGED).write_text(f"changed {number}\n")
        time.sleep(0.1)  # as people do; and a file of this very moment keeps the next index from being written
        cost = build()
        assert isinstance(cost, Cost)
        return cost

    mine, other = medians(5, lambda: edited(ours), lambda: edited(theirs))
    report.ratio("CPU, one changed source", mine.cpu, other.cpu, "of ninja", goal=2.0 if goal else None)
    report.ratio("wall, one changed source", mine.wall, other.wall, "of ninja", goal=2.0 if goal else None)


def _bazel(root: Path, report: Report, noop: Cost, targets: int) -> None:
    copied = root.with_name("copied")
    shutil.copytree(root, copied, ignore=shutil.ignore_patterns("pybuild-*", "out", ".ninja*", "build.ninja"))
    with peers.bazel(copied) as bazel:
        if bazel is None:
            report.line("Bazel is not set up here: scripts/bazel does it")
            return
        command = ["build", "--nostamp", "--spawn_strategy=local", "//..."]
        warm = min(bazel.seconds(command, command, command)[1:])
        goal = 0.1 if targets == 10_000 else None
        report.ratio("wall, nothing to do", noop.wall, warm, "of Bazel's warm server", goal=goal)
