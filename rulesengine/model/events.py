"""Events: what a build tells whoever watches it (the terminal, a log, a library's caller).

`Event` is the union of all of them, so that a `match` statement can take an event apart and a type checker can see
whether a case is missing:

    match event:
        case ActionFinished(mnemonic=mnemonic, owner=owner, cached=False):
            ...
"""

from __future__ import annotations

from attrs import frozen


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
    """An action is really run (it was not in the cache).  expected: seconds that it took before, 0 when not known."""

    id: int
    mnemonic: str
    owner: str
    message: str
    expected: float = 0.0


@frozen
class ActionFinished:
    """An action is done: run, cached or failed.  seconds is 0 for cached ones."""

    id: int
    mnemonic: str
    owner: str
    message: str
    cached: bool
    failed: bool = False
    seconds: float = 0.0
    stdout: bytes = b""
    stderr: bytes = b""


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
    | FetchProgress
    | Message
    | WaitingForWorkspace
)
"""Any event."""
