"""The 512-byte tar header block: its layout, numbers and checksum (POSIX.1-2017 pax, "ustar")."""

from __future__ import annotations

import struct
from functools import lru_cache
from zlib import adler32

SECTOR = 512
ZERO = bytes(SECTOR)

LAYOUT = struct.Struct("100s8s8s8s12s12s8sc100s6s2s32s32s8s8s155s12x")
"""name, mode, uid, gid, size, mtime, checksum, type, link, magic, version, uname, gname, devmajor,
devminor, prefix."""

CHECKSUM = slice(148, 156)
OWNERSHIP = (slice(100, 124), slice(257, 345))
"""Mode, uid and gid; magic to devminor: what most members of an archive have in common."""
POSIX_MAGIC = b"ustar\0"
GNU_MAGIC = b"ustar "
MAX_OCTAL_8 = 0o7777777
MAX_OCTAL_12 = 0o77777777777


@lru_cache(maxsize=8192)
def number(field: bytes) -> int:
    """A numeric field: octal between spaces and NULs (blank is 0), or base-256 (GNU, star).

    Raises ValueError.
    """
    if field[0] & 0x80:
        value = int.from_bytes(field, "big", signed=False) & ((1 << (8 * len(field) - 1)) - 1)
        if field[0] == 0xFF:
            value -= 1 << (8 * len(field) - 1)
        elif field[0] != 0x80:
            raise ValueError(f"{field!r} is neither octal nor base-256")
        if not -(1 << 63) <= value < 1 << 63:
            raise ValueError(f"{field!r} is beyond 64 bits")
        return value
    if field.translate(None, b"01234567 \0"):
        raise ValueError(f"{field!r} is not octal")
    digits = field.strip(b" \0")
    if not digits:
        return 0
    if not digits.isdigit():
        raise ValueError(f"{field!r} is not one octal number")
    return int(digits, 8)


@lru_cache(maxsize=1024)
def text(field: bytes) -> str:
    """A text field up to its first NUL; bytes that are not UTF-8 are surrogate-escaped."""
    return field.partition(b"\0")[0].decode("utf-8", "surrogateescape")


@lru_cache(maxsize=1024)
def ownership(fields: bytes) -> tuple[int, int, int, bytes, str, str, int, int]:
    """The two OWNERSHIP slices joined: mode, uid, gid, magic, uname, gname, devmajor, devminor.

    Device numbers that are not numbers are -1, as only devices have them.  Raises ValueError.
    """
    devices = []
    for field in (fields[96:104], fields[104:112]):
        try:
            devices.append(number(field))
        except ValueError:
            devices.append(-1)
    mode, uid, gid = number(fields[:8]), number(fields[8:16]), number(fields[16:24])
    magic, uname, gname = fields[24:30], text(fields[32:64]), text(fields[64:96])
    return mode, uid, gid, magic, uname, gname, devices[0], devices[1]


def checksum(block: bytes | bytearray) -> int:
    """The sum of the block's bytes with the checksum field taken as eight spaces."""
    # adler32 from 0 holds the plain sum in its low half, modulo 65521: exact for ASCII blocks
    total = adler32(block, 0) & 0xFFFF if block.isascii() else sum(block)
    return total - sum(block[CHECKSUM]) + 256
