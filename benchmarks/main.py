"""The benchmarks by name, and the command line."""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks import base_layers, loading, lock, monorepo_noop, noop, sandboxed, static_index
from benchmarks.measure import Report

BENCHMARKS: dict[str, Callable[[Path, Report, bool], None]] = {
    "base_layers": base_layers.run,
    "static_index": static_index.run,
    "noop": noop.run,
    "loading": loading.run,
    "monorepo_noop": monorepo_noop.run,
    "sandboxed": sandboxed.run,
    "lock": lock.run,
}


def main(arguments: list[str]) -> int:
    """Run what is named, or all; 0 whatever the figures are: machines are noisy, and people judge."""
    parser = argparse.ArgumentParser(prog="benchmarks/run", description="our figures beside the field's, from one run")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="few repetitions, for CI")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    print(
        f"Python {platform.python_version()}, {len(os.sched_getaffinity(0))} processors, load {os.getloadavg()[0]:.1f}"
    )
    report = Report()
    for name in options.names or BENCHMARKS:
        report.begin(name)
        with tempfile.TemporaryDirectory(prefix="pybuild-bench-") as directory:
            BENCHMARKS[name](Path(directory), report, options.quick)
    report.summary()
    return 0
