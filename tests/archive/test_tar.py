"""The tar reader and writer: against Python's tarfile, GNU tar and dpkg-deb, and every way to damage them."""

from __future__ import annotations

import contextlib
import hashlib
import io
import subprocess
import tarfile
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rulesengine.archive import pax
from rulesengine.archive.ar import members
from rulesengine.archive.decompress import Decompressor
from rulesengine.archive.entry import Entry, canonical
from rulesengine.archive.limits import Limits
from rulesengine.archive.tar import TarReader
from rulesengine.archive.writer import TarWriter, encode
from rulesengine.errors import ArchiveError, LimitError

Content = list[tuple[Entry, bytes]]


class Dribble(io.RawIOBase):
    """A stream that hands out a few bytes at a time."""

    def __init__(self, data: bytes, step: int) -> None:
        self._inner = io.BytesIO(data)
        self._step = step

    def read(self, size: int = -1, /) -> bytes:
        return self._inner.read(min(size, self._step))


def read(data: bytes, limits: Limits | None = None, step: int = 1 << 20) -> Content:
    reader = TarReader(Dribble(data, step), limits or Limits())
    return [(entry, reader.read()) for entry in reader]


def write(content: Content) -> bytes:
    out = io.BytesIO()
    writer = TarWriter(out)
    for entry, data in content:
        writer.add(entry, data)
    writer.close()
    return out.getvalue()


component = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=60).filter(
    lambda text: text not in (".", "..")
)
paths = st.lists(component, min_size=1, max_size=5).map("/".join)
owners = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)
numbers = st.one_of(st.integers(0, 70000), st.integers(0, (1 << 32) - 2))
times = st.one_of(st.integers(0, 1 << 31), st.integers(-(1 << 40), 1 << 40))
xattrs = st.dictionaries(
    st.from_regex(r"(user|security)\.[a-z]{1,20}", fullmatch=True), st.binary(max_size=30), max_size=2
)


@st.composite
def contents(draw: st.DrawFn) -> Content:
    out: Content = []
    for path in draw(st.lists(paths, max_size=5, unique=True)):
        kind = draw(st.sampled_from(["file", "directory", "symlink", "hardlink", "char", "block", "fifo"]))
        data = draw(st.binary(max_size=1200)) if kind == "file" else b""
        link = draw(paths) if kind in ("symlink", "hardlink") else ""
        if kind == "symlink" and draw(st.booleans()):
            link = "../" + link
        device = draw(st.tuples(st.integers(0, 0o7777777), st.integers(0, 0o7777777)))
        out.append(
            (
                Entry(
                    path=path,
                    type=kind,
                    mode=draw(st.integers(0, 0o7777)),
                    uid=draw(numbers),
                    gid=draw(numbers),
                    uname=draw(owners),
                    gname=draw(owners),
                    size=len(data),
                    mtime=draw(times),
                    link=link,
                    major=device[0] if kind in ("char", "block") else 0,
                    minor=device[1] if kind in ("char", "block") else 0,
                    xattrs=tuple(sorted(draw(xattrs).items())),
                ),
                data,
            )
        )
    return out


KINDS = {
    "file": tarfile.REGTYPE,
    "directory": tarfile.DIRTYPE,
    "symlink": tarfile.SYMTYPE,
    "hardlink": tarfile.LNKTYPE,
    "char": tarfile.CHRTYPE,
    "block": tarfile.BLKTYPE,
    "fifo": tarfile.FIFOTYPE,
}


@given(contents(), st.integers(1, 2000))
def test_what_is_written_is_read(content: Content, step: int) -> None:
    assert read(write(content), step=step) == content


@given(contents())
def test_tarfile_reads_what_is_written(content: Content) -> None:
    with tarfile.open(fileobj=io.BytesIO(write(content)), encoding="utf-8", errors="surrogateescape") as archive:
        for (entry, data), info in zip(content, archive, strict=True):
            assert canonical(info.name) == entry.path
            assert info.type == KINDS[entry.type]
            assert (info.mode, info.uid, info.gid, info.uname, info.gname) == (
                entry.mode, entry.uid, entry.gid, entry.uname, entry.gname,
            )  # fmt: skip
            assert (info.size, info.mtime) == (entry.size, entry.mtime)
            assert info.linkname == ("./" + entry.link if entry.type == "hardlink" else entry.link)
            if entry.type in ("char", "block"):
                assert (info.devmajor, info.devminor) == (entry.major, entry.minor)
            if entry.type == "file":
                stream = archive.extractfile(info)
                assert stream is not None
                assert stream.read() == data


@given(contents(), st.sampled_from([tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]))
def test_what_tarfile_writes_is_read(content: Content, form: int) -> None:
    out = io.BytesIO()
    written: Content = []
    with tarfile.open(fileobj=out, mode="w", format=form, encoding="utf-8") as archive:
        for entry, data in content:
            info = tarfile.TarInfo("./" + entry.path)
            info.type, info.mode, info.uid, info.gid = KINDS[entry.type], entry.mode, entry.uid, entry.gid
            info.mtime, info.size = entry.mtime, entry.size
            info.uname, info.gname = entry.uname[:8].encode()[:30].decode(errors="ignore"), "staff"
            info.linkname = entry.link
            info.devmajor, info.devminor = entry.major, entry.minor
            if form == tarfile.PAX_FORMAT:
                # tarfile takes pax values as text only
                info.pax_headers = {pax.XATTR + key: value.hex() for key, value in entry.xattrs}
            try:
                archive.addfile(info, io.BytesIO(data))
            except ValueError:
                continue  # ustar cannot hold it
            written.append((entry, data))
    found = read(out.getvalue())
    for (entry, data), (got, got_data) in zip(written, found, strict=True):
        assert (got.path, got.type, got.mode, got.uid, got.gid) == (
            entry.path, entry.type, entry.mode, entry.uid, entry.gid,
        )  # fmt: skip
        assert (got.mtime, got.link, got.major, got.minor, got.size) == (
            entry.mtime, entry.link, entry.major, entry.minor, entry.size,
        )  # fmt: skip
        assert got_data == data
        if form == tarfile.PAX_FORMAT:
            assert dict(got.xattrs) == {key: value.hex().encode() for key, value in entry.xattrs}


@pytest.mark.parametrize("form", ["ustar", "gnu", "pax", "v7", "oldgnu"])
def test_what_gnu_tar_writes_is_read(tmp_path: Path, form: str) -> None:
    root = tmp_path / "root"
    deep = root / ("d" * 30) / ("e" * 30)
    deep.mkdir(parents=True)
    (deep / "file").write_bytes(b"x" * 1000)
    (root / "empty").write_bytes(b"")
    (root / "link").symlink_to("../elsewhere")
    (root / "hard").hardlink_to(deep / "file")
    if form in ("gnu", "pax"):
        (deep / ("l" * 200)).write_bytes(b"long")
        (root / "naïve").write_bytes(b"utf-8")
        (root / "far").symlink_to("t" * 150)
    options = ("--sort=name", "--mtime=@1234567890.5", "--owner=root:0", "--group=staff:50")
    data = subprocess.run(
        ["tar", *options, f"--format={form}", "-cf-", "-C", str(root), "."],
        capture_output=True,
        check=True,
    ).stdout
    found = {entry.path: (entry, content) for entry, content in read(data)}
    assert set(found) == {"."} | {path.relative_to(root).as_posix() for path in root.rglob("*")}
    for path, (entry, content) in found.items():
        real = root / path
        assert entry.mtime == 1234567890
        assert (entry.uid, entry.gid) == (0, 50)
        if form != "v7":
            assert (entry.uname, entry.gname) == ("root", "staff")
        if entry.type == "symlink":
            assert entry.link == str(real.readlink())
        elif entry.type == "file":
            assert content == real.read_bytes()
        elif entry.type == "directory":
            assert real.is_dir()
        else:
            assert (root / entry.link).samefile(real)


@settings(max_examples=15)
@given(contents())
def test_gnu_tar_reads_what_is_written(content: Content) -> None:
    done = subprocess.run(
        ["tar", "--list", "--quoting-style=literal", "--null", "-f-", "--show-stored-names"],
        input=write(content),
        capture_output=True,
        check=False,
        env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, done.stderr
    names = [f"./{entry.path}{'/' if entry.type == 'directory' else ''}" for entry, _ in content]
    assert done.stdout == "".join(name + "\n" for name in names).encode("utf-8", "surrogateescape")


SAMPLE: Content = [
    (Entry(".", "directory", 0o755), b""),
    (Entry("etc", "directory", 0o755, mtime=1), b""),
    (Entry("etc/passwd", size=5, uname="root", gname="root"), b"root\n"),
    (Entry("etc/" + "n" * 120, "symlink", 0o777, link="m" * 120), b""),
    (Entry("dev/null", "char", 0o666, major=1, minor=3), b""),
    (Entry("bin/ping", size=1, xattrs=(("security.capability", b"\1\0\0\2"),)), b"p"),
]


def test_golden_bytes() -> None:
    """A change here is a change of every layer: raise the versions of the operations that write tar."""
    assert hashlib.sha256(write(SAMPLE)).hexdigest() == GOLDEN
    assert encode(Entry("etc/passwd", size=5, mode=0o644, uid=1, gid=2, mtime=0o17, uname="u", gname="g")) == (
        b"./etc/passwd".ljust(100, b"\0") + b"0000644\0" + b"0000001\0" + b"0000002\0" + b"00000000005\0"
        b"00000000017\0" + b"011703\0 " + b"0" + bytes(100) + b"ustar\0" + b"00" + b"u".ljust(32, b"\0")
        + b"g".ljust(32, b"\0") + b"0000000\0" + b"0000000\0" + bytes(155 + 12)
    )  # fmt: skip


GOLDEN = "6c426f8a1f8c4546fc9f08a7a519c2ea3267bf7fe7b9400daebb5db97b9e954a"


def test_end_of_archive_is_two_blocks() -> None:
    assert write([]) == bytes(1024)


def test_every_truncation_is_an_archive_error() -> None:
    data = write(SAMPLE)
    for size in range(len(data)):
        with pytest.raises(ArchiveError, match="truncated"):
            read(data[:size])


@settings(max_examples=400)
@given(st.integers(0, len(write(SAMPLE)) * 8 - 1))
def test_a_flipped_bit_is_read_or_refused(bit: int) -> None:
    data = bytearray(write(SAMPLE))
    data[bit // 8] ^= 1 << bit % 8
    with contextlib.suppress(ArchiveError):
        read(bytes(data))


@settings(max_examples=400)
@given(st.data())
def test_a_damaged_header_with_a_good_checksum_is_read_or_refused(data: st.DataObject) -> None:
    raw = bytearray(write(SAMPLE))
    sector = data.draw(
        st.sampled_from([at for at in range(0, len(raw) - 1024, 512) if raw[at + 257 : at + 262] == b"ustar"])
    )
    for _ in range(data.draw(st.integers(1, 4))):
        raw[sector + data.draw(st.integers(0, 511))] = data.draw(
            st.sampled_from([0, 32, 48, 55, 95, 128, 255, 47, 46, 65])
        )
    block = bytes(raw[sector : sector + 512])
    total = sum(block[:148]) + 256 + sum(block[156:])
    raw[sector + 148 : sector + 156] = b"%06o\0 " % total
    try:
        found = read(bytes(raw))
    except ArchiveError:
        return
    for entry, _ in found:
        assert canonical(entry.path) == entry.path


def broken(change: dict[str, object], form: Literal[0, 1, 2] = 1) -> bytes:
    info = tarfile.TarInfo(str(change.pop("name", "x")))
    for key, value in change.items():
        setattr(info, key, value)
    return info.tobuf(form) + bytes(1024)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "/etc/passwd"}, "absolute"),
        ({"name": "a/../../b"}, "leads out"),
        ({"name": "x", "type": tarfile.LNKTYPE, "linkname": "../y"}, "leads out"),
        ({"name": "x", "type": tarfile.LNKTYPE, "linkname": "/y"}, "absolute"),
        ({"name": "x", "type": tarfile.SYMTYPE, "linkname": ""}, "target"),
        ({"name": "x", "type": tarfile.DIRTYPE, "size": 512}, "data"),
        ({"name": "x", "type": b"S"}, "sparse"),
        ({"name": "x", "type": b"M"}, "multi-volume"),
        ({"name": "x", "type": b"Z"}, "unknown type"),
        ({"name": "x", "uid": -5}, "negative"),
        ({"name": "", "type": tarfile.REGTYPE}, "empty"),
    ],
)
def test_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ArchiveError, match=message):
        read(broken(dict(change)))


@pytest.mark.parametrize(
    "body",
    [b"0 a=b\n", b"99 a=b\n", b"6 a=b", b"7 a=bc\n\n", b"x a=b\n", b"5 =b\n", b"12 size=abc\n", b"18 GNU.sparse.a=1\n",
     b"22 GNU.sparse.major=1\n", b"12 path=a\0b\n", b"14 mtime=1e5\n\n", b"18 SCHILY.xattr.=\n"],
)  # fmt: skip
def test_bad_pax_records(body: bytes) -> None:
    with pytest.raises(ArchiveError):
        pax.parse(body, pax.NOTHING, 0)


@given(st.dictionaries(st.from_regex(r"[A-Za-z.]{1,30}", fullmatch=True), st.binary(max_size=1100), max_size=4))
def test_pax_records_round_trip_as_attributes(records: dict[str, bytes]) -> None:
    body = pax.encode((pax.XATTR + key, value) for key, value in records.items())
    assert pax.parse(body, pax.NOTHING, 0).xattrs == records


@pytest.mark.parametrize(
    ("text", "whole"), [(b"1.5", 1), (b"-1.5", -2), (b"-1.0", -1), (b"0.999999999", 0), (b"-0.1", -1)]
)
def test_fractions_are_rounded_down(text: bytes, whole: int) -> None:
    assert pax.parse(pax.encode([("mtime", text)]), pax.NOTHING, 0).mtime == whole


def test_global_headers_apply_until_overridden() -> None:
    out = io.BytesIO()
    with tarfile.open(
        fileobj=out, mode="w", format=tarfile.PAX_FORMAT, pax_headers={"uname": "someone", "mtime": "7"}
    ) as archive:
        archive.addfile(tarfile.TarInfo("a"))
        info = tarfile.TarInfo("b")
        info.pax_headers = {"uname": "other"}
        archive.addfile(info)
    reader = TarReader(io.BytesIO(out.getvalue()))
    found = []
    for entry in reader:
        assert reader.raw is None
        found.append((entry.uname, entry.mtime))
    assert found == [("someone", 7), ("other", 7)]


def test_dangling_extended_header() -> None:
    first = tarfile.TarInfo("x")
    first.pax_headers = {"comment": "x"}
    with pytest.raises(ArchiveError, match="no member"):
        read(first.tobuf(tarfile.PAX_FORMAT)[:-512] + bytes(1024))


def test_lone_zero_block_and_trailing_data() -> None:
    one = encode(Entry("a"))
    with pytest.raises(ArchiveError, match="lone zero block"):
        read(one + bytes(512) + one + bytes(1024))
    assert len(read(one + bytes(1024) + b"whatever follows")) == 1


def test_limits() -> None:
    with pytest.raises(LimitError):
        read(write(SAMPLE), Limits(entries=3))
    with pytest.raises(LimitError):
        read(write(SAMPLE), Limits(path=50))
    with pytest.raises(LimitError):
        read(encode(Entry("x", xattrs=(("user.big", bytes(5000)),))) + bytes(1024), Limits(header=4096))


@pytest.mark.parametrize(
    ("given_path", "expected"),
    [
        ("./usr", "usr"),
        ("usr/", "usr"),
        ("./", "."),
        (".", "."),
        ("./a//b/./c/", "a/b/c"),
        ("..a/.b", "..a/.b"),
        ("./.x", ".x"),
        ("et//", "et"),
        (".//a//", "a"),
        ("./a//", "a"),
    ],
)
def test_canonical(given_path: str, expected: str) -> None:
    assert canonical(given_path) == expected


@pytest.mark.parametrize("bad", ["", "/", "/a", "..", "../a", "a/..", "./../a", ".//../a", "a\0b"])
def test_not_canonical(bad: str) -> None:
    with pytest.raises(ArchiveError):
        canonical(bad)


@pytest.mark.parametrize(
    ("entry", "data"),
    [
        (Entry("a", size=3), b"ab"),
        (Entry("a", size=1), b"ab"),
        (Entry("../a"), b""),
        (Entry("a", type="door"), b""),
        (Entry("a", mode=0o10000), b""),
        (Entry("a", "symlink"), b""),
        (Entry("a", "char", major=1 << 30), b""),
        (Entry("a", uname="a\0b"), b""),
        (Entry("a\ud800"), b""),
        (Entry("a", xattrs=(("a=b", b""),)), b""),
    ],
)
def test_what_cannot_be_written(entry: Entry, data: bytes) -> None:
    with pytest.raises(ArchiveError):
        write([(entry, data)])
    if entry.size:
        with pytest.raises(ArchiveError):
            TarWriter(io.BytesIO()).add(entry, io.BytesIO(data))


@pytest.mark.live
def test_real_packages_as_dpkg_deb_unpacks_them(debs: list[Path]) -> None:
    """Entries and data equal tarfile's of `dpkg-deb --fsys-tarfile`, and raw copies equal its bytes."""
    for deb in debs:
        expected = subprocess.run(["dpkg-deb", "--fsys-tarfile", deb], capture_output=True, check=True).stdout
        with deb.open("rb") as stream:
            for member, data in members(stream):
                if not member.name.startswith("data.tar"):
                    continue
                source = Decompressor(data)
                reader = TarReader(source)
                copy = bytearray()
                with tarfile.open(fileobj=io.BytesIO(expected)) as archive:
                    for entry, info in zip(reader, archive, strict=True):
                        assert canonical(info.name) == entry.path
                        assert (info.type, info.mode, info.uid, info.gid) == (
                            KINDS[entry.type], entry.mode, entry.uid, entry.gid,
                        )  # fmt: skip
                        assert (info.uname, info.gname, info.mtime, info.size) == (
                            entry.uname, entry.gname, entry.mtime, entry.size,
                        )  # fmt: skip
                        content = reader.read()
                        stored = archive.extractfile(info) if info.isreg() else None
                        assert content == (stored.read() if stored else b"")
                        if reader.raw is not None:
                            copy += reader.raw + content + bytes(-len(content) % 512)
                        else:
                            copy += expected[len(copy) : info.offset_data + -(-info.size // 512) * 512]
                assert expected.startswith(copy)
                assert source.size == len(expected)


@given(contents(), st.integers(1, 3000))
def test_copying_gives_the_same_bytes(content: Content, step: int) -> None:
    data = write(content)
    out = io.BytesIO()
    reader = TarReader(Dribble(data, step))
    writer = TarWriter(out)
    for entry in reader:
        if reader.raw is not None:
            reader.copy(writer)
        else:
            writer.add(entry, reader)
    writer.close()
    assert out.getvalue() == data
