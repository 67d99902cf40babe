"""Replay: what a build that succeeded leaves beside its no-op index, so that changed sources alone need no loading.

Plain data in pieces (pieces.py), of which a rebuild reads those that the change concerns: artifacts, the DAG of depsets
and the way up in it, actions, the values they came out as.  It is believed only together with the very index that names
it, hence for the same command, environment, engine, BUILD and .bzl files.
"""

from __future__ import annotations

import hashlib
import marshal
import os
import sys
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

from rulesengine.execution import pieces
from rulesengine.execution.pieces import DamagedError, Pieces
from rulesengine.model import action as actions
from rulesengine.model.action import Action
from rulesengine.model.artifact import Artifact, FileValue, LinkValue, TreeValue, Value
from rulesengine.model.depset import Depset
from rulesengine.model.digest import Digest

CLASSES: dict[str, type[Any]] = {
    one.__name__: one
    for one in (
        Action, actions.PathArgument, actions.TreeArgument, actions.Vector, actions.Lines, Digest,
    )
}  # fmt: skip
"""What actions are made of, beside plain values, artifacts and depsets."""

Kept = tuple[int, str, int]
"""A value: FILE, PROGRAM or TREE; hash and size of the digest."""

FILE, PROGRAM, TREE, NONE = 0, 1, 2, 3

_MOST_NEWS = 2_000
"""So many new values stand in the index; more are written into the file."""


class Replay:
    """A build that was written down (capturing.py), and the values that are new since.

    news: artifact's number -> its value.  listings: directory that was listed -> digest of what is in it.
    place: the output directory, and the link that shows it.  total: distinct actions that the request needs.
    request: what was asked for, as the history keeps it.  count: of actions.  targets: how many were asked for.
    Reading raises DamagedError where the file is not what was written.
    """

    def __init__(self, path: str, digest: bytes, news: Mapping[int, Kept]) -> None:
        self._path = path
        self._digest = digest
        self._pieces = Pieces(path, digest)
        self.news = dict(news)
        self.count: int
        self.targets: int
        self.roots: dict[str, str]
        self.place: tuple[str, str]
        self.total: int
        self.request: dict[str, Any]
        self.count, self.targets, self._buckets, self.roots, self.place, self.total, self.request = self._pieces.piece(
            "frame"
        )
        self.listings: dict[str, bytes] = self._pieces.piece("listings")
        self._artifacts: dict[int, Artifact] = {}
        self._numbers: dict[Artifact, int] = {}
        self._nodes: dict[int, Depset[Artifact]] = {}

    # ---- artifacts and their values ---------------------------------------------

    def artifact(self, number: int) -> Artifact:
        """An artifact."""
        found = self._artifacts.get(number)
        if found is None:
            found = self._artifacts[number] = Artifact(*self._pieces.element("artifact", number))
            self._numbers[found] = number
        return found

    def number(self, artifact: Artifact) -> int:
        """The number of an artifact that was read before."""
        return self._numbers[artifact]

    def source(self, path: str) -> int | None:
        """The number of the source at this absolute path, if only actions read its bytes."""
        bucket: dict[str, int] = self._pieces.piece("source", zlib.crc32(os.fsencode(path)) % self._buckets)
        return bucket.get(path)

    def is_delivered(self, number: int) -> bool:
        """Whether it stands in the output tree."""
        return bool(self._pieces.piece("delivered")[number])

    def value(self, number: int) -> Value | None:
        """What an artifact came out as; None where it was not made."""
        kind, hash_, size = self.news.get(number) or self._written(number)
        if kind == NONE:
            return None
        digest = Digest(hash_, size)
        return TreeValue(digest) if kind == TREE else FileValue(digest, kind == PROGRAM)

    def _written(self, number: int) -> Kept:
        kinds, hashes, sizes = self._pieces.piece("values")
        size = int.from_bytes(sizes[8 * number : 8 * number + 8], sys.byteorder)
        return kinds[number], hashes[32 * number : 32 * number + 32].hex(), size

    def remember(self, number: int, value: Value) -> None:
        """Note a new value."""
        self.news[number] = kept_value(value)

    def has_trees(self) -> bool:
        """Whether some artifact came out as a directory."""
        return TREE in self._pieces.piece("values")[0] or any(one[0] == TREE for one in self.news.values())

    def with_content(self, hashes: Iterable[str]) -> set[int]:
        """The artifacts that came out with one of these digests."""
        wanted = set(hashes)
        column: bytes = self._pieces.piece("values")[1]
        out = {number for number, one in self.news.items() if one[1] in wanted}
        for one in wanted:
            place = column.find(bytes.fromhex(one))
            while place >= 0:
                if not place % 32 and place // 32 not in self.news:
                    out.add(place // 32)
                place = column.find(bytes.fromhex(one), place + 1)
        return out

    def named(self) -> tuple[bytes, dict[int, Kept]]:
        """How the next index names it: the digest of its file, and the news.  Never raises."""
        if len(self.news) <= _MOST_NEWS:
            return self._digest, self.news
        from rulesengine.workspace.capturing import packed

        try:
            count = len(self._pieces.piece("values")[0])
            values = [self.news.get(number) or self._written(number) for number in range(count)]
            digest = pieces.write(self._path, {"values": [packed(values)]}, self._pieces)
        except DamagedError:
            digest = None
        return digest or b"", {}

    # ---- targets --------------------------------------------------------------

    def asked(self) -> list[tuple[str, str, list[int]]]:
        """The targets asked for: label, configuration's mnemonic, numbers of the artifacts shown."""
        found: list[tuple[str, str, list[int]]] = self._pieces.piece("targets")
        return found

    def stands(self, label: str) -> tuple[str, int, int] | None:
        """Path, line and column where a target stands."""
        places: dict[str, tuple[str, int, int]] = self._pieces.piece("places")
        return places.get(label)

    # ---- actions --------------------------------------------------------------

    def depset(self, number: int) -> Depset[Artifact]:
        """A node of the DAG with all below it."""
        stack = [number]
        while stack:
            top = stack[-1]
            if top in self._nodes:
                stack.pop()
                continue
            direct, below, order = self._pieces.element("depset", top)
            missing = [one for one in below if one not in self._nodes]
            if missing:
                stack += missing
                continue
            self._nodes[top] = Depset(
                [self.artifact(one) for one in direct], [self._nodes[one] for one in below], order
            )
            stack.pop()
        return self._nodes[number]

    def action(self, number: int) -> Action:
        """An action."""
        found = self._decode(marshal.loads(self._pieces.element("action", number)))
        assert isinstance(found, Action)
        return found

    def outputs(self, number: int) -> list[int]:
        """The artifacts that an action makes."""
        found: list[int] = self._pieces.element("outputs", number)
        return found

    def holders(self, number: int) -> list[int]:
        """The depset nodes in which an artifact stands itself."""
        found: list[int] = self._pieces.element("holders", number)
        return found

    def above(self, number: int) -> list[int]:
        """The depset nodes right above a node."""
        found: list[int] = self._pieces.element("above", number)
        return found

    def users(self, number: int) -> list[int]:
        """The actions whose inputs a depset node is."""
        found: list[int] = self._pieces.element("users", number)
        return found

    def _decode(self, value: Any) -> Any:
        if type(value) is not tuple:
            return value
        kind, *rest = value
        if kind == "a":
            return self.artifact(rest[0])
        if kind == "d":
            return self.depset(rest[0])
        if kind == "t":
            return tuple([self._decode(one) for one in rest[0]])
        if kind == "l":
            return [self._decode(one) for one in rest[0]]
        if kind == "m":
            return {self._decode(name): self._decode(one) for name, one in rest[0]}
        return CLASSES[rest[0]](**{name: self._decode(one) for name, one in rest[1]})

    def dirty(self, changed: Iterable[int]) -> set[int]:
        """The actions that may come out otherwise when these artifacts change."""
        out: set[int] = set()
        seen: set[int] = set()
        waiting = list(changed)
        while waiting:
            stack = list(self.holders(waiting.pop()))
            while stack:
                node = stack.pop()
                if node in seen:
                    continue
                seen.add(node)
                stack += self.above(node)
                for action in self.users(node):
                    if action not in out:
                        out.add(action)
                        waiting += self.outputs(action)
        return out


def kept_value(value: Value) -> Kept:
    """A value as plain data."""
    assert not isinstance(value, LinkValue)
    kind = TREE if isinstance(value, TreeValue) else PROGRAM if value.executable else FILE
    return kind, value.digest.hash, value.digest.size


def listing(directory: str, without: str = "\0") -> bytes:
    """A digest of the names in a directory and of what they are; empty where it cannot be listed.

    without: names that begin so do not count.
    """
    try:
        with os.scandir(directory) as entries:
            names = sorted(
                (one.name, one.is_symlink(), one.is_dir()) for one in entries if not one.name.startswith(without)
            )
    except OSError:
        return b""
    return hashlib.sha256(repr(names).encode("utf-8", "surrogateescape")).digest()
