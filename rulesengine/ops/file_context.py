"""FileContext: what an operation sees when it runs on plain files, as on a remote worker.

It gives the same bytes as the context over the store: only where they lie differs.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from types import TracebackType
from typing import BinaryIO

from rulesengine.errors import ExecutionError, HashMismatchError, MissingInputError
from rulesengine.execution import NeverCancelled
from rulesengine.model.digest import Digest
from rulesengine.model.directory import Member, TreeFile, TreeLink, build_tree, walk_tree
from rulesengine.model.ports import BlobWriter, Fetcher, Pin

CHUNK = 1 << 20


class FileContext:
    """A ports.OpContext over the directory `root`; paths in the arguments are relative to it.

    Used as a context manager: its temporary files are gone afterwards.
    """

    def __init__(self, arguments: Sequence[str], root: str = ".", fetcher: Fetcher | None = None) -> None:
        self._arguments = tuple(arguments)
        self._root = os.path.abspath(root)
        self._fetcher = fetcher
        self._known: dict[Digest, str] = {}
        self._seen: dict[str, Digest] = {}
        self._blobs = ""

    def __enter__(self) -> FileContext:
        self._blobs = tempfile.mkdtemp(prefix="rulesengine-op-")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self._blobs, ignore_errors=True)

    @property
    def arguments(self) -> Sequence[str]:
        """What follows `NAME@VERSION`."""
        return self._arguments

    def check(self) -> None:
        """Return: a remote worker ends the whole process."""

    # ---- inputs ----

    def digest(self, path: str) -> Digest:
        """The digest of an input file.  Raises MissingInputError."""
        real = self._real(path)
        known = self._seen.get(real)
        if known is None:
            hasher, size = sha256(), 0
            with self.open(path) as stream:
                while data := stream.read(CHUNK):
                    hasher.update(data)
                    size += len(data)
            known = self._seen[real] = Digest(hasher.hexdigest(), size)
            self._known[known] = real
        return known

    def executable(self, path: str) -> bool:
        """Whether an input file has an executable bit."""
        return bool(self._stat(path).st_mode & 0o111)

    def is_tree(self, path: str) -> bool:
        """Whether an input is a directory."""
        return stat.S_ISDIR(self._stat(path).st_mode)

    def target(self, path: str) -> str | None:
        """Where a symbolic link leads to nothing; None for others: outside of a build a link stands for its file."""
        real = self._real(path)
        return None if os.path.exists(real) or not os.path.islink(real) else os.readlink(real)

    def open(self, path: str) -> BinaryIO:
        """A stream of an input file."""
        try:
            return open(self._real(path), "rb")
        except OSError as fault:
            raise MissingInputError(f"input {path} cannot be read: {fault.strerror}") from None

    def read(self, path: str) -> bytes:
        """A whole input file."""
        with self.open(path) as stream:
            return stream.read()

    def tree(self, path: str) -> Iterator[tuple[str, TreeFile | TreeLink | None]]:
        """The members of an input tree in path order."""
        members: dict[str, TreeFile | TreeLink | None] = {}
        todo = [""]
        while todo:
            below = todo.pop()
            try:
                entries = list(os.scandir(self._real(f"{path}/{below}")))
            except OSError as fault:
                raise MissingInputError(f"input {path}/{below} cannot be read: {fault.strerror}") from None
            if below and not entries:
                members[below[:-1]] = None
            for entry in entries:
                name = below + entry.name
                if entry.is_symlink():
                    members[name] = TreeLink(os.readlink(entry.path))
                elif entry.is_dir():
                    todo.append(name + "/")
                else:
                    bits = entry.stat().st_mode & 0o111
                    members[name] = TreeFile(self.digest(f"{path}/{name}"), bool(bits))
        for name in sorted(members):
            yield name, members[name]

    def open_blob(self, digest: Digest) -> BinaryIO:
        """A stream of a member of an input tree, or of an input."""
        return open(self._blob(digest), "rb")

    # ---- outputs ----

    @contextmanager
    def create(self, path: str, *, executable: bool = False) -> Iterator[BlobWriter]:
        """Write an output file as a stream."""
        with _FileWriter(self._output(path)) as out:
            yield out
        os.chmod(out.path, 0o755 if executable else 0o644)
        self._known[out.digest] = out.path

    def write(self, path: str, data: bytes, *, executable: bool = False) -> Digest:
        """Write an output file whole."""
        with self.create(path, executable=executable) as out:
            out.write(data)
        return out.digest

    def link(self, path: str, digest: Digest, *, executable: bool = False) -> None:
        """Make an output file of bytes that an input has."""
        real = self._output(path)
        shutil.copyfile(self._blob(digest), real)
        os.chmod(real, 0o755 if executable else 0o644)

    def symlink(self, path: str, target: str) -> None:
        """Make a symbolic link."""
        os.symlink(target, self._output(path))

    def put(self, data: bytes) -> Digest:
        """Keep bytes that will be a member of an output tree."""
        digest = Digest.of(data)
        if digest not in self._known:
            path = os.path.join(self._blobs, digest.hash)
            with open(path, "wb") as out:
                out.write(data)
            self._known[digest] = path
        return digest

    def put_tree(self, path: str, members: Mapping[str, Member]) -> None:
        """Make an output tree of members known by digest."""
        root = self._output(path)
        os.makedirs(root, exist_ok=True)
        directory = build_tree(members, self.put)  # checks names, and spreads TreeNodes out
        links: list[tuple[str, str]] = []
        for name, member in walk_tree(directory, self._read_blob):
            real = os.path.join(root, name)
            os.makedirs(os.path.dirname(real), exist_ok=True)
            if member is None:
                os.mkdir(real)
            elif isinstance(member, TreeLink):
                links.append((real, member.target))
            else:
                shutil.copyfile(self._blob(member.digest), real)
                os.chmod(real, 0o755 if member.executable else 0o644)
        for real, target in links:  # last, so that nothing is written through one
            os.symlink(target, real)

    def fetch(self, path: str, pin: Pin) -> None:
        """Bring pinned bytes from outside.  Raises ExecutionError where this worker has no fetcher."""
        if self._fetcher is None:
            raise ExecutionError(f"{path}: this worker cannot fetch {pin.path}", hint="fetch it before the action runs")
        with self.create(path) as out:
            self._fetcher.fetch(pin, out.write, lambda _: None, NeverCancelled())
        if out.digest != pin.digest:
            os.unlink(self._real(path))
            raise HashMismatchError(f"{pin.path} is {out.digest}, not the pinned {pin.digest}")

    # ---- files ----

    def _real(self, path: str) -> str:
        return os.path.join(self._root, path)

    def _stat(self, path: str) -> os.stat_result:
        try:
            return os.stat(self._real(path))
        except OSError as fault:
            raise MissingInputError(f"input {path} cannot be read: {fault.strerror}") from None

    def _output(self, path: str) -> str:
        real = self._real(path)
        os.makedirs(os.path.dirname(real), exist_ok=True)
        return real

    def _blob(self, digest: Digest) -> str:
        try:
            return self._known[digest]
        except KeyError:
            raise ExecutionError(f"{digest} is not the digest of an input that was looked at") from None

    def _read_blob(self, digest: Digest) -> bytes:
        with self.open_blob(digest) as stream:
            return stream.read()


class _FileWriter:
    """A BlobWriter on a file."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._hash = sha256()
        self._size = 0

    def __enter__(self) -> _FileWriter:
        self._file = open(self.path, "wb")
        return self

    def write(self, data: bytes | bytearray | memoryview, /) -> int:
        self._hash.update(data)
        count = self._file.write(data)
        self._size += count
        return count

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        if kind is not None:
            os.unlink(self.path)

    @property
    def digest(self) -> Digest:
        return Digest(self._hash.hexdigest(), self._size)
