"""Growth of a no-op and of a rebuild with the number of targets: 1,000, 10,000 and 100,000, beside ninja.

The graph is that of monorepo_noop, but its actions are operations, which run inside pybuild: a first build of 100,000
that each start a program takes a quarter of an hour, and what is measured here is what comes after it.  ninja gets the
same graph with nothing to do: outputs that are there, and the log that a build would have left.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import built_ninja, monorepo, peers
from benchmarks.measure import Cost, Report, environment, medians, of_process, pybuild


def run(directory: Path, report: Report, quick: bool) -> None:
    """For each size the cost of the first build, of nothing to do, and of one changed source."""
    report.line("growth, actions run inside pybuild (concat), ninja beside it with the same graph built:")
    for targets in (1_000,) if quick else (1_000, 10_000, 100_000):
        _size(directory / f"growth{targets}", report, targets, 3 if targets > 10_000 else 5)


def _size(root: Path, report: Report, targets: int, times: int) -> None:
    monorepo.write(root, targets, inside=True)
    variables = environment(root.with_name("growth-cache"))
    command = [*pybuild(), "-C", str(root), "build", "//..."]

    def ours() -> Cost:
        return of_process(command, environment=variables)

    sides: list[Callable[[], Cost]] = [ours]
    ninja = peers.ninja()
    if ninja is not None:
        program = ninja
        monorepo.write_ninja(root, targets)
        built_ninja.write(root, targets)

        def theirs() -> Cost:
            return of_process([program], cwd=root)

        # Another version of ninja may want another log: then it builds everything, once.
        theirs()
        sides.append(theirs)
    first = ours()
    report.line(f"{targets:,} targets, first build: {_told(first)}; {first.cpu / targets * 1e6:.0f} µs CPU a target")
    time.sleep(0.1)  # files of a build just before may not be trusted (docs/design/noop-index.md)
    ours()
    _lines(report, f"{targets:,} targets, nothing to do", medians(times, *sides))
    number = 0

    def edited(build: Callable[[], Cost]) -> Cost:
        nonlocal number
        number += 1
        (root / monorepo.CHANGED).write_text(f"changed {number}\n")
        time.sleep(0.1)
        return build()

    changed: list[Callable[[], Cost]] = [lambda one=one: edited(one) for one in sides]  # type: ignore[misc]  # the default
    _lines(report, f"{targets:,} targets, one changed source", medians(times, *changed))


def _lines(report: Report, what: str, costs: list[Cost]) -> None:
    ours = costs[0]
    report.line(f"{what}: {_told(ours)}")
    if len(costs) > 1:
        report.ratio(f"CPU, {what}", ours.cpu, costs[1].cpu, "of ninja")
        report.ratio(f"wall, {what}", ours.wall, costs[1].wall, "of ninja")


def _told(cost: Cost) -> str:
    wall = f"{cost.wall:.1f} s" if cost.wall >= 10 else f"{cost.wall * 1000:.0f} ms"
    cpu = f"{cost.cpu:.1f} s" if cost.cpu >= 10 else f"{cost.cpu * 1000:.0f} ms"
    return f"{wall} wall, {cpu} CPU, {cost.memory / 2**20:.0f} MiB at the most"
