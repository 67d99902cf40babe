"""The no-op index: what a successful build looked at, so that the same command may answer at once.

One file per command line, in `CACHE/noop/`: a checksum, a marshalled tuple, and the signatures of what it names.  It
is believed only when every path it names still has the same stat signature; whatever does not fit is a miss, and the
full path decides by content.  So a time stamp may skip a digest, never stand for one.

This module runs at every start: it imports os, sys, marshal and zlib only, and what signatures.py does.
"""

from __future__ import annotations

import marshal
import os
import sys
import zlib

from rulesengine.workspace import signatures
from rulesengine.workspace.signatures import Signature, signature

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from rulesengine.workspace.stale import Group, Stale

FORMAT = 4
KEPT = 64
"""So many indexes are kept; the oldest go."""

PLAN = ".plan"
"""What the name of that file ends in: see Plan."""

FILE = 0
"""Must exist with this signature (sources, BUILD files, outputs, listed directories)."""
ABSENT = 1
"""Must not be a regular file (was looked for and not there)."""
LINK = 2
"""Must be a symbolic link with this target."""

_HEAD = 12
"""Bytes before the tuple: the checksum of all that follows, the length of the tuple."""

_GRANULARITY_NS = 20_000_000
_COARSE_GRANULARITY_NS = 2_000_000_000
_ENVIRONMENT = ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "NO_COLOR")
_PREFIX = "PYBUILD_"

Plan = tuple[bytes, dict[int, tuple[int, str, int]]]
"""How to go on from an index: the digest of the file beside it (empty: none; see replay.py), and values new since."""

NO_PLAN: Plan = (b"", {})


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


def load(directory: str, text: str) -> tuple[str, str] | Stale | None:
    """(what to print on stderr, on stdout) when the command of this key has nothing to do.

    Stale when something that was looked at has changed; None without an index, or where something is gone.
    """
    import gc

    gc.disable()
    try:
        return _load(directory, text)
    finally:
        gc.enable()


def _load(directory: str, text: str) -> tuple[str, str] | Stale | None:
    place = index_path(directory, text)
    try:
        with open(place, "rb") as stream:
            data = stream.read()
    except OSError:
        return None
    parts = memoryview(data)
    end = _HEAD + int.from_bytes(data[4:_HEAD], "little")
    if not _HEAD < end <= len(data) or zlib.crc32(parts[4:]).to_bytes(4, "little") != data[:4]:
        return None
    try:
        stored, shown, printed, files, absent, links, plan = marshal.loads(parts[_HEAD:end])
    except (ValueError, EOFError, TypeError):
        return None
    if stored != text:
        return None
    read = signatures.reader()
    width = signatures.WIDTH
    before: list[bytes] = []
    now: list[bytes] = []
    try:
        for above, names in files:
            # A name below an open directory is found in half the time of a whole path.
            opened = os.open(above, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                now.append(read(opened, names))
            finally:
                os.close(opened)
            start, end = end, end + width * len(names)
            before.append(data[start:end])
        if now != before:
            from rulesengine.workspace.stale import Stale

            return Stale(place, text, data[:4], files, before, now, absent, links, plan)
        for path, target in links:
            if os.readlink(path) != target:
                return None
    except (OSError, ValueError, EOFError, TypeError):
        return None
    for path in absent:
        if os.path.isfile(path):
            return None
    return shown, printed


def fresh(found: Signature, now_ns: int) -> int:
    """For how many more nanoseconds a change might not show in this signature; 0 for none."""
    return max(0, max(found[1], found[2]) + _GRANULARITY_NS - now_ns)


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
    settled: Callable[[str], Signature | None] = lambda _: None,
    plan: Callable[[], Plan] = lambda: NO_PLAN,
) -> bool:
    """Write the index of a build that succeeded; whether it was written.

    started_ns: when the build began: a file read that changed since is not trusted, and nothing is written.
    made: outputs, with the signature they had when this build put them there or checked them.
    settled: the signature of a path that did change since, if what matters of it is still what was read.
    plan: asked only when there will be an index.
    Never raises: an index that cannot be written is only a slower next build.
    """
    found: dict[str, Signature] = {}
    for path in read:
        now = signature(path)
        if now is not None and racy(now, started_ns):
            now = settled(path)
        if now is None:
            return False
        found[path] = now
    for path, kept in made:
        if found.setdefault(path, kept) != kept:
            return False
    from rulesengine.workspace.stale import add

    below: dict[str, list[tuple[bytes, Signature]]] = {}
    for path, one in found.items():
        above, _, name = path.rpartition("/")
        below.setdefault(above or "/", []).append((os.fsencode(name) or b".", one))
    files: list[Group] = []
    texts: list[bytes] = []
    for above in sorted(below):
        add(files, texts, above, sorted(below[above]))
    return write(index_path(directory, text), text, files, texts, absent, links, shown, printed, plan())


def write(
    target: str,
    text: str,
    files: Sequence[Group],
    texts: Iterable[bytes],
    absent: Iterable[str],
    links: Iterable[tuple[str, str]],
    shown: str,
    printed: str,
    plan: Plan,
) -> bool:
    """Write an index; whether it was written."""
    head = marshal.dumps((text, shown, printed, list(files), sorted(set(absent)), list(links), plan))
    data = b"".join([len(head).to_bytes(_HEAD - 4, "little"), head, *texts])
    checksum = zlib.crc32(data).to_bytes(4, "little")
    directory = os.path.dirname(target)
    temporary = f"{target}.{os.getpid()}"
    try:
        os.makedirs(directory, exist_ok=True)
        with open(temporary, "wb") as stream:
            stream.write(checksum)
            stream.write(data)
        os.replace(temporary, target)
        _prune(directory)
    except OSError:
        return False
    return True


def _prune(directory: str) -> None:
    with os.scandir(directory) as listing:
        entries = sorted((entry.stat().st_mtime_ns, entry.path) for entry in listing if not entry.name.endswith(PLAN))
    for _, path in entries[:-KEPT]:
        os.unlink(path)
        try:
            os.unlink(path + PLAN)
        except FileNotFoundError:
            continue
