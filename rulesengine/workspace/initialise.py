"""`pybuild init`: the files of a new workspace, copied from the package's own tree `data/init/`."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from importlib import resources
from importlib.resources.abc import Traversable

from rulesengine.errors import DiskFullError, StoreError, UsageError
from rulesengine.values import frozen
from rulesengine.workspace.places import CONVENIENCE_LINK

_SHIPPED_LOCK = "trixie.lock.json"
_LOCK_PATH = "debian/trixie.lock.json"
_IGNORE = ".gitignore"


@frozen
class Initialised:
    """What was written and what was there already, as paths below the directory."""

    directory: str
    written: tuple[str, ...]
    kept: tuple[str, ...]


def shipped_lock() -> bytes | None:
    """The lock file that ships with the package, or None in an installation without one."""
    try:
        return resources.files("rulesengine").joinpath("data", _SHIPPED_LOCK).read_bytes()
    except OSError:
        return None


def initialise(directory: str) -> Initialised:
    """Write a workspace's files into `directory`, made where it is missing.  Nothing is overwritten.

    Raises UsageError where it cannot be made, StoreError, DiskFullError.
    """
    directory = os.path.abspath(directory)
    try:
        os.makedirs(directory, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise UsageError(f"{directory} is a file, or lies below one", hint="name a directory") from None
    except OSError as fault:
        raise UsageError(f"cannot make {directory}: {fault.strerror}", hint="name a directory you can write") from None
    written: list[str] = []
    kept: list[str] = []
    for path, source in _tree(resources.files("rulesengine").joinpath("data", "init"), ""):
        (written if _write(directory, path, source.read_bytes()) else kept).append(path)
    if _ignore(directory):
        written.append(_IGNORE)
    return Initialised(directory, tuple(written), tuple(kept))


def install_shipped_lock(directory: str) -> bool:
    """Write the lock that ships with the package, unless there is one; whether it was written."""
    data = shipped_lock()
    return data is not None and _write(directory, _LOCK_PATH, data)


def lock_path(directory: str) -> str:
    """Where a new workspace's lock file is."""
    return os.path.join(directory, _LOCK_PATH)


def _tree(node: Traversable, prefix: str) -> Iterator[tuple[str, Traversable]]:
    for one in sorted(node.iterdir(), key=lambda entry: entry.name):
        if one.is_dir():
            yield from _tree(one, f"{prefix}{one.name}/")
        elif not one.name.endswith((".pyc", "~")):
            yield prefix + one.name, one


def _write(directory: str, path: str, data: bytes) -> bool:
    """Write a file that is not there yet.  A BUILD.bazel beside it counts as the BUILD file that it replaces."""
    full = os.path.join(directory, path)
    if os.path.lexists(full) or (os.path.basename(path) == "BUILD" and os.path.lexists(full + ".bazel")):
        return False
    temporary = f"{full}.{os.getpid()}.tmp"
    try:
        os.makedirs(os.path.dirname(full), exist_ok=True)
        try:
            with open(temporary, "xb") as stream:
                stream.write(data)
            try:
                os.link(temporary, full)  # refuses to replace a file, as rename(2) would not
            except FileExistsError:
                return False
            except OSError:  # a file system without hard links
                os.rename(temporary, full)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
    except FileExistsError:
        return False
    except OSError as fault:
        if fault.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFullError(f"no space left for {full}", hint="free some space; run pybuild init again") from None
        raise StoreError(f"cannot write {full}: {fault.strerror}", hint="see who owns the directory") from None
    return True


def _ignore(directory: str) -> bool:
    """Have git ignore the link to the outputs; whether a line was added."""
    path = os.path.join(directory, _IGNORE)
    line = f"/{CONVENIENCE_LINK}"
    try:
        text = ""
        if os.path.lexists(path):
            with open(path, encoding="utf-8", errors="surrogateescape") as stream:
                text = stream.read()
        if any(one.strip().strip("/") == CONVENIENCE_LINK for one in text.split("\n")):
            return False
        with open(path, "a", encoding="utf-8") as stream:
            stream.write(("\n" if text and not text.endswith("\n") else "") + line + "\n")
    except OSError:
        return False  # git's business, not ours: a workspace without it works
    return True
