"""Visited: the part of the graph that an evaluation has looked at, which is what forms with edges show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Generic

from rulesengine.query.graph import Node, TargetGraph
from rulesengine.values import define, field


@define
class Visited(Generic[Node]):
    """As Bazel's query keeps it: edges among the targets of one pattern, and those that following them has met.

    patterns: the targets of each.  walks: where following began, and how many steps it went (None: to the end).
    """

    graph: TargetGraph[Node]
    patterns: list[Sequence[Node]] = field(factory=list)
    walks: list[tuple[Sequence[Node], int | None]] = field(factory=list)

    def between(self, nodes: Sequence[Node]) -> dict[Node, list[Node]]:
        """The edges among some nodes; those through others that were visited, too."""
        edges = self._edges()
        kept = set(nodes)
        others = _Others(edges, kept)
        out = {}
        for node in nodes:
            below = edges.get(node, {})
            found = {one: None for other in below if other not in kept for one in others.reached(other) if one != node}
            out[node] = list({**{one: None for one in below if one in kept}, **found})
        return out

    def _edges(self) -> dict[Node, dict[Node, None]]:
        edges: dict[Node, dict[Node, None]] = {}
        for targets in self.patterns:
            among = set(targets)
            for node in targets:
                found = [one for one in self.graph.dependencies(node) if one in among]
                edges.setdefault(node, {}).update(dict.fromkeys(found))
        for roots, depth in self.walks:
            seen = set(roots)
            level: Iterable[Node] = roots
            while level and (depth is None or depth > 0):
                below: list[Node] = []
                for node in level:
                    found = list(self.graph.dependencies(node))
                    edges.setdefault(node, {}).update(dict.fromkeys(found))
                    new = dict.fromkeys(one for one in found if one not in seen)
                    seen.update(new)
                    below += new
                level = below
                depth = None if depth is None else depth - 1
        return edges


@define
class _Others(Generic[Node]):
    """The nodes that are not kept.  known: which kept ones each leads to.  circle: whether one of them goes round."""

    edges: dict[Node, dict[Node, None]]
    kept: set[Node]
    known: dict[Node, dict[Node, None]] = field(factory=dict)
    circle: bool = False

    def reached(self, start: Node) -> dict[Node, None]:
        """The kept nodes that a node leads to through others."""
        if not self.circle and start not in self.known:
            self._learn(start)
        return self._walk(start) if self.circle else self.known[start]

    def _learn(self, start: Node) -> None:
        """Find it out for a node and the others below it, each once; where they go round, that does not work."""
        path, stack = {start}, [start]
        while stack:
            node = stack[-1]
            below = self.edges.get(node, {})
            waiting = next((one for one in below if one not in self.kept and one not in self.known), None)
            if waiting is None:
                self.known[node] = self._sum(below)
                path.discard(stack.pop())
            elif waiting in path:
                self.circle = True
                return
            else:
                path.add(waiting)
                stack.append(waiting)

    def _sum(self, below: Iterable[Node]) -> dict[Node, None]:
        out: dict[Node, None] = {}
        for one in below:
            out.update({one: None} if one in self.kept else self.known[one])
        return out

    def _walk(self, start: Node) -> dict[Node, None]:
        out: dict[Node, None] = {}
        seen, stack = {start}, [start]
        while stack:
            for one in self.edges.get(stack.pop(), ()):
                if one in self.kept:
                    out[one] = None
                elif one not in seen:
                    seen.add(one)
                    stack.append(one)
        return out
