"""tar: a strict, streaming reader of POSIX ustar and pax and of GNU archives.

Refused rather than guessed at, because readers differ about them: sparse files, multi-volume parts,
absolute paths and `..`, bad checksums, data after a link or directory, a missing end-of-archive
marker (two zero blocks).  What follows the marker is ignored, as GNU tar does, but it is read to its
end so that the checksum of a compressed stream is verified.

Sources: POSIX.1-2017 pax, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format".
"""

from __future__ import annotations

from collections.abc import Iterator

from rulesengine.archive import pax, ustar
from rulesengine.archive.entry import (
    BLOCK_DEVICE,
    CHAR,
    DIRECTORY,
    FIFO,
    FILE,
    HARDLINK,
    SYMLINK,
    Entry,
    canonical,
)
from rulesengine.archive.limits import DEFAULT, Limits
from rulesengine.archive.stream import BLOCK, Reader, Writer
from rulesengine.archive.ustar import SECTOR
from rulesengine.errors import ArchiveError, LimitError
from rulesengine.values import evolve

_TYPES = {
    b"0": FILE,
    b"\0": FILE,
    b"7": FILE,
    b"1": HARDLINK,
    b"2": SYMLINK,
    b"3": CHAR,
    b"4": BLOCK_DEVICE,
    b"5": DIRECTORY,
    b"6": FIFO,
}
_MAGICS = (ustar.POSIX_MAGIC, ustar.GNU_MAGIC, b"\0" * 6)
_EXTENSIONS = frozenset({b"L", b"K", b"x", b"g"})
_REFUSED = {
    b"S": "a sparse file (GNU)",
    b"M": "the continuation of a multi-volume file",
    b"D": "a GNU incremental directory",
    b"V": "a volume label",
    b"X": "a Solaris extended header",
}


class TarReader:
    """Iterates over the entries of a tar stream; the data of each is readable until the next.

        reader = TarReader(source)
        for entry in reader:
            for chunk in reader.chunks(): ...

    Data that nobody reads is skipped.  Raises ArchiveError (with the byte offset in the tar
    stream), LimitError, and whatever `source.read` raises.
    """

    __slots__ = ("_base", "_buffer", "_global", "_left", "_limits", "_padding", "_pos", "_source", "raw")

    def __init__(self, source: Reader, limits: Limits = DEFAULT) -> None:
        self._source = source
        self._limits = limits
        self._buffer = b""
        self._pos = 0
        self._base = 0
        self._left = 0
        self._padding = 0
        self._global = pax.NOTHING
        self.raw: bytes | None = None
        """The current entry's header block as it came, when it alone says what the Entry says, in
        ASCII and with the path as TarWriter writes it (`./usr/bin/ls`, `./usr/bin/`); else None."""

    @property
    def offset(self) -> int:
        """Bytes of the tar stream that have been consumed."""
        return self._base + self._pos

    def __iter__(self) -> Iterator[Entry]:
        count = 0
        while True:
            if self._left or self._padding:
                self._skip(self._left + self._padding)
                self._left = self._padding = 0
            entry = self._member()
            if entry is None:
                return
            count += 1
            if count > self._limits.entries:
                raise LimitError(f"tar archive has more than {self._limits.entries} entries")
            yield entry

    def chunks(self) -> Iterator[memoryview]:
        """The current entry's remaining data, in pieces; each is valid until the next is asked for.

        Raises ArchiveError when the stream ends early.
        """
        while self._left:
            available = len(self._buffer) - self._pos
            if not available:
                self._fill("the data of a file")
                continue
            take = min(available, self._left)
            start = self._pos
            self._pos += take
            self._left -= take
            yield memoryview(self._buffer)[start : start + take]

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes of the current entry's data, everything left when negative."""
        if size < 0:
            return b"".join(self.chunks())
        if not self._left or not size:
            return b""
        if self._pos == len(self._buffer):
            self._fill("the data of a file")
        start = self._pos
        take = min(len(self._buffer) - start, self._left, size)
        self._pos += take
        self._left -= take
        return self._buffer[start : start + take]

    def copy(self, sink: Writer) -> None:
        """Write the current entry as it came: `raw`, its data and its padding.

        Only when `raw` is not None and none of the data was read.
        """
        raw = self.raw
        if raw is None:
            raise ValueError("the entry cannot be copied as it came")
        left = self._left + self._padding
        self._left = self._padding = 0
        start = self._pos - SECTOR
        if start >= 0 and self._pos + left <= len(self._buffer):
            self._pos += left
            sink.write(memoryview(self._buffer)[start : self._pos] if left else raw)
            return
        sink.write(raw)
        while left:
            available = len(self._buffer) - self._pos
            if not available:
                self._fill("the data of a file")
                continue
            take = min(available, left)
            sink.write(memoryview(self._buffer)[self._pos : self._pos + take])
            self._pos += take
            left -= take

    def _more(self) -> bool:
        """Replace the consumed buffer by the next chunk; False at the end."""
        self._base += len(self._buffer)
        self._pos = 0
        self._buffer = self._source.read(BLOCK)
        return bool(self._buffer)

    def _fill(self, what: str) -> None:
        if not self._more():
            raise ArchiveError(
                f"truncated: the tar stream ends at byte {self.offset}, in {what}",
                hint="the file is damaged or was not fetched whole; fetch it again",
            )

    def _sector(self, what: str) -> bytes:
        """The next 512 bytes."""
        pos = self._pos
        data = self._buffer[pos : pos + SECTOR]
        if len(data) == SECTOR:
            self._pos = pos + SECTOR
            return data
        self._pos = pos + len(data)
        while len(data) < SECTOR:
            self._fill(what)
            more = self._buffer[: SECTOR - len(data)]
            self._pos = len(more)
            data += more
        return data

    def _skip(self, size: int) -> None:
        while size:
            available = len(self._buffer) - self._pos
            if available >= size:
                self._pos += size
                return
            size -= available
            self._pos += available
            self._fill("the data of a file")

    def _member(self) -> Entry | None:
        """The next entry, its extended headers applied; None at the end-of-archive marker."""
        extra = self._global
        extended = 0
        while True:
            offset = self._base + self._pos
            header = self._sector(
                "the end-of-archive marker" if not extended else "the member after an extended header"
            )
            if header[257:262] != b"ustar" and header == ustar.ZERO:
                if extended:
                    raise ArchiveError(f"extended header before byte {offset} belongs to no member")
                if self._sector("the end-of-archive marker") != ustar.ZERO:
                    raise ArchiveError(f"lone zero block at byte {offset} in the middle of the tar stream")
                while self._more():
                    pass
                return None
            try:
                total, stated = ustar.checksum(header), header[ustar.CHECKSUM]
                # nearly every archive spells it so; parsing the number costs four times as much
                if stated != b"%06o\0 " % total and ustar.number(stated) != total:
                    raise ArchiveError(
                        f"tar header at byte {offset} fails its checksum",
                        hint="the archive is damaged, or not a tar archive",
                    )
                kind = header[156:157]
                if kind not in _EXTENSIONS:
                    try:
                        return self._entry(header, kind, extra, extended)
                    except ArchiveError as fault:
                        fault.notes += (f"in the tar header at byte {offset}",)
                        raise
                size = ustar.number(header[124:136])
            except ValueError as fault:
                raise ArchiveError(f"tar header at byte {offset}: {fault}") from None
            extended += SECTOR + size
            if size < 0 or extended > self._limits.header:
                raise LimitError(f"extended header at byte {offset} has {size} bytes, limit {self._limits.header}")
            body = b"".join(self._sector("an extended header") for _ in range(-(-size // SECTOR)))[:size]
            if kind == b"x":
                extra = pax.parse(body, extra, offset)
            elif kind == b"g":
                self._global = pax.parse(body, self._global, offset)
                extra = pax.parse(body, extra, offset)
            else:
                name, _, rest = body.partition(b"\0")
                if not name or rest.strip(b"\0"):
                    raise ArchiveError(f"GNU long name at byte {offset} is empty or holds a NUL byte")
                text = name.decode("utf-8", "surrogateescape")
                extra = evolve(extra, path=text) if kind == b"L" else evolve(extra, link=text)

    def _entry(self, header: bytes, kind: bytes, extra: pax.Overrides, extended: int) -> Entry:
        """Raises ValueError for bad numbers."""
        first, second = ustar.OWNERSHIP
        mode, uid, gid, magic, uname, gname, major, minor = ustar.ownership(header[first] + header[second])
        size = ustar.number(header[124:136])
        mtime = ustar.number(header[136:148])
        entry_type = _TYPES.get(kind)
        if entry_type is None or magic not in _MAGICS:
            raise ArchiveError(
                f"tar member is {_REFUSED.get(kind, f'of unknown type {kind!r}')}"
                if entry_type is None
                else f"tar member has the unknown magic {magic!r}"
            )
        raw_path = header[:100].partition(b"\0")[0].decode("utf-8", "surrogateescape")
        if header[345] and magic == ustar.POSIX_MAGIC:
            raw_path = f"{ustar.text(header[345:500])}/{raw_path}"
        link = ""
        if header[157]:
            link = header[157:257].partition(b"\0")[0].decode("utf-8", "surrogateescape")
        plain = not extended and extra is pax.NOTHING
        if not plain:
            raw_path = raw_path if extra.path is None else extra.path
            link = link if extra.link is None else extra.link
            size = size if extra.size is None else extra.size
            mtime = mtime if extra.mtime is None else extra.mtime
            uid = uid if extra.uid is None else extra.uid
            gid = gid if extra.gid is None else extra.gid
            uname = uname if extra.uname is None else extra.uname
            gname = gname if extra.gname is None else extra.gname
        if size < 0 or uid < 0 or gid < 0 or mode < 0:
            raise ValueError("a negative size, owner or mode")
        if entry_type is FILE and raw_path.endswith("/"):
            # a directory in the Seventh Edition's format, which knew no type for it
            entry_type = DIRECTORY
        limit = self._limits.path
        path = canonical(raw_path, "path", limit)
        is_plain_path = True
        if entry_type is FILE:
            self._left = size
            self._padding = -size % SECTOR
            link = ""
        else:
            if size:
                raise ValueError(f"{path!r} is a {entry_type} with {size} bytes of data")
            if entry_type is HARDLINK:
                target = canonical(link, "hard link target", limit)
                is_plain_path = link == "./" + target
                link = target
            elif entry_type is SYMLINK:
                if not link or "\0" in link or len(link) > limit:
                    raise ValueError(f"symbolic link {path!r} has a target of {len(link)} characters")
            else:
                link = ""
        if entry_type is not CHAR and entry_type is not BLOCK_DEVICE:
            major = minor = 0
        elif major < 0 or minor < 0:
            raise ValueError("a negative device number, or none")
        self.raw = (
            header
            if plain
            and is_plain_path
            and mode <= 0o7777
            and kind in b"0123456"
            and magic != b"\0" * 6
            and raw_path == (f"./{path}" if entry_type is not DIRECTORY else stored_path(path, entry_type))
            and header.isascii()
            else None
        )
        return Entry(
            path, entry_type, mode & 0o7777, uid, gid, uname, gname, size, mtime, link, major, minor,
            tuple(sorted(extra.xattrs.items())) if extra.xattrs else (),
        )  # fmt: skip


def stored_path(path: str, entry_type: str) -> str:
    """How TarWriter writes a canonical path: `./usr/bin/ls`, `./usr/bin/` for a directory, `./` for the root."""
    if entry_type is DIRECTORY or entry_type == DIRECTORY:
        return "./" if path == "." else f"./{path}/"
    return "./" + path
