"""LocalStore: content-addressed blobs as plain files, `ROOT/cas/ab/HEX`, checked whenever they are read.

No blob is synced to the medium: after a crash of the machine a blob may be short or hold zeros,
and is then found out by its size or digest, dropped and made again.  Absent or correct needs no
more, and a sync costs seven times the write of a small blob.

A file `HEX.x` is the same blob with mode 0555, for links to executables (hard links share a mode).
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import io
import os
import signal
import stat
import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import BinaryIO, Protocol

from rulesengine.errors import DiskFullError, LostBlobError, StoreError
from rulesengine.execution.scratch import Scratch, sweep
from rulesengine.model.artifact import FileValue, LinkValue, Value
from rulesengine.model.digest import Digest
from rulesengine.model.directory import TreeFile, walk_tree
from rulesengine.model.ports import BlobStore

CHUNK = 1 << 20
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def store_error(fault: OSError, what: str) -> StoreError:
    """The StoreError or DiskFullError that a failed system call on the cache means."""
    reason = fault.strerror or str(fault)
    if fault.errno in _FULL:
        return DiskFullError(
            f"no space left while {what}: {reason}",
            hint="free some space, run pybuild clean, or name another cache with PYBUILD_CACHE or --disk_cache",
        )
    if fault.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return StoreError(
            f"the cache is not writable while {what}: {reason}",
            hint="give this user write access to it, or name another cache with PYBUILD_CACHE or --disk_cache",
        )
    return StoreError(f"{reason} while {what}", hint="check the file system, or name another cache with PYBUILD_CACHE")


class VerifiedReader(io.RawIOBase):
    """A blob's bytes; the last of them are handed out only after digest and size were found right."""

    def __init__(self, store: LocalStore, digest: Digest, fd: int, path: str) -> None:
        super().__init__()
        self._store = store
        self._digest = digest
        self._fd = fd
        self._path = path
        self._hash = hashlib.sha256()
        self._left = digest.size
        self.verified = False
        if not self._left:
            self._finish()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # typeshed wants any buffer
        if not self._left:
            return 0
        view = memoryview(buffer).cast("B")[: self._left]
        try:
            count = os.readv(self._fd, [view])
        except OSError as fault:
            raise self._store.lost(self._digest, self._path, self._fd, fault.strerror or str(fault)) from None
        if not count:
            raise self._store.lost(self._digest, self._path, self._fd, f"{self._left} bytes are missing")
        self._hash.update(view[:count])
        self._left -= count
        if not self._left:
            self._finish()
        return count

    def _finish(self) -> None:
        if self._hash.hexdigest() != self._digest.hash:
            raise self._store.lost(self._digest, self._path, self._fd, "its bytes have another digest")
        if os.read(self._fd, 1):
            raise self._store.lost(self._digest, self._path, self._fd, "it is longer than its digest says")
        self.verified = True
        self._store.trust(self._digest, os.fstat(self._fd))

    def close(self) -> None:
        if not self.closed:
            os.close(self._fd)
        super().close()


class Writer:
    """A blob being written (ports.BlobWriter)."""

    def __init__(self, store: LocalStore) -> None:
        self._store = store
        self._hash = hashlib.sha256()
        self.size = 0
        self._digest: Digest | None = None
        self._path = store.scratch.name()
        self._fd = -1

    def __enter__(self) -> Writer:
        try:
            self._fd = os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        except OSError as fault:
            raise store_error(fault, f"writing {self._path}") from None
        return self

    def write(self, data: bytes | bytearray | memoryview, /) -> int:
        """Append bytes.  Raises DiskFullError, StoreError."""
        view = memoryview(data).cast("B")
        size = len(view)
        self._hash.update(view)
        try:
            while view:
                view = view[os.write(self._fd, view) :]
        except OSError as fault:
            raise store_error(
                fault, f"writing a blob of {self.size + size} bytes or more in {self._store.root}"
            ) from None
        self.size += size
        return size

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                digest = Digest(self._hash.hexdigest(), self.size)
                self._store.commit(self._path, self._fd, digest)
                self._digest = digest
        finally:
            os.close(self._fd)
            if self._digest is None:
                with contextlib.suppress(OSError):
                    os.unlink(self._path)

    @property
    def digest(self) -> Digest:
        """The digest of all that was written.  Raises StoreError before the blob is complete."""
        if self._digest is None:
            raise StoreError("the blob is not complete yet")
        return self._digest


class CheckedStore(BlobStore, Protocol):
    """A BlobStore that can also tell whether a blob is right without handing it out."""

    def verify(self, digest: Digest) -> bool:
        """Whether the blob is there and right; a damaged one is dropped."""


def is_complete(store: BlobStore, value: Value, check: Callable[[Digest], bool]) -> bool:
    """Whether `check` holds for the blob of a file, or for all blobs and directories of a tree."""
    if isinstance(value, FileValue):
        return check(value.digest)
    if isinstance(value, LinkValue):
        return True
    try:
        return all(
            check(member.digest) for _, member in walk_tree(value.digest, store.read) if isinstance(member, TreeFile)
        )
    except (KeyError, StoreError):
        return False


class LocalStore:
    """A ports.BlobStore on a directory, shared by any number of threads and processes."""

    def __init__(self, root: str | os.PathLike[str]) -> None:
        """Open, creating what is missing; temporary files of dead processes are swept.  Raises StoreError."""
        self.root = os.path.abspath(root)
        self._cas = os.path.join(self.root, "cas")
        self._scratch: Scratch | None = None
        self._lock = threading.Lock()
        self._trusted: dict[str, tuple[int, int, int]] = {}
        try:
            os.makedirs(self._cas, exist_ok=True)
        except OSError as fault:
            raise store_error(fault, f"opening the cache {self.root}") from None
        sweep(os.path.join(self.root, "tmp"))

    @property
    def scratch(self) -> Scratch:
        """This process's temporary directory, on the store's file system.  Raises StoreError."""
        with self._lock:
            if self._scratch is None:
                try:
                    self._scratch = Scratch(os.path.join(self.root, "tmp"))
                except OSError as fault:
                    raise store_error(fault, f"opening the cache {self.root}") from None
            return self._scratch

    def close(self) -> None:
        """Remove this process's temporary files.  The store opens itself again when used."""
        with self._lock:
            if self._scratch is not None:
                self._scratch.close()
                self._scratch = None

    def path(self, digest: Digest) -> str:
        """Where the blob's file is, present or not."""
        return f"{self._cas}/{digest.hash[:2]}/{digest.hash}"

    def has(self, digest: Digest) -> bool:
        """Whether a file of the right size is there."""
        try:
            return os.stat(self.path(digest)).st_size == digest.size
        except OSError:
            return False

    def open(self, digest: Digest) -> BinaryIO:
        """A stream that is verified before its end.  Raises KeyError; LostBlobError while reading."""
        path = self.path(digest)
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            raise KeyError(digest) from None
        except OSError as fault:
            raise self.lost(digest, path, None, fault.strerror or str(fault)) from None
        try:
            size = os.fstat(fd).st_size
            if size != digest.size:
                raise self.lost(digest, path, fd, f"it has {size} bytes instead of {digest.size}")
            raw = VerifiedReader(self, digest, fd, path)
        except BaseException:
            os.close(fd)
            raise
        return io.BufferedReader(raw, max(1, min(CHUNK, digest.size)))

    def read(self, digest: Digest) -> bytes:
        """The whole blob.  Raises KeyError when absent or damaged."""
        try:
            with self.open(digest) as stream:
                return stream.read()
        except LostBlobError:
            raise KeyError(digest) from None

    def put(self, data: bytes) -> Digest:
        """Store bytes; a damaged blob of theirs is replaced.  Raises DiskFullError, StoreError."""
        digest = Digest.of(data)
        if not self.verify(digest):
            with self.create() as out:
                out.write(data)
        return digest

    def create(self) -> Writer:
        """A writer to be used in a `with` block."""
        return Writer(self)

    def adopt(self, fd: int, seen: os.stat_result) -> Digest | None:
        """Make an open file a blob without copying it: another hard link is all that it costs.

        Only where it is ours alone: one name, this user's, and open for writing nowhere (a lease tells, and holds
        until the descriptor is closed).  None where it is not so, or the file system cannot; then nothing was done,
        and the file is read from its start.  Raises OSError, StoreError.
        """
        if seen.st_nlink != 1 or seen.st_uid != os.geteuid():
            return None
        try:
            fcntl.fcntl(
                fd, fcntl.F_SETSIG, signal.SIGURG
            )  # who opens it now makes that signal come, which does nothing
            fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        except OSError:
            return None
        hasher = hashlib.sha256()
        size = 0
        while data := os.read(fd, min(CHUNK, seen.st_size + 1)):
            hasher.update(data)
            size += len(data)
        digest = Digest(hasher.hexdigest(), size)
        os.fchmod(fd, 0o444)
        if not self._link_open(fd, digest):
            os.lseek(fd, 0, os.SEEK_SET)
            return None
        return digest

    def _link_open(self, fd: int, digest: Digest) -> bool:
        """Whether the open file, or a sound one that was there before, is the blob now."""
        path = self.path(digest)
        for _ in range(3):
            try:
                # By descriptor: the name may lead elsewhere by now.  (src_dir_fd is unused, but makes it follow.)
                os.link(f"/proc/self/fd/{fd}", path, src_dir_fd=fd, follow_symlinks=True)
                self.trust(digest, os.fstat(fd))
                return True
            except FileExistsError:
                if self.verify(digest):
                    return True
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(path)
            except FileNotFoundError:
                os.makedirs(os.path.dirname(path), exist_ok=True)
            except OSError:
                return False
        return False

    def link(self, digest: Digest, path: str, *, executable: bool = False) -> None:
        """Make `path` (replaced if there) the blob: a hard link to a verified file, or a copy.

        Raises KeyError when the blob is absent or damaged, StoreError, DiskFullError.
        """
        source = self.verified_path(digest, executable=executable)
        try:
            try:
                os.link(source, path)
            except FileExistsError:
                os.unlink(path)
                os.link(source, path)
        except OSError as fault:
            if fault.errno not in (errno.EXDEV, errno.EMLINK, errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS):
                raise store_error(fault, f"writing {path}") from None
            temporary = f"{path}.{os.getpid()}"  # beside it: it appears whole or not at all
            self.copy(digest, temporary, 0o555 if executable else 0o444)
            try:
                os.replace(temporary, path)
            except OSError as other:
                os.unlink(temporary)
                raise store_error(other, f"writing {path}") from None

    def verified_path(self, digest: Digest, *, executable: bool = False) -> str:
        """The store's own file, verified, for a read-only mount.  Raises KeyError when absent or damaged."""
        if not self.verify(digest):
            raise KeyError(digest)
        return self._executable_twin(digest) if executable else self.path(digest)

    def copy(self, digest: Digest, path: str, mode: int) -> None:
        """Make `path` (which must not exist) a verified copy of the blob.  Raises KeyError, StoreError."""
        try:
            with self.open(digest) as stream, open(path, "xb", buffering=0) as out:
                try:
                    while data := stream.read(CHUNK):
                        view = memoryview(data)
                        while view:
                            view = view[out.write(view) :]
                    os.fchmod(out.fileno(), mode)
                except BaseException:
                    os.unlink(path)
                    raise
        except LostBlobError:
            raise KeyError(digest) from None
        except OSError as fault:
            raise store_error(fault, f"writing {path}") from None

    def verify(self, digest: Digest) -> bool:
        """Whether the blob is there and right: its bytes are read unless this process has seen this very file right."""
        try:
            seen = os.stat(self.path(digest))
            if self._trusted.get(digest.hash) == _identity(seen) and seen.st_size == digest.size:
                return True
            with self.open(digest) as stream:
                buffer = bytearray(min(CHUNK, digest.size) or 1)
                while stream.readinto(buffer):  # type: ignore[attr-defined]  # ours has it
                    pass
        except (KeyError, LostBlobError, OSError):
            return False
        return True

    def blobs(self) -> Iterator[Digest]:
        """All blobs by name and size, unchecked, in no order."""
        for shard in os.listdir(self._cas):
            with contextlib.suppress(OSError), os.scandir(os.path.join(self._cas, shard)) as entries:
                for entry in entries:
                    if Digest.valid_hash(entry.name):
                        yield Digest(entry.name, entry.stat(follow_symlinks=False).st_size)

    # What the reader and the writer need of their store.

    def commit(self, temporary: str, fd: int, digest: Digest) -> None:
        """Make a temporary file the blob.  Raises StoreError."""
        try:
            os.fchmod(fd, 0o444)
            path = self.path(digest)
            try:
                os.rename(temporary, path)
            except FileNotFoundError:
                os.makedirs(os.path.dirname(path), exist_ok=True)
                os.rename(temporary, path)
            self.trust(digest, os.fstat(fd))
        except OSError as fault:
            raise store_error(fault, f"storing {digest} in {self.root}") from None

    def trust(self, digest: Digest, seen: os.stat_result) -> None:
        """Remember that this very file was seen to be right."""
        if stat.S_ISREG(seen.st_mode):
            self._trusted[digest.hash] = _identity(seen)

    def lost(self, digest: Digest, path: str, fd: int | None, reason: str) -> LostBlobError:
        """Drop a damaged blob (if the file is still the one that was read) and say so."""
        self._trusted.pop(digest.hash, None)
        with contextlib.suppress(OSError):
            if fd is None or os.stat(path).st_ino == os.fstat(fd).st_ino:
                os.unlink(path)
        return LostBlobError(
            f"{digest} in the cache is damaged ({reason}); it was dropped",
            hint="build again: it will be made anew",
        )

    def _executable_twin(self, digest: Digest) -> str:
        path = self.path(digest) + ".x"
        key = digest.hash + ".x"
        try:
            if self._trusted.get(key) == _identity(os.stat(path)):
                return path
        except OSError:
            pass
        temporary = self.scratch.name()
        self.copy(digest, temporary, 0o555)
        try:
            os.rename(temporary, path)
            self._trusted[key] = _identity(os.stat(path))
        except OSError as fault:
            raise store_error(fault, f"storing {digest} in {self.root}") from None
        return path


def _identity(seen: os.stat_result) -> tuple[int, int, int]:
    # Not ctime: every hard link made of the file changes it.
    return seen.st_ino, seen.st_size, seen.st_mtime_ns
