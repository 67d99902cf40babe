"""Spawning: how processes are run: with which sandbox, within which limits, how many at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rulesengine.errors import UsageError
from rulesengine.values import field, frozen

if TYPE_CHECKING:
    from rulesengine.execution.sandbox import Sandbox, SandboxOptions

_SANDBOXED = ("sandboxed", "linux-sandbox")
_LOCAL = ("local", "standalone", "processwrapper-sandbox")
_NONE = ("worker", "remote", "dynamic", "darwin-sandbox", "docker", "remote-cache")


@frozen
class Spawning:
    """strategies: mnemonic -> strategies (see `strategy`), the first that there is; "" for all other mnemonics.

    mounts: (path of the host, path inside).  writable, empty: paths inside.  network: for every action.
    processes, memory, file_size: what one action may use (bytes), 0 for no limit; None for the default.
    resources: name -> amount that all running actions share.  tests: how many run at a time, 0: as many as jobs.
    """

    strategies: Mapping[str, str] = field(factory=dict)
    mounts: tuple[tuple[str, str], ...] = ()
    writable: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()
    network: bool = False
    processes: int | None = None
    memory: int = 0
    file_size: int = 0
    resources: Mapping[str, float] = field(factory=dict)
    tests: int = 0

    def options(self) -> SandboxOptions:
        """As the runner takes them."""
        from rulesengine.execution.sandbox import PROCESSES, SandboxOptions

        return SandboxOptions(
            self.mounts,
            self.writable,
            self.empty,
            self.network,
            PROCESSES if self.processes is None else self.processes,
            self.memory,
            self.file_size,
        )

    def by_mnemonic(self) -> dict[str, Sandbox | None]:
        """Mnemonic -> its sandbox, None to find out.  Raises ExecutionError where a required one does not work."""
        return {name: sandbox_for(strategy(words)) for name, words in self.strategies.items() if name}


def strategy(words: str) -> bool | None:
    """`sandboxed`, `local`, `auto` or Bazel's names for them, with commas: True, False or None for the first known.

    Raises UsageError where there is none.
    """
    for word in words.split(","):
        if word in _SANDBOXED:
            return None if any(other in _LOCAL for other in words.split(",")) else True
        if word in _LOCAL:
            return False
        if word == "auto":
            return None
        if word not in _NONE:
            raise UsageError(f"there is no strategy {word}", hint="sandboxed, local or auto")
    raise UsageError(f"none of the strategies {words} is there", hint="sandboxed, local or auto")


def sandbox_for(wanted: bool | None) -> Sandbox | None:
    """The sandbox for True (required), False (none), None (to be found out).  Raises ExecutionError."""
    from rulesengine.errors import ExecutionError
    from rulesengine.execution.sandbox import Sandbox, probe

    if wanted is None:
        return None
    if not wanted:
        return Sandbox("", "")
    found = probe()
    if not found.program:
        raise ExecutionError(
            f"processes cannot be sandboxed here: {found.reason}",
            hint="install bubblewrap, or leave out --spawn_strategy=sandboxed",
        )
    return found
