"""CommandRun: one process from its start to the end of all that it started, within its limits."""

from __future__ import annotations

import contextlib
import errno
import os
import select
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO, TYPE_CHECKING

from rulesengine.errors import ExecutionError
from rulesengine.execution import keyring
from rulesengine.execution.processes import ProcessTree, ticks
from rulesengine.execution.sandbox import SandboxOptions
from rulesengine.model.action import Action
from rulesengine.model.ports import Cancellation
from rulesengine.values import frozen

if TYPE_CHECKING:
    from rulesengine.execution.cells import Cell

OUTPUT_LIMIT = 64 << 20
"""Bytes that a command may print before it is stopped."""

_BLOCK = 512
_POLL_MS = 100
_SOON_MS = 20
"""Until the first look where only looking limits the number of processes: a bomb has thousands after 100 ms."""
_CROWD = 32
_CROWDED_MS = 15


class TimedOutError(ExecutionError):
    """The command ran longer than its action allows."""


@frozen
class CommandRun:
    """How one command runs.

    command: the argv, with the sandbox's.  sandboxed: whether that is bwrap.  root: where it starts.
    out, err: files for what it prints.  follow: is given what comes to be in `log`.
    cell: where it runs; `command` is then without the sandbox's, and there may be so many `processes` (0: any number).
    held: the kernel limits the number of its processes.
    """

    action: Action
    command: Sequence[str]
    environment: Mapping[str, str]
    root: str
    sandboxed: bool
    out: IO[bytes]
    err: IO[bytes]
    options: SandboxOptions
    follow: Callable[[bytes], object] | None = None
    log: str = ""
    cell: Cell | None = None
    processes: int = 0
    held: bool = True

    def execute(self, cancel: Cancellation) -> int:
        """The exit code; when this returns or raises, none of its processes is alive (a sandbox that was killed
        may need a moment).  Raises ExecutionError (cannot be started, a limit), TimedOutError, InterruptedBuild,
        CellFaultError.
        """
        if self.cell is not None:
            return self._in_cell(self.cell, cancel)
        if self.sandboxed:
            keyring.leave()
        began = ticks()
        try:
            process = subprocess.Popen(
                self.command,
                cwd=self.root,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=self.out,
                stderr=self.err,
                start_new_session=True,
                umask=0o022,
            )
        except OSError as fault:
            if fault.errno == errno.E2BIG:
                raise self._error(
                    "its command line is too long for this system",
                    "let the rule write it into a file: args.use_param_file()",
                ) from None
            raise self._error(f"{self.command[0]} cannot be started: {fault.strerror}") from None
        tree = ProcessTree(process.pid, self.root, sandboxed=self.sandboxed, began=began)
        try:
            with _watch(process) as ended:
                self._wait(ended, tree, cancel)
        finally:
            tree.kill()  # children that were left behind must not outlive their action
            code = process.wait()
            tree.end_strays(self._printed())
        return code

    def _in_cell(self, cell: Cell, cancel: Cancellation) -> int:
        blocks = -(-self.options.file_size // _BLOCK)  # as a shell's ulimit counts, under bubblewrap
        cell.start(self.command, self.environment, blocks * _BLOCK, self.processes)
        try:
            self._wait(cell.ended, ProcessTree(cell.first, self.root, sandboxed=True, began=0), cancel)
            return cell.code()
        except BaseException:
            cell.end()
            raise

    def _wait(self, ended: Callable[[int], bool], tree: ProcessTree, cancel: Cancellation) -> None:
        deadline = time.monotonic() + self.action.timeout if self.action.timeout else None
        follower = _Follower(self.log, self.follow) if self.follow is not None else None
        try:
            wait = _POLL_MS if self.held else _SOON_MS
            while not ended(wait):
                cancel.check()
                if follower is not None:
                    follower.read()
                if deadline is not None and time.monotonic() > deadline:
                    raise TimedOutError(
                        f"{self.action.describe()}: timed out after {self.action.timeout} s",
                        label=self.action.owner or None,
                    )
                wait = self._check_limits(tree)
        finally:
            if follower is not None:
                follower.read()

    def _check_limits(self, tree: ProcessTree) -> int:
        """Milliseconds until the next look.  Raises ExecutionError where the command goes beyond one."""
        if sum(os.fstat(file.fileno()).st_size for file in (self.out, self.err)) > OUTPUT_LIMIT:
            raise self._error(f"printed more than {OUTPUT_LIMIT >> 20} MiB")
        options = self.options
        if options.processes or options.memory:
            census = tree.census(memory=bool(options.memory))
            # Where the kernel holds the limit, there are never more; then this is too many already.
            if options.processes and census.processes >= options.processes:
                raise self._error(
                    f"had {options.processes} processes at a time, the most there may be, and was ended",
                    hint="--sandbox_pids_limit sets another limit",
                )
            if options.memory and census.memory > options.memory:
                raise self._error(
                    f"used more than {options.memory >> 20} MiB of memory and was ended",
                    hint="--sandbox_memory_limit sets another limit",
                )
            if census.processes > _CROWD:
                return _CROWDED_MS
        return _POLL_MS

    def _printed(self) -> set[tuple[int, int]]:
        seen = [os.fstat(file.fileno()) for file in (self.out, self.err)]
        return {(one.st_dev, one.st_ino) for one in seen}

    def _error(self, text: str, hint: str | None = None) -> ExecutionError:
        return ExecutionError(f"{self.action.describe()}: {text}", label=self.action.owner or None, hint=hint)


class _Follower:
    """Reads what is appended to a file that may not be there yet."""

    def __init__(self, path: str, tell: Callable[[bytes], object]) -> None:
        self._path = path
        self._tell = tell
        self._seen = 0

    def read(self) -> None:
        """Pass on what is new."""
        with contextlib.suppress(OSError):
            # The test chose what stands there: no link is followed, and a fifo does not stop us.
            fd = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            with open(fd, "rb") as stream:
                stream.seek(self._seen)
                data = stream.read()
            if data:
                self._seen += len(data)
                self._tell(data)


@contextlib.contextmanager
def _watch(process: subprocess.Popen[bytes]) -> Iterator[Callable[[int], bool]]:
    """A function that waits some milliseconds and tells whether the process has ended (without reaping it)."""
    try:
        fd = os.pidfd_open(process.pid)
    except (OSError, AttributeError):

        def ended_slowly(milliseconds: int) -> bool:
            try:
                process.wait(milliseconds / 1000)
            except subprocess.TimeoutExpired:
                return False
            return True

        yield ended_slowly
        return
    try:
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        yield lambda milliseconds: bool(poll.poll(milliseconds))
    finally:
        os.close(fd)
