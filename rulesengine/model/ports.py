"""The small protocols through which pure rooms reach files, processes, clocks and servers.

Implementations live in `execution/` and `io/`; tests bring their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, BinaryIO, Protocol

from rulesengine.model.action import Action
from rulesengine.model.artifact import Artifact, Value
from rulesengine.model.digest import Digest
from rulesengine.model.directory import Member, TreeFile, TreeLink
from rulesengine.values import frozen

if TYPE_CHECKING:
    from rulesengine.model.events import Event

Listener = Callable[["Event"], None]
"""Receives the events of a build, from several threads, one at a time."""


class Cancellation(Protocol):
    """Asked between steps of long work."""

    def check(self) -> None:
        """Raise InterruptedBuild when the work should stop."""


class BlobWriter(Protocol):
    """A blob being written: its digest is known when it is closed without an exception."""

    def write(self, data: bytes | bytearray | memoryview, /) -> int:
        """Append bytes.  Raises DiskFullError, StoreError."""

    @property
    def digest(self) -> Digest:
        """After the `with` block: the digest of all that was written."""


class BlobStore(Protocol):
    """Content-addressed blobs.  What it returns is what the digest says, or an exception."""

    def has(self, digest: Digest) -> bool:
        """Whether the blob is present (size agrees; content is checked when it is read)."""

    def open(self, digest: Digest) -> BinaryIO:
        """A stream that checks digest and size before its end reaches the reader.

        Raises KeyError when absent; LostBlobError while reading damaged bytes (the blob is then dropped).
        """

    def read(self, digest: Digest) -> bytes:
        """The whole blob, checked.  Raises KeyError when absent or damaged."""

    def put(self, data: bytes) -> Digest:
        """Store bytes in memory."""

    def create(self) -> AbstractContextManager[BlobWriter]:
        """`with store.create() as out: out.write(…)`, then `out.digest`; nothing stays on an exception."""

    def link(self, digest: Digest, path: str, *, executable: bool = False) -> None:
        """Make `path` a read-only file with the blob's bytes: a hard link where possible, else a copy."""


@frozen
class Result:
    """What an action's run left: each output's value; exit code 0 unless it failed.

    timed_out: a test ran out of its time (another action's time-out is an ExecutionError).
    keep: whether the result may be taken from the cache another time.
    runner: how it was run: `linux-sandbox`, `local` or `operation`.
    outcome: of a test: `PASSED`, `FLAKY`, `FAILED` or `TIMEOUT`.
    """

    outputs: Mapping[Artifact, Value]
    stdout: bytes = b""
    stderr: bytes = b""
    exit_code: int = 0
    timed_out: bool = False
    keep: bool = True
    runner: str = ""
    outcome: str = ""


class ActionCache(Protocol):
    """Action digest -> serialised REAPI ActionResult.  An entry that does not verify is a miss."""

    def get(self, action: Digest) -> bytes | None:
        """The stored ActionResult, or None."""

    def put_all(self, results: Mapping[Digest, bytes]) -> None:
        """Store; a failure to store is not an error of the build unless the disk is full."""


class SourceTree(Protocol):
    """Source files, by execution path (`PACKAGE/FILE`, `external/REPO/PACKAGE/FILE`)."""

    def value(self, artifact: Artifact) -> Value:
        """Digest a source file or directory; its bytes are not stored yet.  Raises MissingInputError."""

    def provide(self, artifact: Artifact, value: Value) -> None:
        """Put the bytes into the store, because somebody needs more than the digest.

        Raises MissingInputError when they are gone or no longer those of `value`.
        """

    def path(self, artifact: Artifact) -> str:
        """Where the file is on this machine."""


class Runner(Protocol):
    """Runs one action whose inputs are known."""

    def run(
        self,
        action: Action,
        arguments: Sequence[str],
        inputs: Mapping[str, Value],
        outputs: Mapping[str, Artifact],
        cancel: Cancellation,
    ) -> Result:
        """inputs and outputs: execution path (as in `arguments`) -> value or artifact."""


@frozen
class Pin:
    """A file on a server that is fetched by digest: how the digest's bytes may be found.

    kind: which family of mirrors has it (`debian`, `debian-security`, `http`, …).
    path: path below a mirror's root, or a whole URL for kind `http`.
    snapshot: a time stamp (`YYYYMMDDTHHMMSSZ`) at which a public archive of that kind had it, or empty.
    """

    digest: Digest
    kind: str
    path: str
    snapshot: str = ""


class Fetcher(Protocol):
    """Brings pinned bytes from outside; implemented in io/."""

    def fetch(
        self,
        pin: Pin,
        write: Callable[[bytes], object],
        progress: Callable[[int], None],
        cancel: Cancellation,
    ) -> None:
        """Stream the pinned bytes into `write`, or raise TransportError / HashMismatchError.

        progress: told how many bytes have come so far.
        """


class OpContext(Protocol):
    """All that an operation sees.  Paths are execution paths as they stand in its arguments."""

    @property
    def arguments(self) -> Sequence[str]:
        """What follows `NAME@VERSION` on the command line."""

    def digest(self, path: str) -> Digest:
        """The digest of an input file."""

    def executable(self, path: str) -> bool:
        """Whether an input file has the executable bit."""

    def is_tree(self, path: str) -> bool:
        """Whether an input is a directory."""

    def target(self, path: str) -> str | None:
        """Where an input that is a symbolic link leads; None for others."""

    def open(self, path: str) -> BinaryIO:
        """A verified stream of an input file."""

    def read(self, path: str) -> bytes:
        """A whole input file."""

    def tree(self, path: str) -> Iterator[tuple[str, TreeFile | TreeLink | None]]:
        """The members of an input tree in path order; None stands for an empty directory."""

    def open_blob(self, digest: Digest) -> BinaryIO:
        """A verified stream of a member of an input tree."""

    def create(self, path: str, *, executable: bool = False) -> AbstractContextManager[BlobWriter]:
        """Write an output file as a stream."""

    def write(self, path: str, data: bytes, *, executable: bool = False) -> Digest:
        """Write an output file whole."""

    def link(self, path: str, digest: Digest, *, executable: bool = False) -> None:
        """Make an output file of bytes that an input (or a member of one) already has; nothing is copied."""

    def symlink(self, path: str, target: str) -> None:
        """Make an output that is declared as a symbolic link."""

    def put(self, data: bytes) -> Digest:
        """Store bytes that will be a member of an output tree."""

    def put_tree(self, path: str, members: Mapping[str, Member]) -> None:
        """Make an output tree of members known by digest; nothing is copied."""

    def fetch(self, path: str, pin: Pin) -> None:
        """Bring pinned bytes from outside as an output file."""

    def check(self) -> None:
        """Raise InterruptedBuild when the build is being stopped."""


class Clock(Protocol):
    """The time, for what needs it: freshness of signatures, progress."""

    def now(self) -> float:
        """Seconds since the epoch, UTC."""
