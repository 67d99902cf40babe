"""The deb_archive declarations of a workspace, and their lock files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rulesengine.errors import DebianError, LockfileError, UsageError
from rulesengine.model.label import Label
from rulesengine.model.ports import Cancellation, Listener
from rulesengine.model.target import Target
from rulesengine.values import frozen

if TYPE_CHECKING:
    from rulesengine.debian.lockfile import ArchiveDeclaration, Lockfile
    from rulesengine.io.mirrors import Mirrors
    from rulesengine.loading import Loader
    from rulesengine.workspace.locking import LockChange

RULE = "_deb_archive"
_MAX_KEYRING = 16 << 20
"""Bytes of a keyring that are read; Debian's has 60 KiB."""


@frozen
class Archive:
    """A declaration: where it stands, where its lock file is and, where it names one, its keyring."""

    label: str
    path: str
    declaration: ArchiveDeclaration
    keyring: str = ""


@frozen
class LockResult:
    """What became of one archive's lock.

    state: `fresh` (nothing to do), `written`, or with check=True `stale`.
    reason: why a stale one is stale.
    """

    label: str
    path: str
    state: str
    packages: int
    changes: tuple[LockChange, ...] = ()
    reason: str = ""


def find_archives(loader: Loader, patterns: Sequence[str], package: str) -> list[Archive]:
    """The archives among targets, all of the workspace's where no pattern is given.

    A pattern may name the archive or, since a stale lock leaves it without packages, anything of its package
    below it (`//debian:trixie/base-files`).  Raises LoadingError, UsageError.
    """
    found: dict[Label, Archive] = {}
    if not patterns:
        for name in loader.packages():
            _collect(loader, name, None, found)
        if not found:
            raise UsageError(
                "this workspace declares no archive",
                hint="declare one with deb_archive of @rulesengine//debian:defs.bzl in a BUILD file",
            )
        return list(found.values())
    from rulesengine.model.pattern import TargetPattern

    for text in patterns:
        pattern = TargetPattern.parse(text, package)
        before = len(found)
        if pattern.kind == "recursive":
            for name in loader.packages(pattern.package):
                _collect(loader, name, None, found)
        else:
            wanted = pattern.name if pattern.kind == "single" else None
            _collect(loader, pattern.package, wanted, found)
        if len(found) == before:
            here = [str(one.label) for one in _targets(loader, pattern.package)] if pattern.kind == "single" else []
            raise UsageError(
                f"{text} is no deb_archive",
                hint="here is " + ", ".join(here) if here else "leave it out to lock every archive of the workspace",
            )
    return list(found.values())


def _targets(loader: Loader, package: str) -> list[Target]:
    return [one for one in loader.package("", package).targets.values() if one.rule_name == RULE]


def _collect(loader: Loader, package: str, name: str | None, found: dict[Label, Archive]) -> None:
    from rulesengine.debian.lockfile import ArchiveDeclaration

    for target in _targets(loader, package):
        if name is not None and name != target.label.name and not name.startswith(target.label.name + "/"):
            continue
        values = target.attributes
        found[target.label] = Archive(
            str(target.label),
            os.path.join(loader.root, package, values["lock"].lstrip(":")),
            ArchiveDeclaration(
                name=target.label.name,
                suites=tuple(values["suites"]),
                architectures=tuple(values["architectures"]),
                packages=tuple(values["packages"]),
                components=tuple(values.get("components") or ("main",)),
                dependencies=bool(values.get("dependencies", True)),
            ),
            os.path.join(loader.root, package, values["keyring"].lstrip(":")) if values.get("keyring") else "",
        )


def _read_keyring(archive: Archive) -> bytes:
    try:
        with open(archive.keyring, "rb") as stream:
            return stream.read(_MAX_KEYRING)
    except OSError as fault:
        raise DebianError(
            f"cannot read the keyring {archive.keyring}: {fault.strerror}",
            label=archive.label,
            hint="put the OpenPGP certificates that sign the archive there, or leave keyring out for Debian's own",
        ) from None


def lock_one(
    archive: Archive,
    *,
    mirrors: Mirrors,
    cache_dir: str,
    check: bool,
    update: bool,
    listener: Listener,
    cancel: Cancellation,
    now: datetime | None = None,
    keyring: bytes | None = None,
    allow_missing: bool = False,
) -> LockResult:
    """Bring one lock file up to date with its declaration (update: and with the archive as it is today).

    check: write nothing, say what would change.  Raises what locking.lock_archive raises, LockfileError.
    """
    from rulesengine.workspace.locking import lock_archive, lock_changes, read_lockfile, write_lockfile

    reason = ""
    existing: Lockfile | None = None
    try:
        existing = read_lockfile(archive.path)
        if existing is None:
            reason = "there is no lock file yet"
        else:
            existing.check_answers(archive.declaration, source=archive.path)
    except LockfileError as fault:
        if existing is None and not update:  # unreadable: a person must see it before it is replaced
            raise
        # A stale lock's own message names the file, which whoever shows the reason names too.
        reason = "; ".join(fault.notes if existing is not None and fault.notes else (fault.message, *fault.notes))
    if existing is not None and not reason and not update:
        return LockResult(archive.label, archive.path, "fresh", len(existing.packages))
    if check and not update:
        return LockResult(archive.label, archive.path, "stale", 0, (), reason)
    if keyring is None and archive.keyring:
        keyring = _read_keyring(archive)
    lock = lock_archive(
        archive.declaration,
        existing=existing,
        mirrors=mirrors,
        cache_dir=cache_dir,
        now=now or datetime.now(UTC),
        progress=listener,
        keyring=keyring,
        cancel=cancel,
        allow_missing=allow_missing,
    )
    changes = tuple(lock_changes(existing, lock))
    if check:
        state = "stale" if changes or reason else "fresh"
        return LockResult(archive.label, archive.path, state, len(lock.packages), changes, reason)
    written = write_lockfile(archive.path, lock)
    return LockResult(
        archive.label, archive.path, "written" if written else "fresh", len(lock.packages), changes, reason
    )
