"""Scratch: a process's own temporary directory inside the cache, swept by others once the process is gone.

Every process holds a lock (flock) beside its directory for as long as it lives, however it dies;
so whoever gets the lock may remove the directory.
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import os


class Scratch:
    """`PARENT/HEX/`, guarded by `PARENT/HEX.lock`."""

    def __init__(self, parent: str) -> None:
        """Create the directory.  Raises OSError."""
        os.makedirs(parent, exist_ok=True)
        self._names = itertools.count()
        while True:
            name = os.urandom(8).hex()
            self.lock_path = os.path.join(parent, name + ".lock")
            self._lock = os.open(self.lock_path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX)
            with contextlib.suppress(FileNotFoundError):
                # A sweeper may have taken the file between its creation and our lock.
                if os.stat(self.lock_path).st_ino == os.fstat(self._lock).st_ino:
                    break
            os.close(self._lock)
        self.path = os.path.join(parent, name)
        os.mkdir(self.path, 0o700)

    def name(self, prefix: str = "t") -> str:
        """A path inside that nobody else uses; nothing is created."""
        return f"{self.path}/{prefix}{next(self._names)}"

    def close(self) -> None:
        """Remove the directory and let the lock go."""
        if self._lock >= 0:
            remove_directory(self.path)
            with contextlib.suppress(OSError):
                os.unlink(self.lock_path)
            os.close(self._lock)
            self._lock = -1


def sweep(parent: str) -> int:
    """Remove what processes that no longer live have left below `parent`; how many directories."""
    swept = 0
    try:
        names = os.listdir(parent)
    except OSError:
        return 0
    for name in names:
        if not name.endswith(".lock"):
            continue
        path = os.path.join(parent, name)
        try:
            lock = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            remove_directory(path[: -len(".lock")])
            os.unlink(path)
            swept += 1
        except OSError:
            continue  # in use, or another sweeper was first
        finally:
            os.close(lock)
    return swept


def oldest_in_use(parent: str) -> float | None:
    """When the oldest of the processes that write below `parent` now began to (seconds since the epoch), or None."""
    found: list[float] = []
    with contextlib.suppress(OSError):
        for name in os.listdir(parent):
            if not name.endswith(".lock"):
                continue
            with contextlib.suppress(OSError):
                lock = os.open(os.path.join(parent, name), os.O_RDWR | os.O_CLOEXEC)
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    found.append(os.fstat(lock).st_mtime)
                finally:
                    os.close(lock)
    return min(found, default=None)


def remove_directory(path: str) -> None:
    """Remove a tree whatever modes its directories have; what cannot be removed stays for the next sweep."""
    try:
        # As shutil does it, which takes 3 ms to import: nothing is reached by a name that may lead elsewhere by now.
        for _, folders, files, here in os.fwalk(path, topdown=False):
            for name in files:
                os.unlink(name, dir_fd=here)
            for name in folders:
                try:
                    os.rmdir(name, dir_fd=here)
                except NotADirectoryError:  # a link to one
                    os.unlink(name, dir_fd=here)
        os.rmdir(path)
    except (OSError, RecursionError):
        _remove_by_force(path)


def _remove_by_force(path: str) -> None:
    import shutil

    shutil.rmtree(path, ignore_errors=True)
    if os.path.lexists(path):
        for directory, _, _ in os.walk(path):
            with contextlib.suppress(OSError):
                os.chmod(directory, 0o700)
        shutil.rmtree(path, ignore_errors=True)
