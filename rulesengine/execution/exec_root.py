"""ExecRoots: execution directories, used again where that is safe, because making directories is dear.

On a large ext4 one mkdir costs 0.8 ms of CPU (the search for a block group), ten times a small file.
A directory is used again only after every file in it was removed and only the directories that the
next action declares are left, so an action cannot see that another was there before it.
"""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable

from rulesengine.execution.scratch import remove_directory

_KEPT = 16


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
