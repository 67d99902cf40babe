"""Replay: what a build that succeeded leaves beside its no-op index, so that changed sources alone need no loading.

Plain data by marshal, with a checksum: artifacts, the DAG of depsets, actions, the values they came out as.  It is
believed only together with the very index it was written for, hence for the same command, environment, engine, BUILD
and .bzl files.  What cannot be written down (a map_each over the files of a tree) means that there is none.
"""

from __future__ import annotations

import contextlib
import hashlib
import marshal
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import attrs
from attrs import define, field

from rulesengine.model import action as actions
from rulesengine.model.action import Action
from rulesengine.model.artifact import Artifact, FileValue, LinkValue, TreeValue, Value
from rulesengine.model.depset import Depset
from rulesengine.model.digest import Digest

_MAGIC = b"pybuild plan 1\n"
_CLASSES: dict[str, type[Any]] = {
    one.__name__: one
    for one in (
        Action, actions.PathArgument, actions.TreeArgument, actions.Vector, actions.Lines, Digest,
    )
}  # fmt: skip
_PLAIN = (str, int, bool, float, bytes, type(None))
_LOADED = ("MODULE.bazel", "REPO.bazel", "BUILD", "BUILD.bazel", ".bazelignore")
_SUFFIXES = (".bzl", ".scl")


class UnwritableError(Exception):
    """Something of an action that cannot be written down."""


@define
class Target:
    """A target that was asked for: label, configuration's mnemonic, numbers of the artifacts shown."""

    label: str
    configuration: str
    shown: list[int]


@define
class Replay:
    """A build, as numbers.  Artifacts and depset nodes are numbered in the order in which they were met.

    inputs, outputs: of each action: a depset node; artifacts.  values: of each artifact, None where it was not made.
    sources: absolute path -> the artifact, for sources whose bytes only actions read.
    listings: directory that was listed -> digest of what is in it.  delivered: artifacts in the output tree.
    places: label -> path, line, column.  total: distinct actions that the request needs.
    request: what was asked for, as the history keeps it.
    """

    artifacts: list[tuple[str, str, bool, bool]]
    depsets: list[tuple[list[int], list[int], str]]
    actions: list[bytes]
    inputs: list[int]
    outputs: list[list[int]]
    values: list[tuple[int, str, int] | None]
    sources: dict[str, int]
    listings: dict[str, bytes]
    targets: list[Target]
    delivered: list[int]
    places: dict[str, tuple[str, int, int]]
    roots: dict[str, str]
    place: tuple[str, str]
    total: int
    request: dict[str, Any]
    _made: dict[int, Artifact] = field(factory=dict, init=False)
    _nodes: dict[int, Depset[Artifact]] = field(factory=dict, init=False)

    # ---- reading --------------------------------------------------------------

    def artifact(self, number: int) -> Artifact:
        """An artifact."""
        found = self._made.get(number)
        if found is None:
            found = self._made[number] = Artifact(*self.artifacts[number])
        return found

    def value(self, number: int) -> Value | None:
        """What an artifact came out as."""
        found = self.values[number]
        if found is None:
            return None
        kind, hash_, size = found
        digest = Digest(hash_, size)
        return TreeValue(digest) if kind == 2 else FileValue(digest, kind == 1)

    def remember(self, number: int, value: Value) -> None:
        """Note a new value."""
        self.values[number] = _value(value)

    def depset(self, number: int) -> Depset[Artifact]:
        """A node of the DAG with all below it."""
        stack = [number]
        while stack:
            top = stack[-1]
            if top in self._nodes:
                stack.pop()
                continue
            direct, below, order = self.depsets[top]
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
        found = self._decode(marshal.loads(self.actions[number]))
        assert isinstance(found, Action)
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
        return _CLASSES[rest[0]](**{name: self._decode(one) for name, one in rest[1]})

    def dirty(self, changed: Iterable[int]) -> set[int]:
        """The actions that may come out otherwise when these artifacts change."""
        above: dict[int, list[int]] = {}
        holders: dict[int, list[int]] = {}
        for number, (direct, below, _) in enumerate(self.depsets):
            for one in direct:
                holders.setdefault(one, []).append(number)
            for one in below:
                above.setdefault(one, []).append(number)
        users: dict[int, list[int]] = {}
        for number, node in enumerate(self.inputs):
            users.setdefault(node, []).append(number)
        out: set[int] = set()
        seen: set[int] = set()
        waiting = list(changed)
        while waiting:
            stack = list(holders.get(waiting.pop(), ()))
            while stack:
                node = stack.pop()
                if node in seen:
                    continue
                seen.add(node)
                stack += above.get(node, ())
                for action in users.get(node, ()):
                    if action not in out:
                        out.add(action)
                        waiting += self.outputs[action]
        return out


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
        if _CLASSES.get(kind.__name__) is not kind:
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
        found = _known_fields[kind] = [(one.alias or one.name, one.default) for one in attrs.fields(kind)]
    return found


def _value(value: Value) -> tuple[int, str, int]:
    assert not isinstance(value, LinkValue)
    kind = 2 if isinstance(value, TreeValue) else int(value.executable)
    return kind, value.digest.hash, value.digest.size


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
) -> Replay | None:
    """What a build did, or None where it cannot be written down.

    path: where a source is.  read: files that loading read.  listed: directories that it listed.
    places: where a target stands.  The rest is as in Replay.
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
    shown = [Target(label, mnemonic, [writer.artifact(one) for one in files]) for label, mnemonic, files in targets]
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
    return Replay(
        [(one.path, one.owner, one.is_source, one.is_directory) for one in writer.artifacts],
        writer.nodes,
        encoded,
        inputs,
        outputs,
        [_value(values[one]) if one in values else None for one in writer.artifacts],
        sources,
        {one.rstrip("/") or "/": listing(one) for one in listed},
        shown,
        put,
        stands,
        dict(roots),
        place,
        total,
        request,
    )


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


def save(path: str, checksum: bytes, replay: Replay) -> None:
    """Write it beside the index of this checksum.  Never raises."""
    body = marshal.dumps(
        (
            checksum, replay.artifacts, replay.depsets, replay.actions, replay.inputs, replay.outputs, replay.values,
            replay.sources, replay.listings, [(one.label, one.configuration, one.shown) for one in replay.targets],
            replay.delivered, replay.places, replay.roots, replay.place, replay.total, replay.request,
        )
    )  # fmt: skip
    temporary = f"{path}.{os.getpid()}"
    with contextlib.suppress(OSError):
        try:
            with open(temporary, "wb") as out:
                out.write(_MAGIC + hashlib.sha256(body).digest())
                out.write(body)
            os.replace(temporary, path)
        except OSError:
            os.unlink(temporary)


def load(path: str, checksum: bytes) -> Replay | None:
    """What was written for the index of this checksum, or None."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError:
        return None
    head = len(_MAGIC) + 32
    body = memoryview(data)[head:]
    if not data.startswith(_MAGIC) or hashlib.sha256(body).digest() != data[len(_MAGIC) : head]:
        return None
    try:
        found, *rest = marshal.loads(body)
        if found != checksum:
            return None
        rest[8] = [Target(*one) for one in rest[8]]
        return Replay(*rest)
    except (ValueError, EOFError, TypeError, IndexError):
        return None
