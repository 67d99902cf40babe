"""REAPI messages of an action: Command, input root, Action; ActionResult to values and back.

Everything is serialised deterministically: these bytes are the cache key and what a remote cluster reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING

from rulesengine.errors import ExecutionError
from rulesengine.model import wire
from rulesengine.model.action import Action, Lines, Members, Vector
from rulesengine.model.artifact import OUTPUT_ROOT, VOLATILE_STATUS, Artifact, FileValue, LinkValue, TreeValue, Value
from rulesengine.model.command_line import no_trees, render
from rulesengine.model.digest import EMPTY, Digest
from rulesengine.values import frozen

if TYPE_CHECKING:
    _Node = dict[str, "Value | _Node"]

STDERR_KEPT = 64 * 1024
"""Bytes of an action's standard output and error that its ActionResult keeps (the last ones)."""


@frozen
class Spelling:
    """How an action's paths are written: execution path -> artifact, and the command line."""

    arguments: tuple[str, ...]
    inputs: Mapping[str, Artifact]
    outputs: Mapping[str, Artifact]


def spell(action: Action, inputs: Sequence[Artifact], members: Members = no_trees) -> Spelling:
    """The paths of an action.  members: looks into an input tree.

    Operations get mapped paths (the configuration replaced by `any`), so that the same conversion
    asked for by six platforms is one action; unless two of the action's artifacts would then
    share a path or lie inside one another (then only its outputs are mapped), or unless an argument
    spells a real path as text.
    Processes keep the real paths.
    """
    mapped = attrgetter("mapped_path")
    if action.op is not None and not _spells_paths(action):
        read = {artifact.mapped_path: artifact for artifact in inputs}
        made = {artifact.mapped_path: artifact for artifact in action.outputs}
        paths = len(read) + len(made)
        if paths == len({*read, *made}) == len(set(inputs)) + len(action.outputs) and not _nested(
            inputs, action.outputs
        ):
            return Spelling(tuple(render(action.arguments, mapped, members)), read, made)
        # The images of an index: their paths differ by configuration only, the index's own need not name one.
        read = {artifact.path: artifact for artifact in inputs}
        if len({*read, *made}) == len(set(inputs)) + len(action.outputs) and not _nested(inputs, action.outputs):
            outputs = set(action.outputs)
            arguments = render(
                action.arguments,
                lambda artifact: artifact.mapped_path if artifact in outputs else artifact.path,
                members,
            )
            return Spelling(tuple(arguments), read, made)
    return Spelling(
        tuple(render(action.arguments, attrgetter("path"), members)),
        {artifact.path: artifact for artifact in inputs},
        {artifact.path: artifact for artifact in action.outputs},
    )


def _spells_paths(action: Action) -> bool:
    """Whether an argument holds the path of the configuration's outputs as text, which cannot be mapped."""
    root = f"{OUTPUT_ROOT}/{action.configuration}/"
    for one in action.arguments:
        if isinstance(one, str):
            if root in one:
                return True
        elif isinstance(one, Vector) or (isinstance(one, Lines) and _text_has(one, root)):
            return True
    return False


def _text_has(lines: Lines, root: str) -> bool:
    return any(not isinstance(one, str) or root in one for one in lines.items)


def _nested(inputs: Sequence[Artifact], outputs: Sequence[Artifact]) -> bool:
    """Whether mapping would put one artifact inside another's tree."""
    trees = {artifact.mapped_path for artifact in (*inputs, *outputs) if artifact.is_directory}
    if not trees:
        return False
    for artifact in (*inputs, *outputs):
        path = artifact.mapped_path
        while "/" in path:
            path = path.rpartition("/")[0]
            if path in trees:
                return True
    return False


class KeyMaker:
    """Action digests.  Input roots and Directory messages that actions share are encoded once."""

    def __init__(self) -> None:
        self._directories: dict[bytes, Digest] = {}

    def key(self, action: Action, spelling: Spelling, values: Mapping[Artifact, Value]) -> Digest:
        """The digest of the REAPI Action.  `values`: at least those of all inputs.

        Whatever the volatile status is, the key is the same: a change of it alone makes nothing anew.
        """
        volatile = spelling.inputs.get(VOLATILE_STATUS)
        if volatile is not None:
            values = {**{one: values[one] for one in spelling.inputs.values()}, volatile: FileValue(EMPTY)}
        return self.messages(action, spelling, values, self._digest)

    def messages(
        self,
        action: Action,
        spelling: Spelling,
        values: Mapping[Artifact, Value],
        put: Callable[[bytes], Digest],
    ) -> Digest:
        """Hand Directory, Command and Action messages to `put` (to upload them); the Action's digest.

        Raises ExecutionError where inputs lie inside one another.
        """
        root = self._input_root(action, spelling, values, put)
        platform = sorted(action.platform)
        environment = action.whole_environment
        command = wire.command(spelling.arguments, sorted(environment.items()), platform, sorted(spelling.outputs))
        return put(wire.action(put(command), root, action.timeout, action.cacheable, platform))

    def _digest(self, data: bytes) -> Digest:
        digest = self._directories.get(data)
        if digest is None:
            digest = Digest.of(data)
            if len(data) < 4096 and len(self._directories) < 100_000:
                self._directories[data] = digest
        return digest

    def _input_root(
        self, action: Action, spelling: Spelling, values: Mapping[Artifact, Value], put: Callable[[bytes], Digest]
    ) -> Digest:
        root: _Node = {}
        nodes: dict[str, _Node] = {"": root}
        for path, artifact in spelling.inputs.items():
            parent, _, name = path.rpartition("/")
            node = nodes.get(parent)
            if node is None:
                node = root
                for part in parent.split("/"):
                    below = node.setdefault(part, {})
                    if not isinstance(below, dict):
                        raise _overlap(action, path)
                    node = below
                nodes[parent] = node
            if name in node:
                raise _overlap(action, path)
            node[name] = input_value(action, artifact, values[artifact])
        return _store_directory(root, put)


def input_value(action: Action, artifact: Artifact, value: Value) -> Value:
    """An input as an action sees it: to processes every file that an action made is executable, as in Bazel."""
    if isinstance(value, FileValue) and action.op is None and not artifact.is_source and not value.executable:
        return FileValue(value.digest, True)
    return value


def _overlap(action: Action, path: str) -> ExecutionError:
    return ExecutionError(
        f"input {path} lies inside another input, or another lies inside it", label=action.owner or None
    )


def _store_directory(node: _Node, put: Callable[[bytes], Digest]) -> Digest:
    """A Directory message and those below it.  Depth is that of an execution path, so recursion is safe."""
    files = []
    directories = []
    links = []
    for name in sorted(node):
        value = node[name]
        if isinstance(value, FileValue):
            files.append((name, value.digest, value.executable))
        elif isinstance(value, LinkValue):
            links.append((name, value.target))
        else:
            child = value.digest if isinstance(value, TreeValue) else _store_directory(value, put)
            directories.append((name, child))
    return put(wire.directory(files, directories, links))


def encode_result(values: Iterable[tuple[str, Value]], stdout: bytes, stderr: bytes) -> bytes:
    """An ActionResult: output path -> value, and the end of what the action printed."""
    files = []
    directories = []
    links = []
    for path, value in sorted(values, key=lambda pair: pair[0]):
        if isinstance(value, LinkValue):
            links.append((path, value.target))
        elif isinstance(value, FileValue):
            files.append((path, value.digest, value.executable))
        else:
            directories.append((path, value.digest))
    return wire.result(files, directories, links, stdout[-STDERR_KEPT:], stderr[-STDERR_KEPT:])


def decode_result(data: bytes, outputs: Mapping[str, Artifact]) -> dict[Artifact, Value] | None:
    """The values of `outputs`, or None where the ActionResult does not decode, lacks one or has another kind."""
    try:
        found = wire.read_result(data)
    except wire.WireError:
        return None
    if found.exit_code:
        return None
    values: dict[Artifact, Value] = {}
    for path, digest, executable in found.files:
        artifact = outputs.get(path)
        if artifact is None or artifact.kind != "file" or not digest.is_sound:
            return None
        values[artifact] = FileValue(digest, executable)
    for path, digest in found.directories:
        artifact = outputs.get(path)
        if artifact is None or not artifact.is_directory or not digest.is_sound:
            return None
        values[artifact] = TreeValue(digest)
    for path, target in found.links:
        artifact = outputs.get(path)
        if artifact is None or not artifact.is_symlink:
            return None
        values[artifact] = LinkValue(target)
    return values if len(values) == len(outputs) else None
