"""`pybuild lock`: from a declaration and the signed archive to a lock file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from rulesengine.debian.architecture import platform_of
from rulesengine.debian.lockfile import (
    LOCK_VERSION,
    ArchiveDeclaration,
    LockedDeclaration,
    LockedDependency,
    LockedPackage,
    LockedSuite,
    Lockfile,
    decode_lockfile,
    encode_lockfile,
    package_key,
)
from rulesengine.debian.packages_index import Package, PackagesIndex
from rulesengine.debian.release import snapshot_stamp, stamp
from rulesengine.debian.resolver import Resolution, Universe, resolve, select
from rulesengine.debian.suite import kind_of, snapshot_url
from rulesengine.errors import (
    DebianError,
    DiskFullError,
    HashMismatchError,
    LockfileError,
    NotOnServerError,
    RulesEngineError,
    StoreError,
)
from rulesengine.io.archive_index import ArchiveReader, SuiteState
from rulesengine.io.mirrors import Mirrors
from rulesengine.io.openpgp import debian_keyring
from rulesengine.model.events import Event, Message, PhaseStarted, Progress
from rulesengine.model.ports import Cancellation
from rulesengine.values import frozen

_THREADS = 4


def lock_archive(
    declaration: ArchiveDeclaration,
    *,
    existing: Lockfile | None = None,
    mirrors: Mirrors,
    cache_dir: str | Path,
    now: datetime,
    progress: Callable[[Event], None] = lambda _: None,
    keyring: bytes | None = None,
    cancel: Cancellation | None = None,
    allow_missing: bool = False,
) -> Lockfile:
    """Lock a declaration against the archive as it is now.

    existing: the lock so far; a suite older than in it is refused.  keyring: who may sign, Debian's keys by default.
    allow_missing: where no mirror has a suite's index for an architecture as its Release file lists it, warn, take of
    that suite only the `all` packages that other architectures' indexes list, and note it in the lock; never for the
    first suite.
    Nothing is written but cached indexes under `cache_dir`.  Raises DebianError (and ResolutionError) for what the
    declaration cannot have, TrustError for what cannot be believed, TransportError for what cannot be reached.
    """
    _check_declaration(declaration)
    reader = ArchiveReader(
        mirrors, debian_keyring() if keyring is None else keyring, Path(cache_dir), now.astimezone(UTC), cancel
    )
    total = len(declaration.suites) * (1 + len(set(declaration.architectures)))
    counter = _Counter(progress, total)
    progress(PhaseStarted("locking", declaration.name))
    with ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix="lock") as pool:

        def read_suite(suite: str) -> SuiteState:
            state = reader.suite(suite, existing.date(suite) if existing is not None else None)
            counter.step(suite)
            return state

        def read_architecture(architecture: str) -> Resolution:
            return _resolve(
                declaration, architecture, states, reader, counter, cancel, missing if allow_missing else None
            )

        missing: dict[str, list[str]] = {}
        states = list(pool.map(read_suite, declaration.suites))
        resolutions = list(pool.map(read_architecture, sorted(set(declaration.architectures))))
    for suite, without in sorted(missing.items()):
        text = (
            f"suite {suite}: no mirror has its index for {' '.join(sorted(without))}; of its packages, only those for "
        )
        text += "every architecture are locked there"
        progress(Message("warning", text))
    return _lockfile(declaration, states, resolutions, missing)


class _Counter:
    def __init__(self, progress: Callable[[Event], None], total: int) -> None:
        import threading

        self._lock = threading.Lock()
        self._progress = progress
        self._total = total
        self._done = 0

    def step(self, detail: str) -> None:
        with self._lock:
            self._done += 1
            self._progress(Progress("locking", self._done, self._total, detail))


def _check_declaration(declaration: ArchiveDeclaration) -> None:
    where = f"archive {declaration.name!r}"
    for what in ("suites", "architectures", "packages", "components"):
        if not getattr(declaration, what):
            raise DebianError(f"{where} declares no {what}", hint=f"give {what} = [...] in its deb_archive")
    if len(set(declaration.suites)) != len(declaration.suites):
        raise DebianError(f"{where} names a suite twice")
    for architecture in declaration.architectures:
        platform_of(architecture)


def _resolve(
    declaration: ArchiveDeclaration,
    architecture: str,
    states: list[SuiteState],
    reader: ArchiveReader,
    counter: _Counter,
    cancel: Cancellation | None,
    missing: dict[str, list[str]] | None,
) -> Resolution:
    found = {}
    # The first suite is by far the largest: what is wrong with the others shows before it is fetched.
    for state in reversed(states):
        try:
            for component in declaration.components:
                if cancel is not None:
                    cancel.check()
                found[state.suite, component] = reader.indexes(state, component, architecture)
        except (HashMismatchError, NotOnServerError) as fault:
            if missing is None or state is states[0]:
                fault.hint = f"{fault.hint}\nto lock {architecture} without this suite: --allow_missing_indexes"
                raise
            missing.setdefault(state.suite, []).append(architecture)
            for component in declaration.components:
                found[state.suite, component] = _only_all(declaration, state, component, architecture, reader)
        counter.step(f"{state.suite} {architecture}")
    universe = Universe(
        architecture,
        [
            (one, state.release.priority)
            for state in states
            for component in declaration.components
            for one in found.get((state.suite, component), [])
        ],
    )
    # Sorted: the order in a BUILD file must not decide between alternatives.
    requested = sorted(set(declaration.packages))
    return resolve(universe, requested) if declaration.dependencies else select(universe, requested)


def _only_all(
    declaration: ArchiveDeclaration, state: SuiteState, component: str, architecture: str, reader: ArchiveReader
) -> list[PackagesIndex]:
    """The `Architecture: all` packages of a suite as another architecture's index lists them: the same ones."""
    for other in declaration.architectures:
        if other == architecture:
            continue
        try:
            data = reader.packages(state, component, other)
        except (HashMismatchError, NotOnServerError):
            continue
        kept = [one for one in data.split(b"\n\n") if b"\nArchitecture: all\n" in one + b"\n"]
        source = f"{state.suite}/{component}/binary-{other}/Packages"
        return [PackagesIndex(b"\n\n".join([*kept, b""]), suite=state.suite, architecture=architecture, source=source)]
    return []


def _lockfile(
    declaration: ArchiveDeclaration,
    states: list[SuiteState],
    resolutions: list[Resolution],
    missing: dict[str, list[str]],
) -> Lockfile:
    kinds = {state.kind for state in states}
    stamps = {kind: snapshot_stamp([state.release.date for state in states if state.kind == kind]) for kind in kinds}
    suites = tuple(
        LockedSuite(
            suite=state.suite,
            kind=state.kind,
            codename=state.release.codename,
            version=state.release.version,
            date=stamp(state.release.date),
            sha256=state.sha256,
            snapshot=stamps[state.kind],
            missing=tuple(sorted(missing.get(state.suite, ()))),
        )
        for state in states
    )
    packages: list[LockedPackage] = []
    for resolution in resolutions:
        closures = _closures(resolution)
        packages += [_locked(one, resolution, closures.get(one.name, ()), stamps) for one in resolution.packages]
    return Lockfile(
        version=LOCK_VERSION,
        snapshot=max(one.date for one in suites),
        declaration=LockedDeclaration.of(declaration),
        suites=suites,
        packages=tuple(sorted(packages, key=lambda one: (one.name, one.arch))),
    )


def _closures(resolution: Resolution) -> dict[str, tuple[Package, ...]]:
    """For each requested package what it needs; of two that need each other, only the first names the other."""
    members = {package.name: package for package in resolution.packages}
    needs = {name: resolution.closure(name) for name in resolution.requested}
    return {
        name: tuple(members[one] for one in sorted(needed) if not (one in needs and one < name and name in needs[one]))
        for name, needed in needs.items()
    }


def _locked(
    package: Package, resolution: Resolution, needed: tuple[Package, ...], stamps: dict[str, str]
) -> LockedPackage:
    arch, kind = resolution.architecture, kind_of(package.suite)
    return LockedPackage(
        key=package_key(package.name, package.version.text, arch),
        name=package.name,
        version=package.version.text,
        arch=arch,
        architecture=package.architecture,
        sha256=package.digest.hash,
        size=package.digest.size,
        kind=kind,
        path=package.path,
        suite=package.suite,
        snapshot=stamps[kind],
        urls=(snapshot_url(kind, stamps[kind], package.path),),
        dependencies=tuple(
            LockedDependency(package_key(one.name, one.version.text, arch), one.name, one.version.text)
            for one in needed
        ),
        depends=resolution.depends[package.name],
        multi_arch=package.multi_arch,
        source=package.source if package.source != package.name else "",
    )


# -- the file ------------------------------------------------------------------


def read_lockfile(path: str | Path) -> Lockfile | None:
    """The lock file at `path`, or None where there is none.  Raises LockfileError."""
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise LockfileError(f"cannot read {path}: {error.strerror}") from None
    return decode_lockfile(data, source=str(path))


def write_lockfile(path: str | Path, lock: Lockfile) -> bool:
    """Replace the lock file in one step; False where it already holds the same bytes.

    Raises DiskFullError, StoreError; the old file is then as it was.
    """
    import errno

    target, data = Path(path), encode_lockfile(lock)
    try:
        if target.read_bytes() == data:
            return False
    except OSError:
        pass
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        mode = 0o644
        with suppress(OSError):
            mode = target.stat().st_mode & 0o777
        Path(temporary).chmod(mode)
        Path(temporary).replace(target)
    except OSError as error:
        if temporary is not None:
            with suppress(OSError):
                Path(temporary).unlink()
        kind: type[RulesEngineError] = DiskFullError if error.errno in (errno.ENOSPC, errno.EDQUOT) else StoreError
        raise kind(
            f"cannot write {path}: {error.strerror}", hint="free some space or check permissions; the old file is kept"
        ) from None
    return True


@frozen
class LockChange:
    """How a package changed between two locks; None for a version that is not there.  architectures: sorted."""

    name: str
    before: str | None
    after: str | None
    architectures: tuple[str, ...]

    def __str__(self) -> str:
        where = ", ".join(self.architectures)
        if self.before is None:
            return f"+ {self.name} {self.after} ({where})"
        if self.after is None:
            return f"- {self.name} {self.before} ({where})"
        if self.before == self.after:
            return f"~ {self.name} {self.after}: other bytes ({where})"
        return f"~ {self.name} {self.before} -> {self.after} ({where})"


def lock_changes(before: Lockfile | None, after: Lockfile) -> list[LockChange]:
    """What an update changes, by package name; an empty list where every package stays as it is."""
    old = {(one.name, one.arch): one for one in (before.packages if before is not None else ())}
    new = {(one.name, one.arch): one for one in after.packages}
    grouped: dict[tuple[str, str | None, str | None], list[str]] = {}
    for name, arch in sorted(old.keys() | new.keys()):
        was, now = old.get((name, arch)), new.get((name, arch))
        if was is not None and now is not None and was.digest == now.digest and was.version == now.version:
            continue
        change = (name, was.version if was else None, now.version if now else None)
        grouped.setdefault(change, []).append(arch)
    return [LockChange(name, was, now, tuple(archs)) for (name, was, now), archs in grouped.items()]
