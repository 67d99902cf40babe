"""TargetGraph: what a query asks of the world; over the loader, over an analysis, and in memory by tests."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from rulesengine.errors import Location
from rulesengine.model.label import Label
from rulesengine.model.platform import Configuration
from rulesengine.model.target import Target

Node = TypeVar("Node", bound=Hashable)
"""What a query's sets hold: labels (`query`), or targets in a configuration (`cquery`, `aquery`)."""


class TargetGraph(Protocol[Node]):
    """Targets and their dependencies.  For `query`: as declared, whatever select() branch holds them."""

    in_configurations: bool
    """Whether nodes are targets in configurations."""

    def resolve(self, pattern: str) -> Sequence[Node]:
        """What a target pattern stands for.  Raises LabelError, LoadingError."""

    def label(self, node: Node) -> Label:
        """The label of a node."""

    def configuration(self, node: Node) -> Configuration | None:
        """The configuration of a node; None for one that is in none."""

    def target(self, node: Node) -> Target:
        """The target of a node, as declared.  Raises LoadingError."""

    def values(self, node: Node) -> Mapping[str, Any]:
        """The attributes that were given to a rule's target; in a configuration what each select() chooses."""

    def place(self, node: Node) -> Location:
        """Where a node is declared: the parenthesis of the call; the first line of a source file."""

    def dependencies(self, node: Node) -> Sequence[Node]:
        """Direct dependencies, each once."""

    def conditions(self, node: Node) -> Mapping[Node, Sequence[str]]:
        """Of each direct dependency that stands in branches of a select(): their conditions."""

    def named(self, node: Node, attribute: str) -> Sequence[Node]:
        """What the labels of one attribute stand for, in the attribute's order."""

    def siblings(self, node: Node) -> Sequence[Node]:
        """All targets of the node's package, source files too.  Raises UsageError where that has no meaning."""

    def build_files(self, node: Node) -> Sequence[Node]:
        """The BUILD file of the node's package, and those of the packages of the files that it loads."""

    def load_files(self, node: Node) -> Sequence[Node]:
        """The .bzl files that the node's package loads, directly or not."""

    def build_files_of(self, fragments: Sequence[str], universe: Sequence[Node]) -> Sequence[Node]:
        """The BUILD files among the universe's packages that are, or load, one of the files (paths from the root)."""

    def visible(self, source: Node, node: Node) -> bool:
        """Whether `source` may depend on `node`."""

    def check(self) -> None:
        """Raise InterruptedBuild when the query should stop."""


def kind_of(target: Target) -> str:
    """What `kind()` matches: `genrule rule`, `source file`, `generated file`, `package group`."""
    if target.kind == "rule":
        return f"{target.rule_name} rule"
    return {"source": "source file", "generated": "generated file", "package_group": "package group"}[target.kind]
