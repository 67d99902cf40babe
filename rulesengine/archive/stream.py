"""Streams: the two protocols of this room, exact reads, and writers that hash what passes."""

from __future__ import annotations

import hashlib
from typing import Protocol

from rulesengine.errors import ArchiveError
from rulesengine.model.digest import Digest

BLOCK = 1 << 20
"""Bytes moved at a time."""

Bytes = bytes | bytearray | memoryview


class Reader(Protocol):
    """Anything bytes come from: an open file, io.BytesIO, a decompressor, a member of an archive."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes, fewer at will, none only at the end."""


class Writer(Protocol):
    """Anything bytes go to.  The writer takes the whole of `data` and keeps no reference to it."""

    def write(self, data: Bytes, /) -> object:
        """Append bytes."""


def read_exactly(source: Reader, size: int, what: str, offset: int = 0) -> bytes:
    """Exactly `size` bytes, or ArchiveError that names `what` and the offset where it began."""
    data = source.read(size)
    if len(data) == size:
        return data
    parts = [data]
    have = len(data)
    while have < size and data:
        data = source.read(size - have)
        parts.append(data)
        have += len(data)
    if have < size:
        raise ArchiveError(
            f"truncated: {what} at byte {offset} needs {size} bytes, {have} are left",
            hint="the file is damaged or was not fetched whole; fetch it again",
        )
    return b"".join(parts)


class HashingWriter:
    """Counts and hashes (SHA-256) what passes to `sink`, or to nowhere."""

    __slots__ = ("_hash", "_sink", "size")

    def __init__(self, sink: Writer | None = None) -> None:
        self._hash = hashlib.sha256()
        self._sink = sink
        self.size = 0

    def write(self, data: Bytes, /) -> int:
        """Hash and pass on."""
        self._hash.update(data)
        if self._sink is not None:
            self._sink.write(data)
        self.size += len(data)
        return len(data)

    @property
    def digest(self) -> Digest:
        """Digest of everything written so far."""
        return Digest(self._hash.hexdigest(), self.size)
