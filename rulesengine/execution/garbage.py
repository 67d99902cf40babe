"""Collector: takes from the cache what has not been used for long, oldest first, while builds go on.

Safe at any time: rows of the action cache go before the blobs they name; what running builds have made is kept, and
what else they lose they make again (building.py); an interrupted collection leaves a cache with less in it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Callable

from rulesengine.errors import StoreError
from rulesengine.execution.contents import cache_entries, drop_entries, outputs_of, tree_blobs
from rulesengine.execution.scratch import oldest_in_use
from rulesengine.execution.store import LocalStore
from rulesengine.execution.uses import read_uses
from rulesengine.model.digest import Digest
from rulesengine.model.ports import Cancellation
from rulesengine.values import define, field, frozen

GRACE = 3600.0
"""Seconds: what is younger is kept unless an age is given: a running build has perhaps just made it."""
_LATELY = 7 * 86400.0
"""Seconds: builds of a workspace that are no older than this beside its last one count with it."""

_TICK = 2.0
"""Seconds by which time stamps of files and rows may lie behind the clock."""


@frozen
class Limits:
    """What to keep.

    max_bytes: of blobs and their executable twins.  max_age: seconds since the last use.  None: no limit.
    grace: seconds for which anything is kept whatever its size.
    """

    max_bytes: int | None = None
    max_age: float | None = None
    grace: float = GRACE


@frozen
class Collected:
    """What a collection took away (or would take away) and what is left.

    Counts of action cache entries and blobs, bytes of blobs; roots: entries kept because the last build of a
    workspace that is still there used them.
    """

    entries_dropped: int
    entries_kept: int
    blobs_dropped: int
    blobs_kept: int
    bytes_dropped: int
    bytes_kept: int
    roots: int
    workspaces_dropped: int


@define
class _Unit:
    """An action cache entry with its blobs, or a blob that none names (row is 0 then)."""

    last: float
    row: int
    blobs: set[Digest]
    keep: bool = False


@define
class Collector:
    """One collection.  cancel: asked between steps."""

    store: LocalStore
    cancel: Cancellation
    now: Callable[[], float] = time.time
    _sizes: dict[str, tuple[Digest, int, float]] = field(factory=dict)
    _references: dict[str, int] = field(factory=dict)

    def collect(self, limits: Limits, *, dry_run: bool = False) -> Collected:
        """Apply the limits.  Raises StoreError, InterruptedBuild (what was taken away until then stays away)."""
        self._measure()
        units, broken, roots = self._units(limits)
        total = sum(size for _, size, _ in self._sizes.values())
        kept_bytes = total
        busy = oldest_in_use(os.path.join(self.store.root, "tmp"))
        rows: list[int] = list(broken)
        gone: list[str] = []
        now = self.now()
        for unit in sorted(units, key=lambda one: one.last):
            too_old = limits.max_age is not None and now - unit.last > limits.max_age
            too_big = limits.max_bytes is not None and kept_bytes > limits.max_bytes and now - unit.last >= limits.grace
            loose = not unit.row and now - unit.last >= max(limits.grace, 86400.0)
            if busy is not None and unit.last >= busy - _TICK:
                continue
            if unit.keep or not (too_old or too_big or (loose and limits.max_bytes is None and limits.max_age is None)):
                continue
            if unit.row:
                rows.append(unit.row)
            for digest in unit.blobs:
                left = self._references[digest.hash] = self._references.get(digest.hash, 1) - 1
                if left <= 0 and digest.hash in self._sizes:
                    kept_bytes -= self._sizes.pop(digest.hash)[1]
                    gone.append(digest.hash)
        entries = sum(1 for unit in units if unit.row) + len(broken)
        if not dry_run:
            self._remove(rows, gone)
        workspaces = self._workspaces(limits, dry_run=dry_run)
        return Collected(
            len(rows),
            entries - len(rows),
            len(gone),
            len(self._sizes),
            total - kept_bytes,
            kept_bytes,
            roots,
            workspaces,
        )

    # ---- what there is ----

    def _measure(self) -> None:
        """Every blob with its twin: bytes, and the time it was stored."""
        cas = os.path.join(self.store.root, "cas")
        for shard in os.listdir(cas):
            self.cancel.check()
            with contextlib.suppress(OSError), os.scandir(os.path.join(cas, shard)) as listing:
                for entry in listing:
                    name = entry.name.removesuffix(".x")
                    if not Digest.valid_hash(name):
                        continue
                    found = entry.stat(follow_symlinks=False)
                    digest, size, at = self._sizes.get(name, (Digest(name, found.st_size), 0, 0.0))
                    self._sizes[name] = (digest, size + found.st_size, max(at, found.st_mtime))

    def _units(self, limits: Limits) -> tuple[list[_Unit], list[int], int]:
        used: dict[Digest, float] = {}
        pinned: dict[Digest, float] = {}
        rooted: set[Digest] = set()
        newest: dict[str, float] = {}
        uses = [(path, one) for path, one in read_uses(self.store.root) if one is not None]
        for _, one in uses:
            if os.path.exists(os.path.join(one.root, "MODULE.bazel")):
                newest[one.root] = max(newest.get(one.root, 0.0), one.at)
        roots = {path for path, one in uses if one.root in newest and one.at >= newest[one.root] - _LATELY}
        for path, one in uses:
            for digest in one.actions:
                used[digest] = max(one.at, used.get(digest, 0.0))
            for digest in one.blobs:
                pinned[digest] = max(one.at, pinned.get(digest, 0.0))
            if path in roots:
                rooted.update(one.actions, one.blobs)
        units: list[_Unit] = []
        broken: list[int] = []
        named: set[str] = set()
        for entry in cache_entries(os.path.join(self.store.root, "ac")):
            self.cancel.check()
            blobs = self._blobs(entry.result) if entry.sound else None
            if blobs is None:
                if self.now() - entry.stored >= limits.grace:  # a younger one: its blobs may be on their way
                    broken.append(entry.row)
                continue
            action = entry.action
            assert action is not None
            units.append(_Unit(max(entry.stored, used.get(action, 0.0)), entry.row, blobs, action in rooted))
            for digest in blobs:
                self._references[digest.hash] = self._references.get(digest.hash, 0) + 1
                named.add(digest.hash)
        for hash_, (digest, _, at) in self._sizes.items():
            if hash_ not in named:
                units.append(_Unit(max(at, pinned.get(digest, 0.0)), 0, {digest}, digest in rooted))
        for digest in rooted & set(pinned):
            self._references[digest.hash] = self._references.get(digest.hash, 0) + 1
        return units, broken, sum(1 for unit in units if unit.keep and unit.row)

    def _blobs(self, result: bytes) -> set[Digest] | None:
        """All blobs that an ActionResult needs; None where one is not there."""
        found = outputs_of(result)
        if found is None:
            return None
        out: set[Digest] = set()
        try:
            for _, digest, tree in found.outputs:
                out |= tree_blobs(digest, self.store.read) if tree else {digest}
        except (KeyError, StoreError):
            return None
        return out if all(digest.hash in self._sizes for digest in out) else None

    # ---- taking away ----

    def _remove(self, rows: list[int], hashes: list[str]) -> None:
        drop_entries(os.path.join(self.store.root, "ac"), rows)
        for hash_ in hashes:
            self.cancel.check()
            path = self.store.path(Digest(hash_, 0))
            for one in (path, path + ".x"):
                with contextlib.suppress(OSError):
                    os.unlink(one)

    def _workspaces(self, limits: Limits, *, dry_run: bool) -> int:
        """Outputs and records of workspaces that are no more, or not built for longer than the age allows."""
        from rulesengine.execution.outbase import abandoned

        dropped = 0
        for path in abandoned(self.store.root, self.now(), limits.max_age):
            self.cancel.check()
            dropped += 1
            if not dry_run:
                shutil.rmtree(path, ignore_errors=True)
        now = self.now()
        for path, one in list(read_uses(self.store.root)):
            old = one is None or (limits.max_age is not None and now - one.at > limits.max_age)
            gone = one is not None and not os.path.isdir(one.root) and now - one.at > 7 * 86400
            if (old or gone) and not dry_run:
                with contextlib.suppress(OSError):
                    os.unlink(path)
        return dropped
