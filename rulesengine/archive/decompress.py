"""Decompression of untrusted streams in bounded memory, under limits; the format is told by its magic.

Concatenated xz and gzip streams, zstd frames and their paddings are taken as the formats allow
(RFC 1952 section 2.2, the .xz file format section 2.2, RFC 8878 section 3); anything else after
the end is an error, and so is a stream that stops short.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Protocol

from rulesengine.archive.limits import DEFAULT, Limits
from rulesengine.archive.stream import BLOCK, Reader
from rulesengine.archive.zstd import zstd_chunks
from rulesengine.errors import ArchiveError, LimitError

XZ = "xz"
GZIP = "gzip"
ZSTD = "zstd"
BZIP2 = "bzip2"
LZMA = "lzma"
PLAIN = "none"

_MAGIC = (
    (b"\xfd7zXZ\x00", XZ),
    (b"\x1f\x8b", GZIP),
    (b"\x28\xb5\x2f\xfd", ZSTD),
    (b"BZh", BZIP2),
    (b"\x5d\x00\x00", LZMA),
)
MAGIC_SIZE = 6
INPUT = 1 << 17
"""Compressed bytes read at a time."""


def detect(head: bytes) -> str:
    """`xz`, `gzip`, `zstd`, `bzip2`, `lzma`, or `none`, from the first six bytes of a stream."""
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return name
    if len(head) >= 4 and head[1:4] == b"\x2a\x4d\x18" and 0x50 <= head[0] <= 0x5F:
        return ZSTD
    return PLAIN


class Input:
    """The compressed side: counts what was taken."""

    __slots__ = ("_head", "_source", "taken")

    def __init__(self, source: Reader, head: bytes) -> None:
        self._source = source
        self._head = head
        self.taken = 0

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes, none only at the end."""
        if self._head:
            data, self._head = self._head[:size], self._head[size:]
        else:
            data = self._source.read(size)
        self.taken += len(data)
        return data


class Decompressor:
    """The decompressed bytes of `source`, as a stream.

    form: `xz`, `gzip`, …, or None to detect it.  Raises, while reading, ArchiveError for damaged or
    truncated data and LimitError for more than the limits allow.
    """

    __slots__ = ("_buffer", "_chunks", "_input", "_limits", "_pos", "form", "size")

    def __init__(self, source: Reader, limits: Limits = DEFAULT, form: str | None = None) -> None:
        head = b""
        if form is None:
            while len(head) < MAGIC_SIZE and (more := source.read(MAGIC_SIZE - len(head))):
                head += more
            form = detect(head)
        self.form = form
        self.size = 0
        self._input = Input(source, head)
        self._limits = limits
        self._chunks = self._open(form)
        self._buffer = b""
        self._pos = 0

    @property
    def compressed_size(self) -> int:
        """Compressed bytes taken from the source so far."""
        return self._input.taken

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes (a whole internal block may be fewer); all that is left when negative."""
        if size < 0:
            return b"".join(iter(lambda: self.read(BLOCK), b""))
        if self._pos >= len(self._buffer):
            self._buffer = self._next()
            self._pos = 0
        if self._pos == 0 and len(self._buffer) <= size:
            data, self._buffer = self._buffer, b""
            return data
        data = self._buffer[self._pos : self._pos + size]
        self._pos += len(data)
        return data

    def _next(self) -> bytes:
        try:
            data = next(self._chunks, b"")
        except (ArchiveError, MemoryError):
            raise
        except EOFError:
            raise ArchiveError(
                f"truncated: the {self.form} stream ends after {self._input.taken} bytes",
                hint="the file is damaged or was not fetched whole; fetch it again",
            ) from None
        limits = self._limits
        self.size += len(data)
        if self.size > limits.decompressed:
            raise LimitError(f"{self.form} stream expands to more than {limits.decompressed} bytes")
        if self.size > limits.ratio_floor and self.size > limits.ratio * self._input.taken:
            raise LimitError(
                f"{self.form} stream expands more than {limits.ratio} times "
                f"({self._input.taken} bytes to over {self.size}): a decompression bomb?"
            )
        return data

    def _open(self, form: str) -> Iterator[bytes]:
        if form == XZ:
            return _xz(self._input, self._limits)
        if form == GZIP:
            return _gzip(self._input)
        if form == ZSTD:
            return zstd_chunks(self._input, self._limits)
        if form == BZIP2:
            return _bzip2(self._input)
        if form == LZMA:
            return _lzma(self._input, self._limits)
        if form == PLAIN:
            return iter(lambda: self._input.read(BLOCK), b"")
        raise ArchiveError(f"unknown compression {form!r}", hint="one of xz, gzip, zstd, bzip2, lzma, none")


class _Engine(Protocol):
    """What lzma.LZMADecompressor and bz2.BZ2Decompressor have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = ...) -> bytes: ...


def _one_stream(engine: _Engine, source: Input, data: bytes) -> Iterator[bytes]:
    """Everything of one stream.  Raises EOFError where it stops short."""
    while not engine.eof:
        if engine.needs_input and not data:
            data = source.read(INPUT)
            if not data:
                raise EOFError
        out = engine.decompress(data, BLOCK)
        data = b""
        if out:
            yield out


def _fault(what: str, source: Input, fault: Exception) -> ArchiveError:
    return ArchiveError(
        f"damaged {what} stream, within the first {source.taken} bytes: {fault}",
        hint="the file is damaged; fetch it again",
    )


def _xz(source: Input, limits: Limits) -> Iterator[bytes]:
    import lzma

    data = b""
    try:
        while True:
            engine = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=limits.xz_memory)
            yield from _one_stream(engine, source, data)
            data = engine.unused_data
            # stream padding: zero bytes, a multiple of four
            padding = 0
            while True:
                if not data:
                    data = source.read(INPUT)
                    if not data:
                        break
                kept = data.lstrip(b"\0")
                padding += len(data) - len(kept)
                data = kept
                if data:
                    break
            if padding % 4:
                raise ArchiveError(f"xz stream padding of {padding} bytes is not a multiple of four")
            if not data:
                return
    except lzma.LZMAError as fault:
        if "memory" in str(fault).lower():
            raise LimitError(f"xz stream needs more than {limits.xz_memory} bytes of memory") from None
        raise _fault("xz", source, fault) from None


def _lzma(source: Input, limits: Limits) -> Iterator[bytes]:
    import lzma

    try:
        engine = lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=limits.xz_memory)
        yield from _one_stream(engine, source, b"")
        if engine.unused_data or source.read(1):
            raise ArchiveError("data after the end of the lzma stream")
    except lzma.LZMAError as fault:
        if "memory" in str(fault).lower():
            raise LimitError(f"lzma stream needs more than {limits.xz_memory} bytes of memory") from None
        raise _fault("lzma", source, fault) from None


def _bzip2(source: Input) -> Iterator[bytes]:
    import bz2

    data = b""
    try:
        while True:
            engine = bz2.BZ2Decompressor()
            yield from _one_stream(engine, source, data)
            data = engine.unused_data or source.read(INPUT)
            if not data:
                return
    except (OSError, ValueError) as fault:
        raise _fault("bzip2", source, fault) from None


def _gzip(source: Input) -> Iterator[bytes]:
    data = b""
    try:
        while True:
            engine = zlib.decompressobj(wbits=31)
            while not engine.eof:
                if not data:
                    data = source.read(INPUT)
                    if not data:
                        raise EOFError
                out = engine.decompress(data, BLOCK)
                data = engine.unconsumed_tail
                # zlib may hold output back although it took all input
                while len(out) == BLOCK and not data and not engine.eof:
                    yield out
                    out = engine.decompress(b"", BLOCK)
                if out:
                    yield out
            data = engine.unused_data or source.read(INPUT)
            # gzip itself ignores zero padding to a block of a tape
            while data and not data.strip(b"\0"):
                data = source.read(INPUT)
            if not data:
                return
    except zlib.error as fault:
        raise _fault("gzip", source, fault) from None
