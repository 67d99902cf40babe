"""Compression: deterministic, read by the field's own tools; decompression: bounded, and never a foreign exception."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import hashlib
import io
import lzma
import random
import subprocess
import threading
import zlib
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from rulesengine.archive import compress
from rulesengine.archive.compress import COMPRESSORS, BlobPacker, check_level
from rulesengine.archive.decompress import Decompressor, detect
from rulesengine.archive.limits import Limits
from rulesengine.archive.stream import BLOCK, HashingWriter
from rulesengine.errors import ArchiveError, LimitError
from rulesengine.model.digest import Digest


def some_data(size: int) -> bytes:
    """Bytes that compress about as programs do, the same on every Python."""
    digests = [hashlib.sha256(str(number).encode()).digest() for number in range(500)]
    words = [digest[: 2 + digest[31] % 10] for digest in digests]
    out = bytearray()
    state = 1
    while len(out) < size:
        state = (state * 1103515245 + 12345) % (1 << 31)
        out += words[(state >> 8) % 500]
    return bytes(out[:size])


SMALL = some_data(5000)
STREAMS = {
    "xz": lzma.compress(SMALL),
    "gzip": gzip.compress(SMALL, mtime=0),
    "zstd": zstandard.ZstdCompressor(write_checksum=True).compress(SMALL),
    "bzip2": bz2.compress(SMALL),
    "lzma": lzma.compress(SMALL, lzma.FORMAT_ALONE),
}


def expand(data: bytes, limits: Limits | None = None, form: str | None = None) -> bytes:
    return Decompressor(io.BytesIO(data), limits or Limits(), form).read()


@pytest.mark.parametrize("form", sorted(STREAMS))
def test_detect_and_read(form: str) -> None:
    data = STREAMS[form]
    assert detect(data[:6]) == form
    reader = Decompressor(io.BytesIO(data))
    assert reader.read() == SMALL
    assert (reader.form, reader.size, reader.compressed_size) == (form, len(SMALL), len(data))


@pytest.mark.parametrize("form", sorted(STREAMS))
def test_every_truncation_is_an_archive_error(form: str) -> None:
    data = STREAMS[form]
    # no bytes at all are zero frames of zstd
    for size in range(form == "zstd", len(data)):
        with pytest.raises(ArchiveError):
            expand(data[:size], form=form)


@pytest.mark.parametrize("form", sorted(STREAMS))
def test_flipped_bits_are_refused(form: str) -> None:
    data = STREAMS[form]
    rng = random.Random(7)
    for _ in range(400):
        damaged = bytearray(data)
        damaged[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        with contextlib.suppress(ArchiveError):
            expand(bytes(damaged), form=form)


@pytest.mark.parametrize("form", ["xz", "gzip", "zstd", "bzip2"])
def test_concatenated_streams(form: str) -> None:
    assert expand(STREAMS[form] * 3) == SMALL * 3


def test_padding() -> None:
    assert expand(STREAMS["xz"] + bytes(8) + STREAMS["xz"] + bytes(4)) == SMALL * 2
    with pytest.raises(ArchiveError, match="multiple of four"):
        expand(STREAMS["xz"] + bytes(6))
    assert expand(STREAMS["gzip"] + bytes(700)) == SMALL
    skippable = b"\x5a\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"hello"
    assert expand(skippable + STREAMS["zstd"] + skippable) == SMALL


@pytest.mark.parametrize("form", sorted(STREAMS))
def test_trailing_garbage_is_refused(form: str) -> None:
    with pytest.raises(ArchiveError):
        expand(STREAMS[form] + b"garbage")


@pytest.mark.parametrize("form", ["xz", "gzip", "zstd", "bzip2", "lzma"])
def test_bombs_hit_the_limit_in_little_memory(form: str) -> None:
    zeros = bytes(64 << 20)
    make = {
        "xz": lambda: lzma.compress(zeros, preset=0),
        "gzip": lambda: zlib.compress(zeros, 9, wbits=31),
        "zstd": lambda: zstandard.ZstdCompressor().compress(zeros),
        "bzip2": lambda: bz2.compress(zeros),
        "lzma": lambda: lzma.compress(zeros, lzma.FORMAT_ALONE, preset=0),
    }
    bomb = make[form]()
    reader = Decompressor(io.BytesIO(bomb), Limits(decompressed=10 << 20))
    seen = 0
    with pytest.raises(LimitError, match="expands to more"):
        while data := reader.read(BLOCK):
            seen += len(data)
            assert len(data) <= BLOCK
    assert seen <= 10 << 20
    with pytest.raises(LimitError, match="bomb"):
        expand(bomb, Limits(ratio=100, ratio_floor=1 << 20))


def test_a_window_or_dictionary_beyond_the_limit() -> None:
    huge = lzma.compress(b"x", preset=9)
    with pytest.raises(LimitError, match="memory"):
        expand(huge, Limits(xz_memory=1 << 20))
    parameters = zstandard.ZstdCompressionParameters(window_log=27)
    engine = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    frame = engine.compress(SMALL) + engine.flush()
    assert expand(frame) == SMALL
    with pytest.raises(LimitError, match="window"):
        expand(frame, Limits(zstd_window=1 << 20))


def pack(data: bytes, compression: str, *, step: int = 1 << 30, threads: int = 0) -> tuple[bytes, BlobPacker]:
    out = io.BytesIO()
    with BlobPacker(out, compression, threads=threads) as packer:
        for start in range(0, len(data), step):
            packer.write(memoryview(data)[start : start + step])
    return out.getvalue(), packer


BIG = some_data(3 * BLOCK + 12345)


@pytest.mark.parametrize("compression", ["gzip", "zstd", "none"])
@pytest.mark.parametrize("data", [b"", SMALL, BIG[:BLOCK], BIG], ids=["empty", "small", "block", "big"])
def test_bytes_do_not_depend_on_chunks_or_threads(compression: str, data: bytes) -> None:
    blob, packer = pack(data, compression)
    assert packer.digest == Digest.of(blob)
    assert packer.diff_id == Digest.of(data)
    for threads in (0, 1, 3):
        for step in (4097, BLOCK + 1):
            assert pack(data, compression, step=step, threads=threads)[0] == blob
    assert expand(blob, form=None if data and compression != "none" else compression) == data


@pytest.mark.parametrize(("compression", "tool"), [("gzip", "gzip"), ("zstd", "zstd")])
def test_the_fields_tools_read_it(compression: str, tool: str) -> None:
    for data in (b"", BIG):
        blob, _ = pack(data, compression)
        assert subprocess.run([tool, "-dc"], input=blob, capture_output=True, check=True).stdout == data


@settings(max_examples=25, deadline=None)
@given(st.binary(max_size=3000), st.sampled_from(["gzip", "zstd", "none"]), st.integers(1, 500))
def test_round_trip(data: bytes, compression: str, step: int) -> None:
    assert expand(pack(data, compression, step=step)[0], form=compression) == data


GOLDEN = {
    "gzip": "98e4ef2c5fcb5dad807b04515dbee32837a93c8c43c528d3a6651a7c91eab58c",
    "zstd": "b2787e09ebd38f69b088a79e0183662fbe20910a09b13c8dff4757e8e43152f0",
    "none": "451bcfe1f73178528c05f41d8d1150c4fb576353628448b910cef6bfdf4ab4c6",
}


@pytest.mark.parametrize("compression", sorted(GOLDEN))
def test_golden_bytes(compression: str) -> None:
    """A change here is a change of every layer: COMPRESSORS must say so."""
    digest = hashlib.sha256(pack(BIG, compression)[0]).hexdigest()
    assert (COMPRESSORS[compression], digest) == (DESCRIBED[compression], GOLDEN[compression])


DESCRIBED = {
    "gzip": "deflate=0.9.0,level=5,member=1048576",
    "zstd": "zstandard=0.25.0,level=3,block=1048576",
    "none": "none",
}


def test_gzip_header_says_nothing_of_the_machine() -> None:
    blob, _ = pack(SMALL, "gzip")
    assert blob[:10] == b"\x1f\x8b\x08\x00\0\0\0\0\x00\xff"


def test_unknown_levels_and_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    assert check_level("gzip", None) == compress.GZIP_LEVEL
    for name, level in (("gzip", 13), ("zstd", 0), ("brotli", None)):
        with pytest.raises(ArchiveError):
            check_level(name, level)
    monkeypatch.setattr(compress, "DEFLATE_VERSION", "0.0.0")
    with pytest.raises(ArchiveError, match=r"deflate==0\.0\.0"):
        BlobPacker(io.BytesIO())


def test_a_failing_sink_stops_the_helpers() -> None:
    class Full:
        def write(self, data: object, /) -> int:
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"), BlobPacker(Full(), threads=2) as packer:
        packer.write(BIG)
    assert not packer._pending
    assert not [one for one in threading.enumerate() if one.name == "compress"]


def test_hashing_writer() -> None:
    out = io.BytesIO()
    writer = HashingWriter(out)
    writer.write(b"ab")
    writer.write(memoryview(b"c"))
    assert (writer.digest, out.getvalue()) == (Digest.of(b"abc"), b"abc")


@pytest.mark.live
def test_layers_are_together_no_larger_than_gzip_6(debs: list[Path]) -> None:
    ours = theirs = 0
    for deb in debs:
        tar = subprocess.run(["dpkg-deb", "--fsys-tarfile", deb], capture_output=True, check=True).stdout
        blob = len(pack(tar, "gzip")[0])
        other = len(subprocess.run(["gzip", "-6nc"], input=tar, capture_output=True, check=True).stdout)
        assert blob <= other * 1.003, deb.name
        ours += blob
        theirs += other
    assert ours <= theirs
