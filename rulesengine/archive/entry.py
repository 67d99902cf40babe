"""Entry: one member of a tar archive, as a value; and the canonical form of paths."""

from __future__ import annotations

from rulesengine.errors import ArchiveError, LimitError
from rulesengine.values import frozen

FILE = "file"
DIRECTORY = "directory"
SYMLINK = "symlink"
HARDLINK = "hardlink"
CHAR = "char"
BLOCK_DEVICE = "block"
FIFO = "fifo"

TYPES = (FILE, DIRECTORY, SYMLINK, HARDLINK, CHAR, BLOCK_DEVICE, FIFO)

ROOT = "."
"""The path of the root directory itself."""


@frozen
class Entry:
    """What a tar header says of one member.

    path: canonical: relative, no empty, `.` or `..` component, no slash at the end (`usr/bin/ls`);
        the root itself is `.`.  Bytes that are not UTF-8 are surrogate-escaped (PEP 383).
    type: `file`, `directory`, `symlink`, `hardlink`, `char`, `block`, `fifo`.
    mode: permission bits with set-id and sticky, 0..0o7777.
    size: bytes of data that follow; 0 unless a file.
    mtime: whole seconds since the epoch (fractions are rounded down).
    link: target of a symlink as it stands; canonical path of the member that a hardlink repeats.
    major, minor: device numbers.
    xattrs: (name, value) pairs sorted by name.
    """

    path: str
    type: str = FILE
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    uname: str = ""
    gname: str = ""
    size: int = 0
    mtime: int = 0
    link: str = ""
    major: int = 0
    minor: int = 0
    xattrs: tuple[tuple[str, bytes], ...] = ()


def canonical(path: str, what: str = "path", limit: int = 4096) -> str:
    """The canonical form of a member's path: `./usr//bin/` is `usr/bin`, `./` is `.`.

    Raises ArchiveError for an empty or absolute path, one with a `..` component or a NUL byte;
    LimitError for one that is too long.
    """
    if path.startswith("./"):
        short = path[2:-1] if path.endswith("/") else path[2:]
    else:
        short = path[:-1] if path.endswith("/") else path
    if len(short) > limit:
        raise LimitError(f"{what} is {len(short)} characters long, more than {limit}: {short[:60]!r}…")
    if (
        short
        and short[0] not in "./"
        and short[-1] != "/"
        and "//" not in short
        and "/." not in short
        and "\0" not in short
    ):
        return short
    if not path or "\0" in path:
        raise ArchiveError(f"{what} {path!r} is empty or holds a NUL byte")
    if path[0] == "/":
        raise ArchiveError(f"{what} {path!r} is absolute", hint="paths in an archive are relative to its root")
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise ArchiveError(f"{what} {path!r} leads out of the archive (..)")
    return "/".join(parts) or ROOT
