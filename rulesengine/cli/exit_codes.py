"""The exit codes: Bazel's, and which situation gives which here.  Source: Bazel's ExitCode.java and its user manual."""

from __future__ import annotations

from collections.abc import Iterable

from rulesengine.errors import EXIT_BUILD_FAILED, EXIT_EVENTS_LOST, EXIT_INTERRUPTED, RulesEngineError
from rulesengine.values import frozen


@frozen
class ExitCode:
    """One exit code.  name: as build events spell it."""

    code: int
    name: str
    meaning: str


EXIT_CODES = (
    ExitCode(0, "SUCCESS", "success"),
    ExitCode(
        1,
        "BUILD_FAILURE",
        "the build failed: a file does not load, a rule fails, an action fails; a check has something to say "
        "(lock --check, fsck, build --check_up_to_date); run: the program cannot be started",
    ),
    ExitCode(
        2,
        "COMMAND_LINE_ERROR",
        "the command line, an rc file, the environment or the place is wrong; a query does not parse",
    ),
    ExitCode(
        3,
        "TESTS_FAILED",
        "test: everything was built, and a test failed or timed out; query --keep_going: a part of the answer; "
        "lint: there are findings",
    ),
    ExitCode(4, "NO_TESTS_FOUND", "test: everything was built, and nothing of it is a test"),
    ExitCode(7, "ANALYSIS_FAILURE", "query: what it asks about does not load"),
    ExitCode(8, "INTERRUPTED", "interrupted: Ctrl-C, SIGTERM, SIGHUP"),
    ExitCode(
        9, "LOCK_HELD_NOBLOCK_FOR_LOCK", "another process builds this workspace, and --noblock_for_lock forbids to wait"
    ),
    ExitCode(
        32, "REMOTE_ENVIRONMENTAL_ERROR", "a server or a mirror cannot be reached: the same command may work later"
    ),
    ExitCode(33, "OOM_ERROR", "out of memory"),
    ExitCode(
        36,
        "LOCAL_ENVIRONMENTAL_ERROR",
        "this machine: a full disk, a cache, an output directory or a file for build events that cannot be written",
    ),
    ExitCode(37, "BLAZE_INTERNAL_ERROR", "a bug in pybuild: a report was saved"),
    ExitCode(
        38,
        "TRANSIENT_BUILD_EVENT_SERVICE_UPLOAD_ERROR",
        "build events could not be written to their file to the end, whatever became of the build itself",
    ),
    ExitCode(39, "REMOTE_CACHE_EVICTED", "the cache lost what it had, again and again, while the build needed it"),
    ExitCode(45, "PERSISTENT_BUILD_EVENT_SERVICE_UPLOAD_ERROR", "not given: there is no build event service"),
)


_INFRASTRUCTURE = (32, 33, 36, 37, 38, 39, 45)
"""Codes that say that the same command may work elsewhere or later: they count more than a failure, as in Bazel."""


def of_failures(errors: Iterable[RulesEngineError]) -> int:
    """The exit code of a build that failed with these errors."""
    codes = [one.exit_code for one in errors]
    return next((code for code in codes if code in _INFRASTRUCTURE), EXIT_BUILD_FAILED)


def without_events(code: int) -> int:
    """The exit code where build events were lost: another trouble of that kind, or an interruption, counts more."""
    return code if code in _INFRASTRUCTURE or code == EXIT_INTERRUPTED else EXIT_EVENTS_LOST


def name_of(code: int) -> str:
    """`BUILD_FAILURE`; `UNKNOWN` for a code that is none of these."""
    return next((one.name for one in EXIT_CODES if one.code == code), "UNKNOWN")
