"""Materialise outputs in the output base: read-only hard links out of the store, and nothing that nobody asked for.

A record of what was put there (and its stat signatures) makes the second time cheap.  The record is
only a shortcut: without it, or where it does not fit, files are compared by digest.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import stat
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from rulesengine.errors import DiskFullError, StoreError
from rulesengine.model.artifact import Artifact, FileValue, LinkValue, Value
from rulesengine.model.digest import Digest
from rulesengine.model.directory import TreeFile, TreeLink, walk_tree
from rulesengine.model.ports import Cancellation
from rulesengine.workspace.signatures import Signature

_RECORD = "outputs.json"
_TEMPORARY = ".pybuild-tmp-"
MANIFEST = "MANIFEST"
"""The file in a runfiles tree's root that is no member of it."""
Delivery = Sequence[tuple[Artifact, Value]]
"""What one owner gets."""
Members = dict[str, TreeFile | TreeLink | None]


class LinkingStore(Protocol):
    """What of a blob store is needed here."""

    def read(self, digest: Digest) -> bytes:
        """A whole blob, checked.  Raises KeyError."""

    def link(self, digest: Digest, path: str, *, executable: bool = False) -> None:
        """Make `path` the blob, checked.  Raises KeyError."""


def members_of(value: Value, store: LinkingStore) -> Members:
    """Files, links and empty directories of a value; a file's own path is ''.  Raises KeyError where blobs are lost."""
    if isinstance(value, FileValue):
        return {"": TreeFile(value.digest, value.executable)}
    if isinstance(value, LinkValue):
        return {"": TreeLink(value.target)}
    return dict(walk_tree(value.digest, store.read))


class Outputs:
    """The outputs below one output base.  Used by one build at a time (see exclusive.py)."""

    def __init__(self, base: str, store: LinkingStore) -> None:
        self._base = base
        self._store = store
        self._counter = 0
        self._there: set[str] = set()  # directories that are, as long as nothing was removed
        self._loaded: tuple[dict[str, list[str]], dict[str, Any]] | None = None

    @property
    def _owners(self) -> dict[str, list[str]]:
        return self._record()[0]

    @property
    def _records(self) -> dict[str, Any]:
        return self._record()[1]

    def _record(self) -> tuple[dict[str, list[str]], dict[str, Any]]:
        if self._loaded is None:
            self._loaded = self._load()
        return self._loaded

    def replace(self, pairs: Iterable[tuple[Artifact, Value]], cancel: Cancellation) -> bool:
        """Make artifacts that are delivered already what their new values say; False where blobs are lost.

        The record is not touched: what it says of them fits no more, and they are compared by digest next time.
        Raises StoreError, DiskFullError, InterruptedBuild.
        """
        self._there.clear()
        try:
            for artifact, value in pairs:
                cancel.check()
                self._put(artifact.path, members_of(value, self._store))
        except KeyError:
            return False
        except OSError as fault:
            raise _store_error(fault, self._base) from None
        return True

    def deliver(
        self,
        wanted: Mapping[str, Sequence[tuple[Artifact, Value]]],
        cancel: Cancellation,
        vanished: Callable[[str], bool] = lambda _: False,
    ) -> tuple[dict[Artifact, Members], list[Artifact]]:
        """Make the artifacts of each owner (a target in a configuration) what their values say.

        vanished: whether an owner is known to be no more; its outputs are removed.
        Returns the members of every artifact, and the artifacts of which blobs are lost: their actions must run
        again.  Raises StoreError, DiskFullError, InterruptedBuild.
        """
        made: dict[Artifact, Members] = {}
        lost: list[Artifact] = []
        values: dict[str, str] = {}
        self._there.clear()
        try:
            for owner, pairs in wanted.items():
                for artifact, value in pairs:
                    cancel.check()
                    if artifact in made:
                        continue
                    try:
                        members = members_of(value, self._store)
                        self._one(artifact.path, _value_key(value), members)
                    except KeyError:
                        lost.append(artifact)
                        continue
                    made[artifact] = members
                    values[artifact.path] = _value_key(value)
                self._drop_stale(owner, [artifact.path for artifact, _ in pairs])
            for owner in [one for one in self._owners if one not in wanted and vanished(one)]:
                self._drop_stale(owner, [])
                del self._owners[owner]
            for artifact, members in made.items():  # at the end: linking a blob again moves its ctime
                self._records[artifact.path] = {
                    "value": values[artifact.path],
                    "signatures": {name: list(found) for name, found in self._signatures(artifact.path, members)},
                }
            self._save()
        except OSError as fault:
            raise _store_error(fault, self._base) from None
        return made, lost

    def edited(self, artifact: Artifact, value: Value) -> list[str]:
        """Paths below an artifact (its own is '') that were delivered and are not what they were any more."""
        record = self._records.get(artifact.path)
        if (
            record is None
            or record["value"] != _value_key(value)
            or self._untouched(artifact.path, record["signatures"])
        ):
            return []
        root = os.path.join(self._base, artifact.path)
        try:
            members = members_of(value, self._store)
        except KeyError:
            return []
        return [
            name
            for name, member in members.items()
            if isinstance(member, TreeFile) and not _is(os.path.join(root, name) if name else root, member)
        ]

    def stale(self, wanted: Mapping[str, Sequence[tuple[Artifact, Value]]]) -> list[Artifact]:
        """The artifacts that are not there as their values say: what `deliver` would have to put there."""
        out = []
        for pairs in wanted.values():
            for artifact, value in pairs:
                record = self._records.get(artifact.path)
                same = record is not None and record["value"] == _value_key(value)
                if not same or record is None or not self._untouched(artifact.path, record["signatures"]):
                    out.append(artifact)
        return out

    def signatures(self, artifacts: Iterable[Artifact]) -> list[tuple[str, Signature]]:
        """(absolute path, signature) of everything put there for the artifacts, symbolic links left out."""
        out: list[tuple[str, Signature]] = []
        for artifact in artifacts:
            root = os.path.join(self._base, artifact.path)
            for name, found in self._records[artifact.path]["signatures"].items():
                if not stat.S_ISLNK(found[4]):
                    out.append((os.path.join(root, name) if name else root, tuple(found)))
        return out

    def links(self, made: Mapping[Artifact, Members]) -> list[tuple[str, str]]:
        """(absolute path, target) of the symbolic links inside output trees."""
        return [
            (
                os.path.join(self._base, artifact.path, name) if name else os.path.join(self._base, artifact.path),
                member.target,
            )
            for artifact, members in made.items()
            for name, member in members.items()
            if isinstance(member, TreeLink)
        ]

    # ---- one artifact ---------------------------------------------------------

    def _one(self, path: str, value: str, members: Members) -> None:
        record = self._records.get(path)
        if record is not None and record["value"] == value and self._untouched(path, record["signatures"]):
            return
        self._records.pop(path, None)
        self._put(path, members)

    def _put(self, path: str, members: Members) -> None:
        root = os.path.join(self._base, path)
        if "" in members:
            self._make_directory(os.path.dirname(root))
            self._file(root, members[""])
            return
        self._make_directory(root)
        directories = _directories(members)
        for directory in sorted(directories):
            self._make_directory(os.path.join(root, directory))
        for name, member in members.items():
            if member is not None:
                self._file(os.path.join(root, name), member)
        for directory in sorted({"", *directories}, reverse=True):
            here = os.path.join(root, directory)
            for name in os.listdir(here):
                inside = f"{directory}/{name}" if directory else name
                if inside == MANIFEST and path.endswith(".runfiles"):
                    continue  # an artifact of its own; see manifests.py
                if inside not in members and inside not in directories:
                    self._there.clear()
                    _remove(os.path.join(here, name))

    def _untouched(self, path: str, signatures: dict[str, Any]) -> bool:
        root = os.path.join(self._base, path)
        for name, found in signatures.items():
            try:
                if list(_signature(os.path.join(root, name) if name else root)) != found:
                    return False
            except OSError:
                return False
        return True

    def _signatures(self, path: str, members: Members) -> Iterable[tuple[str, Signature]]:
        root = os.path.join(self._base, path)
        if "" in members:
            yield "", _signature(root)
            return
        for name in sorted({*members, "", *_directories(members)}):
            yield name, _signature(os.path.join(root, name) if name else root)

    def _file(self, path: str, member: TreeFile | TreeLink | None) -> None:
        if isinstance(member, TreeLink):
            with contextlib.suppress(OSError):
                if os.readlink(path) == member.target:
                    return
            temporary = self._temporary(path)
            os.symlink(member.target, temporary)
        else:
            assert member is not None
            if not os.path.lexists(path):
                self._link(member, path)
                return
            if _is(path, member):
                return
            temporary = self._temporary(path)
            self._link(member, temporary)
        if path in self._there:
            self._there.clear()
        try:
            _replace(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise

    def _link(self, member: TreeFile, path: str) -> None:
        self._store.link(member.digest, path, executable=member.executable)
        mode = _mode(member)
        if stat.S_IMODE(os.lstat(path).st_mode) != mode:  # somebody's chmod reached the store's own file
            os.chmod(path, mode)

    def _temporary(self, path: str) -> str:
        self._counter += 1
        return os.path.join(os.path.dirname(path), f"{_TEMPORARY}{os.getpid()}-{self._counter}")

    def _make_directory(self, path: str) -> None:
        """A real directory at `path`, whatever a former build (or somebody) left in the way below the base."""
        if path in self._there:
            return
        parts = os.path.relpath(path, self._base).split("/")
        here = self._base
        os.makedirs(here, exist_ok=True)
        for part in parts:
            here = f"{here}/{part}"
            if here in self._there:
                continue
            try:
                os.mkdir(here)
            except FileExistsError:
                if not stat.S_ISDIR(os.lstat(here).st_mode):
                    os.unlink(here)
                    os.mkdir(here)
            self._there.add(here)

    # ---- what is no longer an output ------------------------------------------

    def _drop_stale(self, owner: str, paths: list[str]) -> None:
        before = self._owners.get(owner, [])
        self._owners[owner] = paths
        if set(before) <= set(paths):
            return
        kept = {path for mine in self._owners.values() for path in mine}
        for path in before:
            if path in kept:
                continue
            self._records.pop(path, None)
            self._there.clear()
            self._remove_but(path, {other for other in kept if other.startswith(path + "/")})
            above = os.path.dirname(path)
            while above.count("/") > 2:  # pybuild-out/CONFIGURATION/bin stays
                try:
                    os.rmdir(os.path.join(self._base, above))
                except OSError:
                    break
                above = os.path.dirname(above)

    def _remove_but(self, path: str, kept: set[str]) -> None:
        """Remove `path`; of a directory only what is not among `kept` (outputs of others that lie inside)."""
        full = os.path.join(self._base, path)
        if not kept or os.path.islink(full) or not os.path.isdir(full):
            _remove(full)
            return
        for name in os.listdir(full):
            inside = f"{path}/{name}"
            if inside not in kept:
                self._remove_but(inside, {other for other in kept if other.startswith(inside + "/")})

    # ---- the record -----------------------------------------------------------

    def _load(self) -> tuple[dict[str, list[str]], dict[str, Any]]:
        try:
            with open(os.path.join(self._base, _RECORD), "rb") as stream:
                value = json.load(stream)
            owners, records = value["owners"], value["records"]
            if all(isinstance(one["signatures"], dict) and one["value"] for one in records.values()):
                return dict(owners), dict(records)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            pass
        return {}, {}

    def _save(self) -> None:
        os.makedirs(self._base, exist_ok=True)
        path = os.path.join(self._base, _RECORD)
        temporary = f"{path}.{os.getpid()}"
        with open(temporary, "w", encoding="utf-8") as stream:
            stream.write(
                json.dumps({"owners": self._owners, "records": self._records})
            )  # json.dump writes word by word
        os.replace(temporary, path)


def _value_key(value: Value) -> str:
    if isinstance(value, FileValue):
        return f"{'x' if value.executable else 'f'}:{value.digest.hash}:{value.digest.size}"
    if isinstance(value, LinkValue):
        return f"l:{value.target}"
    return f"t:{value.digest.hash}:{value.digest.size}"


def _directories(members: Members) -> set[str]:
    out: set[str] = set()
    for name, member in members.items():
        above = name if member is None else os.path.dirname(name)
        while above and above not in out:
            out.add(above)
            above = os.path.dirname(above)
    return out


def _signature(path: str) -> Signature:
    found = os.lstat(path)
    return (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_mode)


def _mode(member: TreeFile) -> int:
    return 0o555 if member.executable else 0o444


def _is(path: str, member: TreeFile) -> bool:
    """Whether `path` already is this file, by its bytes."""
    try:
        found = os.lstat(path)
        if not stat.S_ISREG(found.st_mode) or found.st_size != member.digest.size:
            return False
        if stat.S_IMODE(found.st_mode) != _mode(member):
            return False
        with open(path, "rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest() == member.digest.hash
    except OSError:
        return False


def _replace(temporary: str, path: str) -> None:
    """rename(2), which does nothing where both names already are one inode, and fails on a directory."""
    try:
        os.replace(temporary, path)
    except (IsADirectoryError, NotADirectoryError):
        _remove(path)
        os.replace(temporary, path)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(temporary)


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as fault:
        if fault.errno not in (errno.EISDIR, errno.EPERM):
            raise
        import shutil

        shutil.rmtree(path)


def _store_error(fault: OSError, base: str) -> StoreError:
    where = fault.filename or base
    if fault.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFullError(f"no space left for outputs at {where}", hint="free some space, or run pybuild clean")
    return StoreError(
        f"cannot write outputs at {where}: {fault.strerror}", hint="see who owns it, or run pybuild clean"
    )
