"""Events: what a build tells whoever watches it (the terminal, a log, a library's caller).

`Event` is the union of all of them, so that a `match` statement can take an event apart and a type checker can see
whether a case is missing:

    match event:
        case ActionFinished(mnemonic=mnemonic, owner=owner, cached=False):
            ...
"""

from __future__ import annotations

from rulesengine.values import frozen


@frozen
class PhaseStarted:
    """`loading`, `analysis`, `execution`, `delivery`, `locking`."""

    phase: str
    detail: str = ""


@frozen
class Progress:
    """Counts of the running phase (packages loaded, targets analysed, index files read)."""

    phase: str
    done: int
    total: int
    detail: str = ""


@frozen
class ActionsPlanned:
    """How many actions the request needs at most."""

    total: int


@frozen
class ActionStarted:
    """An action is really run (it was not in the cache).

    expected: seconds that it took before, 0 when not known.  arguments, environment: its command as it is started;
    configuration: its target's mnemonic.
    """

    id: int
    mnemonic: str
    owner: str
    message: str
    expected: float = 0.0
    arguments: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    configuration: str = ""


@frozen
class ActionFinished:
    """An action is done: run, cached or failed.  seconds is 0 for cached ones.

    outcome: of a test that ran: `PASSED`, `FLAKY`, `FAILED` or `TIMEOUT`.
    """

    id: int
    mnemonic: str
    owner: str
    message: str
    cached: bool
    failed: bool = False
    seconds: float = 0.0
    stdout: bytes = b""
    stderr: bytes = b""
    outcome: str = ""


@frozen
class FileDetails:
    """An input or output of an action: its execution path and what it holds.  hash: SHA-256, of a tree its root's."""

    path: str
    hash: str
    size: int
    directory: bool = False


@frozen
class ActionDetails:
    """All there is to say of an action that is done; told before its ActionFinished, where details were asked for.

    key: the digest of its Remote Execution API Action.  environment: its own variables.  runner: `linux-sandbox`,
    `local`, `operation` or empty where nothing ran.  exit_code: negative for a signal.  started: Unix time; seconds:
    how long it ran.  outputs: empty where it failed.  primary: the path of its first output.
    """

    id: int
    mnemonic: str
    owner: str
    configuration: str
    message: str
    key: str
    arguments: tuple[str, ...]
    environment: tuple[tuple[str, str], ...]
    platform: tuple[tuple[str, str], ...]
    inputs: tuple[FileDetails, ...]
    listed: tuple[str, ...]
    outputs: tuple[FileDetails, ...]
    cached: bool
    failed: bool
    cacheable: bool
    timeout: int
    runner: str
    exit_code: int
    started: float
    seconds: float
    stdout: bytes = b""
    stderr: bytes = b""
    primary: str = ""


@frozen
class PatternsResolved:
    """What the patterns of the request stand for; told where details were asked for."""

    patterns: tuple[str, ...]
    labels: tuple[str, ...]


@frozen
class TargetConfigured:
    """A requested target was analysed; told where details were asked for.

    kind: `genrule rule`.  size: of a test, otherwise empty.  platform: `linux/amd64`.
    """

    label: str
    kind: str
    configuration: str
    platform: str
    tags: tuple[str, ...] = ()
    size: str = ""


@frozen
class OutputFile:
    """A file or tree that a target gives.  name: below prefix, which is the execution path above it; path: absolute."""

    name: str
    prefix: str
    path: str
    hash: str
    size: int
    directory: bool = False


@frozen
class TargetCompleted:
    """A requested target is built, or is not; told where details were asked for.  groups: the output groups built."""

    label: str
    configuration: str
    failed: bool
    groups: tuple[tuple[str, tuple[OutputFile, ...]], ...] = ()


@frozen
class TestRunCompleted:
    """A run of a test, or of one of its shards, is over; told where details were asked for, one for each.

    run, shard: from 1.  total: how many runs the test has in all, shards counted.  status: `PASSED`, `FLAKY`, `FAILED`
    or `TIMEOUT`.  seconds: of each attempt.  log, report: paths on this machine.
    """

    __test__ = False

    label: str
    configuration: str
    run: int
    shard: int
    total: int
    status: str
    cached: bool
    seconds: tuple[float, ...]
    exit_code: int
    log: str
    report: str


@frozen
class FetchProgress:
    """Bytes of a download so far; total 0 when unknown."""

    what: str
    done: int
    total: int


@frozen
class Message:
    """A line for the user: level is `debug`, `info` or `warning`; source is where it arose (a file:line), or empty."""

    level: str
    text: str
    source: str = ""


@frozen
class WaitingForWorkspace:
    """Another process builds this workspace; `holder` is its process id."""

    holder: int


Event = (
    PhaseStarted
    | Progress
    | ActionsPlanned
    | ActionStarted
    | ActionFinished
    | ActionDetails
    | PatternsResolved
    | TargetConfigured
    | TargetCompleted
    | TestRunCompleted
    | FetchProgress
    | Message
    | WaitingForWorkspace
)
"""Any event."""
