"""Visibility: who may depend on what."""

from __future__ import annotations

from collections.abc import Iterator

from rulesengine.errors import LoadingError, VisibilityError
from rulesengine.loading import Loader
from rulesengine.model.label import Label
from rulesengine.model.target import PUBLIC, Target


def check(loader: Loader, owner: Target, dependency: Target, attribute: str) -> None:
    """Raise VisibilityError unless `owner` may name `dependency`."""
    mine, theirs = owner.label, dependency.label
    if owner.macro is None and dependency.macro is None and (mine.repo, mine.package) == (theirs.repo, theirs.package):
        return
    if dependency.visibility == (PUBLIC,):
        return
    try:
        for place in _places(owner, str(theirs)):
            if place == dependency.belongs_to:
                return
            seen_from = Label(place[0], place[1], mine.name)
            if any(_admits(loader, text, seen_from, set()) for text in dependency.visibility):
                return
    except LoadingError as fault:
        if fault.location is None and dependency.location is not None:
            fault.location = loader.texts.attribute(dependency.location, "visibility")
        raise
    where = owner.location
    if where is not None:
        where = loader.texts.attribute(where, attribute)
    shown = ", ".join(dependency.visibility)
    repo, package = owner.belongs_to
    root = f"@{repo}//" if repo else "//"
    by = f", which the macro {owner.macro.macro.name} of {root}{package} made" if owner.macro is not None else ""
    raise VisibilityError(
        f"{theirs} is not visible to {mine}{by} (it is visible to: {shown})",
        location=where,
        hint=f'add visibility = ["{root}{package}:__pkg__"] to {theirs}'
        + (f" at {dependency.location}" if dependency.location else "")
        + (", or give its label to the macro as an attribute" if owner.macro is not None else ""),
    )


def _places(owner: Target, label: str) -> Iterator[tuple[str, str]]:
    """(repository, package) from where a target looks at a dependency: its macro's, and as long as a label was
    given to that macro by its caller, the caller's too."""
    macro = owner.macro
    yield owner.belongs_to
    while macro is not None and label in macro.labels:
        macro = macro.parent
        yield macro.macro.defined_in if macro is not None else (owner.label.repo, owner.label.package)


def _admits(loader: Loader, text: str, mine: Label, seen: set[str]) -> bool:
    if text == PUBLIC:
        return True
    label = Label.parse(text)
    if label.package == "visibility":
        return False
    if label.name == "__pkg__":
        return (label.repo, label.package) == (mine.repo, mine.package)
    if label.name == "__subpackages__":
        return label.repo == mine.repo and (
            not label.package or mine.package == label.package or mine.package.startswith(label.package + "/")
        )
    if text in seen:
        return False
    seen.add(text)
    group = loader.target(label)
    if group.kind != "package_group":
        raise VisibilityError(f"{text} in a visibility is a {group.rule_name}, not a package_group")
    return _in_group(loader, group, mine, seen)


def _in_group(loader: Loader, group: Target, mine: Label, seen: set[str]) -> bool:
    allowed = False
    for pattern in group.packages:
        negative = pattern.startswith("-")
        if _matches(pattern.lstrip("-"), group.label.repo, mine):
            if negative:
                return False
            allowed = True
    return allowed or any(_admits(loader, str(include), mine, seen) for include in group.includes)


def _matches(pattern: str, repo: str, mine: Label) -> bool:
    if pattern == "public":
        return True
    if pattern == "private":
        return False
    if pattern.startswith("@"):
        name, _, rest = pattern.lstrip("@").partition("//")
        repo, pattern = name, "//" + rest
    if mine.repo != repo:
        return False
    path = pattern[2:]
    if path == "..." or path.endswith("/..."):
        base = path[:-3].rstrip("/")
        return not base or mine.package == base or mine.package.startswith(base + "/")
    return mine.package == path
