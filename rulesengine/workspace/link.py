"""`pybuild-bin`, `pybuild-testlogs`: symbolic links beside MODULE.bazel that lead to outputs and to logs of tests."""

from __future__ import annotations

import contextlib
import os

from rulesengine.model.artifact import OUTPUT_ROOT
from rulesengine.model.events import Message
from rulesengine.model.ports import Listener
from rulesengine.workspace.places import CONVENIENCE_LINK


def is_ours(path: str) -> bool:
    """Whether `path` is a symbolic link that a build made: one into an output base."""
    try:
        target = os.readlink(path)
    except OSError:
        return False
    return f"/{OUTPUT_ROOT}/" in target and target.endswith(("/bin", "/testlogs"))


def point(root: str, directory: str, listener: Listener | None, name: str = CONVENIENCE_LINK) -> str:
    """Make `ROOT/NAME` lead to `directory`.

    Returns the link's path; where something of the user's has the name or no link can be made, a
    warning is sent, nothing is touched and the directory itself is returned.
    """
    path = os.path.join(root, name)
    with contextlib.suppress(OSError):
        if os.readlink(path) == directory:
            return path
    reason = ""
    if os.path.lexists(path) and not is_ours(path):
        reason = "there is something else of this name, which is left alone"
    else:
        folder, own = os.path.split(path)
        temporary = os.path.join(folder, f".{own}.{os.getpid()}")
        try:
            if folder != root:
                os.makedirs(folder, exist_ok=True)
            os.symlink(directory, temporary)
            try:
                os.replace(temporary, path)
            except OSError:
                os.unlink(temporary)
                raise
        except OSError as fault:
            reason = str(fault.strerror)
    if not reason:
        return path
    if listener is not None:
        listener(Message("warning", f"cannot make the link {path}: {reason}; the outputs are in {directory}"))
    return directory


def follow(mode: str, root: str, directory: str, listener: Listener | None, name: str = CONVENIENCE_LINK) -> str:
    """As point() where `mode` is `normal`; `clean` takes the link away, others leave it.  Where to look for outputs."""
    if mode == "normal":
        return point(root, directory, listener, name)
    if mode == "clean":
        remove(root, name)
    return directory


def remove(root: str, name: str = CONVENIENCE_LINK) -> bool:
    """Take the link away, if it is ours; whether it was."""
    path = os.path.join(root, name)
    if not is_ours(path):
        return False
    with contextlib.suppress(OSError):
        os.unlink(path)
    return True
