"""A build with nothing to do against an interpreter with nothing to do."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.measure import Report, environment, medians, of_process, pybuild
from benchmarks.workspaces import hello, pybuild_in


def run(directory: Path, report: Report, quick: bool) -> None:
    """CPU and wall of `pybuild //base:static`, the second time, against `python -c pass` of the same environment."""
    root, cache = hello(directory)
    variables = environment(cache)
    pybuild_in(root, cache, "//base:static")
    noop, empty = medians(
        15 if quick else 51,
        lambda: of_process([*pybuild(), "-C", root, "//base:static"], environment=variables),
        lambda: of_process([sys.executable, "-c", "pass"], environment=variables),
    )
    # --announce_rc keeps the no-op index from answering: load, analyse, find every action in the cache.
    whole, again = medians(
        3 if quick else 9,
        lambda: of_process([*pybuild(), "-C", root, "build", "--announce_rc", "//base:static"], environment=variables),
        lambda: of_process([sys.executable, "-c", "pass"], environment=variables),
    )
    against = "of python -c pass"
    report.ratio("CPU", noop.cpu, empty.cpu, against, goal=4)
    report.ratio("wall", noop.wall, empty.wall, against, goal=4)
    report.ratio("CPU, all actions cached but no no-op index", whole.cpu, again.cpu, against)
