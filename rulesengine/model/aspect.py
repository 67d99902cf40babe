"""Aspects, as a .bzl file declares them and as they are applied to targets (Bazel's "Aspects")."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rulesengine.model.rule import AttributeSchema, ExecGroup
from rulesengine.values import field, frozen

Alternatives = tuple[tuple[int, ...], ...]
"""Numbers of providers: one of the tuples must be there whole; empty: nothing is asked for."""


def satisfied(alternatives: Alternatives, provided: Iterable[int]) -> bool:
    """Whether what is provided answers what is required."""
    known = set(provided)
    return not alternatives or any(known.issuperset(one) for one in alternatives)


@frozen(eq=False)
class Aspect:
    """What aspect() made.  module: the .bzl file (a label's text) that holds its implementation at `index`.

    along: names of the attributes it follows, `*` for all.  required: what a rule must advertise.
    required_aspects: what an aspect before it must provide so that this one sees it.
    requires: the aspects that are applied before it.  generating: whether it passes an output file to its rule.
    exec_groups: what its actions ask of execution platforms, as a rule's.
    """

    name: str
    module: str
    index: int
    schema: dict[str, AttributeSchema] = field(factory=dict)
    along: frozenset[str] = frozenset()
    required: Alternatives = ()
    required_aspects: Alternatives = ()
    provides: tuple[int, ...] = ()
    requires: tuple[Aspect, ...] = ()
    generating: bool = False
    doc: str = ""
    exec_groups: dict[str, ExecGroup] = field(factory=dict)

    def follows(self, attribute: str) -> bool:
        """Whether it is passed on along an attribute."""
        return attribute in self.along or "*" in self.along

    @property
    def parameters(self) -> list[str]:
        """Its public attributes, whose values come from the rule or from the command line."""
        return [name for name in self.schema if not name.startswith("_")]

    def sees(self, other: Aspect) -> bool:
        """Whether it sees the providers of an aspect before it."""
        return other in self.requires or (
            bool(self.required_aspects) and satisfied(self.required_aspects, other.provides)
        )


@frozen
class Applied:
    """An aspect with its parameters: what is analysed once for each configured target.

    parameters: (name, value) pairs of its public attributes.
    """

    aspect: Aspect
    parameters: tuple[tuple[str, Any], ...] = ()

    def __str__(self) -> str:
        given = ",".join(f'{name}="{_shown(value)}"' for name, value in self.parameters)
        return f"{self.aspect.module}%{self.aspect.name}" + (f"[{given}]" if given else "")


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


Path = tuple[Applied, ...]
"""One aspect (the last) and the ones before it that it sees, directly or not."""


@frozen
class Merged:
    """A target together with what some aspects provide for it.

    asked: a command line asks for them: what they provide is not seen by a rule, so it need not go together.
    """

    paths: tuple[Path, ...]
    asked: bool = False


def with_required(aspects: Sequence[Aspect]) -> list[Aspect]:
    """Aspects in the order in which they are applied: each behind those that it requires."""
    out: dict[Aspect, None] = {}

    def add(one: Aspect) -> None:
        if one not in out:
            for other in one.requires:
                add(other)
            out[one] = None

    for one in aspects:
        add(one)
    return list(out)


def merged(aspects: Sequence[Applied]) -> Merged:
    """The paths of aspects in a list, each with the earlier ones that it sees."""
    paths: dict[Applied, Path] = {}
    for number, one in enumerate(aspects):
        if one in paths:
            continue
        below: dict[Applied, None] = {}
        for other in aspects[:number]:
            if one.aspect.sees(other.aspect):
                below.update(dict.fromkeys(paths[other]))
        paths[one] = (*below, one)
    return Merged(tuple(paths.values()))


def seen(path: Path) -> Merged:
    """What the last aspect of a path sees directly."""
    last = path[-1]
    every = merged(path[:-1])
    return Merged(tuple(one for one in every.paths if last.aspect.sees(one[-1].aspect)))


def filtered(aspects: Sequence[Applied], keep: Iterable[bool]) -> list[Applied]:
    """Those to keep, and those that a kept one requires; in order."""
    out: list[Applied] = []
    for one, wanted in zip(reversed(aspects), reversed(list(keep)), strict=True):
        if wanted or any(one.aspect in other.aspect.requires for other in out):
            out.append(one)
    return out[::-1]
