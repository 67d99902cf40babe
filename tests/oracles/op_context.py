"""An OpContext in memory: what an operation sees, without a store, a disk or a build."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import BinaryIO

from rulesengine.model.digest import Digest
from rulesengine.model.directory import Member, TreeFile, TreeLink
from rulesengine.model.operation import Operation
from rulesengine.model.ports import BlobWriter, Pin

Tree = Mapping[str, bytes]


class _Writer:
    def __init__(self) -> None:
        self.data = bytearray()

    def write(self, data: bytes | bytearray | memoryview, /) -> int:
        self.data += data
        return len(data)

    @property
    def digest(self) -> Digest:
        return Digest.of(self.data)


class MemoryContext:
    """Inputs are bytes (a file) or a mapping of relative path to bytes (a tree); `read_blobs` is what was opened."""

    def __init__(self, arguments: Sequence[str], inputs: Mapping[str, bytes | Tree]) -> None:
        self._arguments = list(arguments)
        self._inputs = dict(inputs)
        self.blobs: dict[Digest, bytes] = {}
        self.outputs: dict[str, bytes] = {}
        self.trees: dict[str, dict[str, Member]] = {}
        self.executables: set[str] = set()
        self.read_blobs: list[Digest] = []
        for value in inputs.values():
            for data in [value] if isinstance(value, bytes) else value.values():
                self.blobs[Digest.of(data)] = data

    @property
    def arguments(self) -> Sequence[str]:
        return self._arguments

    def _file(self, path: str) -> bytes:
        value = self._inputs[path]
        assert isinstance(value, bytes), f"{path} is a tree"
        return value

    def digest(self, path: str) -> Digest:
        return Digest.of(self._file(path))

    def executable(self, path: str) -> bool:
        self._file(path)
        return path.endswith(".sh")

    def is_tree(self, path: str) -> bool:
        return not isinstance(self._inputs[path], bytes)

    def target(self, path: str) -> str | None:
        return None

    def open(self, path: str) -> BinaryIO:
        return self.open_blob(self.digest(path))

    def read(self, path: str) -> bytes:
        return self.open(path).read()

    def tree(self, path: str) -> Iterator[tuple[str, TreeFile | TreeLink | None]]:
        value = self._inputs[path]
        assert not isinstance(value, bytes), f"{path} is a file"
        for name in sorted(value):
            yield name, TreeFile(Digest.of(value[name]))

    def open_blob(self, digest: Digest) -> BinaryIO:
        self.read_blobs.append(digest)
        return io.BytesIO(self.blobs[digest])

    @contextmanager
    def create(self, path: str, *, executable: bool = False) -> Iterator[BlobWriter]:
        writer = _Writer()
        yield writer
        self.write(path, bytes(writer.data), executable=executable)

    def write(self, path: str, data: bytes, *, executable: bool = False) -> Digest:
        assert path not in self.outputs, f"{path} is made twice"
        self.outputs[path] = data
        if executable:
            self.executables.add(path)
        return self.put(data)

    def link(self, path: str, digest: Digest, *, executable: bool = False) -> None:
        self.write(path, self.blobs[digest], executable=executable)

    def symlink(self, path: str, target: str) -> None:
        raise AssertionError("no operation under test here makes links")

    def put(self, data: bytes) -> Digest:
        digest = Digest.of(data)
        self.blobs[digest] = data
        return digest

    def put_tree(self, path: str, members: Mapping[str, Member]) -> None:
        assert path not in self.trees, f"{path} is made twice"
        self.trees[path] = dict(members)

    def fetch(self, path: str, pin: Pin) -> None:
        raise AssertionError("no operation under test here fetches")

    def check(self) -> None:
        pass

    def tree_bytes(self, path: str) -> dict[str, bytes]:
        """An output tree as relative path -> bytes."""
        out = {}
        for name, member in self.trees[path].items():
            assert isinstance(member, TreeFile)
            out[name] = self.blobs[member.digest]
        return out


def run_op(operation: Operation, inputs: Mapping[str, bytes | Tree], *arguments: str) -> MemoryContext:
    """Run an operation; its context with what it made."""
    context = MemoryContext(arguments, inputs)
    operation.function(context)
    return context
