"""ar: against dpkg-deb and binutils, and every way to damage it."""

from __future__ import annotations

import contextlib
import io
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rulesengine.archive.ar import members
from rulesengine.archive.limits import Limits
from rulesengine.errors import ArchiveError, LimitError


def header(name: str, size: int | str, end: bytes = b"`\n", mtime: str = "0") -> bytes:
    return f"{name:<16}{mtime:<12}{0:<6}{0:<6}{'100644':<8}{size:<10}".encode() + end


def archive(*contents: tuple[str, bytes]) -> bytes:
    out = b"!<arch>\n"
    for name, data in contents:
        out += header(name, len(data)) + data + b"\n" * (len(data) % 2)
    return out


def read(data: bytes, limits: Limits | None = None) -> list[tuple[str, bytes]]:
    return [(member.name, stream.read()) for member, stream in members(io.BytesIO(data), limits or Limits())]


SMALL = archive(("debian-binary", b"2.0\n"), ("control.tar", b"odd"), ("data.tar/", b""))


def test_members_in_order() -> None:
    assert read(SMALL) == [("debian-binary", b"2.0\n"), ("control.tar", b"odd"), ("data.tar", b"")]


def test_offsets_point_at_the_data_and_unread_data_is_skipped() -> None:
    for member, _ in members(io.BytesIO(SMALL)):
        assert len(SMALL[member.offset : member.offset + member.size]) == member.size
    names = [member.name for member, _ in members(io.BytesIO(SMALL))]
    assert names == ["debian-binary", "control.tar", "data.tar"]


@given(st.lists(st.tuples(st.from_regex(r"[a-z][a-z.]{0,14}", fullmatch=True), st.binary(max_size=40)), max_size=6))
def test_round_trip(contents: list[tuple[str, bytes]]) -> None:
    assert read(archive(*contents)) == contents


def test_every_truncation_is_an_archive_error() -> None:
    data = archive(("debian-binary", b"2.0\n"), ("control.tar", b"odd"), ("data.tar", b"last"))
    whole = read(data)
    ends = {8 + 64, 8 + 64 + 64, 8 + 64 + 63}
    for size in range(len(data)):
        if size in ends | {8}:
            # an ar archive has no end marker: a cut between members (or before the pad byte) is a shorter archive
            assert read(data[:size]) == whole[: (0 if size == 8 else 1 if size == 72 else 2)]
            continue
        with pytest.raises(ArchiveError):
            read(data[:size])


@given(st.integers(0, len(SMALL) - 1), st.integers(0, 255))
def test_a_changed_byte_is_read_or_refused(position: int, value: int) -> None:
    data = bytearray(SMALL)
    data[position] = value
    with contextlib.suppress(ArchiveError):
        read(bytes(data))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"!<thin>\n", "not an ar archive"),
        (b"!<arch>\n" + header("a", 4, b"\n\n") + b"2.0\n", "does not end in"),
        (b"!<arch>\n" + header("a", -4) + b"2.0\n", "bad size"),
        (b"!<arch>\n" + header("a", "") + b"2.0\n", "bad size"),
        (b"!<arch>\n" + header("a", "0x4") + b"2.0\n", "bad size"),
        (b"!<arch>\n" + header("", 0), "bad name"),
        (b"!<arch>\n" + header("#1/20", 0), "bad name"),
        (b"!<arch>\n" + header("//", 0), "bad name"),
        (b"!<arch>\n" + header("a", 1) + b"xy", "pad byte"),
        (b"!<arch>\n" + header("a", 10) + b"xy", "truncated"),
        (b"!<arch>\n" + header("a", 0, mtime="yesterday"), "bad time"),
    ],
)
def test_malformed(data: bytes, message: str) -> None:
    with pytest.raises(ArchiveError, match=message):
        read(data)


def test_too_many_members() -> None:
    with pytest.raises(LimitError):
        read(archive(*[("a", b"")] * 5), Limits(members=4))


def test_read_in_pieces_stops_at_the_members_end() -> None:
    for member, stream in members(io.BytesIO(SMALL)):
        pieces = b"".join(iter(lambda stream=stream: stream.read(2), b""))  # type: ignore[misc]
        assert len(pieces) == member.size


def test_what_dpkg_deb_builds(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "DEBIAN").mkdir(parents=True)
    (root / "DEBIAN/control").write_text(
        "Package: x\nVersion: 1\nArchitecture: all\nMaintainer: a <a@example.org>\nDescription: x\n"
    )
    subprocess.run(["dpkg-deb", "--build", "--root-owner-group", root, tmp_path / "x.deb"], check=True)
    names = [name for name, _ in read((tmp_path / "x.deb").read_bytes())]
    assert names[0] == "debian-binary"
    assert [name.split(".")[0] for name in names[1:]] == ["control", "data"]
