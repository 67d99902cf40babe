"""TargetPatterns of a command line, expanded to labels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from rulesengine.errors import LoadingError, Location, NoSuchPackageError, NoSuchTargetError, RulesEngineError
from rulesengine.loading.package import Package
from rulesengine.loading.packages import near_packages
from rulesengine.model.label import Label
from rulesengine.model.pattern import TargetPattern
from rulesengine.model.target import Target


class PackageSource(Protocol):
    """What expansion asks of a Loader."""

    def canonical_repo(self, repo: str) -> str:
        """The main module's own name is the empty repository."""

    def package(self, repo: str, package: str, wanted_by: Location | None = None) -> Package:
        """A package, evaluated once."""

    def target(self, label: Label, wanted_by: Location | None = None) -> Target:
        """A target."""

    def build_file(self, repo: str, package: str) -> str | None:
        """The path of a package's BUILD file, or None."""

    def packages(self, below: str = "", repo: str = "") -> list[str]:
        """The names of all packages at or below one."""

    def is_ignored(self, package: str, repo: str = "") -> bool:
        """Whether .bazelignore or REPO.bazel have a directory ignored, which is told then."""


def resolve(
    source: PackageSource, patterns: Sequence[str], package: str = "", faults: list[RulesEngineError] | None = None
) -> list[Label]:
    """The labels of target patterns in order; `-pattern` takes away from what came before.

    faults: receives the errors of what does not load, which is then left out; None: the first is raised.
    """
    out: dict[Label, None] = {}
    for text in patterns:
        pattern = TargetPattern.parse(text, package)
        try:
            if not pattern.negative:
                out.update(dict.fromkeys(expand(source, pattern, faults)))
            elif pattern.kind == "single":
                out.pop(_single(source, pattern, source.canonical_repo(pattern.repo)), None)
            else:
                for label in expand(source, pattern, faults):
                    out.pop(label, None)
        except LoadingError as fault:
            _left_out(fault, faults)
    return list(out)


def _left_out(fault: LoadingError, faults: list[RulesEngineError] | None) -> None:
    if faults is None:
        raise fault
    # Many packages may load the same broken file.
    if not any((one.message, one.location) == (fault.message, fault.location) for one in faults):
        faults.append(fault)


def expand(source: PackageSource, pattern: TargetPattern, faults: list[RulesEngineError] | None = None) -> list[Label]:
    """The labels a pattern stands for, `manual` ones left out of wildcards.

    Raises NoSuchPackageError, NoSuchTargetError.  faults: as of `resolve`, for the packages of a wildcard.
    """
    repo = source.canonical_repo(pattern.repo)
    if pattern.kind == "single":
        label = _single(source, pattern, repo)
        source.target(label)
        return [label]
    if pattern.kind == "package":
        package = source.package(repo, pattern.package)
        if pattern.name in package.targets:
            return [Label(repo, pattern.package, pattern.name)]
        packages = [pattern.package]
    else:
        packages = source.packages(pattern.package, repo)
        if not packages and source.is_ignored(pattern.package, repo):
            return []
        if not packages:
            root = f"@{repo}//" if repo else "//"
            near = near_packages(root, pattern.package, source.packages("", repo))
            raise NoSuchPackageError(f"no package at or below {pattern.text}", hint=near)
    out: list[Label] = []
    for name in packages:
        try:
            found = list(source.package(repo, name).targets.values())
        except LoadingError as fault:
            _left_out(fault, faults)
            continue
        out += [target.label for target in found if _taken(target, pattern.files)]
    return out


def _taken(target: Target, files: bool) -> bool:
    """Whether a wildcard takes a target."""
    if target.kind != "rule":
        return files and target.kind in ("source", "generated")
    return "manual" not in target.tags


def _single(source: PackageSource, pattern: TargetPattern, repo: str) -> Label:
    text = pattern.text.removeprefix("-")
    if text.startswith(("//", "@", ":")) or ":" in text:
        return Label(repo, pattern.package, pattern.name)
    # A bare word: a target of the current package, a package path, or a path of a file.
    words = pattern.name
    for package, name in _readings(pattern.package, words):
        if source.build_file(repo, package) is not None:
            found = source.package(repo, package)
            try:
                return found.target(name).label
            except NoSuchTargetError:
                continue
    base = f"{pattern.package}/{words}" if pattern.package else words
    raise NoSuchTargetError(f"no target or package {words!r} here", hint=f"write //{base} or :{words}")


def _readings(package: str, words: str) -> Iterable[tuple[str, str]]:
    yield package, words
    full = f"{package}/{words}" if package else words
    yield full, full.rpartition("/")[2]
    head = full
    while "/" in head:
        head, _, _ = head.rpartition("/")
        yield head, full[len(head) + 1 :]
