"""`--profile`: where the time went, in the Trace Event Format that chrome://tracing and Perfetto read."""

from __future__ import annotations

import json
import os
import time
from typing import Any

from rulesengine.cli.records.execution_log import moment
from rulesengine.cli.records.record import Invocation, Output, Record
from rulesengine.model.events import ActionFinished, ActionsPlanned, ActionStarted, Event, FetchProgress, PhaseStarted

MAIN, FETCHES, FIRST_LANE = 1, 2, 10
_SAMPLE = 0.2
"""Seconds between two samples of the counters."""


class Profile(Record):
    """One row for phases, one for each action at a time, one for fetches; counters of actions, processor and memory.

    Times are microseconds since the command began.  The file may end anywhere and is still read.
    """

    def __init__(self, output: Output, invocation: Invocation) -> None:
        self._output = output
        self._zero = time.monotonic() - max(time.time() - invocation.started, 0.0)
        self._phase: tuple[float, str] | None = None
        self._running: dict[int, tuple[float, int]] = {}
        self._lanes: list[bool] = []
        self._fetches: dict[str, float] = {}
        self._sampled = (self._zero, sum(os.times()[:4]))
        other = {
            "pybuild_version": invocation.version,
            "build_id": invocation.id,
            "output_base": invocation.output_base,
            "date": moment(invocation.started),
        }
        output.write('{"otherData":' + json.dumps(other) + ',"traceEvents":[\n')
        self._first = True
        self._row(MAIN, "Main Thread", 1)
        self._phase = (self._zero, "Startup")

    def _emit(self, **event: Any) -> None:
        self._output.write(
            ("" if self._first else ",\n") + "    " + json.dumps({**event, "pid": 1}, ensure_ascii=False)
        )
        self._first = False

    def _row(self, number: int, name: str, order: int) -> None:
        self._emit(name="thread_name", ph="M", tid=number, args={"name": name})
        self._emit(name="thread_sort_index", ph="M", tid=number, args={"sort_index": order})

    def _at(self, moment: float) -> int:
        return round((moment - self._zero) * 1e6)

    def _span(self, category: str, name: str, began: float, row: int, **args: Any) -> None:
        now = time.monotonic()
        more = {"args": args} if args else {}
        self._emit(cat=category, name=name, ph="X", ts=self._at(began), dur=round((now - began) * 1e6), tid=row, **more)

    def __call__(self, event: Event) -> None:
        """Write what ends with an event."""
        if isinstance(event, PhaseStarted | ActionsPlanned):
            name = event.phase if isinstance(event, PhaseStarted) else "execution"
            self._end_phase()
            self._phase = (time.monotonic(), name)
            self._emit(cat="build phase marker", name=name, ph="i", ts=self._at(time.monotonic()), tid=MAIN, s="p")
        elif isinstance(event, ActionStarted):
            self._running[event.id] = (time.monotonic(), self._lane())
            self._sample(force=False)
        elif isinstance(event, ActionFinished):
            began, lane = self._running.pop(event.id, (0.0, -1))
            if lane >= 0:
                self._lanes[lane] = False
                self._span(
                    "action processing",
                    event.message,
                    began,
                    FIRST_LANE + lane,
                    target=event.owner,
                    mnemonic=event.mnemonic,
                    **({"failed": True} if event.failed else {}),
                )
                self._sample(force=False)
        elif isinstance(event, FetchProgress):
            if not self._fetches:
                self._row(FETCHES, "Fetches", 2)
            began = self._fetches.setdefault(event.what, time.monotonic())
            if event.total and event.done >= event.total and began >= 0:
                self._span("fetch", event.what, began, FETCHES, bytes=event.done)
                self._fetches[event.what] = -1.0

    def _lane(self) -> int:
        for number, busy in enumerate(self._lanes):
            if not busy:
                self._lanes[number] = True
                return number
        self._lanes.append(True)
        self._row(FIRST_LANE + len(self._lanes) - 1, f"Action worker {len(self._lanes)}", FIRST_LANE + len(self._lanes))
        return len(self._lanes) - 1

    def _end_phase(self) -> None:
        if self._phase is not None:
            self._span("build phase", self._phase[1], self._phase[0], MAIN)

    def _sample(self, *, force: bool) -> None:
        now, used = time.monotonic(), sum(os.times()[:4])
        before, used_before = self._sampled
        if now - before < _SAMPLE and not force:
            return
        self._sampled = (now, used)
        at = self._at(now)
        self._emit(name="action count", ph="C", ts=at, tid=MAIN, args={"action": len(self._running)})
        cores = (used - used_before) / max(now - before, 1e-6)
        self._emit(name="CPU usage (pybuild and its actions)", ph="C", ts=at, tid=MAIN, args={"cpu": round(cores, 3)})
        memory = _memory()
        if memory:
            self._emit(name="Memory usage (pybuild)", ph="C", ts=at, tid=MAIN, args={"memory": memory})

    def close(self, code: int, fault: BaseException | None) -> None:  # noqa: ARG002 - the protocol's parameters
        """Write what is still open, and the end."""
        for identity, (began, lane) in self._running.items():
            self._span("action processing", f"unfinished action {identity}", began, FIRST_LANE + lane)
        self._end_phase()
        self._sample(force=True)
        self._emit(
            cat="general information",
            name="Finishing",
            ph="i",
            ts=self._at(time.monotonic()),
            tid=MAIN,
            s="g",
            args={"exit_code": code},
        )
        self._output.write("\n]}\n")
        self._output.close()


def _memory() -> float:
    """Resident memory of this process in MB, 0 where that is not known."""
    try:
        with open("/proc/self/statm", encoding="ascii") as stream:
            return round(int(stream.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6, 1)
    except (OSError, ValueError, IndexError):
        return 0.0
