"""Where things are: the workspace's root, the cache, the output base.  Imports only os (the no-op path uses it)."""

from __future__ import annotations

import os

from rulesengine.errors import WorkspaceError

MODULE_FILE = "MODULE.bazel"
PREFIX = "pybuild-"
"""What the names of the links that builds put beside MODULE.bazel begin with."""
CONVENIENCE_LINK = "pybuild-bin"
TESTLOGS_LINK = "pybuild-testlogs"
CACHE_VARIABLE = "PYBUILD_CACHE"


def find_root(start: str) -> str:
    """The nearest directory at or above `start` that holds MODULE.bazel.  Raises WorkspaceError."""
    start = os.path.abspath(start)
    if not os.path.isdir(start):
        raise WorkspaceError(f"{start}: no such directory", hint="give an existing directory to -C")
    here = start
    while True:
        if os.path.isfile(os.path.join(here, MODULE_FILE)):
            return here
        above = os.path.dirname(here)
        if above == here:
            hint = "run pybuild init to make one here, or pybuild -C DIR to work in another directory"
            if any(os.path.isfile(os.path.join(start, name)) for name in ("WORKSPACE", "WORKSPACE.bazel")):
                hint = f"put a {MODULE_FILE} beside WORKSPACE (it may be empty): what WORKSPACE says is not read"
            raise WorkspaceError(
                f"no {MODULE_FILE} in {start} or any directory above it, so this is no workspace", hint=hint
            )
        here = above


def default_cache(environment: dict[str, str] | os._Environ[str]) -> str:
    """PYBUILD_CACHE, else the user's cache directory (XDG base directory specification), absolute."""
    named = environment.get(CACHE_VARIABLE)
    if named:
        return os.path.abspath(os.path.expanduser(named))
    cache = environment.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(cache):  # the specification: a relative one is invalid and ignored
        cache = os.path.join(environment.get("HOME") or os.path.expanduser("~"), ".cache")
    return os.path.join(cache, "pybuild")


def default_output_base(cache: str, root: str) -> str:
    """The directory for one workspace's outputs inside the cache, named by the root's path."""
    import hashlib

    name = hashlib.sha256(os.path.realpath(root).encode("utf-8", "surrogateescape")).hexdigest()[:24]
    return os.path.join(cache, "workspaces", name)
