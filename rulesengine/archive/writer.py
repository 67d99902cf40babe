"""A deterministic tar writer: POSIX ustar, with pax headers only where ustar cannot say it.

The bytes depend on the entries alone.  Choices (a change of any is a change of the operations' versions):
paths are written as `./usr/bin/ls`, directories with a slash at the end, as dpkg-deb writes them; numbers
in octal with leading zeros and a NUL; version `00`; device numbers zero except for devices; the pax
header's own fields are fixed; the archive ends in two zero blocks and is not padded to a record of
10 KiB (as Go's archive/tar; every reader takes it).  Order is the caller's.
"""

from __future__ import annotations

from rulesengine.archive import pax, ustar
from rulesengine.archive.entry import BLOCK_DEVICE, CHAR, DIRECTORY, FIFO, FILE, HARDLINK, SYMLINK, Entry, canonical
from rulesengine.archive.stream import BLOCK, Bytes, Reader, Writer
from rulesengine.archive.tar import stored_path
from rulesengine.archive.ustar import SECTOR
from rulesengine.errors import ArchiveError

_KINDS = {
    FILE: b"0",
    HARDLINK: b"1",
    SYMLINK: b"2",
    CHAR: b"3",
    BLOCK_DEVICE: b"4",
    DIRECTORY: b"5",
    FIFO: b"6",
}
_PAX_NAME = b"././@PaxHeader"
_NAME_SIZE = 100
_PREFIX_SIZE = 155
_OWNER_SIZE = 31
END = bytes(2 * SECTOR)
"""The end-of-archive marker."""


class TarWriter:
    """Writes entries to `sink`.  The archive is whole after `close()`."""

    __slots__ = ("_sink",)

    def __init__(self, sink: Writer) -> None:
        self._sink = sink

    def add(self, entry: Entry, data: Bytes | Reader = b"") -> None:
        """Write a member; `data` must have exactly `entry.size` bytes.

        Raises ArchiveError when it has not, or when the entry cannot be written in tar.
        """
        self._sink.write(encode(entry))
        if isinstance(data, bytes | bytearray | memoryview):
            if len(data) != entry.size:
                raise ArchiveError(f"{entry.path}: {len(data)} bytes of data, {entry.size} announced")
            if data:
                self._sink.write(data)
        else:
            left = entry.size
            while chunk := data.read(min(BLOCK, left + 1)):
                left -= len(chunk)
                if left < 0:
                    break
                self._sink.write(chunk)
            if left:
                raise ArchiveError(f"{entry.path}: {entry.size - left} bytes of data, {entry.size} announced")
        self.pad(entry.size)

    def header(self, entry: Entry) -> None:
        """Write a member's headers; the caller then writes its data and calls `pad`."""
        self._sink.write(encode(entry))

    def write(self, data: Bytes, /) -> None:
        """Write bytes as they are: data after `header`, or a header block taken from TarReader.raw."""
        self._sink.write(data)

    def pad(self, size: int) -> None:
        """Fill the last block of a member with `size` bytes of data."""
        if size % SECTOR:
            self._sink.write(ustar.ZERO[: -size % SECTOR])

    def close(self) -> None:
        """Write the end-of-archive marker; the sink is left open."""
        self._sink.write(END)


def encode(entry: Entry) -> bytes:
    """The header blocks of an entry.  Raises ArchiveError when tar cannot say it."""
    kind = _KINDS.get(entry.type)
    if kind is None:
        raise ArchiveError(f"{entry.path}: no such type of tar entry: {entry.type!r}")
    if canonical(entry.path) != entry.path or (entry.type == HARDLINK and canonical(entry.link) != entry.link):
        raise ArchiveError(f"{entry.path!r} or its link {entry.link!r} is not in canonical form")
    if entry.size and entry.type != FILE:
        raise ArchiveError(f"{entry.path}: a {entry.type} has no data")
    if entry.type == SYMLINK and (not entry.link or "\0" in entry.link):
        raise ArchiveError(f"{entry.path}: a symbolic link needs a target")
    if not 0 <= entry.mode <= 0o7777 or entry.uid < 0 or entry.gid < 0 or entry.size < 0:
        raise ArchiveError(f"{entry.path}: mode {entry.mode:o}, owner {entry.uid}:{entry.gid} or size out of range")
    if not (0 <= entry.major <= ustar.MAX_OCTAL_8 and 0 <= entry.minor <= ustar.MAX_OCTAL_8):
        raise ArchiveError(f"{entry.path}: device {entry.major}:{entry.minor} out of range")
    records: dict[str, bytes] = {}

    def number(key: str, value: int, most: int) -> int:
        if 0 <= value <= most:
            return value
        records[key] = str(value).encode()
        return 0

    path = _encoded(stored_path(entry.path, entry.type))
    name, prefix = _split(path)
    if not name or not path.isascii():
        records["path"] = path
        name, prefix = _ascii(path)[:_NAME_SIZE], b""
    link = b""
    if entry.type in (SYMLINK, HARDLINK):
        link = _encoded("./" + entry.link if entry.type == HARDLINK else entry.link)
        if len(link) > _NAME_SIZE or not link.isascii():
            records["linkpath"] = link
            link = _ascii(link)[:_NAME_SIZE]

    def owner(key: str, value: str) -> bytes:
        name = _encoded(value)
        if b"\0" in name:
            raise ArchiveError(f"{entry.path}: {key} holds a NUL byte")
        if len(name) > _OWNER_SIZE or not name.isascii():
            records[key] = name
            name = _ascii(name)[:_OWNER_SIZE]
        return name

    uname = owner("uname", entry.uname)
    gname = owner("gname", entry.gname)
    uid = number("uid", entry.uid, ustar.MAX_OCTAL_8)
    gid = number("gid", entry.gid, ustar.MAX_OCTAL_8)
    size = number("size", entry.size, ustar.MAX_OCTAL_12)
    mtime = number("mtime", entry.mtime, ustar.MAX_OCTAL_12)
    for xattr, content in entry.xattrs:
        if not xattr or "=" in xattr or "\0" in xattr:
            raise ArchiveError(f"{entry.path}: bad name of an extended attribute: {xattr!r}")
        records[pax.XATTR + xattr] = content
    block = _block(name, entry.mode, uid, gid, size, mtime, kind, link, uname, gname, entry.major, entry.minor, prefix)
    if not records:
        return block
    body = pax.encode(sorted(records.items()))
    first = _block(_PAX_NAME, 0o644, 0, 0, len(body), 0, b"x", b"", b"", b"", 0, 0, b"")
    return first + body + bytes(-len(body) % SECTOR) + block


def _block(  # the fields in the order of the header
    name: bytes,
    mode: int,
    uid: int,
    gid: int,
    size: int,
    mtime: int,
    kind: bytes,
    link: bytes,
    uname: bytes,
    gname: bytes,
    major: int,
    minor: int,
    prefix: bytes,
) -> bytes:
    block = bytearray(
        ustar.LAYOUT.pack(
            name, b"%07o\0" % mode, b"%07o\0" % uid, b"%07o\0" % gid, b"%011o\0" % size, b"%011o\0" % mtime,
            b" " * 8, kind, link, ustar.POSIX_MAGIC, b"00", uname, gname, b"%07o\0" % major, b"%07o\0" % minor,
            prefix,
        )
    )  # fmt: skip
    block[ustar.CHECKSUM] = b"%06o\0 " % ustar.checksum(block)
    return bytes(block)


def _split(path: bytes) -> tuple[bytes, bytes]:
    """Name and prefix of a path that ustar can hold; an empty name when it cannot."""
    if len(path) <= _NAME_SIZE:
        return path, b""
    # the longest prefix leaves the shortest name; the slash between them is not stored
    cut = path.rfind(b"/", 0, min(_PREFIX_SIZE + 1, len(path) - 1))
    if cut <= 0 or len(path) - cut - 1 > _NAME_SIZE:
        return b"", b""
    return path[cut + 1 :], path[:cut]


def _encoded(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise ArchiveError(f"{text!r} cannot be written as UTF-8") from None


def _ascii(data: bytes) -> bytes:
    return data.decode("ascii", "replace").replace("\ufffd", "?").encode()
