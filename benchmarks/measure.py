"""Measuring: CPU (user + system) and wall-clock seconds of processes and calls, medians, and how they are printed."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from attrs import define, field, frozen


@frozen
class Cost:
    """Seconds: cpu is user + system of all threads and children, wall is what a clock on the wall shows.

    memory: bytes resident at the most, of a process.
    """

    cpu: float
    wall: float
    memory: int = 0


def of_process(
    command: Sequence[str | Path], *, cwd: Path | None = None, environment: Mapping[str, str] | None = None
) -> Cost:
    """The cost of a process and the children it waited for.  Raises SystemExit where it fails."""
    with open(os.devnull, "wb") as null:
        started = time.perf_counter()
        process = subprocess.Popen(
            [str(word) for word in command],
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=null,
            stderr=null,
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}: exit {process.returncode}")
    return Cost(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss * 1024)


def of_call(function: Callable[[], object]) -> Cost:
    """The cost of a call in this process, all of its threads included."""
    before, started = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    function()
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF)
    return Cost(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall)


def medians(times: int, *sides: Callable[[], Cost]) -> list[Cost]:
    """The medians of several costs, measured in turns so that what else the machine does meets all of them."""
    rounds = [[side() for side in sides] for _ in range(times)]
    return [
        Cost(
            statistics.median(one.cpu for one in column),
            statistics.median(one.wall for one in column),
            max(one.memory for one in column),
        )
        for column in zip(*rounds, strict=True)
    ]


def pybuild() -> list[str]:
    """The console script beside this interpreter, as a user starts it; else the module."""
    script = Path(sys.executable).with_name("pybuild")
    return [str(script)] if script.exists() else [sys.executable, "-m", "rulesengine.cli.entry"]


def environment(cache: Path) -> dict[str, str]:
    """Variables for pybuild with a cache of its own and no rc files of a person's."""
    kept = ("PATH", "PYTHONPATH")
    own = {name: value for name, value in os.environ.items() if name in kept or name.lower().endswith("_proxy")}
    return {**own, "HOME": str(cache.parent), "PYBUILD_CACHE": str(cache)}


@define
class Report:
    """What is printed; goals that were missed come again at the end."""

    _missed: list[str] = field(factory=list)
    _name: str = ""

    def begin(self, name: str) -> None:
        self._name = name
        print(f"\n{name}", flush=True)

    def line(self, text: str) -> None:
        print(f"  {text}", flush=True)

    def ratio(
        self, what: str, ours: float, theirs: float, against: str, *, goal: float | None = None, unit: str = "s"
    ) -> None:
        """Ours against theirs; goal: the largest good ratio, if there is one."""
        value = ours / theirs
        verdict = "" if goal is None else f" (goal ≤ {goal}: {'met' if value <= goal else 'MISSED'})"
        if unit == "s":
            figures = f"{ours * 1000:.1f} ms against {theirs * 1000:.1f} ms {against}"
        else:
            figures = f"{ours:,.0f} {unit} against {theirs:,.0f} {unit} {against}"
        self.line(f"{what}: {figures} = {value:.3f}{verdict}")
        if goal is not None and value > goal:
            self._missed.append(f"{self._name}: {what}: {value:.3f} > {goal}")

    def summary(self) -> None:
        print("\nall goals met" if not self._missed else "\ngoals missed:\n  " + "\n  ".join(self._missed))
