"""Plan: the actions that a request needs, what waits for what, and which are urgent."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from typing import TYPE_CHECKING

from rulesengine.errors import ExecutionError
from rulesengine.execution.keys import Spelling
from rulesengine.model.action import Action, ActionGraph
from rulesengine.model.artifact import Artifact
from rulesengine.model.digest import Digest
from rulesengine.values import define, field, frozen

if TYPE_CHECKING:
    import networkx as nx

SMALL = 4096
"""Up to so many actions are put in order without networkx: to import it takes longer than to do that."""


@define(eq=False)
class Task:
    """An action of a plan, and how far it is.

    waiting: how many tasks have to finish before it may be looked at.
    waiters: whom to tell when it has finished.
    priority: the length of the longest chain of tasks that begins with it, in actions or in seconds.
    passed: how many less urgent tasks began before it because they needed less.
    wanted: its outputs' bytes are needed, not just their digests (see Action.pinned).
    """

    index: int
    action: Action
    inputs: Sequence[Artifact]
    waiting: int = 0
    waiters: list[Task] = field(factory=list)
    priority: float = 0
    wanted: bool = False
    done: bool = False
    ran: bool = False
    failed: bool = False
    skipped: bool = False
    announced: bool = False
    repeats: int = 0
    spelling: Spelling | None = None
    key: Digest | None = None
    began: float = 0.0
    passed: int = 0

    @property
    def is_pinned(self) -> bool:
        """Whether all its outputs are known by digest."""
        return bool(self.action.pinned) and len(self.action.pinned) == len(self.action.outputs)


@frozen
class Plan:
    """tasks: in a topological order.  makers: generated artifact -> its task."""

    tasks: Sequence[Task]
    makers: dict[Artifact, Task]


def make_plan(graph: ActionGraph, requested: Sequence[Artifact], known: Container[Artifact] = ()) -> Plan:
    """The actions needed for `requested`, given what is `known` already.

    Raises ExecutionError for a cycle or an artifact nobody makes.
    """
    flattened: dict[int, list[Artifact]] = {}
    tasks: dict[int, Task] = {}
    makers: dict[Artifact, Task] = {}
    edges: dict[tuple[int, int], None] = {}

    def task_of(artifact: Artifact, wanted_by: str) -> Task:
        action = graph.makers.get(artifact)
        if action is None:
            raise ExecutionError(f"no action makes {artifact.path}", label=wanted_by or artifact.owner or None)
        task = tasks.get(id(action))
        if task is None:
            inputs = flattened.get(id(action.inputs))
            if inputs is None:
                inputs = flattened[id(action.inputs)] = action.inputs.to_list()
            task = tasks[id(action)] = Task(len(tasks), action, inputs)
            stack.append(task)
            for output in action.outputs:
                makers[output] = task
        return task

    stack: list[Task] = []
    for artifact in requested:
        if not artifact.is_source:
            task_of(artifact, "").wanted = True
    while stack:
        task = stack.pop()
        for artifact in task.inputs:
            if not artifact.is_source and artifact not in known:
                maker = task_of(artifact, task.action.owner)
                edge = (maker.index, task.index)
                if edge not in edges:
                    edges[edge] = None
                    maker.waiters.append(task)
                    task.waiting += 1

    sequence = _order(list(tasks.values()))
    for task in reversed(sequence):  # critical path first: the longest chain of actions that wait for it
        task.priority = 1 + max((waiter.priority for waiter in task.waiters), default=0)
    return Plan(sequence, makers)


def weigh(tasks: Sequence[Task], seconds: Callable[[Action], float]) -> None:
    """Set the priorities of tasks in topological order that are not done, by what each takes."""
    for task in reversed(tasks):
        if not task.done:
            task.priority = seconds(task.action) + max((waiter.priority for waiter in task.waiters), default=0.0)


def action_digraph(tasks: Sequence[Task]) -> nx.DiGraph[Task]:
    """The action graph: an edge from each task to those that need its outputs."""
    import networkx as nx

    graph: nx.DiGraph[Task] = nx.DiGraph()
    graph.add_nodes_from(tasks)
    graph.add_edges_from((task, waiter) for task in tasks for waiter in task.waiters)
    return graph


def _order(tasks: Sequence[Task]) -> list[Task]:
    """The tasks in a topological order.  Raises ExecutionError for a cycle, and shows it."""
    if len(tasks) <= SMALL:
        missing = {task.index: task.waiting for task in tasks}
        sequence = [task for task in tasks if not task.waiting]
        for task in sequence:
            for waiter in task.waiters:
                missing[waiter.index] -= 1
                if not missing[waiter.index]:
                    sequence.append(waiter)
        if len(sequence) == len(tasks):
            return sequence
    import networkx as nx

    graph = action_digraph(tasks)
    try:
        return list(nx.topological_sort(graph))
    except nx.NetworkXUnfeasible:
        round_trip = [edge[0].action for edge in nx.find_cycle(graph)]
        raise ExecutionError(
            "actions need one another's outputs in a circle",
            label=round_trip[0].owner or None,
            notes=[f"{action.mnemonic} of {action.owner}" for action in (*round_trip, round_trip[0])],
        ) from None
