"""The lock file: which packages, at which version and digest, an archive declaration stands for.

It is JSON that rules_distroless reads as its lock version 1 (`version`, `packages[]` with `arch`, `dependencies`,
`key`, `name`, `sha256`, `urls`, `version`) and carries more: where each file lies in the pool, its size, the suite it
was seen in, the state of each suite, and the declaration it answers, so that a stale lock is noticed.  Equal inputs
give equal bytes.  It names no mirror but the public snapshot archive.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime

from attrs import field, frozen

from rulesengine.debian.release import parse_stamp
from rulesengine.errors import LockfileError
from rulesengine.model.codec import canonical_json, closed, decode, unstructure
from rulesengine.model.codec import key as json_key
from rulesengine.model.digest import Digest
from rulesengine.model.ports import Pin

LOCK_VERSION = 1
_HINT = "make it anew with `pybuild lock`"


@frozen
class ArchiveDeclaration:
    """What a deb_archive declares.

    suites: in order of preference where versions are equal.  architectures: Debian names.
    packages: names; their order does not matter.  dependencies: whether what they depend on is locked too.
    """

    name: str
    suites: tuple[str, ...]
    architectures: tuple[str, ...]
    packages: tuple[str, ...]
    components: tuple[str, ...] = ("main",)
    dependencies: bool = True

    @property
    def digest(self) -> str:
        """SHA-256 (hexadecimal) of all that decides which packages are locked; the name does not."""
        return hashlib.sha256(
            canonical_json(
                {
                    "architectures": sorted(set(self.architectures)),
                    "components": sorted(set(self.components)),
                    "dependencies": self.dependencies,
                    "packages": sorted(set(self.packages)),
                    "suites": list(self.suites),
                }
            )
        ).hexdigest()


def _check_sha256(text: str) -> str | None:
    return None if Digest.valid_hash(text) else "not a SHA-256 (64 lower-case hexadecimal digits)"


def _check_stamp(text: str) -> str | None:
    try:
        parse_stamp(text)
    except Exception as error:  # noqa: BLE001 - a check answers with a text
        return str(error).partition("\n")[0]
    return None


def _check_path(path: str) -> str | None:
    if path.startswith("/") or "\\" in path or any(part in ("", ".", "..") for part in path.split("/")):
        return "not a path below an archive's root"
    return None


def _check_size(size: int) -> str | None:
    return None if size >= 0 else "a size is not negative"


@closed
@frozen
class LockedDependency:
    """A package that comes with another, in the shape in which rules_distroless writes it."""

    key: str
    name: str
    version: str


@closed
@frozen
class LockedPackage:
    """One package for one architecture.

    arch: the architecture it is locked for.  architecture: its own, which may be `all`.
    kind: the archive (`debian`, `debian-security`); path: pool path below its root; suite: where it was seen.
    snapshot: stamp at which the public snapshot archive has it.  multi_arch: as in the index, or empty.
    depends: names of the packages of this lock, for the same arch, that satisfy its Pre-Depends and Depends directly;
    they may go round in circles (libc6 and libgcc-s1).
    dependencies: for a requested package all that it needs, directly or not; for others empty.  It never goes round in
    a circle, because rules_distroless makes Bazel targets of it.
    """

    key: str
    name: str
    version: str
    arch: str
    architecture: str
    sha256: str = field(metadata=json_key("sha256", check=_check_sha256))
    size: int = field(metadata=json_key("size", check=_check_size))
    kind: str
    path: str = field(metadata=json_key("path", check=_check_path))
    suite: str
    snapshot: str = field(metadata=json_key("snapshot", check=_check_stamp))
    urls: tuple[str, ...]
    dependencies: tuple[LockedDependency, ...]
    depends: tuple[str, ...] = ()
    multi_arch: str = ""
    source: str = ""

    @property
    def digest(self) -> Digest:
        """Of the .deb file."""
        return Digest(self.sha256, self.size)

    @property
    def pin(self) -> Pin:
        """How the .deb's bytes may be found."""
        return Pin(self.digest, self.kind, self.path, self.snapshot)


@closed
@frozen
class LockedSuite:
    """A suite as it was when locked.

    date: of its Release file, as a stamp; sha256: of the InRelease file; snapshot: stamp at which the public
    snapshot archive has every file of this lock that its kind keeps.
    missing: architectures whose index no mirror had as the Release file lists it; because that was asked for, they were
    locked with no packages of this suite but those for every architecture.
    """

    suite: str
    kind: str
    codename: str
    date: str = field(metadata=json_key("date", check=_check_stamp))
    sha256: str = field(metadata=json_key("sha256", check=_check_sha256))
    snapshot: str = field(metadata=json_key("snapshot", check=_check_stamp))
    version: str = ""
    missing: tuple[str, ...] = ()

    @property
    def moment(self) -> datetime:
        """Date of the Release file."""
        return parse_stamp(self.date)


@closed
@frozen
class LockedDeclaration:
    """The declaration that a lock answers."""

    suites: tuple[str, ...]
    architectures: tuple[str, ...]
    packages: tuple[str, ...]
    components: tuple[str, ...]
    dependencies: bool
    digest: str = field(metadata=json_key("digest", check=_check_sha256))

    @staticmethod
    def of(declaration: ArchiveDeclaration) -> LockedDeclaration:
        """The declaration with its lists in their stored order."""
        return LockedDeclaration(
            suites=declaration.suites,
            architectures=tuple(sorted(set(declaration.architectures))),
            packages=tuple(sorted(set(declaration.packages))),
            components=tuple(sorted(set(declaration.components))),
            dependencies=declaration.dependencies,
            digest=declaration.digest,
        )


@closed
@frozen
class Lockfile:
    """A lock: suites in the declaration's order; packages by name, then architecture.

    snapshot: Date of the newest Release file, as a stamp; the date that an image made of this lock may carry.
    """

    version: int
    snapshot: str = field(metadata=json_key("snapshot", check=_check_stamp))
    declaration: LockedDeclaration
    suites: tuple[LockedSuite, ...]
    packages: tuple[LockedPackage, ...]

    def date(self, suite: str) -> datetime | None:
        """Date of the Release file that this lock was made from, for rollback checks."""
        return next((one.moment for one in self.suites if one.suite == suite), None)

    def check_answers(self, declaration: ArchiveDeclaration, *, source: str) -> None:
        """Refuse a stale lock.  Raises LockfileError, which says what differs."""
        if self.declaration.digest == declaration.digest:
            return
        wanted = LockedDeclaration.of(declaration)
        notes = []
        for what in ("suites", "architectures", "packages", "components"):
            now, then = set(getattr(wanted, what)), set(getattr(self.declaration, what))
            if now - then:
                notes.append(f"{what} not locked: {' '.join(sorted(now - then))}")
            if then - now:
                notes.append(f"{what} locked but no longer declared: {' '.join(sorted(then - now))}")
        raise LockfileError(
            f"{source} is stale: the archive {declaration.name!r} is declared otherwise",
            notes=notes,
            hint="run `pybuild lock` and commit the lock file",
        )


def package_key(name: str, version: str, arch: str) -> str:
    """The key by which lock entries point at each other, spelt as rules_distroless spells it."""

    def sanitize(text: str) -> str:
        return text.replace("+", "-p-").replace(":", "-").replace("~", "_")

    return f"{sanitize(name)}_{sanitize(version)}_{arch}"


def encode_lockfile(lock: Lockfile) -> bytes:
    """The file's bytes: keys sorted, two spaces of indentation, a newline at the end."""
    return json.dumps(unstructure(lock), sort_keys=True, indent=2, ensure_ascii=False).encode() + b"\n"


def decode_lockfile(data: bytes, *, source: str = "lock file") -> Lockfile:
    """Read a lock file.  Raises LockfileError, with the path of each fault (`$.packages[3].sha256`)."""
    lock = decode(Lockfile, data, what=source, error=LockfileError, hint=_HINT)
    if lock.version != LOCK_VERSION:
        raise LockfileError(f"{source} has lock version {lock.version}, not {LOCK_VERSION} @ $.version", hint=_HINT)
    keys = {package.key for package in lock.packages}
    if len(keys) != len(lock.packages):
        raise LockfileError(f"{source} locks a package twice @ $.packages", hint=_HINT)
    names = {(package.name, package.arch) for package in lock.packages}
    for number, package in enumerate(lock.packages):
        for place, name in enumerate(package.depends):
            if (name, package.arch) not in names:
                raise LockfileError(
                    f"{source}: {package.name} depends on {name!r}, which is not locked"
                    f" @ $.packages[{number}].depends[{place}]",
                    hint=_HINT,
                )
        for place, dependency in enumerate(package.dependencies):
            if dependency.key not in keys:
                raise LockfileError(
                    f"{source}: {package.name} depends on {dependency.key!r}, which is not locked"
                    f" @ $.packages[{number}].dependencies[{place}].key",
                    hint=_HINT,
                )
    return lock
