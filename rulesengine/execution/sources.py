"""WorkspaceSources: the files that people write, digested; stored only when an action reads their bytes."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Mapping

from rulesengine.errors import MissingInputError
from rulesengine.execution.stat_cache import StatCache
from rulesengine.model.artifact import Artifact, FileValue, LentFile, TreeValue, Value
from rulesengine.model.digest import EMPTY, Digest
from rulesengine.model.directory import MAX_DEPTH, Member, TreeFile, TreeLink, TreeNode, build_tree, walk_tree
from rulesengine.model.ports import BlobStore

CHUNK = 1 << 20
_ATTEMPTS = 3

LENT_BELOW = 1 << 18
"""Sources of fewer bytes are copied for a command from where they are; the store gets no copy of its own."""


class WorkspaceSources:
    """A ports.SourceTree over directories of this machine.

    roots: repository name -> directory; '' is the workspace itself, others stand at `external/NAME/`.
    stat_cache: the file in which digests are remembered between builds, or None.
    """

    def __init__(
        self,
        roots: Mapping[str, str],
        store: BlobStore,
        stat_cache: StatCache | str | None = None,
    ) -> None:
        self._roots = {name: os.path.abspath(root) for name, root in roots.items()}
        self._store = store
        self._stats = stat_cache if isinstance(stat_cache, StatCache) else StatCache(stat_cache)
        self._messages: dict[Digest, bytes] = {}

    def path(self, artifact: Artifact) -> str:
        """Where the file is on this machine.  Raises MissingInputError for an unknown repository."""
        path = artifact.path
        if path.startswith("external/"):
            _, name, below = path.split("/", 2) if path.count("/") >= 2 else (*path.split("/", 1), "")
            root = self._roots.get(name)
            if root is None:
                raise MissingInputError(
                    f"there is no repository @{name} for the source {path}", label=artifact.owner or None
                )
            return os.path.join(root, below)
        return os.path.join(self._roots[""], path)

    def value(self, artifact: Artifact) -> Value:
        """Digest a file or directory.  Raises MissingInputError, which names the artifact's owner."""
        path = self.path(artifact)
        try:
            seen = os.stat(path)
            if stat.S_ISREG(seen.st_mode):
                return FileValue(self._digest(path, seen), bool(seen.st_mode & 0o100))
            if stat.S_ISDIR(seen.st_mode):
                return TreeValue(self._tree(path))
        except OSError as fault:
            raise self._missing(artifact, fault.strerror or str(fault)) from None
        except _ChangingError:
            raise self._missing(artifact, "it keeps changing while it is read") from None
        raise self._missing(artifact, "it is neither a file nor a directory")

    def provide(self, artifact: Artifact, value: Value) -> None:
        """Put the bytes into the store.  Raises MissingInputError where they are no longer those of `value`."""
        path = self.path(artifact)
        try:
            if isinstance(value, FileValue):
                self._provide(path, value.digest)
                return
            if value.digest not in self._messages and self._tree(path) != value.digest:
                raise _ChangingError
            for member, what in walk_tree(value.digest, self._message):
                if isinstance(what, TreeFile):
                    self._provide(os.path.join(path, member), what.digest)
        except OSError as fault:
            raise self._missing(artifact, fault.strerror or str(fault)) from None
        except (_ChangingError, KeyError):
            raise self._missing(artifact, "it was changed while the build was running") from None

    def save(self) -> None:
        """Keep the digests for the next build."""
        self._stats.save()

    def _message(self, digest: Digest) -> bytes:
        data = self._messages[digest]
        self._store.put(data)
        return data

    def _missing(self, artifact: Artifact, reason: str) -> MissingInputError:
        return MissingInputError(
            f"source {artifact.path} cannot be used: {reason}",
            label=artifact.owner or None,
            hint=f"it is looked for at {self.path(artifact)}",
        )

    def _digest(self, path: str, seen: os.stat_result) -> Digest:
        known = self._stats.get(path, seen)
        if known is not None:
            return known
        for _ in range(_ATTEMPTS):
            began = self._stats.now()
            with open(path, "rb", buffering=0) as file:
                before = os.fstat(file.fileno())
                digest = _hash(file.readinto, before.st_size)
                after = os.fstat(file.fileno())
            if _same(before, after) and digest.size == after.st_size:
                self._stats.put(path, after, digest, began)
                return digest
        raise _ChangingError

    def _provide(self, path: str, digest: Digest) -> None:
        if self._store.has(digest):
            return
        with open(path, "rb", buffering=0) as file, self._store.create() as out:
            buffer = bytearray(min(CHUNK, digest.size + 1))
            view = memoryview(buffer)
            while count := file.readinto(buffer):
                out.write(view[:count])
        if out.digest != digest:
            raise _ChangingError

    def _tree(self, root: str) -> Digest:
        members: dict[str, Member] = {}
        self._collect(root, root, "", members, 0)
        return build_tree(members, self._remember)

    def _remember(self, data: bytes) -> Digest:
        digest = Digest.of(data)
        self._messages[digest] = data
        return digest

    def _collect(self, root: str, directory: str, prefix: str, members: dict[str, Member], depth: int) -> None:
        """The members below a directory.  A link that stays inside is kept, one that leaves is followed."""
        if depth > MAX_DEPTH:
            raise OSError(f"directories nest deeper than {MAX_DEPTH}")
        empty = True
        with os.scandir(directory) as entries:
            for entry in entries:
                empty = False
                path = prefix + entry.name
                _check_name(path)
                if entry.is_symlink():
                    target = os.readlink(entry.path)
                    if stays_inside(path, target):
                        members[path] = TreeLink(target)
                        continue
                seen = entry.stat()
                if stat.S_ISREG(seen.st_mode):
                    members[path] = TreeFile(self._digest(entry.path, seen), bool(seen.st_mode & 0o100))
                elif stat.S_ISDIR(seen.st_mode):
                    self._collect(root, entry.path, path + "/", members, depth + 1)
                else:
                    raise OSError(f"{path} in it is neither a file nor a directory")
        if empty and prefix:
            self._remember(b"")
            members[prefix[:-1]] = TreeNode(EMPTY)


def is_lent(value: Value) -> bool:
    """Whether a source of this value is lent to commands."""
    return isinstance(value, FileValue) and value.digest.size < LENT_BELOW


def read_lent(path: str, lent: LentFile) -> bytes:
    """Its bytes.  path: its execution path.  Raises MissingInputError where it is gone or was changed."""
    reason = "it was changed while the build was running"
    try:
        with open(lent.real, "rb", buffering=0) as file:
            data = file.read(lent.digest.size + 1)
        if Digest.of(data) == lent.digest:
            return data
    except OSError as fault:
        reason = fault.strerror or str(fault)
    raise MissingInputError(f"source {path} cannot be used: {reason}", hint=f"it is looked for at {lent.real}")


class _ChangingError(Exception):
    """A file was written while it was read."""


def stays_inside(path: str, target: str) -> bool:
    """Whether a link at `path` of a tree, to `target`, names something inside the tree (lexically)."""
    if not target or target.startswith("/"):
        return False
    depth = path.count("/")
    for part in target.split("/"):
        if part == "..":
            depth -= 1
            if depth < 0:
                return False
        elif part not in ("", "."):
            depth += 1
    return True


def _check_name(path: str) -> None:
    try:
        path.encode()
    except UnicodeEncodeError:
        raise OSError(f"the name {path!r} in it is not UTF-8") from None


def _hash(readinto: Callable[[bytearray], int | None], size_hint: int) -> Digest:
    hasher = hashlib.sha256()
    buffer = bytearray(min(CHUNK, size_hint + 1))
    view = memoryview(buffer)
    size = 0
    while count := readinto(buffer):
        hasher.update(view[:count])
        size += count
    return Digest(hasher.hexdigest(), size)


def _same(before: os.stat_result, after: os.stat_result) -> bool:
    return (before.st_size, before.st_mtime_ns, before.st_ctime_ns) == (
        after.st_size,
        after.st_mtime_ns,
        after.st_ctime_ns,
    )
