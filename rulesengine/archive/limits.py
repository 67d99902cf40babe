"""Limits: how much an untrusted archive may ask of us, each a number with a name."""

from __future__ import annotations

from rulesengine.values import frozen

KIB = 1 << 10
MIB = 1 << 20
GIB = 1 << 30

DECOMPRESSED = 16 * GIB
ENTRIES = 1_000_000
RATIO = 2_000
RATIO_FLOOR = 64 * MIB
PATH = 4096
HEADER = MIB
MEMBERS = 64
XZ_MEMORY = 256 * MIB
ZSTD_WINDOW = 128 * MIB


@frozen
class Limits:
    """What a reader accepts before it raises LimitError.

    decompressed: bytes that one compressed stream may expand to.
    entries: members of one tar archive.
    ratio: decompressed bytes for each compressed byte, looked at once `ratio_floor` bytes came out
        (an honest file of zeros stays below the floor; a bomb does not).
    path: bytes of a member's path or link target (PATH_MAX).
    header: bytes of one pax or GNU long-name header.
    members: members of one ar archive (a .deb has three).
    xz_memory: bytes the xz decoder may use (xz -9 asks for 65 MiB).
    zstd_window: bytes of window a zstd frame may ask for (zstd --ultra -22 asks for 128 MiB).
    """

    decompressed: int = DECOMPRESSED
    entries: int = ENTRIES
    ratio: int = RATIO
    ratio_floor: int = RATIO_FLOOR
    path: int = PATH
    header: int = HEADER
    members: int = MEMBERS
    xz_memory: int = XZ_MEMORY
    zstd_window: int = ZSTD_WINDOW


DEFAULT = Limits()
"""The limits that readers use unless told otherwise."""
