"""DiskActionCache: action digest -> ActionResult in one SQLite file, through a hardened diskcache.

diskcache as it comes runs pickles on reading and returns whatever the file holds.  Here only bytes
are written and read, and each value carries a SHA-256 over its key and itself: an entry that is
damaged, planted or under the wrong key is a miss.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
import time
from typing import TYPE_CHECKING, Any

from rulesengine.errors import DiskFullError, StoreError
from rulesengine.execution.store import store_error
from rulesengine.model.digest import Digest

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping

MAGIC = b"AC1\n"
HEAD = len(MAGIC) + 32
_HUGE = 1 << 62
_MODE_RAW = 1
"""diskcache's word for a value that stands in its row."""
_TIMEOUT = 10.0
_FULL = 256 << 10
"""Bytes that have to be free for SQLite to open a database: its log's index alone takes 32 KiB."""
_disk_class: Any = None


def _bytes_disk() -> Any:
    """diskcache.Disk that stores bytes inside the database and knows no pickle and no files."""
    global _disk_class  # noqa: PLW0603 - a class made at the first use, since its base is imported then
    if _disk_class is not None:
        return _disk_class
    import sqlite3

    from diskcache import Disk
    from diskcache.core import MODE_RAW

    class BytesDisk(Disk):  # type: ignore[misc]  # diskcache has no types
        def put(self, key: Any) -> tuple[Any, bool]:
            if type(key) is not bytes:
                raise TypeError("keys are bytes")
            return sqlite3.Binary(key), True

        def get(self, key: Any, raw: Any) -> bytes:
            return bytes(key) if raw and isinstance(key, bytes | memoryview) else b""

        def store(self, value: Any, read: bool, key: Any = None) -> tuple[int, int, None, Any]:  # noqa: ARG002 - the protocol's parameters
            if type(value) is not bytes:
                raise TypeError("values are bytes")
            return 0, MODE_RAW, None, sqlite3.Binary(value)

        def fetch(self, mode: int, filename: Any, value: Any, read: bool) -> bytes:  # noqa: ARG002 - the protocol's parameters
            return value if mode == MODE_RAW and filename is None and type(value) is bytes else b""

        def remove(self, file_path: str) -> None:
            """There are no files; a planted name must not be followed."""

    _disk_class = BytesDisk
    return BytesDisk


class _Rows:
    """The rows of diskcache's table, in a database that is there.  Usable by any number of threads and processes.

    To open a Cache writes thirty settings, and to import it takes as long: more than a small build asks of it.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._local = threading.local()

    def get(self, key: bytes) -> Any:
        """The value, or None.  Raises sqlite3.Error, as all methods do."""
        row = self._sql("SELECT value FROM Cache WHERE key = ? AND raw = 1 AND filename IS NULL", (key,)).fetchone()
        return None if row is None else row[0]

    def set(self, key: bytes, value: bytes) -> None:
        """Store, as Cache.set does."""
        now = time.time()
        self._sql(
            "INSERT INTO Cache(key, raw, store_time, access_time, access_count, size, mode, value)"
            " VALUES (?, 1, ?, ?, 0, 0, ?, ?) ON CONFLICT(key, raw) DO UPDATE SET"
            " store_time = excluded.store_time, access_time = excluded.access_time, expire_time = NULL, tag = NULL,"
            " size = 0, mode = excluded.mode, filename = NULL, value = excluded.value",
            (key, now, now, _MODE_RAW, value),
        )

    def set_all(self, values: Mapping[bytes, bytes]) -> None:
        """Store all or none."""
        if len(values) == 1:
            self.set(*next(iter(values.items())))
            return
        self._sql("BEGIN IMMEDIATE", ())
        try:
            for key, value in values.items():
                self.set(key, value)
            self._sql("COMMIT", ())
        except BaseException:
            if self._local.connection.in_transaction:
                self._sql("ROLLBACK", ())
            raise

    def delete(self, key: bytes) -> None:
        """Take away."""
        self._sql("DELETE FROM Cache WHERE key = ? AND raw = 1", (key,))

    def close(self) -> None:
        """Close this thread's connection."""
        found = getattr(self._local, "connection", None)
        if found is not None:
            self._local.connection = None
            found.close()

    def _sql(self, statement: str, values: tuple[Any, ...]) -> sqlite3.Cursor:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            import sqlite3

            connection = sqlite3.connect(self._path, timeout=_TIMEOUT, isolation_level=None)
            self._local.connection = connection
            connection.execute("PRAGMA synchronous = 0")
            connection.execute("PRAGMA mmap_size = 0")  # a file truncated by another process would be a SIGBUS
        return connection.execute(statement, values)


class DiskActionCache:
    """A ports.ActionCache below `ROOT/ac`.  Usable by any number of threads and processes."""

    def __init__(self, root: str | os.PathLike[str]) -> None:
        """Nothing is opened before the first use."""
        self.directory = os.path.join(os.path.abspath(root), "ac")
        self._cache: _Rows | None = None
        self._lock = threading.Lock()
        self.set_aside: str | None = None
        """Where a damaged database was moved to, if one was found."""

    def get(self, action: Digest) -> bytes | None:
        """The stored ActionResult, or None.  Raises StoreError where the cache cannot be opened at all."""
        key = _key(action)
        try:
            value = self._try(lambda cache: cache.get(key))
        except DiskFullError:  # to open it takes some space; what is in it is served all the same
            value = self._read_only(key)
        if type(value) is not bytes or not value.startswith(MAGIC):
            return None
        payload = value[HEAD:]
        return payload if value[len(MAGIC) : HEAD] == hashlib.sha256(key + payload).digest() else None

    def put(self, action: Digest, result: bytes) -> None:
        """Store.  Raises DiskFullError; StoreError where the cache cannot be opened or is read-only."""
        self.put_all({action: result})

    def put_all(self, results: Mapping[Digest, bytes]) -> None:
        """Store several at a time.  Raises as `put` does."""
        values = {}
        for action, result in results.items():
            key = _key(action)
            values[key] = MAGIC + hashlib.sha256(key + result).digest() + result
        self._try(lambda cache: cache.set_all(values))

    def drop(self, action: Digest) -> None:
        """Forget an entry."""
        key = _key(action)
        self._try(lambda cache: cache.delete(key))

    def close(self) -> None:
        """Close this thread's connection; the cache opens itself again when used."""
        if self._cache is not None:
            self._cache.close()

    def set_aside_now(self) -> None:
        """Move the database away, as is done when it is found to be damaged.  Raises StoreError."""
        self._start_anew(None)

    def _try(self, step: Callable[[_Rows], Any]) -> Any:
        """Run one database step; None when the database is busy or had to be started anew."""
        import sqlite3

        for attempt in range(3):
            cache = self._cache
            try:
                # What is missing may be because another process is just making it, as diskcache knows.
                cache = self._open(complete=attempt == 1)
                return step(cache)
            except sqlite3.Error as fault:
                if _is_busy(fault):
                    return None
                _raise_if_external(fault, self.directory)
                self._raise_if_full()
            except OSError as fault:
                raise store_error(fault, f"using the action cache {self.directory}") from None
            except (TypeError, ValueError, KeyError, AttributeError, IndexError, AssertionError, OverflowError):
                # diskcache trips over settings that damage has changed.
                self._raise_if_full()
            if attempt == 1:
                self._start_anew(cache)
        return None

    def _read_only(self, key: bytes) -> bytes | None:
        """The entry as the file holds it.  No lock is taken: an entry that is torn by a writer fails its check."""
        import sqlite3
        from urllib.parse import quote

        name = quote(os.path.join(self.directory, "cache.db"))
        with contextlib.suppress(sqlite3.Error):
            with contextlib.closing(sqlite3.connect(f"file:{name}?mode=ro&immutable=1", uri=True)) as database:
                row = database.execute("SELECT value FROM Cache WHERE key = ? AND raw = 1", (key,)).fetchone()
            if row is not None and isinstance(row[0], bytes):
                return row[0]
        return None

    def _open(self, *, complete: bool) -> _Rows:
        """The rows.  complete: let diskcache see to it that all is there that belongs to a database."""
        with self._lock:
            path = os.path.join(self.directory, "cache.db")
            if complete or (self._cache is None and not os.path.exists(path)):
                _make(self.directory)
            if self._cache is None:
                self._cache = _Rows(path)
            return self._cache

    def _raise_if_full(self) -> None:
        """Raise DiskFullError where there is no space: SQLite then reports whatever it could not do ("disk I/O error"),
        and a sound database must not be taken for a damaged one."""
        with contextlib.suppress(OSError):
            state = os.statvfs(self.directory)
            if state.f_bavail * state.f_frsize < _FULL:
                raise _full(self.directory) from None

    def _start_anew(self, broken: _Rows | None) -> None:
        """Move a damaged database away, unless another thread already did."""
        with self._lock:
            if self._cache is not broken:
                return
            if broken is not None:
                with contextlib.suppress(Exception):
                    broken.close()
            self._cache = None
            aside = f"{self.directory}.damaged"
            try:
                import shutil

                shutil.rmtree(aside, ignore_errors=True)
                os.rename(self.directory, aside)
                self.set_aside = aside
            except FileNotFoundError:
                pass
            except OSError as fault:
                raise store_error(fault, f"setting the damaged action cache {self.directory} aside") from None


def _make(directory: str) -> None:
    """Make a database, or what of it is missing.  Raises OSError, sqlite3.Error, and what diskcache trips over."""
    import sqlite3

    import diskcache

    os.makedirs(directory, exist_ok=True)
    try:
        diskcache.Cache(
            directory,
            timeout=_TIMEOUT,
            disk=_bytes_disk(),
            eviction_policy="none",
            cull_limit=0,
            size_limit=_HUGE,
            statistics=0,
            tag_index=0,
            sqlite_synchronous=0,
            sqlite_mmap_size=0,
        ).close()
    except diskcache.Timeout:
        raise sqlite3.OperationalError("database is locked") from None


def _key(action: Digest) -> bytes:
    return b"%s/%d" % (action.hash.encode(), action.size)


def _is_busy(fault: sqlite3.Error) -> bool:
    text = str(fault)
    return "locked" in text or "busy" in text


def _full(directory: str) -> DiskFullError:
    return DiskFullError(
        f"no space left for the action cache {directory}",
        hint="free some space, run pybuild clean, or name another cache with PYBUILD_CACHE or --disk_cache",
    )


def _raise_if_external(fault: sqlite3.Error, directory: str) -> None:
    """Faults of the disk or of permissions, which starting anew would not cure."""
    text = str(fault)
    if "full" in text:
        raise _full(directory) from None
    if "readonly" in text or "unable to open" in text:
        raise StoreError(
            f"the action cache {directory} is not writable: {text}",
            hint="give this user write access to it, or name another cache with PYBUILD_CACHE or --disk_cache",
        ) from None
