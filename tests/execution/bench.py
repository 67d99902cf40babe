"""A bench: a workspace with a cache and a few operations, and graphs made in a line."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from rulesengine.execution import (
    DiskActionCache,
    ExecutionResult,
    Executor,
    LocalRunner,
    LocalStore,
    OpRunner,
    WorkspaceSources,
)
from rulesengine.model.action import OP_EXECUTABLE, Action, ActionGraph, Argument, PathArgument
from rulesengine.model.artifact import Artifact, Value
from rulesengine.model.depset import Depset
from rulesengine.model.digest import Digest
from rulesengine.model.events import Event
from rulesengine.model.operation import OpArguments, Operation
from rulesengine.model.ports import ActionCache, Cancellation, OpContext, Pin, Runner, SourceTree


def source(path: str) -> Artifact:
    return Artifact(path, owner="//" + path, is_source=True)


def made(path: str, configuration: str = "k8", *, tree: bool = False) -> Artifact:
    return Artifact(f"pybuild-out/{configuration}/bin/{path}", is_directory=tree)


def op_action(
    name: str, inputs: Sequence[Artifact], outputs: Sequence[Artifact], *extra: Argument, **rest: object
) -> Action:
    """`rulesengine-op NAME@1 --in …  --out …`."""
    arguments: list[Argument] = [OP_EXECUTABLE, f"{name}@1", *extra]
    for artifact in inputs:
        arguments += ["--in", PathArgument(artifact)]
    for artifact in outputs:
        arguments += ["--out", PathArgument(artifact)]
    return Action("//t:" + outputs[0].path, name.title(), tuple(arguments), Depset(inputs), tuple(outputs), **rest)  # type: ignore[arg-type]


def shell(script: str, inputs: Sequence[Artifact], outputs: Sequence[Artifact], **rest: object) -> Action:
    """`/bin/sh -c SCRIPT`."""
    return Action("//t:sh", "Shell", ("/bin/sh", "-c", script), Depset(inputs), tuple(outputs), **rest)  # type: ignore[arg-type]


def graph_of(*actions: Action) -> ActionGraph:
    graph = ActionGraph()
    for action in actions:
        graph.add(action)
    return graph


def mix(salt: str, parts: Sequence[bytes]) -> bytes:
    """What the operation `mix` makes of its inputs: short, and different for any other inputs."""
    return hashlib.sha256(b"|".join([salt.encode(), *parts])).hexdigest().encode()


class Bench:
    """Everything an executor needs, below one directory."""

    def __init__(self, root: Path, *, cache: ActionCache | None = None) -> None:
        self.root = root
        self.workspace = root / "ws"
        self.workspace.mkdir(exist_ok=True)
        self.ran: list[str] = []
        self.fetched: list[Digest] = []
        self.events: list[Event] = []
        self.hook: Callable[[OpContext], None] = lambda context: None
        self._lock = threading.Lock()
        self.remote: dict[Digest, bytes] = {}
        self.open()
        self.given_cache = cache
        self.given_sources: SourceTree | None = None
        self.given_processes: Callable[[], Runner] | None = None

    def open(self) -> None:
        """Open store and cache anew, as the next process would."""
        self.store = LocalStore(self.root / "cache")
        self.cache = DiskActionCache(self.root / "cache")
        self.processes = LocalRunner(self.store, listener=self.events.append)
        self.sources = WorkspaceSources({"": str(self.workspace)}, self.store, str(self.root / "stat"))

    def close(self) -> None:
        self.sources.save()
        self.cache.close()
        self.store.close()

    def reopen(self) -> None:
        self.close()
        self.open()

    def write(self, path: str, text: str) -> Artifact:
        real = self.workspace / path
        real.parent.mkdir(parents=True, exist_ok=True)
        real.write_text(text)
        return source(path)

    def executor(self, **options: object) -> Executor:
        listener = self.events.append
        cache = self.given_cache or self.cache
        return Executor(
            self.store,
            cache,
            self.given_sources or self.sources,
            OpRunner(self.store, self.operations(), _Remote(self), listener),
            self.given_processes() if self.given_processes else self.processes,
            listener=listener,
            **options,  # type: ignore[arg-type]
        )

    def run(
        self,
        graph: ActionGraph,
        *requested: Artifact,
        cancel: Cancellation | None = None,
        **options: object,
    ) -> ExecutionResult:
        self.ran.clear()
        self.fetched.clear()
        return self.executor(**options).execute(graph, requested, cancel)

    def build(self, graph: ActionGraph, *requested: Artifact, **options: object) -> ExecutionResult:
        """Run, and raise the first failure."""
        result = self.run(graph, *requested, **options)  # type: ignore[arg-type]
        result.check()
        return result

    def bytes_of(self, value: Value) -> bytes:
        return self.store.read(value.digest)

    def blob_path(self, value: Value) -> str:
        return self.store.path(value.digest)

    def operations(self) -> Mapping[str, Operation]:
        def note(context: OpContext, outs: Sequence[str]) -> None:
            with self._lock:
                self.ran.append(outs[0])
            self.hook(context)

        def do_mix(context: OpContext) -> None:
            arguments = OpArguments(context.arguments)
            outs = arguments.many("out")
            parts = [context.read(path) for path in arguments.many("in")]
            salt = arguments.optional("salt")
            arguments.finish()
            note(context, outs)
            for number, out in enumerate(outs):
                context.write(out, mix(f"{salt}{number}", parts))

        def do_fetch(context: OpContext) -> None:
            arguments = OpArguments(context.arguments)
            out = arguments.one("out")
            note(context, [out])
            digest = Digest(arguments.one("sha256"), int(arguments.one("size")))
            context.fetch(out, Pin(digest, "http", "server/file"))

        def do_nothing(context: OpContext) -> None:
            note(context, OpArguments(context.arguments).many("out"))

        def do_pack(context: OpContext) -> None:
            """A tree of all inputs, by digest."""
            from rulesengine.model.directory import TreeFile

            arguments = OpArguments(context.arguments)
            out = arguments.one("out")
            note(context, [out])
            members = {os.path.basename(path): TreeFile(context.digest(path)) for path in arguments.many("in")}
            context.put_tree(out, members)

        def do_unpack(context: OpContext) -> None:
            arguments = OpArguments(context.arguments)
            out, tree = arguments.one("out"), arguments.one("in")
            note(context, [out])
            data = []
            for name, member in context.tree(tree):
                assert member is not None and hasattr(member, "digest")
                with context.open_blob(member.digest) as stream:
                    data.append(name.encode() + b"=" + stream.read())
            context.write(out, b"\n".join(data))

        functions = {
            "mix": do_mix, "fetch": do_fetch, "nothing": do_nothing, "pack": do_pack, "unpack": do_unpack,
        }  # fmt: skip
        return {f"{name}@1": Operation(name, "1", function) for name, function in functions.items()}


class _Remote:
    """A server with pinned files."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def fetch(
        self,
        pin: Pin,
        write: Callable[[bytes], object],
        progress: Callable[[int], None],
        cancel: Cancellation,
    ) -> None:
        self._bench.fetched.append(pin.digest)
        write(self._bench.remote[pin.digest])
        progress(pin.digest.size)


def fetch_action(data: bytes, output: Artifact) -> Action:
    digest = Digest.of(data)
    return op_action(
        "fetch", [], [output], "--sha256", digest.hash, "--size", str(digest.size),
        pinned=((output, digest),), network=True,
    )  # fmt: skip
