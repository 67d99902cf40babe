"""OpRunner: runs operations in this process, their inputs and outputs being blobs of the store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import BinaryIO

from rulesengine.errors import ExecutionError, HashMismatchError, LostBlobError
from rulesengine.model.action import Action
from rulesengine.model.artifact import Artifact, FileValue, LinkValue, TreeValue, Value
from rulesengine.model.digest import Digest
from rulesengine.model.directory import Member, TreeFile, TreeLink, TreeNode, build_tree, walk_tree
from rulesengine.model.events import FetchProgress
from rulesengine.model.operation import Operation
from rulesengine.model.ports import BlobStore, BlobWriter, Cancellation, Fetcher, Listener, Pin, Result


class OpRunner:
    """A ports.Runner for actions whose argv is `rulesengine-op NAME@VERSION …`.

    operations: `NAME@VERSION` -> Operation; may be a lazy mapping.
    fetcher: how pinned bytes are brought; without one, an operation that fetches fails.
    """

    def __init__(
        self,
        store: BlobStore,
        operations: Mapping[str, Operation],
        fetcher: Fetcher | None = None,
        listener: Listener | None = None,
    ) -> None:
        self._store = store
        self._operations = operations
        self._fetcher = fetcher
        self._listener = listener

    def run(
        self,
        action: Action,
        arguments: Sequence[str],
        inputs: Mapping[str, Value],
        outputs: Mapping[str, Artifact],
        cancel: Cancellation,
    ) -> Result:
        """Raises ExecutionError, whatever the operation raises, LostBlobError, StoreError, InterruptedBuild."""
        key = arguments[1]
        try:
            operation = self._operations[key]
        except KeyError:
            name = key.partition("@")[0]
            have = sorted(one for one in self._operations if one.partition("@")[0] == name)
            raise ExecutionError(
                f"there is no operation {key}",
                hint=f"this installation has {', '.join(have)}" if have else "install the package that provides it",
            ) from None
        context = StoreContext(
            self._store,
            arguments[2:],
            inputs,
            outputs,
            cancel,
            self._fetcher if action.network else None,
            self._listener,
        )
        operation.function(context)
        return Result(context.finish(key), runner="operation")


class StoreContext:
    """A ports.OpContext over the store.  Only declared inputs can be read and only declared outputs made."""

    def __init__(
        self,
        store: BlobStore,
        arguments: Sequence[str],
        inputs: Mapping[str, Value],
        outputs: Mapping[str, Artifact],
        cancel: Cancellation,
        fetcher: Fetcher | None = None,
        listener: Listener | None = None,
    ) -> None:
        self._store = store
        self._arguments = tuple(arguments)
        self._inputs = inputs
        self._outputs = outputs
        self._cancel = cancel
        self._fetcher = fetcher
        self._listener = listener
        self._values: dict[Artifact, Value] = {}
        self._opened: list[tuple[BinaryIO, Digest]] = []

    @property
    def arguments(self) -> Sequence[str]:
        """What follows `NAME@VERSION`."""
        return self._arguments

    def check(self) -> None:
        """Raise InterruptedBuild when the build is being stopped."""
        self._cancel.check()

    # ---- inputs ----

    def _input(self, path: str) -> Value:
        try:
            return self._inputs[path]
        except KeyError:
            raise ExecutionError(
                f"{path!r} is not a declared input",
                hint="list it in the action's inputs; it declares: " + (", ".join(sorted(self._inputs)[:20]) or "none"),
            ) from None

    def _file(self, path: str) -> FileValue:
        value = self._input(path)
        if not isinstance(value, FileValue):
            kind = "directory" if isinstance(value, TreeValue) else "symbolic link"
            raise ExecutionError(f"input {path} is a {kind} where a file is wanted")
        return value

    def digest(self, path: str) -> Digest:
        """The digest of an input file."""
        return self._file(path).digest

    def executable(self, path: str) -> bool:
        """Whether an input file has the executable bit."""
        return self._file(path).executable

    def is_tree(self, path: str) -> bool:
        """Whether an input is a directory."""
        return isinstance(self._input(path), TreeValue)

    def target(self, path: str) -> str | None:
        """Where an input that is a symbolic link leads; None for others."""
        value = self._input(path)
        return value.target if isinstance(value, LinkValue) else None

    def open(self, path: str) -> BinaryIO:
        """A verified stream of an input file."""
        return self.open_blob(self._file(path).digest)

    def read(self, path: str) -> bytes:
        """A whole input file."""
        return self._read(self._file(path).digest)

    def tree(self, path: str) -> Iterator[tuple[str, TreeFile | TreeLink | None]]:
        """The members of an input tree in path order."""
        value = self._input(path)
        if not isinstance(value, TreeValue):
            kind = "file" if isinstance(value, FileValue) else "symbolic link"
            raise ExecutionError(f"input {path} is a {kind} where a directory is wanted")
        members = dict(walk_tree(value.digest, self._read))
        for name in sorted(members):
            yield name, members[name]

    def open_blob(self, digest: Digest) -> BinaryIO:
        """A verified stream of a blob."""
        self.check()
        try:
            stream = self._store.open(digest)
        except KeyError:
            raise _lost(digest) from None
        self._opened.append((stream, digest))
        return stream

    def _read(self, digest: Digest) -> bytes:
        self.check()
        try:
            return self._store.read(digest)
        except KeyError:
            raise _lost(digest) from None

    # ---- outputs ----

    def _output(self, path: str, kind: str) -> Artifact:
        artifact = self._outputs.get(path)
        if artifact is None:
            raise ExecutionError(
                f"{path!r} is not a declared output", hint="it declares: " + ", ".join(sorted(self._outputs))
            )
        if artifact in self._values:
            raise ExecutionError(f"output {path} is made twice")
        if artifact.kind != kind:
            raise ExecutionError(f"output {path} is declared as a {artifact.kind} and made as a {kind}")
        return artifact

    @contextmanager
    def create(self, path: str, *, executable: bool = False) -> Iterator[BlobWriter]:
        """Write an output file as a stream."""
        artifact = self._output(path, "file")
        with self._store.create() as out:
            yield _Checked(out, self._cancel)
        self._values[artifact] = FileValue(out.digest, executable)

    def write(self, path: str, data: bytes, *, executable: bool = False) -> Digest:
        """Write an output file whole."""
        artifact = self._output(path, "file")
        self.check()
        digest = self._store.put(data)
        self._values[artifact] = FileValue(digest, executable)
        return digest

    def link(self, path: str, digest: Digest, *, executable: bool = False) -> None:
        """Make an output file of bytes that the store has."""
        artifact = self._output(path, "file")
        if not self._store.has(digest):
            raise _lost(digest)
        self._values[artifact] = FileValue(digest, executable)

    def symlink(self, path: str, target: str) -> None:
        """Make an output that is declared as a symbolic link."""
        artifact = self._output(path, "symlink")
        if not target or "\0" in target:
            raise ExecutionError(f"output {path}: a symbolic link cannot lead to {target!r}")
        self._values[artifact] = LinkValue(target)

    def put(self, data: bytes) -> Digest:
        """Store bytes that will be a member of an output tree."""
        self.check()
        return self._store.put(data)

    def put_tree(self, path: str, members: Mapping[str, Member]) -> None:
        """Make an output tree of members known by digest."""
        artifact = self._output(path, "directory")
        self._store.put(b"")  # an empty directory is the empty message
        for member in members.values():
            if isinstance(member, TreeFile | TreeNode) and not self._store.has(member.digest):
                raise _lost(member.digest)
        self._values[artifact] = TreeValue(build_tree(members, self._store.put))

    def fetch(self, path: str, pin: Pin) -> None:
        """Bring pinned bytes from outside as an output file.

        Raises HashMismatchError, TransportError; ExecutionError where the action may not reach the network.
        """
        artifact = self._output(path, "file")
        if not self._store.has(pin.digest):
            self._download(path, pin)
        self._values[artifact] = FileValue(pin.digest)

    def _download(self, path: str, pin: Pin) -> None:
        if self._fetcher is None:
            raise ExecutionError(
                f"{path}: an operation may not reach the network here",
                hint="declare the action with network access, and its output by digest",
            )
        with self._store.create() as out:
            done = 0

            def write(data: bytes) -> int:
                nonlocal done
                done += len(data)
                if done > pin.digest.size:
                    raise HashMismatchError(f"{pin.path} is longer than the pinned {pin.digest.size} bytes")
                self._cancel.check()
                return out.write(data)

            def progress(count: int) -> None:
                if self._listener is not None:
                    self._listener(FetchProgress(pin.path, count, pin.digest.size))

            self._fetcher.fetch(pin, write, progress, self._cancel)
        if out.digest != pin.digest:
            raise HashMismatchError(
                f"{pin.path} is {out.digest} of {out.digest.size} bytes, "
                f"not the pinned {pin.digest} of {pin.digest.size} bytes",
                hint="the mirror or the lock file has been changed; nothing of it was used",
            )

    def finish(self, name: str) -> dict[Artifact, Value]:
        """All outputs.  Raises ExecutionError where one is missing, LostBlobError where an input was damaged."""
        missing = sorted(path for path, artifact in self._outputs.items() if artifact not in self._values)
        if missing:
            raise ExecutionError(f"{name} did not make its output {', '.join(missing)}")
        for stream, digest in self._opened:
            # What was read only in part was not verified at its end: do that now, before anyone trusts the outputs.
            if not stream.closed:
                while stream.read(1 << 20):
                    pass
                stream.close()
            elif not getattr(getattr(stream, "raw", None), "verified", True):
                try:
                    with self._store.open(digest) as again:
                        while again.read(1 << 20):
                            pass
                except KeyError:
                    raise _lost(digest) from None
        return self._values


class _Checked:
    """A BlobWriter that asks before each write whether the build is being stopped."""

    def __init__(self, out: BlobWriter, cancel: Cancellation) -> None:
        self._out = out
        self._cancel = cancel

    def write(self, data: bytes | bytearray | memoryview, /) -> int:
        self._cancel.check()
        return self._out.write(data)

    @property
    def digest(self) -> Digest:
        return self._out.digest


def _lost(digest: Digest) -> LostBlobError:
    return LostBlobError(f"{digest} is not in the cache any more", hint="build again: it will be made anew")
