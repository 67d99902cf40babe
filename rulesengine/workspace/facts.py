"""`pybuild info` and `pybuild clean`: what a workspace keeps, and taking it away."""

from __future__ import annotations

import os
import platform
import shutil
from typing import TYPE_CHECKING

from rulesengine import __version__
from rulesengine.errors import StoreError
from rulesengine.model.artifact import OUTPUT_ROOT
from rulesengine.workspace import link
from rulesengine.workspace.host import host_platform
from rulesengine.workspace.places import CONVENIENCE_LINK, TESTLOGS_LINK

if TYPE_CHECKING:
    from rulesengine.workspace.calls import Calls

_KEPT = "lock"
"""The lock file stays while we hold it: another process may be waiting for this very file."""


def facts(workspace: Calls) -> dict[str, str]:
    """Names and values, in the order in which they are shown."""
    from rulesengine.execution.sandbox import probe

    sandbox = probe()
    return {
        "workspace": workspace.root,
        "output_base": workspace.output_base,
        "execution_root": workspace.output_base,
        "output_path": os.path.join(workspace.output_base, OUTPUT_ROOT),
        "pybuild-bin": os.path.join(workspace.root, CONVENIENCE_LINK),
        "pybuild-testlogs": os.path.join(workspace.root, TESTLOGS_LINK),
        "cache": workspace.cache,
        "cache_size": _size(os.path.join(workspace.cache, "cas")),
        "action_cache_size": _size(os.path.join(workspace.cache, "ac")),
        "platform": str(host_platform()),
        "sandbox": sandbox.program or f"none: {sandbox.reason}",
        "mirrors": _mirrors(workspace),
        "release": f"pybuild {__version__}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
    }


def _mirrors(workspace: Calls) -> str:
    """Who names mirrors, and how many: URLs may hold credentials and are not shown."""
    if workspace.offline:
        return "none (offline)"
    from rulesengine.io.mirrors import mirror_order

    counts: dict[str, int] = {}
    for one in mirror_order(workspace.mirrors):
        counts[one.origin] = counts.get(one.origin, 0) + 1
    return ", ".join(f"{name} ({count})" for name, count in counts.items()) or "none"


def _size(directory: str) -> str:
    total = 0
    seen: set[int] = set()
    for here, _, files in os.walk(directory):
        for name in files:
            try:
                found = os.lstat(os.path.join(here, name))
            except OSError:
                continue
            if found.st_ino not in seen:
                seen.add(found.st_ino)
                total += found.st_size
    return str(total)


def clean(workspace: Calls, *, expunge: bool) -> tuple[str, ...]:
    """Remove outputs and their record; with `expunge` all of the output base but the lock.

    Returns the paths of what was there.  Raises StoreError.
    """
    removed = []
    for name in (CONVENIENCE_LINK, TESTLOGS_LINK):
        path = os.path.join(workspace.root, name)
        there = os.path.islink(path)
        link.remove(workspace.root, name)
        if there and not os.path.islink(path):
            removed.append(path)
    base = workspace.output_base
    try:
        names = os.listdir(base)
        for name in names:
            if name == _KEPT or not (expunge or name in (OUTPUT_ROOT, "outputs.json")):
                continue
            path = os.path.join(base, name)
            if os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path)
            else:
                os.unlink(path)
            removed.append(path)
    except OSError as fault:
        raise StoreError(f"cannot clean {base}: {fault}", hint="see who owns it") from None
    return tuple(removed)
