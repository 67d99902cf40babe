"""Why a set of packages does not hold together, said so that a person sees who needs what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rulesengine.debian.dependency import Alternatives
from rulesengine.debian.packages_index import Package
from rulesengine.errors import ResolutionError

if TYPE_CHECKING:
    from rulesengine.debian.resolver import Universe

_MAX_LINES = 12
_MAX_DEPTH = 8


def check_complete(universe: Universe, installed: Mapping[str, Package], requested: Sequence[str]) -> None:
    """Raise ResolutionError unless every requirement holds and nothing conflicts."""
    missing = [name for name in requested if name not in installed]
    notes: list[str] = []
    for package in installed.values():
        for group in package.depends:
            if not any(
                installed.get(other.name) is other for relation in group for other in universe.solutions(relation)
            ):
                at = len(notes)
                _unsatisfied(universe, installed, package, group, notes)
                if package.name not in requested:
                    notes[at] += f" ({_path(universe, installed, requested, package.name)})"
        for relation in package.conflicts:
            for other in universe.solutions(relation):
                if other.name != package.name and installed.get(other.name) is other:
                    chain = _path(universe, installed, requested, other.name)
                    notes.append(f"{package} conflicts with {relation}: {other} is needed ({chain})")
    if not missing and not notes:
        return
    for name in missing:
        candidate = universe.candidate(name)
        if candidate is not None:
            notes.append(f"{candidate} was ruled out by a conflict with another requested package")
    notes = list(dict.fromkeys(notes))
    extra = len(notes) - _MAX_LINES
    if extra > 0:
        notes = [*notes[:_MAX_LINES], f"… and {extra} more"]
    raise ResolutionError(
        f"cannot install {' '.join(requested)} together ({universe.architecture})",
        notes=notes,
        hint="leave out one of the packages, name the alternative you want, or add the suite that has the version",
    )


def _unsatisfied(
    universe: Universe,
    installed: Mapping[str, Package],
    package: Package,
    group: Alternatives,
    notes: list[str],
    above: tuple[str, ...] = (),
) -> None:
    """Say why none of the alternatives can be had; go down to the one that is really missing."""
    indent = "  " * len(above)
    text = " | ".join(map(str, group))
    reasons: list[str] = []
    deeper: list[Package] = []
    for relation in group:
        solutions = universe.solutions(relation)
        if solutions:
            deeper += solutions
            continue
        versions = universe.versions(relation.name)
        if versions:
            reasons.append(f"{relation.name} is " + ", ".join(f"{one.version} in {one.suite}" for one in versions))
        else:
            reasons.append(f"there is no {relation.name}")
    notes.append(f"{indent}{package} needs {text}" + (": " + "; ".join(reasons) if reasons else ""))
    if len(above) >= _MAX_DEPTH or package.name in above:
        return
    for other in deeper:
        for inner in other.depends:
            if not any(universe.solutions(relation) for relation in inner):
                _unsatisfied(universe, installed, other, inner, notes, (*above, package.name))
        for relation in other.conflicts:
            for rival in universe.solutions(relation):
                if rival.name != other.name and installed.get(rival.name) is rival:
                    notes.append(f"{indent}  {other} conflicts with {relation}, which {rival} is")


def _path(universe: Universe, installed: Mapping[str, Package], requested: Sequence[str], wanted: str) -> str:
    """`a -> b -> c`: how a request leads to a package."""
    before: dict[str, str | None] = {name: None for name in requested if name in installed}
    todo = list(before)
    for name in todo:
        if name == wanted:
            chain = [name]
            while (previous := before[chain[-1]]) is not None:
                chain.append(previous)
            return " -> ".join(reversed(chain))
        for group in installed[name].depends:
            for relation in group:
                for other in universe.solutions(relation):
                    if other.name not in before and installed.get(other.name) is other:
                        before[other.name] = name
                        todo.append(other.name)
    return wanted
