"""Keeping: the methods of a Workspace about what is kept: facts, outputs, the cache."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rulesengine.model.ports import Listener
from rulesengine.workspace.calls import Calls, serial
from rulesengine.workspace.cancel import CancelToken

if TYPE_CHECKING:
    from rulesengine.execution.fsck import Checked
    from rulesengine.execution.garbage import Collected
    from rulesengine.workspace.upkeep import Statistics


class Keeping(Calls):
    """What is kept on the disk, and taking it away.  See Workspace, which it is a part of."""

    def info(self) -> dict[str, str]:
        """Facts about the workspace, by name (the keys of `pybuild info`)."""
        from rulesengine.workspace.facts import facts

        return facts(self)

    def clean(
        self, *, expunge: bool = False, listener: Listener | None = None, cancel: CancelToken | None = None
    ) -> tuple[str, ...]:
        """Remove this workspace's outputs; with `expunge` its whole output base.  The shared cache stays.

        Returns the paths of what was removed.  Raises StoreError, WorkspaceBusyError.
        """
        from rulesengine.workspace.facts import clean

        told = serial(listener)
        with self._call(cancel) as token, self._exclusive(token, told):
            return clean(self, expunge=expunge)

    # ---- the cache ------------------------------------------------------------

    def gc(
        self,
        *,
        max_bytes: int | None = None,
        max_age: float | None = None,
        grace: float | None = None,
        dry_run: bool = False,
        cancel: CancelToken | None = None,
    ) -> Collected:
        """Take from the shared cache what has not been used for long; builds may go on meanwhile.

        max_bytes: take the least recently used until no more are left.  max_age: seconds since the last use.  Without
        either only what no entry names goes.  What the last build of each workspace used stays.  grace: seconds for
        which anything is kept (default: an hour).  dry_run: only say what would go.
        Raises StoreError, InterruptedBuild.
        """
        from rulesengine.workspace.upkeep import collect

        with self._call(cancel) as token:
            return collect(self, max_bytes=max_bytes, max_age=max_age, grace=grace, dry_run=dry_run, cancel=token)

    def fsck(
        self, *, repair: bool = False, listener: Listener | None = None, cancel: CancelToken | None = None
    ) -> Checked:
        """Read everything in the shared cache and prove it right; with `repair` take away what is not.

        Raises StoreError, InterruptedBuild.
        """
        from rulesengine.workspace.upkeep import check

        with self._call(cancel) as token:
            return check(self, repair=repair, listener=serial(listener), cancel=token)

    def cache_statistics(self, *, cancel: CancelToken | None = None) -> Statistics:
        """What the shared cache holds, and how old it is.  Raises StoreError."""
        from rulesengine.workspace.upkeep import statistics

        with self._call(cancel) as token:
            return statistics(self, token)

    def dump(self, what: str, *names: str) -> Iterator[dict[str, Any]]:
        """What is stored, as plain data, one value after the other.

        what: `action_cache` (results by the digest of their action, or those whose digests begin as `names` say),
        `outputs` (what lies in this workspace's output tree), `uses` (what the builds of all workspaces used).
        Raises UsageError, StoreError.
        """
        from rulesengine.workspace.upkeep import dump

        return dump(self, what, names)
