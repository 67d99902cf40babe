"""ExecRoots: execution directories, used again where that is safe, because making directories is dear.

On a large ext4 one mkdir costs 0.8 ms of CPU (the search for a block group), ten times a small file.
A directory is used again only after every file in it was removed and only the directories that the
next action declares are left, so an action cannot see that another was there before it.
"""

from __future__ import annotations

import errno
import os
import stat
import threading
import time
from collections.abc import Callable
from functools import lru_cache

from rulesengine.execution.scratch import remove_directory

_KEPT = 16
_SPARES = 64
"""How many files of one thread's commands are kept."""
_SPARE_BELOW = 1 << 20
"""Bytes of a file that is kept."""
_TICK = 50_000_000
"""Nanoseconds in which two changes of a directory may get the same time, with a margin: the kernel's clock stands
still for up to 10 ms."""

_Changed = dict[str, int]
"""When directories were changed last, by path below the execution directory, where they are known to be clean."""


class ExecRoots:
    """A pool of execution directories below the cache's scratch directory."""

    def __init__(self, name: Callable[[], str]) -> None:
        """name: gives a path that nothing uses yet."""
        self._name = name
        self._lock = threading.Lock()
        self._free: list[tuple[str, frozenset[str], _Changed]] = []
        self._lent: dict[str, tuple[int, _Changed]] = {}

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
                self._adapt(*found[:2], directories)
            except OSError:
                remove_directory(found[0])
            else:
                self._lent[found[0]] = time.time_ns(), found[2]
                return found[0]
        root = self._name()
        os.mkdir(root)
        os.chmod(root, 0o755)
        self._adapt(root, frozenset(), directories)
        return root

    def give_back(self, root: str, directories: frozenset[str], *, reuse: bool, spares: Spares | None = None) -> None:
        """Done with it.  reuse: no process that knows the directory is alive any more.  spares: may take its files."""
        since, before = self._lent.pop(root, (0, {}))
        if reuse and len(self._free) < _KEPT:
            try:
                changed = _empty(root, directories, spares, before, since - _TICK)
                if changed is not None:
                    with self._lock:
                        self._free.append((root, directories, changed))
                    return
            except OSError:
                pass
        remove_directory(root)

    def _adapt(self, root: str, have: frozenset[str], want: frozenset[str]) -> None:
        if have == want:
            return
        for path in sorted(have - want, reverse=True):
            os.rmdir(f"{root}/{path}")
        for path in sorted(want - have):
            os.mkdir(f"{root}/{path}")
            os.chmod(f"{root}/{path}", 0o755)  # whatever the umask


class Spares:
    """Files of input copies, written anew for the next command instead of removed and made again.

    For one thread, and commands of which no process is left when their files are taken.  None is kept open: that would
    be many for many threads, and no command could start what it was given as a file.  ext4 does not use the inode of a
    removed file for some seconds, and looks through all of them for each file that is made.
    """

    def __init__(self, name: Callable[[], str]) -> None:
        """name: gives a path that nothing uses yet, on the execution directories' file system."""
        self._name = name
        self._free: list[tuple[str, int, int]] = []  # path, size, mode
        self._user = os.geteuid()

    def write(self, path: str, data: bytes, mode: int) -> bool:
        """Make the file, or say that it is not one for us.  Raises OSError."""
        if mode & 0o111 or not self._free:  # a program that another thread's new process has open cannot be started
            return False
        spare, size, had = self._free.pop()
        try:
            fd = os.open(spare, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:  # a command may have made it one that nobody can write (verity)
            os.unlink(spare)
            return False
        try:
            os.rename(spare, path)
            if os.pwrite(fd, data, 0) != len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            if size > len(data):
                os.ftruncate(fd, len(data))
            if had != mode:
                os.fchmod(fd, mode)
            os.utime(fd)  # whatever was set before
        finally:
            os.close(fd)
        return True

    def take(self, file: os.DirEntry[str]) -> bool:
        """Take a file that is no longer needed where it is, or say that it is not one for us.  Raises OSError."""
        if len(self._free) >= _SPARES or not file.is_file(follow_symlinks=False):
            return False
        seen = file.stat(follow_symlinks=False)
        if seen.st_nlink != 1 or seen.st_size >= _SPARE_BELOW or seen.st_uid != self._user or _is_marked(file.path):
            return False
        mode = stat.S_IMODE(seen.st_mode)
        if self._user and not mode & 0o200:
            mode |= 0o200
            os.chmod(file.path, mode)
        spare = self._name()
        os.rename(file.path, spare)
        self._free.append((spare, seen.st_size, mode))
        return True


def _is_marked(path: str) -> bool:
    """Whether a command has given it attributes, or rights (those of a directory are inherited by what is made there).

    What the system itself gives to every file is nothing of a command's.
    """
    return any(not name.startswith("security.") for name in os.listxattr(path, follow_symlinks=False))


@lru_cache(maxsize=64)
def _inside(directories: frozenset[str]) -> dict[str, list[str]]:
    """The directories that each one holds; paths end in a slash, the outermost is empty."""
    out: dict[str, list[str]] = {}
    for path in directories:
        above, slash, _ = path.rpartition("/")
        out.setdefault(above + slash, []).append(path + "/")
    return out


def _empty(
    root: str, directories: frozenset[str], spares: Spares | None, before: _Changed, certain: int
) -> _Changed | None:
    """Remove all but `directories`; when they were changed last, or None where one of them is missing or was marked.

    before: where a directory was clean, and has changed no more since it was left at that time, it is clean still.
    certain: of what was changed after this time that cannot be told.
    """
    seen = 0
    todo = [""]
    changed: _Changed = {}
    while todo:
        below = todo.pop()
        here = f"{root}/{below}"
        status = os.stat(here)
        same = before.get(below) == status.st_ctime_ns
        if same and status.st_ctime_ns < certain:
            changed[below] = status.st_ctime_ns
            inside = _inside(directories).get(below, ())
            seen += len(inside)
            todo += inside
            continue
        if stat.S_IMODE(status.st_mode) != 0o755:
            os.chmod(here, 0o755)
        if _is_marked(here):
            return None
        with os.scandir(here) as entries:
            for entry in list(entries):
                same = same and entry.is_dir(follow_symlinks=False) and below + entry.name in directories
                if not entry.is_dir(follow_symlinks=False):
                    if spares is None or not spares.take(entry):
                        os.unlink(entry.path)
                elif below + entry.name in directories:
                    seen += 1
                    todo.append(f"{below}{entry.name}/")
                else:
                    remove_directory(entry.path)
        if not same:
            os.utime(here)
            status = os.stat(here)
        changed[below] = status.st_ctime_ns
    return changed if seen == len(directories) else None
