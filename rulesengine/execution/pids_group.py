"""A hard limit on processes: the kernel's pids controller (cgroup version 1), where we may use it.

There a thread can be in a group of its own, and what it starts inherits the group; so each worker thread joins one
once, and starting a command costs nothing more.  Where it is not available, the watch of ProcessTree is all there is.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import threading

_ROOT = "/sys/fs/cgroup/pids"
_PREFIX = "pybuild-"

JOIN_AFTER = 4
"""How many commands a thread runs before it joins a group: the kernel takes 16 ms for it, more than a small command."""


class PidsGroups:
    """Groups below this process's own, one for each thread that asks."""

    def __init__(self, limit: int) -> None:
        """limit: processes and threads that one thread's commands may have."""
        self._limit = limit
        self._local = threading.local()
        self._parent = _parent() if limit else None
        if self._parent is not None:
            _sweep(self._parent)
            atexit.register(_sweep, self._parent)

    def join(self, after: int = 0) -> bool:
        """Put the calling thread into a group of its own; whether the kernel limits what it starts.

        after: how many of a thread's calls do nothing first.
        """
        if self._parent is None:
            return False
        count: int = getattr(self._local, "count", 0)
        if count < after:
            self._local.count = count + 1
            return False
        joined: bool | None = getattr(self._local, "joined", None)
        if joined is None:
            joined = self._local.joined = self._join(self._parent)
        return joined

    def _join(self, parent: str) -> bool:
        # The thread itself and bwrap outside of the sandbox are two more, a cell's helper (see cells) another two.
        thread = threading.get_native_id()
        group = f"{parent}/{_PREFIX}{os.getpid()}-{thread}"
        try:
            with contextlib.suppress(FileExistsError):
                os.mkdir(group)
            for name, text in (("pids.max", str(self._limit + 4)), ("tasks", str(thread))):
                with open(f"{group}/{name}", "w", encoding="ascii") as file:
                    file.write(text)
        except OSError:
            with contextlib.suppress(OSError):
                os.rmdir(group)
            return False
        return True


def _parent() -> str | None:
    """The directory of this process's group of the pids controller, if groups can be made there."""
    try:
        with open("/proc/self/cgroup", encoding="ascii") as file:
            for line in file:
                _, controllers, path = line.rstrip("\n").split(":", 2)
                if "pids" in controllers.split(","):
                    directory = _ROOT + path.rstrip("/")
                    return directory if os.access(directory, os.W_OK) else None
    except (OSError, ValueError):
        pass
    return None


def _sweep(parent: str) -> None:
    """Remove the groups whose thread has ended; the kernel refuses the others."""
    with contextlib.suppress(OSError):
        for name in os.listdir(parent):
            if name.startswith(_PREFIX):
                with contextlib.suppress(OSError):
                    os.rmdir(f"{parent}/{name}")
