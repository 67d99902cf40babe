"""Cells: the sandbox of many small commands, cheaper than one bubblewrap each.

A cell is a helper process (see cell_process) with namespaces made once; each command gets only those that it could
leave something in.  A thread that has run some commands under bubblewrap gets a cell, which lives as long as it does.
Only where bubblewrap works, and for commands that need nothing but the usual: no network, no paths of the user's.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import select
import signal
import stat
import struct
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Any

from rulesengine.execution.exec_root import ExecRoots, Spares
from rulesengine.execution.sandbox import EXECROOT, SYSTEM, read_only_below_proc
from rulesengine.execution.system_files import bound_directories

AFTER = 4
"""How many commands a thread runs under bubblewrap before it gets a cell: to start one costs as much as that."""
MOST_FAULTS = 3
"""Cells that cannot be had before none is tried any more: one may have been the machine's lack of memory."""

# As a module, so that it is compiled once; behind the standard library's, of whose names some are here too.
_SCRIPT = (
    f"import sys; sys.path.append({os.path.dirname(os.path.abspath(__file__))!r}); import cell_process as cell;"
    " cell.run()"
)
_LOADER = {name: text for name, text in os.environ.items() if name == "LD_LIBRARY_PATH"}
"""What the interpreter may need to start; LD_BIND_NOW, so that not each of its copies looks its functions up."""
_REPLY = struct.Struct("=qc")
_START_SECONDS = 10.0


class CellFaultError(Exception):
    """The cell does not work; what was in it is not alive any more.  Nobody but the runner sees this."""


class Cell:
    """A helper process and the execution directory that it shows.  For one thread: the one that made it.

    out, err: what the command prints, from the start of these files.  first: the process whose children commands are.
    owner: the process that made it.
    """

    def __init__(self, root: str, etc: str) -> None:
        """root: the execution directory.  etc: what is /etc.  Raises CellFaultError."""
        self.root = root
        self.alive = True
        self.first = 0
        self.owner = os.getpid()
        self.out, self.err = sink(), sink()
        self._mode = os.fstat(self.out.fileno()).st_mode
        for file in (self.out, self.err):
            weakref.finalize(self, file.close)
        requests, self._requests = os.pipe()
        self._replies, replies = os.pipe()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _SCRIPT, str(requests), str(replies)],
                cwd="/",
                env={"LD_BIND_NOW": "1", **_LOADER},
                stdin=subprocess.DEVNULL,
                stdout=self.out,
                stderr=self.err,
                pass_fds=(requests, replies),
                start_new_session=True,
            )
        except OSError as fault:
            for fd in (self._requests, self._replies):
                os.close(fd)
            raise CellFaultError(str(fault)) from None
        finally:
            os.close(requests)
            os.close(replies)
        self._poll = select.poll()
        self._poll.register(self._replies, select.POLLIN)
        # Not a method: it would keep the cell from going when its thread does.
        self._fds = [self._requests, self._replies]
        self._end = weakref.finalize(self, _end, self._process, self._fds, self.owner)
        self._write(
            {
                "parent": self.owner,
                "links": [(os.readlink(path), path) for path in SYSTEM if os.path.islink(path)],
                "shown": [
                    *((path, path) for path in SYSTEM if os.path.isdir(path) and not os.path.islink(path)),
                    (etc, "/etc"),
                    *((path, path) for path in bound_directories()),
                ],
                "own": [(root, EXECROOT)],
                "hidden": read_only_below_proc("irq", "bus"),
            }
        )
        for _ in range(2):  # the first process tells of the second, and that one that it is ready: whoever is first
            if not self.ended(int(_START_SECONDS * 1000)):
                self.end()
                raise CellFaultError("it does not start")
            if number := self._read()[0]:
                self.first = number
                try:  # its number may be another's when it is ended
                    self._fds.append(os.pidfd_open(self.first))
                except OSError as fault:
                    self.end()
                    raise CellFaultError(str(fault)) from None

    def start(self, arguments: Sequence[str], environment: Mapping[str, str], file_size: int, processes: int) -> None:
        """Start a command in /execroot.  file_size, processes: its limits, 0 for none.  Raises CellFaultError."""
        for file in (self.out, self.err):
            _renew(file.fileno(), self._mode)
        # bwrap sets PWD too
        self._write((list(arguments), {**environment, "PWD": EXECROOT}, file_size, processes))

    def ended(self, milliseconds: int) -> bool:
        """Wait so long at most; whether the command and all that it started has ended."""
        return bool(self._poll.poll(milliseconds))

    def code(self) -> int:
        """Its exit code, 128 and the number where it was a signal.  Raises CellFaultError where it was not started."""
        code, state = self._read()
        if state == b"n":
            raise self._fault()
        if state != b"r":
            self.end()
        return code

    def end(self) -> None:
        """End the cell and whatever runs in it; afterwards none of its processes is alive."""
        self.alive = False
        self._end()

    def forget(self) -> None:
        """In a copy of the process that made it: leave it to that one."""
        self._end.detach()

    def _write(self, message: dict[str, Any] | tuple[Any, ...]) -> None:
        data = marshal.dumps(message)
        view = memoryview(struct.pack("=Q", len(data)) + data)
        try:
            while view:
                view = view[os.write(self._requests, view) :]
        except OSError:
            raise self._fault() from None

    def _read(self) -> tuple[int, bytes]:
        data = os.read(self._replies, _REPLY.size)
        if len(data) != _REPLY.size:
            raise self._fault()
        code, state = _REPLY.unpack(data)
        return code, state

    def _fault(self) -> CellFaultError:
        self.end()
        self.err.seek(0)
        return CellFaultError(self.err.read().decode("utf-8", "replace").strip())


class Cells:
    """The cells of a runner's threads."""

    def __init__(self, name: Callable[[], str]) -> None:
        """name: gives a path that nothing uses yet."""
        self._name = name
        self._local = threading.local()
        self._given_up = not sys.executable or not hasattr(os, "pidfd_open")
        self._faults = 0

    def wanted(self) -> bool:
        """Whether the calling thread's next command should run in a cell."""
        if self._given_up:
            return False
        count: int = getattr(self._local, "count", 0)
        self._local.count = count + 1
        return count >= AFTER

    def roots(self) -> ExecRoots:
        """The execution directories of the calling thread's cell."""
        found: ExecRoots | None = getattr(self._local, "roots", None)
        if found is None:
            found = self._local.roots = ExecRoots(self._name)
        return found

    def spares(self) -> Spares:
        """The files that the calling thread's commands have as inputs."""
        found: Spares | None = getattr(self._local, "spares", None)
        if found is None:
            found = self._local.spares = Spares(self._name)
        return found

    def cell(self, root: str, etc: str) -> Cell:
        """The calling thread's cell, which shows `root`.  Raises CellFaultError."""
        found: Cell | None = getattr(self._local, "cell", None)
        if found is not None and found.owner != os.getpid():
            found.forget()
            found = None
        if found is None or not found.alive or found.root != root:
            if found is not None:
                found.end()
            found = self._local.cell = Cell(root, etc)
        return found

    def failed(self) -> bool:
        """A cell could not be had: after some such there are no cells any more; whether that is so from now on."""
        self._faults += 1
        if self._faults < MOST_FAULTS or self._given_up:
            return False
        self._given_up = True
        return True


def sink() -> IO[bytes]:
    """An anonymous file for what a command prints (a file, because a pipe held open by a child would block)."""
    try:
        return open(os.memfd_create("output", os.MFD_CLOEXEC), "w+b", buffering=0)
    except OSError:
        import tempfile

        return tempfile.TemporaryFile(buffering=0)


def _renew(fd: int, mode: int) -> None:
    """Make the file empty, and take back what a command may have done to the file itself, which is its user's."""
    seen = os.fstat(fd)
    if seen.st_size:
        os.ftruncate(fd, 0)
    with contextlib.suppress(OSError):
        if seen.st_mode != mode:
            os.fchmod(fd, stat.S_IMODE(mode))
        for name in os.listxattr(fd):
            os.removexattr(fd, name)


def _end(process: subprocess.Popen[bytes], fds: list[int], owner: int) -> None:
    """Also where a thread or the whole process ends in the middle of a command: nobody waits for that one."""
    if os.getpid() == owner:
        # Process 1 of the outer namespace takes all others with it, before its parent hears of it.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if len(fds) > 2:
                signal.pidfd_send_signal(fds[2], signal.SIGKILL)
            else:
                process.kill()
    for fd in fds:
        os.close(fd)
    process.wait()
