"""pax extended headers: records that override the ustar header (POSIX.1-2017 pax, "pax Extended Header")."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from rulesengine.errors import ArchiveError
from rulesengine.values import evolve, field, frozen

_LENGTH = re.compile(rb"([1-9][0-9]{0,8}) ")
_INTEGER = re.compile(r"[0-9]{1,18}")
_TIME = re.compile(r"(-?)([0-9]{1,18})(?:\.([0-9]+))?")
XATTR = "SCHILY.xattr."


@frozen
class Overrides:
    """What extended headers say; None leaves the ustar field as it stands."""

    path: str | None = None
    link: str | None = None
    size: int | None = None
    mtime: int | None = None
    uid: int | None = None
    gid: int | None = None
    uname: str | None = None
    gname: str | None = None
    xattrs: dict[str, bytes] = field(factory=dict)


NOTHING = Overrides()
"""No extended header at all."""

_NAMES = {"path": "path", "linkpath": "link", "uname": "uname", "gname": "gname"}
_NUMBERS = frozenset({"size", "uid", "gid"})


def parse(body: bytes, base: Overrides, offset: int) -> Overrides:
    """The records of one extended header, laid over `base`.

    Keys that describe no content (atime, ctime, comment, vendors' keys) are ignored, as POSIX allows;
    sparse maps are refused.  offset: of the header, for messages.  Raises ArchiveError.
    """
    changes: dict[str, Any] = {}
    xattrs = dict(base.xattrs)
    position = 0
    while position < len(body):
        match = _LENGTH.match(body, position)
        end = position + int(match[1]) if match else 0
        if match is None or end > len(body) or end <= match.end() or body[end - 1] != 0x0A:
            raise ArchiveError(f"pax header at byte {offset}: bad record {body[position : position + 40]!r}")
        key_bytes, equals, value = body[match.end() : end - 1].partition(b"=")
        key = key_bytes.decode("utf-8", "surrogateescape")
        if not equals or not key:
            raise ArchiveError(f"pax header at byte {offset}: record without a key or '='")
        position = end
        if key.startswith(XATTR):
            name = key[len(XATTR) :]
            if not name:
                raise ArchiveError(f"pax header at byte {offset}: an extended attribute without a name")
            xattrs[name] = value
        elif key in _NAMES:
            changes[_NAMES[key]] = _name(key, value, offset)
        elif key in _NUMBERS:
            text = value.decode("latin-1")
            if text and not _INTEGER.fullmatch(text):
                raise ArchiveError(f"pax header at byte {offset}: {key} is {text!r}, not a number")
            changes[key] = int(text) if text else None
        elif key == "mtime":
            changes["mtime"] = _seconds(value, offset)
        elif key.startswith("GNU.sparse.") or key in ("SCHILY.realsize", "SUN.holesdata"):
            raise ArchiveError(f"pax header at byte {offset} describes a sparse file ({key}); repack it without")
    return evolve(base, xattrs=xattrs, **changes)


def _name(key: str, value: bytes, offset: int) -> str | None:
    if b"\0" in value:
        raise ArchiveError(f"pax header at byte {offset}: {key} holds a NUL byte")
    return value.decode("utf-8", "surrogateescape") if value else None


def _seconds(value: bytes, offset: int) -> int | None:
    if not value:
        return None
    match = _TIME.fullmatch(value.decode("latin-1"))
    if match is None:
        raise ArchiveError(f"pax header at byte {offset}: mtime is {value!r}, not a number")
    whole = int(match[2])
    if not match[1]:
        return whole
    return -whole - (1 if match[3] and match[3].strip("0") else 0)


def encode(records: Iterable[tuple[str, bytes]]) -> bytes:
    """The body of an extended header with these records, in the order given."""
    out = []
    for key, value in records:
        rest = b" " + key.encode("utf-8", "surrogateescape") + b"=" + value + b"\n"
        length = len(rest) + 1
        while len(str(length)) + len(rest) != length:
            length = len(str(length)) + len(rest)
        out.append(str(length).encode() + rest)
    return b"".join(out)
