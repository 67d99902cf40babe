"""Look: choices that several forms of a query's answer share."""

from __future__ import annotations

import os

from rulesengine.query.graph import Node, TargetGraph
from rulesengine.values import frozen


@frozen
class Look:
    """How forms look.  root: directory that stands before paths.  factored: `graph` joins nodes with equal edges."""

    root: str = ""
    factored: bool = False

    def place(self, graph: TargetGraph[Node], node: Node) -> str:
        """`FILE:LINE:COLUMN` of a declaration."""
        return os.path.join(self.root, str(graph.place(node)))


PLAIN = Look()
"""Paths from the root, a node for each target."""
