"""ExecRoots: execution directories, used again where that is safe, because making directories is dear.

On a large ext4 one mkdir costs 0.8 ms of CPU (the search for a block group), ten times a small file.
A directory is used again only after every file in it was removed and only the directories that the
next action declares are left, so an action cannot see that another was there before it.
"""

from __future__ import annotations

import errno
import itertools
import os
import stat
import threading
import weakref
from collections.abc import Callable

from rulesengine.execution.scratch import remove_directory

_KEPT = 16
_SPARES = 64
"""How many files of one command at most: each is kept open."""


class ExecRoots:
    """A pool of execution directories below the cache's scratch directory."""

    def __init__(self, name: Callable[[], str]) -> None:
        """name: gives a path that nothing uses yet."""
        self._name = name
        self._lock = threading.Lock()
        self._free: list[tuple[str, frozenset[str]]] = []

    def take(self, directories: frozenset[str]) -> str:
        """A directory that holds exactly `directories` (all ancestors included), each 0755.  Raises OSError."""
        with self._lock:
            found = next((one for one in self._free if one[1] == directories), None)
            if found is None and self._free:
                found = self._free[-1]
            if found is not None:
                self._free.remove(found)
        if found is not None and os.path.isdir(found[0]):
            try:
                return self._adapt(*found, directories)
            except OSError:
                remove_directory(found[0])
        root = self._name()
        os.mkdir(root)
        os.chmod(root, 0o755)
        return self._adapt(root, frozenset(), directories)

    def give_back(self, root: str, directories: frozenset[str], *, reuse: bool) -> None:
        """Done with it.  reuse: no process that knows the directory is alive any more."""
        if reuse and len(self._free) < _KEPT:
            try:
                if _empty(root, directories):
                    with self._lock:
                        self._free.append((root, directories))
                    return
            except OSError:
                pass
        remove_directory(root)

    def _adapt(self, root: str, have: frozenset[str], want: frozenset[str]) -> str:
        for path in sorted(have - want, reverse=True):
            os.rmdir(f"{root}/{path}")
        for path in sorted(want - have):
            os.mkdir(f"{root}/{path}")
            os.chmod(f"{root}/{path}", 0o755)  # whatever the umask
        return root


class Spares:
    """Files of input copies, written anew for the next command instead of removed and made again.

    For one thread, and commands of which no process is left when their files are taken back.  ext4 does not use the
    inode of a removed file for some seconds, and looks through all of them for each file that is made.
    """

    def __init__(self, name: Callable[[], str]) -> None:
        """name: gives a path that nothing uses yet, on the execution directories' file system."""
        self._name = name
        self._free: list[tuple[int, str]] = []
        self._used: list[tuple[int, str]] = []
        self._end = weakref.finalize(self, _close, self._free, self._used)

    def write(self, path: str, data: bytes, mode: int) -> bool:
        """Make the file, or say that it is not one for us.  Raises OSError."""
        if mode & 0o111 or len(self._used) >= _SPARES:
            return False  # a program that is open for writing cannot be started
        if self._free:
            fd, spare = self._free.pop()
            self._used.append((fd, path))
            os.rename(spare, path)
        else:
            fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
            self._used.append((fd, path))
        if os.pwrite(fd, data, 0) != len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        seen = os.fstat(fd)
        if seen.st_size != len(data):
            os.ftruncate(fd, len(data))
        if stat.S_IMODE(seen.st_mode) != mode:
            os.fchmod(fd, mode)
        return True

    def take_back(self, *, reuse: bool) -> None:
        """Take what is as it was, under its one name; the rest, or all, is left.  reuse: see ExecRoots."""
        for fd, path in self._used:
            try:
                if reuse and _is_plain(fd, path):
                    spare = self._name()
                    os.rename(path, spare)
                    self._free.append((fd, spare))
                    continue
            except OSError:
                pass
            os.close(fd)
        self._used.clear()


def _is_plain(fd: int, path: str) -> bool:
    seen, there = os.fstat(fd), os.lstat(path)
    return (
        (seen.st_ino, seen.st_dev, seen.st_nlink) == (there.st_ino, there.st_dev, 1)
        and seen.st_uid == os.geteuid()
        and not os.listxattr(fd)
    )


def _close(*files: list[tuple[int, str]]) -> None:
    for fd, _ in itertools.chain(*files):
        os.close(fd)


def _empty(root: str, directories: frozenset[str]) -> bool:
    """Remove all but `directories`; False where one of them is missing."""
    seen = 0
    todo = [""]
    while todo:
        below = todo.pop()
        here = f"{root}/{below}"
        if stat.S_IMODE(os.stat(here).st_mode) != 0o755:
            os.chmod(here, 0o755)
        with os.scandir(here) as entries:
            for entry in list(entries):
                if not entry.is_dir(follow_symlinks=False):
                    os.unlink(entry.path)
                elif below + entry.name in directories:
                    seen += 1
                    todo.append(f"{below}{entry.name}/")
                else:
                    remove_directory(entry.path)
    return seen == len(directories)
