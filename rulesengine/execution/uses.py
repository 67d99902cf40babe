"""Uses: which action cache entries and pinned blobs a build needed, so that a collector knows what is old.

One small file per workspace and request in `CACHE/uses/`: its time stamp is the last use of all it lists.  A
cache hit is thereby remembered without a write to the database for each.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterable, Iterator

from rulesengine.kept_file import kept_body, write_kept
from rulesengine.model.digest import Digest
from rulesengine.values import frozen

_MAGIC = b"pybuild uses 1\n"
_RECORD = 41
KEPT = 32
"""So many files are kept for one workspace; the oldest go."""


@frozen
class Uses:
    """What one request of one workspace used.  root: the workspace's directory; at: seconds since the epoch."""

    root: str
    at: float
    actions: tuple[Digest, ...]
    blobs: tuple[Digest, ...]


def _folder(cache: str) -> str:
    return os.path.join(cache, "uses")


def _prefix(root: str) -> str:
    return hashlib.sha256(os.fsencode(root)).hexdigest()[:16]


def write_uses(cache: str, root: str, request: str, actions: Iterable[Digest], blobs: Iterable[Digest]) -> None:
    """Remember a use.  Never raises: what is not remembered only looks older than it is."""
    lines = [b"a" + _packed(one) for one in sorted(set(actions))] + [b"b" + _packed(one) for one in sorted(set(blobs))]
    body = os.fsencode(root) + b"\0" + b"".join(lines)
    folder = _folder(cache)
    path = os.path.join(folder, f"{_prefix(root)}-{hashlib.sha256(request.encode()).hexdigest()[:16]}")
    write_kept(path, _MAGIC, body)
    with contextlib.suppress(OSError):
        _prune(folder, _prefix(root))


def read_uses(cache: str) -> Iterator[tuple[str, Uses | None]]:
    """(path, what it says) of every file; None for one that is damaged."""
    folder = _folder(cache)
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return
    for name in names:
        path = os.path.join(folder, name)
        if name.endswith(".tmp"):
            continue
        try:
            with open(path, "rb") as file:
                data = file.read()
                at = os.fstat(file.fileno()).st_mtime
        except OSError:
            continue
        yield path, _decode(data, at)


def _decode(data: bytes, at: float) -> Uses | None:
    body = kept_body(data, _MAGIC)
    if body is None:
        return None
    root, _, records = bytes(body).partition(b"\0")
    if len(records) % _RECORD:
        return None
    actions: list[Digest] = []
    blobs: list[Digest] = []
    for start in range(0, len(records), _RECORD):
        one = records[start : start + _RECORD]
        digest = Digest(one[1:33].hex(), int.from_bytes(one[33:], "little"))
        (actions if one[:1] == b"a" else blobs).append(digest)
    return Uses(os.fsdecode(root), at, tuple(actions), tuple(blobs))


def _packed(digest: Digest) -> bytes:
    return bytes.fromhex(digest.hash) + digest.size.to_bytes(8, "little")


def _prune(folder: str, prefix: str) -> None:
    mine = []
    for name in os.listdir(folder):
        if name.startswith(prefix):
            path = os.path.join(folder, name)
            mine.append((os.stat(path).st_mtime, path))
    for _, path in sorted(mine)[:-KEPT]:
        os.unlink(path)
