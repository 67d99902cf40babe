"""zstd decoding block by block (RFC 8878), so that memory is bounded and a truncated frame is noticed.

The frame and block headers are read here; the library is handed one block at a time, which can
expand to 128 KiB at most.
"""

from __future__ import annotations

from collections.abc import Iterator

from rulesengine.archive.limits import Limits
from rulesengine.archive.stream import BLOCK, Reader
from rulesengine.errors import ArchiveError, LimitError

_FRAME = 0xFD2FB528
_SKIPPABLE = 0x184D2A50
_MIN_WINDOW = 1 << 10
_BLOCK_MAX = 128 << 10
_RAW, _RLE, _COMPRESSED = 0, 1, 2


def _need(source: Reader, size: int) -> bytes:
    data = source.read(size)
    while len(data) < size:
        more = source.read(size - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def zstd_chunks(source: Reader, limits: Limits) -> Iterator[bytes]:
    """The content of all frames.  Raises EOFError where a frame stops short, ArchiveError, LimitError."""
    import zstandard

    decoder = zstandard.ZstdDecompressor(max_window_size=max(limits.zstd_window, _MIN_WINDOW))
    try:
        while True:
            head = source.read(4)
            if not head:
                return
            if len(head) < 4:
                head += _need(source, 4 - len(head))
            magic = int.from_bytes(head, "little")
            if magic & 0xFFFFFFF0 == _SKIPPABLE:
                left = int.from_bytes(_need(source, 4), "little")
                while left:
                    left -= len(_need(source, min(left, BLOCK)))
                continue
            if magic != _FRAME:
                raise ArchiveError(f"no zstd frame where one should begin: {head!r}")
            yield from _frame(decoder, head, source, limits)
    except zstandard.ZstdError as fault:
        raise ArchiveError(f"damaged zstd stream: {fault}", hint="the file is damaged; fetch it again") from None


def _frame(decoder: object, head: bytes, source: Reader, limits: Limits) -> Iterator[bytes]:
    descriptor = _need(source, 1)
    flags = descriptor[0]
    single, checksum = bool(flags & 0x20), bool(flags & 0x04)
    if flags & 0x08:
        raise ArchiveError("zstd frame header with a reserved bit")
    window = b"" if single else _need(source, 1)
    dictionary = _need(source, (0, 1, 2, 4)[flags & 3])
    if int.from_bytes(dictionary, "little"):
        raise ArchiveError("zstd frame needs a dictionary")
    content = _need(source, (1 if single else 0, 2, 4, 8)[flags >> 6])
    if single:
        size = int.from_bytes(content, "little") + (256 if len(content) == 2 else 0)
    else:
        base = 1 << (10 + (window[0] >> 3))
        size = base + (base >> 3) * (window[0] & 7)
    if size > limits.zstd_window:
        raise LimitError(f"zstd frame asks for a window of {size} bytes, limit {limits.zstd_window}")
    frame = decoder.decompressobj()  # type: ignore[attr-defined]  # the stubs lack it
    frame.decompress(head + descriptor + window + dictionary + content)
    pending: list[bytes] = []
    held = 0
    last = False
    while not last:
        header = _need(source, 3)
        bits = int.from_bytes(header, "little")
        last, kind, length = bool(bits & 1), (bits >> 1) & 3, bits >> 3
        if kind > _COMPRESSED or length > _BLOCK_MAX:
            raise ArchiveError("zstd block of a reserved type or beyond 128 KiB")
        out = frame.decompress(header + _need(source, 1 if kind == _RLE else length))
        pending.append(out)
        held += len(out)
        if held >= BLOCK - _BLOCK_MAX:
            yield b"".join(pending)
            pending, held = [], 0
    if checksum:
        pending.append(frame.decompress(_need(source, 4)))
    if not frame.eof:
        raise ArchiveError("zstd frame does not end where its last block says")
    data = b"".join(pending)
    if data:
        yield data
