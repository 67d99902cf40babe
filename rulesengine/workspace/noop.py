"""The no-op index: what a successful build looked at, so that the same command may answer at once.

One file per command line, in `CACHE/noop/`: a checksum and a marshalled tuple.  It is believed only when
every path it names still has the same stat signature; whatever does not fit is a miss, and the full
path decides by content.  So a time stamp may skip a digest, never stand for one.

This module runs at every start: it imports os, sys, marshal and zlib only.
"""

from __future__ import annotations

import marshal
import os
import sys
import zlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

FORMAT = 2
KEPT = 64
"""So many indexes are kept; the oldest go."""

FILE = 0
"""Must exist with this signature (sources, BUILD files, outputs, listed directories)."""
ABSENT = 1
"""Must not be a regular file (was looked for and not there)."""
LINK = 2
"""Must be a symbolic link with this target."""

_PLAIN = 2
"""The version of marshal in which equal lists of numbers have equal bytes, whatever objects they are."""

_GRANULARITY_NS = 20_000_000
_COARSE_GRANULARITY_NS = 2_000_000_000
_ENVIRONMENT = ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "NO_COLOR")
_PREFIX = "PYBUILD_"

Signature = tuple[int, int, int, int, int]
"""size, mtime in ns, ctime in ns, inode, mode."""


def key(version: str, arguments: Sequence[str]) -> str:
    """All that decides what a command means, besides files: version, directory, arguments, environment."""
    environment = os.environ
    names = sorted([name for name in environment if name.startswith(_PREFIX)] + list(_ENVIRONMENT))
    parts = [str(FORMAT), version, sys.version, os.getcwd(), *arguments, ""]
    parts += [f"{name}={environment.get(name)}" for name in names]
    return "\0".join(parts)


def index_path(directory: str, text: str) -> str:
    """The file of the index with this key; keys that collide overwrite each other, and are told apart on reading."""
    data = text.encode("utf-8", "surrogateescape")
    return f"{directory}/{zlib.crc32(data):08x}{zlib.adler32(data):08x}"


def signature(path: str) -> Signature | None:
    """The signature of what `path` leads to, or None where there is nothing."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_mode)


def load(directory: str, text: str) -> tuple[str, str] | None:
    """(what to print on stderr, on stdout) when the command of this key has nothing to do, else None."""
    import gc

    gc.disable()
    try:
        return _load(directory, text)
    finally:
        gc.enable()


def _load(directory: str, text: str) -> tuple[str, str] | None:
    try:
        with open(index_path(directory, text), "rb") as stream:
            data = stream.read()
    except OSError:
        return None
    if len(data) < 16 or zlib.crc32(data[4:]).to_bytes(4, "little") != data[:4]:
        return None
    try:
        stored, shown, printed, files, signatures, absent, links = marshal.loads(data[4:])
    except (ValueError, EOFError, TypeError):
        return None
    if stored != text:
        return None
    stat = os.stat
    values: list[int] = []
    add = values.extend
    try:
        for above, names in files:
            # A name below an open directory is found in half the time of a whole path.
            opened = os.open(above, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                for name in names:
                    status = stat(name, dir_fd=opened)
                    add((status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_mode))
            finally:
                os.close(opened)
        if marshal.dumps(values, _PLAIN) != signatures:
            return None
        for path, target in links:
            if os.readlink(path) != target:
                return None
    except (OSError, ValueError):
        return None
    for path in absent:
        if os.path.isfile(path):
            return None
    return shown, printed


def racy(found: Signature, since_ns: int) -> bool:
    """Whether a file may have changed at or after `since_ns` without its signature showing it (git's "racily clean").

    File systems stamp times in ticks: of some milliseconds, or of whole seconds.
    """
    newest = max(found[1], found[2])
    coarse = found[1] % 1_000_000_000 == 0 and found[2] % 1_000_000_000 == 0
    return newest >= since_ns - (_COARSE_GRANULARITY_NS if coarse else _GRANULARITY_NS)


def save(
    directory: str,
    text: str,
    *,
    started_ns: int,
    read: Iterable[str],
    absent: Iterable[str],
    made: Iterable[tuple[str, Signature]],
    links: Iterable[tuple[str, str]],
    shown: str,
    printed: str,
) -> bool:
    """Write the index of a build that succeeded; whether it could be written.

    started_ns: when the build began: a file read that changed since is not trusted, and nothing is written.
    made: outputs, with the signature they had when this build put them there or checked them.
    Never raises: an index that cannot be written is only a slower next build.
    """
    found: dict[str, Signature] = {}
    for path in read:
        now = signature(path)
        if now is None or racy(now, started_ns):
            return False
        found[path] = now
    for path, kept in made:
        if found.setdefault(path, kept) != kept:
            return False
    below: dict[str, list[str]] = {}
    signatures: list[int] = []
    for path in sorted(found, key=lambda path: path.rpartition("/")):
        above, _, name = path.rpartition("/")
        below.setdefault(above or "/", []).append(name or ".")
        signatures += found[path]
    checked = marshal.dumps(signatures, _PLAIN)
    data = marshal.dumps((text, shown, printed, list(below.items()), checked, sorted(set(absent)), list(links)))
    target = index_path(directory, text)
    temporary = f"{target}.{os.getpid()}"
    try:
        os.makedirs(directory, exist_ok=True)
        with open(temporary, "wb") as stream:
            stream.write(zlib.crc32(data).to_bytes(4, "little") + data)
        os.replace(temporary, target)
        _prune(directory)
    except OSError:
        return False
    return True


def _prune(directory: str) -> None:
    with os.scandir(directory) as listing:
        entries = sorted((entry.stat().st_mtime_ns, entry.path) for entry in listing)
    for _, path in entries[:-KEPT]:
        os.unlink(path)
