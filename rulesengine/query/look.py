"""Look: choices that several forms of a query's answer share."""

from __future__ import annotations

import os

from rulesengine.query.graph import Node, TargetGraph
from rulesengine.values import frozen


@frozen
class Look:
    """How forms look.

    root: directory that stands before paths.  end: what ends lines of label, label_kind, location, package and ranks.
    factored: `graph` joins nodes with equal edges; node_limit: into names of so many characters, -1: of any length.
    edge_limit: one more than the conditions of select() that an edge shows, -1: all.
    lines: `xml` gives lines and columns.  unset: `xml` shows attributes that were not given.
    defaults: so do the messages of protocol buffers.
    """

    root: str = ""
    end: str = "\n"
    factored: bool = False
    node_limit: int = 512
    edge_limit: int = 4
    lines: bool = True
    unset: bool = False
    defaults: bool = True

    def place(self, graph: TargetGraph[Node], node: Node) -> str:
        """`FILE:LINE:COLUMN` of a declaration."""
        return os.path.join(self.root, str(graph.place(node)))


PLAIN = Look()
"""Paths from the root, a node for each target."""
