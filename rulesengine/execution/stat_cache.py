"""StatCache: digests of files that have not changed since they were digested, as their inode tells.

The rule is git's for racy entries, made strict: an entry counts only when the file's times lie
clearly before the moment it was digested; a file written within GRANULARITY of that moment might
have been written again without its times showing it, so it is digested anew.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import time
from collections.abc import Callable

from rulesengine.kept_file import read_kept, write_kept
from rulesengine.model.digest import Digest

GRANULARITY = 2_000_000_000
"""Nanoseconds: the coarsest time stamp of a file system in use (FAT's two seconds)."""

_MAGIC = b"pybuild stat cache 1\n"

Entry = tuple[int, int, int, int, int, str]
"""size, mtime_ns, ctime_ns, inode, mode, sha256"""


class StatCache:
    """Real path -> digest.  `path` is the file it is kept in, or None to keep it in memory only."""

    def __init__(self, path: str | None = None, now: Callable[[], int] = time.time_ns) -> None:
        self._path = path
        self._now = now
        self._entries: dict[str, Entry] = {}
        self._changed = False
        self._loaded = path is None

    def get(self, path: str, seen: os.stat_result) -> Digest | None:
        """The digest of the file whose stat is `seen`, if it is known for certain."""
        if not self._loaded:
            self._load()
        entry = self._entries.get(path)
        if entry is None or entry[:5] != _identity(seen):
            return None
        return Digest(entry[5], entry[0])

    def put(self, path: str, seen: os.stat_result, digest: Digest, began: int) -> None:
        """Remember a digest; `began`: time_ns() before the file was opened and `seen` was taken."""
        if not self._loaded:
            self._load()
        if max(seen.st_mtime_ns, seen.st_ctime_ns) > began - GRANULARITY:
            if self._entries.pop(path, None) is not None:
                self._changed = True
            return
        self._entries[path] = (*_identity(seen), digest.hash)
        self._changed = True

    def now(self) -> int:
        """Nanoseconds since the epoch."""
        return self._now()

    def save(self) -> None:
        """Write what is new.  A cache that cannot be written is not an error: files are digested again."""
        if self._path is None or not self._changed:
            return
        body = marshal.dumps(self._entries, 4)
        if write_kept(self._path, _MAGIC, body):
            self._changed = False

    def _load(self) -> None:
        self._loaded = True
        assert self._path is not None
        body = read_kept(self._path, _MAGIC)
        if body is None:
            return
        # The checksum guards against damage; marshal builds plain values and runs no code.
        with contextlib.suppress(ValueError, EOFError, TypeError):
            entries = marshal.loads(body)
            if isinstance(entries, dict):
                self._entries = entries


def _identity(seen: os.stat_result) -> tuple[int, int, int, int, int]:
    return seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns, seen.st_ino, seen.st_mode
