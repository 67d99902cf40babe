"""Output bases below a cache: which workspace each belongs to, and which of them nobody needs any more."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator

ROOT_FILE = "root"
"""Holds the path of the workspace, so that others can tell whom an output base serves."""
UNKNOWN_AGE = 30 * 86400.0
"""Seconds after which an output base without a ROOT_FILE counts as abandoned."""


def mark(base: str, root: str) -> None:
    """Write down whose output base this is.  Never raises."""
    path = os.path.join(base, ROOT_FILE)
    data = os.fsencode(root)
    with contextlib.suppress(OSError):
        with contextlib.suppress(FileNotFoundError), open(path, "rb") as file:
            if file.read() == data:
                return
        os.makedirs(base, exist_ok=True)
        temporary = f"{path}.{os.getpid()}.tmp"
        with open(temporary, "wb") as out:
            out.write(data)
        os.replace(temporary, path)


def abandoned(cache: str, now: float, max_age: float | None) -> Iterator[str]:
    """Output bases in `CACHE/workspaces` of workspaces that are gone or older than max_age, and not in use now."""
    folder = os.path.join(cache, "workspaces")
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return
    for name in names:
        base = os.path.join(folder, name)
        try:
            age = now - max(os.stat(one).st_mtime for one in (base, os.path.join(base, "lock")) if os.path.exists(one))
            with open(os.path.join(base, ROOT_FILE), "rb") as file:
                root = os.fsdecode(file.read())
            gone = not os.path.exists(os.path.join(root, "MODULE.bazel"))
        except FileNotFoundError:
            gone = age > UNKNOWN_AGE
        except (OSError, ValueError):
            continue
        if (gone or (max_age is not None and age > max_age)) and _free(base):
            yield base


def _free(base: str) -> bool:
    """Whether no process builds there now."""
    try:
        descriptor = os.open(os.path.join(base, "lock"), os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True
