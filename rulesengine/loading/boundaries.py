"""Boundaries: what lies in a package below belongs to that one, and no other may name it as its own."""

from __future__ import annotations

import os

from rulesengine.errors import LoadingError, Location
from rulesengine.loading.package import Package
from rulesengine.loading.repository import BUILD_FILES
from rulesengine.loading.sources import Sources
from rulesengine.loading.texts import SourceTexts


def check_boundaries(package: Package, sources: Sources, texts: SourceTexts) -> None:
    """Raise LoadingError where a target, or a file that a rule names, lies in another package.

    The package, which is broken then, has no such targets any more, as in Bazel.
    """
    belongs: dict[str, str] = {"": ""}
    beyond: list[str] = []
    fault: LoadingError | None = None
    for names in (package.targets, package.exported, sorted(package.referenced)):
        for name in names:
            if "/" not in name:
                continue
            other = _package_of(name.rpartition("/")[0], package, sources, belongs)
            if other:
                beyond.append(name)
                if fault is None:
                    whole = f"{package.name}/{other}" if package.name else other
                    root = f"@{package.repo}//" if package.repo else "//"
                    fault = LoadingError(
                        f"'{package.id}:{name}' is in the package {root}{whole}",
                        location=_place(package, name, texts),
                        hint=f"write {root}{whole}:{name[len(other) + 1 :]}",
                    )
    if fault is not None:
        for name in beyond:
            package.targets.pop(name, None)
            package.exported.pop(name, None)
            package.referenced.discard(name)
        raise fault


def _package_of(directory: str, package: Package, sources: Sources, belongs: dict[str, str]) -> str:
    """The innermost package that a directory below the package is or lies in, relative to it; empty: the package."""
    found = belongs.get(directory)
    if found is None:
        path = os.path.join(package.directory, directory)
        whole = f"{package.name}/{directory}" if package.name else directory
        listed = "directory" in (sources.tracked.get(path), sources.tracked.get(f"{path}/"))
        if listed and not sources.ignored_by(package.repo, whole):
            here = any(os.path.isfile(os.path.join(path, name)) for name in BUILD_FILES)  # its listing is watched
        else:
            here = sources.build_file(package.repo, whole) is not None
        above = directory.rpartition("/")[0]
        found = belongs[directory] = directory if here else _package_of(above, package, sources, belongs)
    return found


def _place(package: Package, name: str, texts: SourceTexts) -> Location | None:
    target = package.targets.get(name)
    if target is not None and target.location is not None:
        return target.location
    for one in package.rule_targets():
        for attribute, label in one.labels(implicit=False):
            if label.name == name and (label.repo, label.package) == (package.repo, package.name) and one.location:
                return texts.attribute(one.location, attribute)
    return package.exported_at.get(name)
