"""Record: one file for machines: opened before the command does anything, written as events come, closed at its end."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import IO, cast

from rulesengine.errors import RecordError, RulesEngineError
from rulesengine.model.events import Event
from rulesengine.values import field, frozen
from rulesengine.workspace.result import BuildResult

EVENT_FLAGS = ("--build_event_json_file", "--build_event_text_file")


@frozen
class Invocation:
    """What is known of a command before it starts.

    words: the command line, without secrets.  options: the flags that were given, spelt `--name=value`; also: those of
    rc files.  startup: startup flags that were given.  id: a random name.  started: Unix time.
    """

    command: str
    words: Sequence[str]
    targets: Sequence[str]
    options: Sequence[str]
    startup: Sequence[str]
    version: str
    directory: str
    root: str
    output_base: str
    id: str
    started: float = field(factory=time.time)


class Output:
    """A text file that is written piece by piece; `FILE.gz` is compressed.

    flag: who asked for it, for messages.  tell: is told, once, that writing failed.
    broken: whether it is incomplete, or not there at all.
    Raises RecordError where a file of build events cannot be made; the others are only missed, as in Bazel.
    """

    def __init__(self, flag: str, path: str, tell: Callable[[str], None]) -> None:
        self.path = path
        self._flag = flag
        self._tell = tell
        self._stream: IO[bytes] | None = None
        self.broken = False
        try:
            # A file of an earlier command is another file: who still reads it reads it whole.
            with suppress(FileNotFoundError):
                if os.path.isfile(path) and not os.path.islink(path):
                    os.unlink(path)
            if path.endswith(".gz"):
                import gzip

                self._stream = cast("IO[bytes]", gzip.open(path, "wb", compresslevel=6))  # noqa: SIM115 - closed by its owner
            else:
                self._stream = open(path, "wb", buffering=0 if os.path.exists(path) else 1 << 16)  # noqa: SIM115 - closed by its owner
        except OSError as fault:
            message = f"{flag}: cannot write {path}: {fault.strerror or fault}"
            if flag in EVENT_FLAGS:
                raise RecordError(message, hint="name a file in a directory that exists") from None
            self.broken = True
            tell(message)

    def write(self, text: str, *, flush: bool = False) -> None:
        """Append; `flush`: readers see it at once."""
        if self._stream is None:
            return
        try:
            self._stream.write(text.encode("utf-8", "surrogateescape"))
            if flush:
                self._stream.flush()
        except OSError as fault:
            self._broken(fault)

    def close(self) -> None:
        """Write what is left.  May be called twice."""
        if self._stream is None:
            return
        try:
            self._stream.close()
            self._stream = None
        except OSError as fault:
            self._broken(fault)

    def _broken(self, fault: OSError) -> None:
        stream, self._stream = self._stream, None
        self.broken = True
        with suppress(OSError):
            assert stream is not None
            stream.close()
        self._tell(f"{self._flag}: {self.path} is incomplete: {fault.strerror or fault}")


class Record:
    """Base of all: does nothing."""

    def __call__(self, event: Event) -> None:
        """Take an event; one at a time."""

    def built(self, result: BuildResult) -> None:
        """Take the result of a build."""

    def close(self, code: int, fault: BaseException | None) -> None:
        """The command ends with an exit code, and perhaps with an error."""


def chain(fault: BaseException | None, result: BuildResult | None) -> Iterator[RulesEngineError]:
    """All errors of a command."""
    if isinstance(fault, RulesEngineError):
        yield fault
    if result is not None:
        yield from result.errors
