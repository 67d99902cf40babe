"""LocalRunner: runs commands on this machine, each in a directory that holds only its declared inputs."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO

from attrs import frozen

from rulesengine.errors import ExecutionError, LostBlobError
from rulesengine.execution.collect import collect_outputs
from rulesengine.execution.exec_root import ExecRoots
from rulesengine.execution.sandbox import Sandbox, probe
from rulesengine.execution.scratch import remove_directory
from rulesengine.execution.store import LocalStore, store_error
from rulesengine.model.action import Action
from rulesengine.model.artifact import Artifact, FileValue, Value
from rulesengine.model.directory import TreeFile, TreeLink, walk_tree
from rulesengine.model.events import Message
from rulesengine.model.ports import Cancellation, Listener, Result

ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    "HOME": "/tmp",
}
"""What every command's environment holds; the action's own variables come on top."""

BOUND_FROM = 1 << 18
"""Inputs of at least so many bytes are bound read-only where there is a sandbox; smaller ones are copied."""

OUTPUT_LIMIT = 64 << 20
"""Bytes that a command may print before it is stopped."""

OUTPUT_KEPT = 1 << 20
"""Bytes of standard output and error that are read back (the last ones)."""

_POLL_MS = 100

TIMEOUT_CODE = 142
"""The exit code of a test that ran out of time, as a shell would report SIGALRM."""

_UNCONFINED = Sandbox("", "")


class _TimedOutError(ExecutionError):
    """The command ran longer than its action allows."""


@frozen
class _Layout:
    """What an execution directory holds before the command starts; `directories` with all ancestors."""

    files: Mapping[str, TreeFile]
    links: Mapping[str, str]
    directories: frozenset[str]


class LocalRunner:
    """A ports.Runner for commands.

    sandbox: how they are confined; None probes for bubblewrap and says once when it is missing.
    keep: leave the execution directories below `CACHE/sandbox` (`--sandbox_debug`).
    follow: is given what a test writes to its log (its action's first output), as it comes.
    """

    def __init__(
        self,
        store: LocalStore,
        *,
        sandbox: Sandbox | None = None,
        keep: bool = False,
        listener: Listener | None = None,
    ) -> None:
        self._store = store
        self._sandbox = sandbox
        self._keep = keep
        self._listener = listener
        self._lock = threading.Lock()
        self.follow: Callable[[bytes], object] | None = None
        self._roots = ExecRoots(lambda: store.scratch.name("sandbox"))

    def run(
        self,
        action: Action,
        arguments: Sequence[str],
        inputs: Mapping[str, Value],
        outputs: Mapping[str, Artifact],
        cancel: Cancellation,
    ) -> Result:
        """Raises ExecutionError (cannot be started, timeout, bad outputs), LostBlobError, StoreError, InterruptedBuild.

        A command that ends with another code than 0 is a Result with that code and no outputs.
        """
        sandbox = _UNCONFINED if action.local else self._confinement()
        layout = self._layout(inputs, outputs)
        try:
            root = self._roots.take(layout.directories)
        except OSError as fault:
            raise store_error(fault, f"preparing {self._store.scratch.path}") from None
        try:
            try:
                bound = self._fill(root, layout, can_bind=bool(sandbox.program))
            except OSError as fault:
                raise store_error(fault, f"preparing {root}") from None
            command = sandbox.command(arguments, root, bound, network=action.network)
            with self._sink() as out, self._sink() as err:
                timed_out = False
                try:
                    code = self._execute(action, command, root, out, err, cancel)
                except _TimedOutError:
                    if action.test is None:
                        raise
                    code, timed_out = TIMEOUT_CODE, True
                stdout, stderr = _tail(out), _tail(err)
            if sandbox.program and code > 128 and not timed_out:
                code = 128 - code  # bwrap, like a shell, reports a signal as 128 + its number
            if code and action.test is None:
                return Result({}, stdout, stderr, code)
            made = collect_outputs(self._store, root, inputs, outputs)
            return Result(made, stdout, stderr, code, timed_out)
        finally:
            if self._keep:
                self._leave(root)
            else:
                # Without a PID namespace a stray process might still write there.
                self._roots.give_back(root, layout.directories, reuse=bool(sandbox.program))

    def _sink(self) -> IO[bytes]:
        """An anonymous file for what a command prints (a file, because a pipe held open by a child would block)."""
        try:
            return open(os.memfd_create("output", os.MFD_CLOEXEC), "w+b")
        except OSError:
            return tempfile.TemporaryFile(dir=self._store.scratch.path)

    def _confinement(self) -> Sandbox:
        with self._lock:
            if self._sandbox is None:
                self._sandbox = probe()
                if not self._sandbox.program and self._listener is not None:
                    self._listener(
                        Message(
                            "warning",
                            f"actions run without a sandbox, so they can read undeclared files: {self._sandbox.reason}",
                        )
                    )
            return self._sandbox

    # ---- before ----

    def _layout(self, inputs: Mapping[str, Value], outputs: Mapping[str, Artifact]) -> _Layout:
        """What the execution directory has to hold.  Raises LostBlobError."""
        files: dict[str, TreeFile] = {}
        links: dict[str, str] = {}
        directories: set[str] = set()
        for path, value in inputs.items():
            if isinstance(value, FileValue):
                files[path] = TreeFile(value.digest, value.executable)
                continue
            directories.add(path)
            try:
                for name, member in walk_tree(value.digest, self._store.read):
                    if isinstance(member, TreeFile):
                        files[f"{path}/{name}"] = member
                    elif isinstance(member, TreeLink):
                        links[f"{path}/{name}"] = member.target
                    else:
                        directories.add(f"{path}/{name}")
            except KeyError:
                raise LostBlobError(f"a directory of {path} is not in the cache any more") from None
        directories.update(path for path, artifact in outputs.items() if artifact.is_directory)
        for path in (*files, *links, *directories, *outputs):
            above = os.path.dirname(path)
            while above and above not in directories:
                directories.add(above)
                above = os.path.dirname(above)
        return _Layout(files, links, frozenset(directories))

    def _fill(self, root: str, layout: _Layout, *, can_bind: bool) -> dict[str, str]:
        """Copy the inputs; large ones are returned instead, to be bound: path -> the store's file."""
        bound: dict[str, str] = {}
        for path, file in layout.files.items():
            try:
                if can_bind and file.digest.size >= BOUND_FROM:
                    bound[path] = self._store.verified_path(file.digest, executable=file.executable)
                else:
                    self._store.copy(file.digest, f"{root}/{path}", 0o555 if file.executable else 0o444)
            except KeyError:
                raise LostBlobError(f"{file.digest} is not in the cache any more") from None
        for path, target in layout.links.items():  # last, so that no file is written through one
            os.symlink(target, f"{root}/{path}")
        return bound

    # ---- running ----

    def _execute(  # noqa: PLR0917
        self,
        action: Action,
        command: Sequence[str],
        root: str,
        out: IO[bytes],
        err: IO[bytes],
        cancel: Cancellation,
    ) -> int:
        environment = {**ENVIRONMENT, **dict(action.environment)}
        try:
            process = subprocess.Popen(
                command,
                cwd=root,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
                umask=0o022,
            )
        except OSError as fault:
            raise ExecutionError(
                f"{action.describe()}: {command[0]} cannot be started: {fault.strerror}", label=action.owner or None
            ) from None
        deadline = time.monotonic() + action.timeout if action.timeout else None
        follower = None
        if self.follow is not None and action.test is not None:
            follower = _Follower(f"{root}/{action.outputs[0].path}", self.follow)
        try:
            with _watch(process) as ended:
                while not ended(_POLL_MS):
                    cancel.check()
                    if follower is not None:
                        follower.read()
                    if deadline is not None and time.monotonic() > deadline:
                        raise _TimedOutError(
                            f"{action.describe()}: timed out after {action.timeout} s", label=action.owner or None
                        )
                    if os.fstat(out.fileno()).st_size + os.fstat(err.fileno()).st_size > OUTPUT_LIMIT:
                        raise ExecutionError(
                            f"{action.describe()}: printed more than {OUTPUT_LIMIT >> 20} MiB",
                            label=action.owner or None,
                        )
        finally:
            if follower is not None:
                follower.read()
            # The whole session: children that were left behind must not outlive their action.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            code = process.wait()
        return code

    def _leave(self, directory: str) -> None:
        """Move the execution directory to where a person may look at it, and say where."""
        kept = os.path.join(self._store.root, "sandbox", f"{os.getpid()}-{os.path.basename(directory)}")
        with contextlib.suppress(OSError):
            os.makedirs(os.path.dirname(kept), exist_ok=True)
            remove_directory(kept)
            os.rename(directory, kept)
            if self._listener is not None:
                self._listener(Message("info", f"the execution directory is kept: {kept}"))


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


def _tail(file: IO[bytes]) -> bytes:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - OUTPUT_KEPT))
    return file.read()
