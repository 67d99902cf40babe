"""Resources: what the actions that run at one time may use together: processors, memory, and what the user names.

As in Bazel: `cpu` is counted in processors (1 unless the action says otherwise), `memory` in MB; what an action asks
for beyond all there is, it gets when nothing else that needs it runs.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from rulesengine.model.action import Action

CPU, MEMORY, TESTS, OPERATIONS = "cpu", "memory", "local_test", "operations of this process"

AHEAD = 2
"""How many more commands than processors run when nobody says how many: a sandbox waits while its namespaces are made
and given back, and uses no processor meanwhile.  Operations, which never wait, are not among them."""

_MEMORY_SHARE = 0.67


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0))


def memory() -> float:
    """The machine's memory in MB (10^6 bytes are near enough: it is an estimate on both sides)."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


class Resources:
    """What there is, and what is in use now.  Not for several threads."""

    def __init__(self, given: Mapping[str, float] | None = None, tests: int = 0) -> None:
        """given: amounts by name; cpu and memory are found out where they are not given.  tests: at a time, 0: any."""
        self._all: dict[str, float] = {**(given or {})}
        if tests:
            self._all[TESTS] = tests
        self._used: dict[str, float] = {}
        self._running = 0
        self._alone = False

    def take(self, action: Action) -> bool:
        """Take what the action needs, or say that it is not free now."""
        if self._alone or (action.exclusive and self._running):
            return False
        wanted = self._wanted(action)
        for name, amount in wanted:
            used = self._used.get(name, 0.0)
            if used and used + amount > self._limit(name):
                return False
        for name, amount in wanted:
            self._used[name] = self._used.get(name, 0.0) + amount
        self._running += 1
        self._alone = action.exclusive
        return True

    def give_back(self, action: Action) -> None:
        """The action has ended."""
        for name, amount in self._wanted(action):
            left = self._used[name] - amount
            self._used[name] = left if left > 1e-9 else 0.0
        self._running -= 1
        if action.exclusive:
            self._alone = False

    def _wanted(self, action: Action) -> tuple[tuple[str, float], ...]:
        if action.test is not None and TESTS in self._all:
            return (*action.resources, (TESTS, 1.0))
        if OPERATIONS in self._all and action.op is not None:
            return (*action.resources, (OPERATIONS, 1.0))
        return action.resources

    def _limit(self, name: str) -> float:
        found = self._all.get(name)
        if found is None:
            if name == TESTS:
                return float("inf")
            found = self._all[name] = float(processors()) if name == CPU else memory() * _MEMORY_SHARE
        return found
