"""Fsck: every file of a cache is read and proved right; what is not is named, and taken away when asked.

A build finds all of this out by itself, when it needs the file.  This is for those who want to know before.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator

from rulesengine.errors import StoreError
from rulesengine.execution.action_cache import DiskActionCache
from rulesengine.execution.contents import cache_entries, database_fault, drop_entries, outputs_of, tree_blobs
from rulesengine.execution.store import CHUNK, LocalStore
from rulesengine.execution.uses import read_uses
from rulesengine.model.digest import Digest
from rulesengine.model.ports import Cancellation
from rulesengine.values import define, field, frozen


@frozen
class Fault:
    """Something wrong in the cache.

    what: `blob`, `entry` (of the action cache), `database`, `foreign` (a file that does not belong there), `uses`.
    name: the digest, key or path.  reason: a sentence without a full stop.
    """

    what: str
    name: str
    reason: str

    def __str__(self) -> str:
        return f"{self.what} {self.name}: {self.reason}"


@frozen
class Checked:
    """What was looked at, and what is wrong with it.

    incomplete: entries whose blobs are not all there: no damage, their actions just run again.
    repaired: whether the faults were taken away.
    """

    blobs: int
    entries: int
    bytes: int
    incomplete: int
    faults: tuple[Fault, ...]
    repaired: bool


@define
class Fsck:
    """One check.  progress: told how many bytes were read so far."""

    store: LocalStore
    cancel: Cancellation
    progress: Callable[[int], None] = lambda _: None
    _faults: list[Fault] = field(factory=list)
    _sound: set[str] = field(factory=set)
    _read: int = 0

    def check(self, *, repair: bool = False) -> Checked:
        """Read everything.  Raises StoreError where the cache cannot be read at all, InterruptedBuild."""
        blobs = sum(1 for _ in self._blobs(repair))
        entries, incomplete = self._entries(repair)
        for path, uses in read_uses(self.store.root):
            if uses is None:
                self._fault("uses", os.path.relpath(path, self.store.root), "its checksum does not fit", path, repair)
        return Checked(blobs, entries, self._read, incomplete, tuple(self._faults), repair)

    def _fault(self, what: str, name: str, reason: str, path: str, repair: bool) -> None:
        self._faults.append(Fault(what, name, reason))
        if repair and path:
            _remove(path)

    # ---- blobs ----

    def _blobs(self, repair: bool) -> Iterator[str]:
        cas = os.path.join(self.store.root, "cas")
        for shard in sorted(os.listdir(cas)):
            folder = os.path.join(cas, shard)
            try:
                names = sorted(os.listdir(folder))
            except NotADirectoryError:
                self._fault("foreign", f"cas/{shard}", "a file where only directories belong", folder, repair)
                continue
            except OSError as fault:
                self._faults.append(Fault("foreign", f"cas/{shard}", fault.strerror or str(fault)))
                continue
            for name in names:
                self.cancel.check()
                path = os.path.join(folder, name)
                hash_ = name.removesuffix(".x")
                if not Digest.valid_hash(hash_) or hash_[:2] != shard:
                    self._fault(
                        "foreign", f"cas/{shard}/{name}", "its name is no digest that belongs here", path, repair
                    )
                    continue
                reason = self._blob(path, hash_, executable=name.endswith(".x"))
                if reason:
                    self._fault("blob", name, reason, path, repair)
                else:
                    if not name.endswith(".x"):
                        self._sound.add(hash_)
                    yield name

    def _blob(self, path: str, hash_: str, *, executable: bool) -> str:
        """What is wrong with a blob's file, or an empty text."""
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            return ""  # a collector or a build took it this moment
        except OSError as fault:
            return f"it cannot be read: {fault.strerror}"
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                return "it is no regular file"
            digest = hashlib.sha256()
            while True:
                data = os.read(descriptor, CHUNK)
                if not data:
                    break
                digest.update(data)
                self._read += len(data)
                self.cancel.check()
            self.progress(self._read)
        except OSError as fault:
            return f"it cannot be read: {fault.strerror}"
        finally:
            os.close(descriptor)
        if digest.hexdigest() != hash_:
            return f"its {found.st_size} bytes have the digest {digest.hexdigest()[:12]}…"
        wanted = 0o555 if executable else 0o444
        if stat.S_IMODE(found.st_mode) != wanted:
            return f"its mode is {stat.S_IMODE(found.st_mode):04o} instead of {wanted:04o}"
        return ""

    # ---- the action cache ----

    def _entries(self, repair: bool) -> tuple[int, int]:
        directory = os.path.join(self.store.root, "ac")
        count = incomplete = 0
        damaged: list[int] = []
        try:
            for entry in cache_entries(directory):
                self.cancel.check()
                count += 1
                name = entry.key.decode("ascii", "replace")
                if not entry.sound:
                    self._faults.append(Fault("entry", name, "its checksum does not fit"))
                    damaged.append(entry.row)
                    continue
                found = outputs_of(entry.result)
                if found is None:
                    self._faults.append(Fault("entry", name, "it is no ActionResult"))
                    damaged.append(entry.row)
                elif not all(self._complete(digest, tree) for _, digest, tree in found.outputs):
                    incomplete += 1
            reason = database_fault(directory)
        except StoreError as fault:
            reason = fault.message
        if reason:
            self._faults.append(Fault("database", "ac/cache.db", " ".join(reason.split())))
            if repair:
                DiskActionCache(self.store.root).set_aside_now()
            return count, incomplete
        if repair:
            drop_entries(directory, damaged)
        return count, incomplete

    def _complete(self, digest: Digest, tree: bool) -> bool:
        if not tree:
            return digest.hash in self._sound
        try:
            return all(one.hash in self._sound for one in tree_blobs(digest, self.store.read))
        except (KeyError, StoreError):
            return False


def _remove(path: str) -> None:
    import shutil

    try:
        os.unlink(path)
    except IsADirectoryError:
        shutil.rmtree(path, ignore_errors=True)
    except FileNotFoundError:
        pass
    except OSError as fault:
        raise StoreError(f"cannot remove {path}: {fault.strerror}", hint="see who owns it") from None
