"""ExecutionResult: what came of a request to the executor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rulesengine.execution.failure import ActionFailure
from rulesengine.execution.plan import Task
from rulesengine.model.artifact import Artifact, Value
from rulesengine.model.digest import Digest
from rulesengine.values import frozen


@frozen
class ExecutionResult:
    """What came of a request.

    values: requested artifacts and all others that were made or found on the way.
    run + cached: the actions that the request needed and that succeeded, equal ones (of several configurations) counted
    once; skipped: not tried, or stopped.
    keys: action cache entries that were used or made; pinned: blobs known by digest beforehand that were used.
    tasks: every action of the request, and how far it came.
    """

    values: Mapping[Artifact, Value]
    run: int
    cached: int
    failed: Sequence[ActionFailure] = ()
    skipped: int = 0
    keys: Sequence[Digest] = ()
    pinned: Sequence[Digest] = ()
    tasks: Sequence[Task] = ()

    def check(self) -> None:
        """Raise the first failure, if there is one."""
        if self.failed:
            raise self.failed[0].error
