"""TestRunner: runs test actions through another runner, again while they fail and may, and says how it went.

A test's failure is a result: the action succeeds, with a log, a report and an outcome as its outputs.  Only a
test that passed at once is kept in the cache.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

from rulesengine.errors import ExecutionError, StoreError
from rulesengine.execution.store import LocalStore
from rulesengine.model.action import Action, TestRun
from rulesengine.model.artifact import Artifact, FileValue, TreeValue, Value
from rulesengine.model.directory import Member, TreeFile, build_tree
from rulesengine.model.ports import Cancellation, Result, Runner
from rulesengine.values import evolve, frozen

LOG, REPORT, FILES, ATTEMPTS, OUTCOME = "test.log", "test.xml", "test.outputs", "test_attempts", "test.cache_status"
"""The names of a test action's outputs; LOG is its first one."""


class TestNotRunError(ExecutionError):
    """A test that was not started because another one had failed (`--notest_keep_going`)."""

    __test__ = False


@frozen
class Outcome:
    """How one run of a test went.

    status: PASSED, FAILED, TIMEOUT or FLAKY.  seconds: of each attempt.  exit_code: the last attempt's, negative for a
    signal.
    """

    status: str
    seconds: tuple[float, ...]
    exit_code: int = 0

    def encode(self) -> bytes:
        """As the action's OUTCOME output holds it."""
        return json.dumps({"status": self.status, "seconds": self.seconds, "exit_code": self.exit_code}).encode()

    @staticmethod
    def decode(data: bytes) -> Outcome:
        """The reverse.  Raises StoreError."""
        try:
            value: dict[str, Any] = json.loads(data)
            return Outcome(value["status"], tuple(value["seconds"]), value["exit_code"])
        except (ValueError, KeyError, TypeError) as fault:
            raise StoreError(f"a test's outcome does not read: {fault}", hint="run pybuild clean --expunge") from None


class TestRunner:
    """A ports.Runner; actions that are no tests go straight to `inner`.

    keep_going: run further tests after one failed.
    """

    __test__ = False

    def __init__(self, inner: Runner, store: LocalStore) -> None:
        self._inner = inner
        self._store = store
        self.keep_going = True
        self._stopped = threading.Event()

    def run(
        self,
        action: Action,
        arguments: Sequence[str],
        inputs: Mapping[str, Value],
        outputs: Mapping[str, Artifact],
        cancel: Cancellation,
    ) -> Result:
        """As ports.Runner has it.  Raises TestNotRunError."""
        test = action.test
        if test is None:
            return self._inner.run(action, arguments, inputs, outputs, cancel)
        named = {os.path.basename(path): artifact for path, artifact in outputs.items()}
        made = {path: artifact for path, artifact in outputs.items() if os.path.basename(path) in (LOG, REPORT, FILES)}
        seconds: list[float] = []
        failed: list[Result] = []
        while True:
            if self._stopped.is_set():
                raise TestNotRunError("not run: another test failed", label=action.owner)
            began = time.monotonic()
            result = self._inner.run(action, arguments, inputs, made, cancel)
            seconds.append(round(time.monotonic() - began, 3))
            result = self._reported(test, result, named, seconds[-1])
            if not result.exit_code or len(seconds) >= test.attempts:
                break
            failed.append(result)
        status = "PASSED" if not result.exit_code else "TIMEOUT" if result.timed_out else "FAILED"
        if status == "PASSED" and failed:
            status = "FLAKY"
        if result.exit_code and not self.keep_going:
            self._stopped.set()
        values = dict(result.outputs)
        values[named[OUTCOME]] = FileValue(self._store.put(Outcome(status, tuple(seconds), result.exit_code).encode()))
        if ATTEMPTS in named:
            values[named[ATTEMPTS]] = self._attempts(failed, named)
        return Result(
            values, result.stdout, result.stderr, keep=status == "PASSED", runner=result.runner, outcome=status
        )

    def _reported(self, test: TestRun, result: Result, named: Mapping[str, Artifact], seconds: float) -> Result:
        """With a report, where the test wrote none."""
        written = result.outputs[named[REPORT]]
        if written.digest.size:
            return result
        log = self._store.read(result.outputs[named[LOG]].digest)
        from rulesengine.execution.junit import report  # xml, and the half of urllib with it

        text = report(test.name, log, seconds, result.exit_code, timed_out=result.timed_out)
        return evolve(result, outputs={**result.outputs, named[REPORT]: FileValue(self._store.put(text))})

    def _attempts(self, failed: Sequence[Result], named: Mapping[str, Artifact]) -> Value:
        members: dict[str, Member] = {}
        for number, result in enumerate(failed, 1):
            members[f"attempt_{number}.log"] = TreeFile(result.outputs[named[LOG]].digest)
            members[f"attempt_{number}.xml"] = TreeFile(result.outputs[named[REPORT]].digest)
        return TreeValue(build_tree(members, self._store.put))
