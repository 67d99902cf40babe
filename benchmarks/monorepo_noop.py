"""A monorepo with nothing to do, and with one changed source, beside ninja and Bazel's warm server."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from benchmarks import monorepo, peers
from benchmarks.measure import Cost, Report, environment, medians, of_process, pybuild
from benchmarks.workspaces import pybuild_in


def run(directory: Path, report: Report, quick: bool) -> None:
    """Wall and CPU, side by side in turns; the growth with the number of targets.

    Some six minutes, of which the first builds of 10,000 targets take nearly all: ours, ninja's and Bazel's.
    """
    compared = 1_000 if quick else 10_000
    for targets in (1_000,) if quick else (1_000, 10_000):
        root, cache = directory / f"m{targets}", directory / "cache"
        monorepo.write(root, targets)
        pybuild_in(root, cache, "build", "--spawn_strategy=local", "//...")
        time.sleep(0.1)  # files of a build just before may not be trusted (docs/design/noop-index.md)
        pybuild_in(root, cache, "build", "--spawn_strategy=local", "//...")
        command = [*pybuild(), "-C", str(root), "build", "--spawn_strategy=local", "//..."]

        def ours(command: list[str] = command, cache: Path = cache) -> Cost:
            return of_process(command, environment=environment(cache))

        if targets != compared or peers.ninja() is None:
            cost = medians(5, ours)[0]
            report.line(f"{targets:,} targets: {cost.wall * 1000:.0f} ms wall, {cost.cpu * 1000:.0f} ms CPU")
            continue
        monorepo.write_ninja(root, targets)

        def theirs(root: Path = root) -> Cost:
            return of_process([str(peers.ninja())], cwd=root)

        theirs()
        noop, ninja = medians(5 if quick else 15, ours, theirs)
        goal = 1.0 if targets == 10_000 else None
        report.ratio(f"CPU, nothing to do, {targets:,} targets", noop.cpu, ninja.cpu, "of ninja", goal=goal)
        report.ratio(f"wall, nothing to do, {targets:,} targets", noop.wall, ninja.wall, "of ninja", goal=goal)
        _changed(root, report, ours, theirs, goal)
        _bazel(root, report, noop, targets)


def _changed(root: Path, report: Report, ours: object, theirs: object, goal: float | None) -> None:
    assert callable(ours) and callable(theirs)
    number = 0

    def edited(build: object) -> Cost:
        nonlocal number
        number += 1
        assert callable(build)
        (root / "p0003" / "s55.txt").write_text(f"changed {number}\n")
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
