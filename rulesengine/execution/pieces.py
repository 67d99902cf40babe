"""A file of many small pieces of plain data, of which a reader takes the few that it needs.

Pieces have a name and a number; each is marshalled and has a checksum of its own.  Lists are cut into pieces of CHUNK
elements.  The file is replaced as a whole and known by the digest of its content, which is not computed on reading.
"""

from __future__ import annotations

import contextlib
import hashlib
import marshal
import mmap
import os
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_MAGIC = b"pybuild plan 2\n\0"
_HEAD = len(_MAGIC) + 32 + 8
"""Magic, digest of what follows it, length of the table of contents."""

CHUNK = 64


class DamagedError(Exception):
    """The file is not what was written."""


def chunks(elements: Sequence[Any]) -> list[Any]:
    """A list as pieces."""
    return [elements[start : start + CHUNK] for start in range(0, len(elements), CHUNK)]


def write(path: str, named: Mapping[str, Iterable[Any]], kept: Pieces | None = None) -> bytes | None:
    """Write a file; its digest, or None where it cannot be written.

    named: the pieces of each name.  kept: a file whose pieces of other names are taken over.
    """
    contents: dict[str, list[int]] = {}
    blobs: list[bytes] = []
    place = 0
    names = [*named] if kept is None else [*named, *(name for name in kept.contents if name not in named)]
    for name in names:
        ends = contents[name] = [place]
        if name in named:
            whole = map(_sealed, named[name])
        else:
            assert kept is not None
            whole = map(kept.raw, [name] * (len(kept.contents[name]) - 1), range(len(kept.contents[name]) - 1))
        for blob in whole:
            place += len(blob)
            ends.append(place)
            blobs.append(blob)
    head = _sealed(contents)
    body = b"".join([len(head).to_bytes(8, "little"), head, *blobs])
    digest = hashlib.sha256(body).digest()
    temporary = f"{path}.{os.getpid()}"
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        try:
            with open(temporary, "wb") as out:
                out.write(_MAGIC + digest)
                out.write(body)
            os.replace(temporary, path)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
    except OSError:
        return None
    return digest


def _sealed(value: Any) -> bytes:
    data = marshal.dumps(value)
    return zlib.crc32(data).to_bytes(4, "little") + data


class Pieces:
    """A file that is open.  Raises DamagedError where it is not the one of this digest (None: any)."""

    def __init__(self, path: str, digest: bytes | None) -> None:
        try:
            with open(path, "rb") as file:
                self._data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError):
            raise DamagedError(path) from None
        known = _MAGIC + (digest or b"")
        if len(self._data) < _HEAD or self._data[: len(known)] != known:
            raise DamagedError(path)
        self._base = _HEAD + int.from_bytes(self._data[_HEAD - 8 : _HEAD], "little")
        self.contents: dict[str, list[int]] = self._opened(self._data[_HEAD : self._base])
        self._seen: dict[tuple[str, int], Any] = {}

    def piece(self, name: str, number: int = 0) -> Any:
        """A piece.  It is shared: not to be changed."""
        key = (name, number)
        if key not in self._seen:
            self._seen[key] = self._opened(self.raw(name, number))
        return self._seen[key]

    def element(self, name: str, number: int) -> Any:
        """An element of a list that was cut into pieces."""
        return self.piece(name, number // CHUNK)[number % CHUNK]

    def raw(self, name: str, number: int) -> bytes:
        """A piece as it stands in the file."""
        ends = self.contents.get(name, ())
        if number + 1 >= len(ends):
            raise DamagedError(f"a plan without {name} {number}")
        return self._data[self._base + ends[number] : self._base + ends[number + 1]]

    def _opened(self, data: bytes) -> Any:
        if len(data) < 4 or zlib.crc32(data[4:]).to_bytes(4, "little") != data[:4]:
            raise DamagedError("a piece of a plan")
        return marshal.loads(memoryview(data)[4:])
