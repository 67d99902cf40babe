"""Line: the actions that have to run and wait for their turn."""

from __future__ import annotations

import heapq

from rulesengine.execution.plan import Task
from rulesengine.execution.resources import Resources

_LOOKED_AT = 64
"""How many waiting actions are looked at for one that needs no more resources than are free."""

_OVERTAKEN = 32
"""How many less urgent actions may begin before one that needs more than is free."""

Place = tuple[float, int, Task]
"""A task by its urgency: the smallest is the most urgent."""


def place(task: Task) -> Place:
    """Where a task stands among others."""
    return (-task.priority, task.index, task)


class Line:
    """The most urgent first, unless there is no room for it; but nobody is overtaken for ever."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._places: list[Place] = []
        self._crowded = False

    def add(self, task: Task) -> None:
        """A task stands in line."""
        self._crowded = False
        heapq.heappush(self._places, place(task))

    def freed(self) -> None:
        """An action has ended: there may be room."""
        self._crowded = False

    @property
    def first(self) -> Place | None:
        """The most urgent place; None where nobody waits, or there is no room for anybody."""
        return self._places[0] if self._places and not self._crowded else None

    def step(self) -> Task | None:
        """The most urgent task for which there are resources, which are taken; None: wait until another has ended."""
        passed: list[Place] = []
        found: Task | None = None
        while self._places and len(passed) < _LOOKED_AT:
            one = heapq.heappop(self._places)
            task = one[2]
            if self._resources.take(task.action):
                found = task
                break
            passed.append(one)
            if task.passed >= _OVERTAKEN and not task.action.exclusive:
                self._crowded = True  # it has been passed so often that now the others wait for it
                break
        else:
            self._crowded = True
        for one in passed:
            one[2].passed += not self._crowded
            heapq.heappush(self._places, one)
        return found
