"""Upkeep of the cache that workspaces share: `pybuild gc`, `cache stats`, `fsck`, `dump`."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rulesengine.errors import UsageError
from rulesengine.execution.contents import cache_entries, key_digest, outputs_of, sizes
from rulesengine.execution.fsck import Checked, Fsck
from rulesengine.execution.garbage import GRACE, Collected, Collector, Limits
from rulesengine.execution.store import LocalStore
from rulesengine.execution.uses import read_uses
from rulesengine.model.digest import Digest
from rulesengine.model.events import Progress
from rulesengine.model.ports import Cancellation, Listener
from rulesengine.values import frozen

if TYPE_CHECKING:
    from rulesengine.workspace.calls import Calls

_AREAS = {
    "blobs": "cas",
    "action cache": "ac",
    "archive indexes": "archives",
    "parsed files": "parsed",
    "no-op indexes": "noop",
    "workspaces": "workspaces",
    "temporary": "tmp",
}


@frozen
class Area:
    """One part of the cache: files, and bytes on the disk (a hard link counts where it is met first)."""

    name: str
    files: int
    bytes: int


@frozen
class Statistics:
    """What a cache holds.  ages: (upper bound in days, entries last used within it), the last for all older ones."""

    cache: str
    areas: tuple[Area, ...]
    entries: int
    blobs: int
    oldest: float
    ages: tuple[tuple[float, int], ...]


def collect(
    workspace: Calls,
    *,
    max_bytes: int | None,
    max_age: float | None,
    grace: float | None,
    dry_run: bool,
    cancel: Cancellation,
) -> Collected:
    """Take away what is old.  See garbage.Limits; grace None: garbage.GRACE."""
    store = LocalStore(workspace.cache)
    limits = Limits(max_bytes, max_age, GRACE if grace is None else grace)
    return Collector(store, cancel).collect(limits, dry_run=dry_run)


def check(workspace: Calls, *, repair: bool, listener: Listener, cancel: Cancellation) -> Checked:
    """Read and prove everything in the cache."""
    store = LocalStore(workspace.cache)
    return Fsck(store, cancel, lambda done: listener(Progress("checking", done, 0, "bytes read"))).check(repair=repair)


def statistics(workspace: Calls, cancel: Cancellation) -> Statistics:
    """Count what the cache holds.  Raises StoreError where it cannot be read."""
    areas = []
    for name, folder in _AREAS.items():
        cancel.check()
        areas.append(Area(name, *sizes(os.path.join(workspace.cache, folder))))
    now = time.time()
    used = {digest: one.at for _, one in read_uses(workspace.cache) if one is not None for digest in one.actions}
    lasts = []
    for entry in cache_entries(os.path.join(workspace.cache, "ac")):
        cancel.check()
        action = entry.action
        lasts.append(max(entry.stored, used.get(action, 0.0)) if action is not None else entry.stored)
    bounds = [1.0, 7.0, 30.0, float("inf")]
    ages = [0] * len(bounds)
    for last in lasts:
        days = (now - last) / 86400
        ages[next(number for number, bound in enumerate(bounds) if days <= bound)] += 1
    blobs = sum(1 for _ in LocalStore(workspace.cache).blobs())
    return Statistics(
        workspace.cache, tuple(areas), len(lasts), blobs, min(lasts, default=now), tuple(zip(bounds, ages, strict=True))
    )


def dump(workspace: Calls, what: str, names: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """What is stored, as plain data: `action_cache` (entries, or those named by digest), `blob` (a Directory or a
    document), `outputs` (the record of this workspace's output tree), `uses`.  Raises UsageError, StoreError.
    """
    if what == "action_cache":
        yield from _dump_entries(workspace, names)
    elif what == "outputs":
        try:
            with open(os.path.join(workspace.output_base, "outputs.json"), "rb") as stream:
                for path, record in sorted(json.load(stream)["records"].items()):
                    yield {"path": path, "value": record["value"]}
        except (OSError, ValueError, KeyError, AttributeError):
            return
    elif what == "uses":
        for _, one in read_uses(workspace.cache):
            if one is not None:
                yield {
                    "workspace": one.root,
                    "at": one.at,
                    "actions": [_key(digest) for digest in one.actions],
                    "blobs": [_key(digest) for digest in one.blobs],
                }
    else:
        raise UsageError(f"dump knows no {what!r}", hint="action_cache, outputs or uses")


def _dump_entries(workspace: Calls, names: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    wanted = {name.removeprefix("sha256:").partition("/")[0] for name in names}
    for one in wanted:
        if not one or not all(letter in "0123456789abcdef" for letter in one):
            raise UsageError(f"{one!r} is no digest of an action", hint="the first digits of one are enough")
    for entry in cache_entries(os.path.join(workspace.cache, "ac")):
        digest = key_digest(entry.key)
        shown = entry.key.decode("ascii", "replace")
        if wanted and not any(shown.startswith(one) for one in wanted):
            continue
        found = outputs_of(entry.result) if entry.sound and digest is not None else None
        yield {
            "action": shown,
            "stored": entry.stored,
            "sound": found is not None,
            "outputs": [
                {"path": path, "digest": _key(value), "tree": tree}
                for path, value, tree in (found.outputs if found else ())
            ],
        }


def _key(digest: Digest) -> str:
    return f"{digest.hash}/{digest.size}"
