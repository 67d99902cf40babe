"""LocalRunner: runs commands on this machine, each in a directory that holds only its declared inputs."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO

from rulesengine.errors import ExecutionError, LostBlobError
from rulesengine.execution.cells import Cell, CellFaultError, Cells, sink
from rulesengine.execution.collect import collect_outputs
from rulesengine.execution.command_run import CommandRun, TimedOutError
from rulesengine.execution.exec_root import ExecRoots, Spares
from rulesengine.execution.pids_group import JOIN_AFTER, PidsGroups
from rulesengine.execution.sandbox import Sandbox, SandboxOptions, likely, probe, processes_inside
from rulesengine.execution.scratch import remove_directory
from rulesengine.execution.sources import LENT_BELOW, read_lent
from rulesengine.execution.store import LocalStore, store_error
from rulesengine.execution.system_files import write_etc
from rulesengine.model.action import Action
from rulesengine.model.artifact import Artifact, FileValue, LentFile, LinkValue, Value
from rulesengine.model.directory import TreeFile, TreeLink, walk_tree
from rulesengine.model.events import Message
from rulesengine.model.ports import Cancellation, Listener, Result
from rulesengine.values import frozen

BOUND_FROM = LENT_BELOW
"""Inputs of at least so many bytes are bound read-only where there is a sandbox; smaller ones are copied."""

OUTPUT_KEPT = 1 << 20
"""Bytes of standard output and error that are read back (the last ones)."""

TIMEOUT_CODE = 142
"""The exit code of a test that ran out of time, as a shell would report SIGALRM."""

_UNCONFINED = Sandbox("", "")


@frozen
class _Layout:
    """What an execution directory holds before the command starts; `directories` with all ancestors.

    lent: of some files, where else than in the store their bytes are.
    """

    files: Mapping[str, TreeFile]
    lent: Mapping[str, LentFile]
    links: Mapping[str, str]
    directories: frozenset[str]


class LocalRunner:
    """A ports.Runner for commands.

    sandbox: how they are confined; None probes for bubblewrap and says once when it is missing.
    by_mnemonic: how actions of these mnemonics are confined instead (`--strategy`).
    options: what is added to every sandbox, and the limits.
    keep: leave the execution directories below `CACHE/sandbox` (`--sandbox_debug`), and say how to enter them.
    follow: is given what a test writes to its log (its action's first output), as it comes.
    """

    def __init__(
        self,
        store: LocalStore,
        *,
        sandbox: Sandbox | None = None,
        by_mnemonic: Mapping[str, Sandbox | None] | None = None,
        options: SandboxOptions | None = None,
        keep: bool = False,
        listener: Listener | None = None,
    ) -> None:
        self._store = store
        self._sandbox = sandbox
        self._by_mnemonic = by_mnemonic or {}
        self._options = options or SandboxOptions()
        self._etc = ""
        self._found: Sandbox | None = None
        self._presumed: Sandbox | None = None
        self._keep = keep
        self._listener = listener
        self._lock = threading.Lock()
        self.follow: Callable[[bytes], object] | None = None
        self._groups = PidsGroups(self._options.processes)
        self._roots = ExecRoots(lambda: store.scratch.name("sandbox"))
        self._cells = Cells(lambda: store.scratch.name("sandbox"))

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
        if not arguments:
            raise ExecutionError(f"{action.describe()}: an action of do_nothing() makes nothing")
        sandbox = _UNCONFINED if action.local else self._confinement(action.mnemonic)
        layout = self._layout(inputs, outputs)
        if self._fits_a_cell(action, sandbox, layout) and self._cells.wanted():
            try:
                return self._run(action, arguments, inputs, outputs, cancel, layout, sandbox, in_cell=True)
            except CellFaultError as fault:
                if self._cells.failed() and self._listener is not None:
                    why = str(fault).rpartition("\n")[2] or "it ends at once"
                    self._listener(
                        Message("info", f"each action gets a sandbox of its own: no cell can be had ({why})")
                    )
        result = self._run(action, arguments, inputs, outputs, cancel, layout, sandbox, in_cell=False)
        # Bubblewrap is tried by running actions: only where the first ones fail it may be its own fault.
        if result.exit_code and sandbox.program and sandbox is self._presumed and not (found := self._try()).program:
            return self._run(action, arguments, inputs, outputs, cancel, layout, found, in_cell=False)
        return result

    def _fits_a_cell(self, action: Action, sandbox: Sandbox, layout: _Layout) -> bool:
        """Whether nothing but the usual sandbox is asked for, and nothing is to be bound into it."""
        options = self._options
        return not (
            not sandbox.program
            or self._keep
            or action.network
            or options.network
            or options.mounts
            or options.writable
            or options.empty
            or any(file.digest.size >= BOUND_FROM and path not in layout.lent for path, file in layout.files.items())
        )

    def _run(
        self,
        action: Action,
        arguments: Sequence[str],
        inputs: Mapping[str, Value],
        outputs: Mapping[str, Artifact],
        cancel: Cancellation,
        layout: _Layout,
        sandbox: Sandbox,
        *,
        in_cell: bool,
    ) -> Result:
        """Raises CellFaultError besides, where it should run in a cell and was not started."""
        held = self._groups.join(JOIN_AFTER)
        roots, spares = (self._cells.roots(), self._cells.spares()) if in_cell else (self._roots, None)
        cell = None
        try:
            root = roots.take(layout.directories)
            etc = self._system_files() if sandbox.program else ""
        except OSError as fault:
            raise store_error(fault, f"preparing {self._store.scratch.path}") from None
        ended = False
        bound: dict[str, str] = {}
        try:
            try:
                bound = self._fill(root, layout, spares, can_bind=bool(sandbox.program))
            except OSError as fault:
                raise store_error(fault, f"preparing {root}") from None
            if in_cell:
                cell = self._cells.cell(root, etc)
                command = arguments
            else:
                command = sandbox.command(arguments, root, bound, etc, self._options, network=action.network, held=held)
            environment = action.whole_environment
            if not sandbox.program:
                environment["PWD"] = os.path.realpath(root)  # also how strays are known, see ProcessTree
            inside = processes_inside(self._options, held=held)
            with _sinks(cell) as (out, err):
                timed_out = False
                run = CommandRun(
                    action, command, environment, environment.get("PWD", root), bool(sandbox.program), out, err,
                    self._options,
                    self.follow if action.test is not None else None,
                    f"{root}/{action.outputs[0].path}",
                    cell,
                    inside,
                    held or bool(inside) or not self._options.processes,
                )  # fmt: skip
                try:
                    code = run.execute(cancel)
                except TimedOutError:
                    if action.test is None:
                        raise
                    code, timed_out = TIMEOUT_CODE, True
                stdout, stderr = _tail(out), _tail(err)
            ended = not timed_out
            if sandbox.program and code > 128 and not timed_out:
                code = 128 - code  # bwrap, like a shell, reports a signal as 128 + its number
            runner = "linux-sandbox" if sandbox.program else "local"
            if code and action.test is None:
                return Result({}, stdout, stderr, code, runner=runner)
            made = collect_outputs(self._store, root, inputs, outputs)
            return Result(made, stdout, stderr, code, timed_out, runner=runner)
        finally:
            if self._keep:
                self._leave(action, root, sandbox, arguments, bound)
            else:
                # What was killed may need a moment to be gone, and might still write there.
                roots.give_back(root, layout.directories, reuse=ended, spares=spares)

    def _confinement(self, mnemonic: str) -> Sandbox:
        given = self._by_mnemonic.get(mnemonic, self._sandbox)
        if given is not None:
            return given
        with self._lock:
            if self._found is None:
                self._found = self._presumed = self._told(likely())
            return self._found

    def _try(self) -> Sandbox:
        """Whether bubblewrap works, tried by itself."""
        with self._lock:
            if self._found is None or self._found is self._presumed:
                self._found = self._told(probe())
            return self._found

    def _told(self, found: Sandbox) -> Sandbox:
        if not found.program and self._listener is not None:
            self._listener(
                Message("warning", f"actions run without a sandbox, so they can read undeclared files: {found.reason}")
            )
        return found

    def _system_files(self) -> str:
        """The directory that is /etc inside, made for the first action.  Raises OSError."""
        with self._lock:
            if not self._etc:
                kept = os.path.join(self._store.root, "sandbox", f"{os.getpid()}-etc")
                etc = kept if self._keep else self._store.scratch.name("etc")
                write_etc(etc, [*self._options.mounts, *((path, path) for path in self._options.writable)])
                self._etc = etc
            return self._etc

    # ---- before ----

    def _layout(self, inputs: Mapping[str, Value], outputs: Mapping[str, Artifact]) -> _Layout:
        """What the execution directory has to hold.  Raises LostBlobError."""
        files: dict[str, TreeFile] = {}
        lent: dict[str, LentFile] = {}
        links: dict[str, str] = {}
        directories: set[str] = set()
        for path, value in inputs.items():
            if isinstance(value, FileValue):
                files[path] = TreeFile(value.digest, value.executable)
                if isinstance(value, LentFile):
                    lent[path] = value
                continue
            if isinstance(value, LinkValue):
                links[path] = value.target
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
            above = path.rpartition("/")[0]
            while above and above not in directories:
                directories.add(above)
                above = above.rpartition("/")[0]
        return _Layout(files, lent, links, frozenset(directories))

    def _fill(self, root: str, layout: _Layout, spares: Spares | None, *, can_bind: bool) -> dict[str, str]:
        """Copy the inputs; large ones are returned instead, to be bound: path -> the store's file."""
        bound: dict[str, str] = {}
        for path, file in layout.files.items():
            try:
                mode = 0o555 if file.executable else 0o444
                if path in layout.lent:
                    data = read_lent(path, layout.lent[path])
                    if spares is None or not spares.write(f"{root}/{path}", data, mode):
                        _write(f"{root}/{path}", data, mode)
                elif can_bind and file.digest.size >= BOUND_FROM:
                    bound[path] = self._store.verified_path(file.digest, executable=file.executable)
                else:
                    self._store.copy(file.digest, f"{root}/{path}", mode)
            except KeyError:
                raise LostBlobError(f"{file.digest} is not in the cache any more") from None
        for path, target in layout.links.items():  # last, so that no file is written through one
            os.symlink(target, f"{root}/{path}")
        return bound

    def _leave(
        self, action: Action, directory: str, sandbox: Sandbox, arguments: Sequence[str], bound: Mapping[str, str]
    ) -> None:
        """Move the execution directory to where a person may look at it, and say where and how to enter it."""
        import shlex

        kept = os.path.join(self._store.root, "sandbox", f"{os.getpid()}-{os.path.basename(directory)}")
        with contextlib.suppress(OSError):
            os.makedirs(os.path.dirname(kept), exist_ok=True)
            remove_directory(kept)
            os.rename(directory, kept)
            if self._listener is not None:
                environment = [f"{name}={text}" for name, text in action.whole_environment.items()]
                shell = sandbox.command(["/bin/sh"], kept, bound, self._etc, self._options, network=action.network)
                enter = shlex.join(["env", "-i", *environment, *shell])
                if not sandbox.program:
                    enter = f"cd {shlex.quote(kept)} && {enter}"
                self._listener(
                    Message(
                        "info",
                        f"{action.describe()} ({action.owner}) ran: {shlex.join(arguments)}\n"
                        f"enter its sandbox with: {enter}\n"
                        f"the execution directory is kept: {kept}",
                    )
                )


def _write(path: str, data: bytes, mode: int) -> None:
    """Raises OSError."""
    fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    try:
        os.fchmod(fd, mode)  # whatever the umask
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view) :]
    finally:
        os.close(fd)


@contextlib.contextmanager
def _sinks(cell: Cell | None) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """Where a command prints to."""
    if cell is not None:
        yield cell.out, cell.err
        return
    with sink() as out, sink() as err:
        yield out, err


def _tail(file: IO[bytes]) -> bytes:
    size = file.seek(0, os.SEEK_END)
    if not size:
        return b""
    file.seek(max(0, size - OUTPUT_KEPT))
    return file.read()
