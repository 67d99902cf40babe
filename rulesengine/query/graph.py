"""TargetGraph: what a query asks of the world; implemented over the loader, and in memory by tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from rulesengine.model.label import Label
from rulesengine.model.target import Target


class TargetGraph(Protocol):
    """Targets and their declared dependencies, whatever select() branch holds them."""

    def resolve(self, pattern: str) -> Sequence[Label]:
        """The labels of a target pattern.  Raises LabelError, LoadingError."""

    def target(self, label: Label) -> Target:
        """A target.  Raises LoadingError."""

    def dependencies(self, label: Label) -> Sequence[Label]:
        """Direct dependencies, each once."""

    def siblings(self, label: Label) -> Sequence[Label]:
        """All targets of the label's package, source files too."""

    def build_file(self, label: Label) -> Label:
        """The BUILD file of the label's package."""

    def load_files(self, label: Label) -> Sequence[Label]:
        """The .bzl files that the label's package loads, directly or not."""

    def visible(self, source: Label, label: Label) -> bool:
        """Whether `source` may depend on `label`."""

    def check(self) -> None:
        """Raise InterruptedBuild when the query should stop."""


def kind_of(target: Target) -> str:
    """What `kind()` matches: `genrule rule`, `source file`, `generated file`, `package group`."""
    if target.kind == "rule":
        return f"{target.rule_name} rule"
    return {"source": "source file", "generated": "generated file", "package_group": "package group"}[target.kind]
