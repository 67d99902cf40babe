"""Capture: writes down a build that succeeded, so that later ones may go on from it (replay.py).

Plain data: artifacts, the DAG of depsets and the way up in it, actions, the values they came out as.  What cannot be
written down (a map_each over the files of a tree) means that there is nothing to go on from.
"""

from __future__ import annotations

import marshal
import os
import zlib
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from rulesengine.execution import pieces
from rulesengine.model.action import Action
from rulesengine.model.artifact import Artifact, FileValue, Value
from rulesengine.model.depset import Depset
from rulesengine.values import fields, frozen
from rulesengine.workspace import replay
from rulesengine.workspace.replay import CLASSES, Kept, kept_value

_PLAIN = (str, int, bool, float, bytes, type(None))
_LOADED = ("MODULE.bazel", "REPO.bazel", "BUILD", "BUILD.bazel", ".bazelignore")
_SUFFIXES = (".bzl", ".scl")


class UnwritableError(Exception):
    """Something of an action that cannot be written down."""


@frozen
class Captured:
    """A build, as numbers.  Artifacts, depset nodes and actions are numbered in the order in which they were met.

    inputs, outputs: of each action: a depset node; artifacts.  values: of each artifact, None where it was not made.
    sources: absolute path -> the artifact, for sources whose bytes only actions read.
    listings: directory that was listed -> digest of what is in it.  delivered: artifacts in the output tree.
    targets: label, configuration's mnemonic, numbers of the artifacts shown.  places: label -> path, line, column.
    total: distinct actions that the request needs.  request: what was asked for, as the history keeps it.
    """

    artifacts: list[tuple[str, str, bool, bool]]
    depsets: list[tuple[list[int], list[int], str]]
    actions: list[bytes]
    inputs: list[int]
    outputs: list[list[int]]
    values: list[Kept | None]
    sources: dict[str, int]
    listings: dict[str, bytes]
    targets: list[tuple[str, str, list[int]]]
    delivered: list[int]
    places: dict[str, tuple[str, int, int]]
    roots: dict[str, str]
    place: tuple[str, str]
    total: int
    request: dict[str, Any]


class _Writer:
    """Numbers artifacts and depsets as they are met."""

    def __init__(self) -> None:
        self.artifacts: dict[Artifact, int] = {}
        self.depsets: dict[int, int] = {}
        self.nodes: list[tuple[list[int], list[int], str]] = []

    def artifact(self, one: Artifact) -> int:
        return self.artifacts.setdefault(one, len(self.artifacts))

    def depset(self, one: Depset[Artifact]) -> int:
        stack = [one]
        while stack:
            top = stack[-1]
            if id(top) in self.depsets:
                stack.pop()
                continue
            missing = [child for child in top.transitive if id(child) not in self.depsets]
            if missing:
                stack += missing
                continue
            self.depsets[id(top)] = len(self.nodes)
            below = [self.depsets[id(child)] for child in top.transitive]
            self.nodes.append(([self.artifact(each) for each in top.direct], below, top.order))
            stack.pop()
        return self.depsets[id(one)]

    def encode(self, value: Any) -> Any:
        kind = type(value)
        if kind in _PLAIN:
            return value
        if kind is Artifact:
            return ("a", self.artifact(value))
        if kind is Depset:
            return ("d", self.depset(value))
        if kind is tuple:
            return ("t", [self.encode(one) for one in value])
        if kind is list:
            return ("l", [self.encode(one) for one in value])
        if kind is dict:
            return ("m", [[self.encode(name), self.encode(one)] for name, one in value.items()])
        if CLASSES.get(kind.__name__) is not kind:
            raise UnwritableError(kind.__name__)
        pairs = []
        for name, default in _fields(kind):
            one = getattr(value, name)
            if one is not default and one != default:
                pairs.append([name, self.encode(one)])
        return ("c", kind.__name__, pairs)


_known_fields: dict[type[Any], list[tuple[str, Any]]] = {}


def _fields(kind: type[Any]) -> list[tuple[str, Any]]:
    found = _known_fields.get(kind)
    if found is None:
        found = _known_fields[kind] = [(one.alias or one.name, one.default) for one in fields(kind)]
    return found


def capture(
    *,
    makers: Mapping[Artifact, Action],
    wanted: Sequence[Artifact],
    delivered: Iterable[Artifact],
    targets: Iterable[tuple[str, str, Sequence[Artifact]]],
    values: Mapping[Artifact, Value],
    path: Callable[[Artifact], str],
    read: Iterable[str],
    listed: Iterable[str],
    places: Callable[[str], tuple[str, int, int] | None],
    roots: Mapping[str, str],
    place: tuple[str, str],
    total: int,
    request: dict[str, Any],
) -> Captured | None:
    """What a build did, or None where it cannot be written down.

    path: where a source is.  read: files that loading read.  listed: directories that it listed.
    places: where a target stands.  The rest is as in Captured.
    """
    needed: dict[int, Action] = {}
    seen: set[Artifact] = set()
    stack = list(wanted)
    flat: dict[int, None] = {}
    while stack:
        artifact = stack.pop()
        if artifact in seen:
            continue
        seen.add(artifact)
        maker = makers.get(artifact)
        if maker is None or id(maker) in needed:
            continue
        needed[id(maker)] = maker
        nodes = [maker.inputs]
        while nodes:
            node = nodes.pop()
            if id(node) not in flat:
                flat[id(node)] = None
                stack += node.direct
                nodes += node.transitive
    writer = _Writer()
    try:
        encoded = [marshal.dumps(writer.encode(one)) for one in needed.values()]
    except UnwritableError:
        return None
    if any(one.test is not None for one in needed.values()) or any(one.is_symlink for one in writer.artifacts):
        return None
    inputs = [writer.depset(one.inputs) for one in needed.values()]
    outputs = [[writer.artifact(each) for each in one.outputs] for one in needed.values()]
    shown = [(label, mnemonic, [writer.artifact(one) for one in files]) for label, mnemonic, files in targets]
    put = [writer.artifact(one) for one in delivered]
    loaded = set(read)
    sources = {}
    for artifact, number in writer.artifacts.items():
        if artifact.is_source and isinstance(values.get(artifact), FileValue):
            where = path(artifact)
            name = os.path.basename(where)
            if where not in loaded and name not in _LOADED and not name.endswith(_SUFFIXES):
                sources[where] = number
    stands = {}
    for one in needed.values():
        if one.owner not in stands:
            found = places(one.owner)
            if found is not None:
                stands[one.owner] = found
    return Captured(
        [(one.path, one.owner, one.is_source, one.is_directory) for one in writer.artifacts],
        writer.nodes,
        encoded,
        inputs,
        outputs,
        [kept_value(values[one]) if one in values else None for one in writer.artifacts],
        sources,
        {one.rstrip("/") or "/": replay.listing(one) for one in listed},
        shown,
        put,
        stands,
        dict(roots),
        place,
        total,
        request,
    )


def save(path: str, one: Captured) -> bytes | None:
    """Write it to a file; the file's digest, or None where it cannot be written."""
    holders: list[list[int]] = [[] for _ in one.artifacts]
    above: list[list[int]] = [[] for _ in one.depsets]
    users: list[list[int]] = [[] for _ in one.depsets]
    for number, (direct, below, _) in enumerate(one.depsets):
        for each in direct:
            holders[each].append(number)
        for each in below:
            above[each].append(number)
    for number, node in enumerate(one.inputs):
        users[node].append(number)
    buckets: list[dict[str, int]] = [{} for _ in range(1 + len(one.sources) // pieces.CHUNK)]
    for source, number in one.sources.items():
        buckets[zlib.crc32(os.fsencode(source)) % len(buckets)][source] = number
    put = bytearray(len(one.artifacts))
    for number in one.delivered:
        put[number] = 1
    lists: dict[str, Sequence[Any]] = {
        "artifact": one.artifacts,
        "depset": one.depsets,
        "action": one.actions,
        "outputs": one.outputs,
        "holders": holders,
        "above": above,
        "users": users,
    }
    return pieces.write(
        path,
        {
            **{name: pieces.chunks(elements) for name, elements in lists.items()},
            "source": buckets,
            "delivered": [bytes(put)],
            "listings": [one.listings],
            "targets": [one.targets],
            "places": [one.places],
            "frame": [(len(one.actions), len(one.targets), len(buckets), one.roots, one.place, one.total, one.request)],
            "values": [packed(one.values)],
        },
    )


def packed(values: Sequence[Kept | None]) -> tuple[bytes, bytes, bytes]:
    """Values as three columns: kinds, hashes, sizes."""
    kinds = bytes(replay.NONE if one is None else one[0] for one in values)
    hashes = b"".join(bytes(32) if one is None else bytes.fromhex(one[1]) for one in values)
    return kinds, hashes, array("q", [0 if one is None else one[2] for one in values]).tobytes()
