"""The stat signatures of many files as one text, to be compared in one go.

os.stat makes an object of twenty numbers for each file, of which five are wanted: that is a third of a build with
nothing to do.  So statx(2) is called with a buffer, and the five are taken out of it column by column; where that is
not possible (another system, a sandbox that forbids it) os.stat gives the same text.

This module runs at every start: it imports itertools, os and _ctypes only (ctypes itself takes 2 ms more).
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Literal

    Read = Callable[[int, list[bytes]], bytes]
    """An open directory, at most MOST names in it -> the text.  Raises OSError where one cannot be looked at."""

Signature = tuple[int, int, int, int, int]
"""size, mtime in ns, ctime in ns, inode, mode."""

MOST = 512
"""So many files are read at once."""

WIDTH = 42
"""Bytes that a file takes in a text."""

_BILLION = 1_000_000_000

# struct statx of <linux/stat.h>: 256 bytes, the same on every architecture.
_RECORD = 256
_WANTED = 0x3C3  # STATX_TYPE | STATX_MODE | STATX_MTIME | STATX_CTIME | STATX_INO | STATX_SIZE
_COLUMNS: tuple[tuple[Literal["H", "I", "q"], tuple[int, ...]], ...] = (
    ("H", (28,)),  # mode
    ("I", (104, 120)),  # nanoseconds of ctime, of mtime
    ("q", (32, 40, 96, 112)),  # inode, size, seconds of ctime, of mtime
)
"""Formats of columns (struct), and where they start in a record."""


def reader() -> Read:
    """The fastest way there is here."""
    try:
        return _with_statx()
    except (ImportError, AttributeError, OSError, TypeError, ValueError):
        return with_stat


def with_stat(directory: int, names: list[bytes]) -> bytes:
    """The same with os.stat."""
    found = [os.stat(name, dir_fd=directory) for name in names]
    return pack([(one.st_size, one.st_mtime_ns, one.st_ctime_ns, one.st_ino, one.st_mode) for one in found])


def _with_statx() -> Read:
    import _ctypes
    from itertools import repeat

    class Int(_ctypes._SimpleCData):  # type: ignore[type-arg]  # generic in the stubs alone
        _type_ = "i"

    class Char(_ctypes._SimpleCData):  # type: ignore[type-arg]  # generic in the stubs alone
        _type_ = "c"

    class Records(_ctypes.Array):  # type: ignore[type-arg]  # generic in the stubs alone
        _type_ = Char
        _length_ = _RECORD * MOST

    class Function(_ctypes.CFuncPtr):
        _flags_ = _ctypes.FUNCFLAG_CDECL | _ctypes.FUNCFLAG_PYTHONAPI  # one thread: the lock need not be given up
        _restype_ = Int

    library = _ctypes.dlopen(None, os.RTLD_NOW)  # type: ignore[arg-type] # None: what the interpreter is linked with
    statx = Function(_ctypes.dlsym(library, "statx"))
    records = Records()
    everything = memoryview(records).cast("B")
    columns = []
    for kind, starts in _COLUMNS:
        view = everything.cast(kind)
        columns += [view[start // view.itemsize :: _RECORD // view.itemsize] for start in starts]
    places = [_ctypes.byref(records, start) for start in range(0, _RECORD * MOST, _RECORD)]

    def read(directory: int, names: list[bytes]) -> bytes:
        if len(names) > MOST or any(
            map(statx, repeat(directory), names, repeat(0), repeat(_WANTED), places)  # one call a file, none in Python
        ):
            return with_stat(directory, names)
        count = len(names)
        return b"".join([column[:count].tobytes() for column in columns])

    return read


def pack(signatures: Sequence[Signature]) -> bytes:
    """The text of these."""
    from array import array

    if not signatures:
        return b""
    sizes, modified, changed, inodes, modes = zip(*signatures, strict=True)
    columns = [
        array("H", modes),
        *(array("I", [one % _BILLION for one in times]) for times in (changed, modified)),
        array("Q", inodes),
        array("q", sizes),
        *(array("q", [one // _BILLION for one in times]) for times in (changed, modified)),
    ]
    return b"".join(columns)


def unpack(text: bytes) -> Iterator[Signature]:
    """The signatures in a text."""
    count = len(text) // WIDTH
    parts = memoryview(text)
    modes = parts[: 2 * count].cast("H")
    parts_of_seconds = parts[2 * count : 10 * count].cast("I")
    inodes = parts[10 * count : 18 * count].cast("Q")
    wide = parts[18 * count :].cast("q")
    for number in range(count):
        yield (
            wide[number],
            wide[2 * count + number] * _BILLION + parts_of_seconds[count + number],
            wide[count + number] * _BILLION + parts_of_seconds[number],
            inodes[number],
            modes[number],
        )


def signature(path: str) -> Signature | None:
    """The signature of what `path` leads to, or None where there is nothing."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_mode)
