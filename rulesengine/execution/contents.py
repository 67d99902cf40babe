"""Contents: what lies in a cache directory, read as it is on the disk: entries of the action cache, blobs, sizes."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from rulesengine.errors import StoreError
from rulesengine.execution.action_cache import HEAD, MAGIC
from rulesengine.model import wire
from rulesengine.model.digest import Digest
from rulesengine.model.directory import TreeFile, walk_tree
from rulesengine.values import frozen


@frozen
class CacheEntry:
    """A row of the action cache.

    row: its number in the table.  key: `HEX/SIZE` of the action.  stored: seconds since the epoch.
    sound: whether its checksum fits.  result: the serialised ActionResult; empty for one that is not sound.
    """

    row: int
    key: bytes
    stored: float
    sound: bool
    result: bytes = b""

    @property
    def action(self) -> Digest | None:
        """The action's digest, or None for a key that is none."""
        return key_digest(self.key)


@frozen
class ActionOutputs:
    """What an ActionResult names: (path, digest, whether it is a tree)."""

    outputs: tuple[tuple[str, Digest, bool], ...]


def key_digest(key: bytes) -> Digest | None:
    """`HEX/SIZE` as a digest."""
    hash_, _, size = key.partition(b"/")
    text = hash_.decode("ascii", "replace")
    if Digest.valid_hash(text) and size.isdigit():
        return Digest(text, int(size))
    return None


def cache_entries(directory: str) -> Iterator[CacheEntry]:
    """All rows of the action cache in `directory` (`CACHE/ac`), without diskcache and without changing anything.

    Raises StoreError where the database cannot be read.
    """
    import sqlite3

    path = os.path.join(directory, "cache.db")
    if not os.path.exists(path):
        return
    try:
        base = sqlite3.connect(f"{Path(path).as_uri()}?mode=ro", uri=True, timeout=10.0)
        base.text_factory = bytes
        try:
            for row, key, value, stored in base.execute("SELECT rowid, key, value, store_time FROM Cache"):
                yield _entry(row, key, value, stored)
        finally:
            base.close()
    except sqlite3.Error as fault:
        raise StoreError(
            f"the action cache {path} cannot be read: {fault}",
            hint="the next build sets it aside and starts anew; pybuild fsck --repair does so now",
        ) from None


def _entry(row: int, key: object, value: object, stored: object) -> CacheEntry:
    raw = bytes(key) if isinstance(key, bytes | memoryview) else str(key).encode()
    at = float(stored) if isinstance(stored, int | float) else 0.0
    data = bytes(value) if isinstance(value, bytes | memoryview) else b""
    result = data[HEAD:]
    sound = data.startswith(MAGIC) and data[len(MAGIC) : HEAD] == hashlib.sha256(raw + result).digest()
    return CacheEntry(row, raw, at, sound and key_digest(raw) is not None, result if sound else b"")


def database_fault(directory: str) -> str:
    """What SQLite finds wrong with the structure of the action cache's database; empty when nothing is."""
    import sqlite3

    path = os.path.join(directory, "cache.db")
    if not os.path.exists(path):
        return ""
    try:
        base = sqlite3.connect(f"{Path(path).as_uri()}?mode=ro", uri=True, timeout=10.0)
        base.text_factory = bytes
        try:
            found = base.execute("PRAGMA integrity_check(1)").fetchone()
        finally:
            base.close()
    except sqlite3.Error as fault:
        return str(fault)
    text = bytes(found[0]).decode("utf-8", "replace") if found else "no answer"
    return "" if text == "ok" else text


def drop_entries(directory: str, rows: Sequence[int]) -> int:
    """Take rows away; how many there were.  Raises StoreError."""
    import sqlite3

    path = os.path.join(directory, "cache.db")
    if not rows or not os.path.exists(path):
        return 0
    try:
        base = sqlite3.connect(path, timeout=30.0)
        try:
            before = base.total_changes
            with base:
                base.executemany("DELETE FROM Cache WHERE rowid = ?", [(row,) for row in rows])
            return base.total_changes - before
        finally:
            base.close()
    except sqlite3.Error as fault:
        raise StoreError(f"the action cache {path} cannot be written: {fault}", hint="try again later") from None


def outputs_of(result: bytes) -> ActionOutputs | None:
    """The outputs that an ActionResult names, or None where it does not decode."""
    try:
        found = wire.read_result(result)
    except wire.WireError:
        return None
    out = [(path, digest, False) for path, digest, _ in found.files]
    out += [(path, digest, True) for path, digest in found.directories]
    return ActionOutputs(tuple(out)) if all(digest.is_sound for _, digest, _ in out) else None


def tree_blobs(root: Digest, read: Callable[[Digest], bytes]) -> set[Digest]:
    """Every blob of a tree: its Directory messages and its files.  Raises KeyError, StoreError where one is lost."""
    seen: set[Digest] = set()

    def get(digest: Digest) -> bytes:
        seen.add(digest)
        return read(digest)

    for _, member in walk_tree(root, get):
        if isinstance(member, TreeFile):
            seen.add(member.digest)
    return seen


def sizes(directory: str) -> tuple[int, int]:
    """(files, bytes on the disk) of a file or below a directory, hard links counted once; (0, 0) for nothing."""
    count = total = 0
    if os.path.isfile(directory):
        return 1, os.stat(directory).st_blocks * 512
    seen: set[int] = set()
    for here, _, names in os.walk(directory):
        for name in names:
            with contextlib.suppress(OSError):
                found = os.lstat(os.path.join(here, name))
                if found.st_ino not in seen:
                    seen.add(found.st_ino)
                    count += 1
                    total += found.st_blocks * 512
    return count, total
