"""A build with nothing to do against an interpreter with nothing to do."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.measure import Report, environment, medians, of_process, pybuild
from benchmarks.workspaces import hello, pybuild_in


def run(directory: Path, report: Report, quick: bool) -> None:
    """CPU and wall of `pybuild //base:static`, the second time, against `python -c pass`."""
    root, cache = hello(directory)
    variables = environment(cache)
    command = [*pybuild(), "-C", str(root), "//base:static"]
    pybuild_in(root, cache, "//base:static")
    noop, empty, full = medians(
        15 if quick else 51,
        lambda: of_process(command, environment=variables),
        lambda: of_process([sys.executable, "-c", "pass"], environment=variables),
        lambda: of_process([*pybuild(), "-C", root, "--ignore_all_rc_files", "build", "--announce_rc", "//base:static"],
                           environment=variables) if not quick else of_process(["true"]),
    )  # fmt: skip
    against = "of python -c pass"
    report.ratio("CPU", noop.cpu, empty.cpu, against, goal=4)
    report.ratio("wall", noop.wall, empty.wall, against, goal=4)
    if not quick:
        report.ratio("wall, where the no-op index does not answer", full.wall, empty.wall, against)
