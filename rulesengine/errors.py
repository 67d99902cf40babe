"""Every error a user can meet, in one place.

Each class carries an exit code (Bazel's where Bazel has one), an optional
source location with an excerpt, the label it concerns and a hint that says
what to do next.  `str(error)` is the whole message as a person reads it.

This module imports nothing, so that the start-up path may use it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

EXIT_SUCCESS = 0
EXIT_BUILD_FAILED = 1
EXIT_COMMAND_LINE = 2
EXIT_TESTS_FAILED = 3
EXIT_NO_TESTS = 4
EXIT_PARTIAL = 3
EXIT_QUERY_FAILED = 7
EXIT_INTERRUPTED = 8
EXIT_UNREACHABLE = 32
EXIT_OUT_OF_MEMORY = 33
EXIT_MACHINE = 36
EXIT_INTERNAL = 37
EXIT_EVENTS_LOST = 38
EXIT_LOST = 39


class Location:
    """A place in a source file: path as the user knows it, line and column from 1."""

    __slots__ = ("column", "excerpt", "line", "path")

    def __init__(self, path: str, line: int = 0, column: int = 0, excerpt: str = "") -> None:
        self.path = path
        self.line = line
        self.column = column
        self.excerpt = excerpt

    def __str__(self) -> str:
        out = self.path
        if self.line:
            out += f":{self.line}"
            if self.column:
                out += f":{self.column}"
        return out

    def __repr__(self) -> str:
        return f"Location({self!s})"

    def to_dict(self) -> dict[str, str | int]:
        """Plain data, as JSON takes it; line and column are 0 where they are not known."""
        return {"path": self.path, "line": self.line, "column": self.column, "excerpt": self.excerpt}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Location) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))


class RulesEngineError(Exception):
    """The root of every error that reaches a user.

    message: what went wrong, in one sentence, without a trailing newline.
    location: where in the user's files, if anywhere.
    label: the target concerned, if any.
    hint: what to do next.
    notes: further lines (a chain of loads, a chain of targets, an action's output).
    said: what fail() was given, word for word, spaces at its ends and all; else empty.
    """

    exit_code = EXIT_BUILD_FAILED
    said = ""

    def __init__(
        self,
        message: str,
        *,
        location: Location | None = None,
        label: object = None,
        hint: str | None = None,
        notes: Iterable[str] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.location = location
        self.label = None if label is None else str(label)
        self.hint = hint
        self.notes: tuple[str, ...] = tuple(notes)

    def __str__(self) -> str:
        head = ""
        if self.location is not None:
            head += f"{self.location}: "
        if self.label is not None and not _mentions(self.message, self.label):
            head += f"{self.label}: "
        lines = [head + self.message]
        if self.location is not None and self.location.excerpt:
            lines += ["  " + text for text in self.location.excerpt.rstrip("\n").split("\n")]
        for note in self.notes:
            lines += ["  " + text for text in note.rstrip("\n").split("\n")]
        if self.hint:
            lines.append("  hint: " + self.hint.replace("\n", "\n        "))
        return "\n".join(lines)

    def to_dict(self) -> dict[str, object]:
        """Plain data, as `--error_format=json` prints it; `type` is the name of the class."""
        return {
            "type": type(self).__name__,
            "message": self.message,
            "label": self.label,
            "location": None if self.location is None else self.location.to_dict(),
            "notes": list(self.notes),
            "hint": self.hint,
            "exit_code": self.exit_code,
        }


def _mentions(text: str, label: str) -> bool:
    """Whether a text names a label as a whole, not as the beginning of a longer one."""
    start = text.find(label)
    while start >= 0:
        following = text[start + len(label) : start + len(label) + 1]
        if not (following.isalnum() or following in ("_", "-", "/", "+")):
            return True
        start = text.find(label, start + 1)
    return False


def nearest(word: str, candidates: Iterable[str], count: int = 3) -> list[str]:
    """The candidates that look most like `word`, best first (difflib, imported when needed)."""
    import difflib

    return difflib.get_close_matches(word, list(candidates), n=count, cutoff=0.6)


def did_you_mean(word: str, candidates: Iterable[str]) -> str | None:
    """A hint that names the nearest candidates, or None when nothing is near."""
    near: Sequence[str] = nearest(word, candidates)
    if not near:
        return None
    return "did you mean " + " or ".join(repr(one) for one in near) + "?"


# ---- the command line -------------------------------------------------------


class UsageError(RulesEngineError):
    """The command line or an rc file is wrong."""

    exit_code = EXIT_COMMAND_LINE


def check_text(text: str, what: str) -> None:
    """Raise UsageError for what the machine gave that is no text: bytes that are not UTF-8 (PEP 383).

    what: where it came from, as in `--action_env=NAME`.
    """
    if text.isascii():
        return
    try:
        text.encode()
    except UnicodeEncodeError as fault:
        byte = ord(text[fault.start]) & 0xFF
        raise UsageError(
            f"{what}: byte 0x{byte:02x} is not UTF-8", hint="actions and their keys hold text; encode it as UTF-8"
        ) from None


class QueryError(UsageError):
    """A query that can be read, but has no answer: an unknown variable, some() of nothing, a bad regular expression.

    Its exit code is 7 of `query`, as Bazel has it, and 1 of `cquery` and `aquery`.
    """

    exit_code = EXIT_BUILD_FAILED


class InterruptedBuild(RulesEngineError):  # noqa: N818 - it is what the user did, not a fault
    """Ctrl-C, SIGTERM or a cancelled library call."""

    exit_code = EXIT_INTERRUPTED


class InternalError(RulesEngineError):
    """A bug in rulesengine itself."""

    exit_code = EXIT_INTERNAL


class WorkspaceError(RulesEngineError):
    """No workspace here, or one that cannot be used."""

    exit_code = EXIT_COMMAND_LINE


class WorkspaceBusyError(RulesEngineError):
    """Another process is building this workspace and waiting was declined."""

    exit_code = 9


# ---- loading and analysis ---------------------------------------------------


class LabelError(RulesEngineError):
    """A label or target pattern that does not parse."""


class LoadingError(RulesEngineError):
    """A BUILD or .bzl file cannot be read or evaluated."""


class SyntaxFault(LoadingError):  # noqa: N818 - SyntaxError is taken
    """A BUILD or .bzl file does not parse."""


class NoSuchPackageError(LoadingError):
    """No BUILD file where a label points."""


class NoSuchTargetError(LoadingError):
    """The package exists, the target does not."""


class CycleError(LoadingError):
    """load() statements or dependencies go round in a circle; `notes` shows it."""


class VisibilityError(LoadingError):
    """A dependency that its owner has not made visible."""


class AttributeValueError(LoadingError):
    """An attribute that the rule does not have, or a value it does not take."""


class AnalysisError(RulesEngineError):
    """A rule implementation failed, or a select() has no matching branch."""


class ConflictError(AnalysisError):
    """Two actions cannot be in one build: they make the same file, or one's output lies inside another's."""


# ---- execution --------------------------------------------------------------


class ExecutionError(RulesEngineError):
    """An action failed, or its declared outputs are not what it made."""


class MissingInputError(ExecutionError):
    """A source file that a target names does not exist or cannot be read."""


class RecordError(RulesEngineError):
    """The file for build events cannot be made."""

    exit_code = EXIT_MACHINE


class StoreError(RulesEngineError):
    """The cache cannot be read or written (full disk, permissions, damage)."""

    exit_code = EXIT_MACHINE


class LostBlobError(StoreError):
    """A blob that the cache had is gone or damaged (then it was dropped): its action has to run again."""

    exit_code = EXIT_LOST


class DiskFullError(StoreError):
    """No space left where a blob or an output had to be written."""


# ---- formats ----------------------------------------------------------------


class ArchiveError(RulesEngineError):
    """An ar, tar or compressed stream that breaks its format."""


class LimitError(ArchiveError):
    """An archive that exceeds a limit (size, entries, ratio, depth)."""


class DebianError(RulesEngineError):
    """A Debian control file, package or index that cannot be used."""


class VersionError(DebianError):
    """A Debian version that does not parse."""


class ResolutionError(DebianError):
    """Packages whose dependencies cannot be satisfied, or that do not exist."""


class LockfileError(DebianError):
    """A lock file that is missing, malformed or stale."""


class OciError(RulesEngineError):
    """An OCI document or layout that breaks the specification."""


# ---- trust and transport ----------------------------------------------------


class TrustError(RulesEngineError):
    """Something signed or hashed is not what it says; nothing of it was used."""


class SignatureError(TrustError):
    """A Release file without a good signature by a trusted key."""


class ExpiredError(TrustError):
    """A Release file past its Valid-Until date (a freeze attack, or a stale mirror)."""


class RollbackError(TrustError):
    """A Release file older than the one already locked (a rollback attack, or a stale mirror)."""


class HashMismatchError(TrustError):
    """Bytes whose digest or size is not the pinned one."""


class TransportError(RulesEngineError):
    """A mirror or server that cannot be reached or answers with an error."""

    exit_code = EXIT_UNREACHABLE


class NotOnServerError(TransportError):
    """The server answers, but does not have the file (HTTP 404 or 410)."""

    exit_code = EXIT_BUILD_FAILED
