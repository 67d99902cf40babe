"""The processes of a running action: how many there are, what memory they use, and ending all of them."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator

from rulesengine.values import frozen

_TICK = os.sysconf("SC_CLK_TCK")
_ROUNDS = 200
_STAT = 4096
"""Bytes that a line about a process has at most."""

_SOON = 2
"""Seconds in which the numbers of processes do not come round."""


@frozen
class Census:
    """processes: how many.  memory: bytes that are theirs alone or shared between them only."""

    processes: int
    memory: int


def ticks() -> int:
    """Now, as the kernel tells when processes began; it rounds down."""
    return int(time.clock_gettime(time.CLOCK_BOOTTIME) * _TICK)


class ProcessTree:
    """All processes that a command started, in a sandbox or not.

    pid: the process that we started.  sandboxed: whether it is bwrap; what is inside then has process ids of its own.
    root: the real path of the directory that it started in; without a sandbox it is how strays are known.
    began: what ticks() said before it was started; on a busy machine it may have children before we hear of it.
    """

    def __init__(self, pid: int, root: str, *, sandboxed: bool, began: int) -> None:
        self._pid = pid
        self._root = root
        self._sandboxed = sandboxed
        self._first: int | None = None
        self._began = began

    def census(self, *, memory: bool) -> Census:
        """Count now.  memory: whether to add up the memory too."""
        if not self._sandboxed:
            found = [f"/proc/{pid}" for pid, _, session in _processes() if session == self._pid]
        else:
            inside = self._inside()
            if inside is None:
                return Census(0, 0)
            try:
                found = [f"{inside}/{name}" for name in os.listdir(inside) if name.isdigit()]
            except OSError:
                return Census(0, 0)
        return Census(len(found), sum(map(_memory, found)) if memory else 0)

    def _inside(self) -> str | None:
        """The directory /proc of the sandbox, as seen from here; None while it is not there."""
        if self._first is None:
            self._first = next((pid for pid, parent, _ in _processes() if parent == self._pid), None)
        inside = f"/proc/{self._first}/root/proc"
        try:
            # Until bwrap has changed its root, this is our own /proc.
            return inside if self._first and os.stat(inside).st_dev != os.stat("/proc").st_dev else None
        except OSError:
            return None

    def kill(self) -> None:
        """End what is in the session that we started, and with bwrap everything inside."""
        if self._first is not None:  # process 1 of the sandbox takes all others with it
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(self._first, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._pid, signal.SIGKILL)

    def end_strays(self, outputs: set[tuple[int, int]]) -> int:
        """Without a sandbox: end what left the session (setsid, a daemon); how many there were.

        A stray is known by its session, the directory that it is in or was started in, or where it prints to.
        outputs: (device, inode) of the command's standard output and error.
        """
        if self._sandboxed:
            return 0
        ended: set[int] = set()
        for _ in range(_ROUNDS):
            found = [
                pid
                for pid, _, session in _processes(self._began, self._younger())
                if self._is_stray(pid, session, outputs)
            ]
            if not found:
                break
            for pid in found:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            ended.update(found)
            time.sleep(0.001)
        return len(ended)

    def _younger(self) -> int:
        """The least number that a process can have which was started after ours; 0 where numbers began anew."""
        if ticks() - self._began > _SOON * _TICK:
            return 0
        try:
            with open("/proc/loadavg", "rb") as file:
                last = int(file.read().split()[-1])
        except (OSError, ValueError):
            return 0
        return self._pid if last >= self._pid else 0

    def _is_stray(self, pid: int, session: int, outputs: set[tuple[int, int]]) -> bool:
        if pid in (self._pid, os.getpid()):
            return False
        if session == self._pid:
            return True
        with contextlib.suppress(OSError):
            here = os.readlink(f"/proc/{pid}/cwd")
            if here == self._root or here.startswith(self._root + "/"):
                return True
        for number in (1, 2):
            with contextlib.suppress(OSError):
                seen = os.stat(f"/proc/{pid}/fd/{number}")
                if (seen.st_dev, seen.st_ino) in outputs:
                    return True
        with contextlib.suppress(OSError), open(f"/proc/{pid}/environ", "rb") as file:
            start = self._root.encode()
            return any(
                value == start or value.startswith(start + b"/")
                for name, _, value in (one.partition(b"=") for one in file.read().split(b"\0"))
                if name in (b"PWD", b"OLDPWD")
            )
        return False


def _processes(since: int = 0, least: int = 0) -> Iterator[tuple[int, int, int]]:
    """(process, parent, session) of each that runs and began no earlier than `since` (ticks since the start)."""
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) < least:
            continue
        try:
            descriptor = os.open(f"/proc/{name}/stat", os.O_RDONLY | os.O_CLOEXEC)
            try:
                fields = os.read(descriptor, _STAT).rpartition(b")")[2].split()  # a file object asks the system more
            finally:
                os.close(descriptor)
        except OSError:
            continue
        if fields[0] != b"Z" and int(fields[19]) >= since:
            yield int(name), int(fields[1]), int(fields[3])


def _memory(process: str) -> int:
    try:
        with open(f"{process}/status", "rb") as file:
            lines = file.read().split(b"\n")
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith((b"RssAnon:", b"RssShmem:")))
