"""Loading and analysing a monorepo from nothing, against Bazel's cold start on the same files."""

from __future__ import annotations

import shutil
from pathlib import Path

from benchmarks import monorepo, peers
from benchmarks.measure import Cost, Report, environment, medians, of_process, pybuild


def run(directory: Path, report: Report, quick: bool) -> None:
    """Wall and peak memory of `build --nobuild //...`, nothing remembered; the growth with the number of targets."""
    sizes = (1_000, 2_000) if quick else (1_000, 10_000, 100_000)
    compared = sizes[0] if quick else sizes[1]
    for targets in sizes:
        root = directory / f"m{targets}"
        monorepo.write(root, targets)
        cost = cold(root, directory / "cache", 1 if targets > compared else 3)
        report.line(
            f"{targets:,} targets: {cost.wall:.2f} s wall, {cost.cpu:.2f} s CPU, {cost.memory / 2**20:.0f} MiB;"
            f" {cost.cpu / targets * 1e6:.0f} µs and {cost.memory / targets / 1024:.1f} KiB a target"
        )
        if targets != compared:
            continue
        if targets == 10_000:
            report.ratio("peak memory", cost.memory, 150e6, "allowed", goal=1.0, unit="bytes")
        with peers.bazel(root) as bazel:
            if bazel is None:
                report.line("Bazel is not set up here: scripts/bazel does it")
                continue
            command = ["build", "--nobuild", "--nostamp", "//..."]
            # The first run unpacks what Bazel needs once for each installation.
            times = bazel.seconds(["info"], *[["shutdown"], command] * (1 if quick else 3))[2::2]
            theirs = sorted(times)[len(times) // 2]
            goal = 0.25 if targets == 10_000 else None
            report.ratio(f"wall, {targets:,} targets", cost.wall, theirs, "of Bazel's cold start", goal=goal)


def cold(root: Path, cache: Path, times: int) -> Cost:
    """The cost of analysing everything, the cache empty each time."""

    def once() -> Cost:
        shutil.rmtree(cache, ignore_errors=True)
        return of_process([*pybuild(), "-C", str(root), "build", "--nobuild", "//..."], environment=environment(cache))

    return medians(times, once)[0]
