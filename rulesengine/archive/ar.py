"""ar: a strict, streaming reader of the Debian package container (deb(5), ar(5) common format)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rulesengine.archive.limits import DEFAULT, Limits
from rulesengine.archive.stream import BLOCK, Reader, read_exactly
from rulesengine.errors import ArchiveError, LimitError
from rulesengine.values import frozen

MAGIC = b"!<arch>\n"
HEADER_SIZE = 60
_NAME = re.compile(rb"[!-.0-~]{1,16}")
_DECIMAL = re.compile(rb"([0-9]+) *")
_OCTAL = re.compile(rb"([0-7]+) *")


@frozen
class ArMember:
    """One member's header.

    offset: bytes from the archive's start to the member's data.
    size: bytes of data.
    """

    name: str
    offset: int
    size: int
    mtime: int
    uid: int
    gid: int
    mode: int


class ArData:
    """The data of the current member: a stream that ends where the member ends."""

    __slots__ = ("_left", "_member", "_source")

    def __init__(self, source: Reader, member: ArMember) -> None:
        self._source = source
        self._member = member
        self._left = member.size

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes of the member, all that is left when negative.

        Raises ArchiveError when the archive ends before the member does.
        """
        if size < 0:
            size = self._left
            data = read_exactly(self._source, size, f"ar member {self._member.name!r}", self._member.offset)
            self._left = 0
            return data
        size = min(size, self._left)
        if size == 0:
            return b""
        data = self._source.read(size)
        if not data:
            member = self._member
            raise ArchiveError(
                f"truncated: ar member {member.name!r} at byte {member.offset} has {member.size} bytes, "
                f"{member.size - self._left} are there",
                hint="the file is damaged or was not fetched whole; fetch it again",
            )
        self._left -= len(data)
        return data

    def skip(self) -> None:
        """Read past what is left."""
        while self._left:
            self.read(min(self._left, BLOCK))


def members(source: Reader, limits: Limits = DEFAULT) -> Iterator[tuple[ArMember, ArData]]:
    """The members in archive order; the data of each is readable until the next is asked for.

    Nothing is held in memory.  GNU and BSD long names, symbol tables and negative or padded fields
    do not occur in packages and are refused.  Raises ArchiveError with the byte offset, LimitError.
    """
    magic = read_exactly(source, len(MAGIC), "ar magic")
    if magic != MAGIC:
        raise ArchiveError(f"not an ar archive: begins {magic!r}, not {MAGIC!r}", hint="is the file a Debian package?")
    offset = len(MAGIC)
    count = 0
    while True:
        first = source.read(HEADER_SIZE)
        if not first:
            return
        if len(first) < HEADER_SIZE:
            first += read_exactly(source, HEADER_SIZE - len(first), "rest of an ar member header", offset)
        count += 1
        if count > limits.members:
            raise LimitError(f"ar archive has more than {limits.members} members")
        member = _header(first, offset)
        offset += HEADER_SIZE
        data = ArData(source, member)
        yield member, data
        data.skip()
        offset += member.size
        if member.size % 2:
            pad = source.read(1)
            # dpkg-deb and ar both write the pad byte; only at the very end do old writers leave it out
            if pad not in (b"\n", b""):
                raise ArchiveError(f"ar member {member.name!r}: pad byte at {offset} is {pad!r}, not a newline")
            offset += len(pad)


def _header(raw: bytes, offset: int) -> ArMember:
    if raw[58:60] != b"`\n":
        raise ArchiveError(f'ar member header at byte {offset} does not end in "`\\n"')
    name = raw[:16].rstrip(b" ")
    # a trailing slash ends the name in the System V variant, which deb(5) allows
    name = name.removesuffix(b"/")
    if not _NAME.fullmatch(name):
        raise ArchiveError(f"ar member at byte {offset} has the bad name {raw[:16]!r}")

    def number(field: bytes, pattern: re.Pattern[bytes], base: int, what: str, empty: bool) -> int:
        match = pattern.fullmatch(field)
        if match is None:
            if empty and not field.strip(b" "):
                return 0
            raise ArchiveError(f"ar member {name.decode()!r} at byte {offset}: bad {what} {field!r}")
        return int(match[1], base)

    return ArMember(
        name=name.decode(),
        offset=offset + HEADER_SIZE,
        mtime=number(raw[16:28], _DECIMAL, 10, "time", True),
        uid=number(raw[28:34], _DECIMAL, 10, "uid", True),
        gid=number(raw[34:40], _DECIMAL, 10, "gid", True),
        mode=number(raw[40:48], _OCTAL, 8, "mode", True),
        size=number(raw[48:58], _DECIMAL, 10, "size", False),
    )
