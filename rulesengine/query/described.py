"""QueriedTarget: a target of a query's answer as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rulesengine.errors import Location
from rulesengine.model.label import Label
from rulesengine.model.target import Target
from rulesengine.query.graph import Node, TargetGraph, kind_of
from rulesengine.values import frozen


@frozen
class QueriedTarget:
    """A target as its BUILD file declares it.

    label: as text.  kind: `genrule rule`, `source file`, `generated file`, `package group`.
    configuration: the name of the one it is in (of `cquery`; `null` for files that no rule makes), else empty.
    attributes: those that were given, as plain data: labels are absolute text; what holds a select() is a list of its
    parts, where the select() is `{"select__": [[CONDITION, VALUE], …]}`.  location: where it is declared.
    visibility: labels.  dependencies: labels of what it depends on directly (of `cquery`: in its configuration).
    """

    label: str
    kind: str
    configuration: str
    attributes: Mapping[str, Any]
    location: Location | None
    visibility: tuple[str, ...]
    dependencies: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain data, as JSON takes it."""
        place = self.location
        return {
            "label": self.label,
            "kind": self.kind,
            "configuration": self.configuration or None,
            "location": None if place is None else {"path": place.path, "line": place.line, "column": place.column},
            "attributes": dict(self.attributes),
            "visibility": list(self.visibility),
            "dependencies": list(self.dependencies),
        }


def visibility_groups(target: Target) -> list[Label]:
    """The package groups among what a target is visible to."""
    labels = [Label.parse(one) for one in target.visibility]
    return [one for one in labels if one.package != "visibility" and one.name not in ("__pkg__", "__subpackages__")]


def described(graph: TargetGraph[Node], node: Node) -> QueriedTarget:
    """A node of a graph.  Raises LoadingError."""
    target = graph.target(node)
    return QueriedTarget(
        str(graph.label(node)),
        kind_of(target),
        str(getattr(node, "mnemonic", "")),
        target.attributes,
        None if target.location is None else graph.place(node),
        tuple(str(one) for one in target.visibility),
        tuple(dict.fromkeys(str(graph.label(one)) for one in graph.dependencies(node))),
    )
