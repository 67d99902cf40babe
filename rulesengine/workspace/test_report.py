"""What a test command gives back: tests, how each went, where their logs are."""

from __future__ import annotations

from rulesengine.values import frozen
from rulesengine.workspace.result import BuildResult

PASSED, FLAKY, FAILED, TIMEOUT, NO_STATUS = "PASSED", "FLAKY", "FAILED", "TIMEOUT", "NO STATUS"
FAILED_TO_BUILD, SKIPPED = "FAILED TO BUILD", "SKIPPED"
_WORST = (PASSED, FLAKY, TIMEOUT, FAILED, NO_STATUS)


@frozen
class RunOfTest:
    """One run of a test, or of one of its shards.

    shard, run: from 1.  status: PASSED, FLAKY, FAILED, TIMEOUT, NO STATUS.  seconds: of each attempt.
    log, report: paths on this machine, empty where it did not run.  attempts: the directory of logs of failed attempts.
    """

    status: str
    shard: int = 1
    run: int = 1
    cached: bool = False
    seconds: tuple[float, ...] = ()
    exit_code: int = 0
    log: str = ""
    report: str = ""
    outputs: str = ""
    attempts: str = ""


@frozen
class TestResult:
    """A test target and its runs.

    built: whether all it needs was.  skipped: it is not for this platform.
    """

    __test__ = False

    label: str
    runs: tuple[RunOfTest, ...]
    built: bool = True
    skipped: bool = False

    @property
    def status(self) -> str:
        """The worst of its runs', or why there is none."""
        if self.skipped:
            return SKIPPED
        if not self.built:
            return FAILED_TO_BUILD
        return max((one.status for one in self.runs), key=_WORST.index)

    @property
    def ok(self) -> bool:
        """Whether every run passed."""
        return self.built and self.status in (PASSED, FLAKY, SKIPPED)

    @property
    def cached(self) -> bool:
        """Whether nothing was run."""
        return bool(self.runs) and all(one.cached for one in self.runs)

    @property
    def seconds(self) -> tuple[float, ...]:
        """Of all attempts of all runs."""
        return tuple(second for one in self.runs for second in one.seconds)


@frozen
class TestReport:
    """The outcome of `Workspace.test`.

    build: what was built.  tests: in the order they were asked for.
    """

    __test__ = False

    build: BuildResult
    tests: tuple[TestResult, ...]

    @property
    def ok(self) -> bool:
        """Whether everything was built, there were tests, and all passed."""
        return self.build.ok and bool(self.tests) and all(one.ok for one in self.tests)
