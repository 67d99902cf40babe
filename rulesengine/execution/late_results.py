"""LateResults: results on their way into the action cache, written some at a time.

A transaction costs several times what a row in it does; so where many small actions end, one holds what came in a few
hundredths of a second.  Whoever waits for actions writes first what has waited so long (see `SOON`).
"""

from __future__ import annotations

import time

from rulesengine.model.digest import Digest
from rulesengine.model.ports import ActionCache

SOON = 0.02
"""Seconds after which results are written when nothing else is to be done: what a kill may cost."""

_LATEST = 0.1
_MOST = 64


class LateResults:
    """The action cache as one build sees it.  For one thread."""

    def __init__(self, cache: ActionCache) -> None:
        self._cache = cache
        self._late: dict[Digest, bytes] = {}
        self._since = 0.0

    def __bool__(self) -> bool:
        """Whether there is something to write."""
        return bool(self._late)

    def get(self, action: Digest) -> bytes | None:
        """As ActionCache has it."""
        found = self._late.get(action)
        return found if found is not None else self._cache.get(action)

    def put(self, action: Digest, result: bytes) -> None:
        """Write soon.  Raises DiskFullError and StoreError for what is written now."""
        now = time.monotonic()
        if not self._late:
            self._since = now
        self._late[action] = result
        if len(self._late) >= _MOST or now - self._since > _LATEST:
            self.write()

    def write(self) -> None:
        """Write what has not been written.  Raises DiskFullError, StoreError."""
        late, self._late = self._late, {}
        if late:
            self._cache.put_all(late)
