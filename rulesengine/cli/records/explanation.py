"""`--explain`: which actions ran, and why, in a text file."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from rulesengine.cli.records.record import Invocation, Output, Record
from rulesengine.cli.records.secrets import variable, without_secrets
from rulesengine.model.events import ActionDetails, Event

if TYPE_CHECKING:
    from rulesengine.execution.history import State


class Explanation(Record):
    """A line for each action as it ends, then what caused each of them, as `pybuild explain` says it.

    The history tells both: what each action was made of when it last ran.  verbose: also what an action's key is made
    of, so that two builds can be compared.
    """

    def __init__(self, output: Output, invocation: Invocation, *, verbose: bool) -> None:
        self._output = output
        self._verbose = verbose
        self._base = invocation.output_base
        self._root = invocation.root
        self._before: State | None = None
        self._build = 0
        output.write(f"Build options: {' '.join(invocation.options)}\n", flush=True)

    def __call__(self, event: Event) -> None:
        """Write down why an action ran."""
        if not isinstance(event, ActionDetails) or event.cached:
            return
        lines = [f"Executing action '{event.message}' of {event.owner}: {self._reason(event)}."]
        if self._verbose:
            command = "\0".join(event.arguments)
            lines.append(f"  key {event.key}")
            lines.append(f"  command {hashlib.sha256(command.encode('utf-8', 'replace')).hexdigest()[:16]}")
            lines += [
                f"  environment {name}={without_secrets(variable(name, value))}" for name, value in event.environment
            ]
            lines += [f"  platform {name}={value}" for name, value in event.platform]
            lines += [f"  input {one.path} {one.hash} {one.size}" for one in event.inputs]
        self._output.write("\n".join(lines) + "\n", flush=True)

    def _reason(self, event: ActionDetails) -> str:
        """What the newest line of the history says, without a comparison."""
        before = self._history()
        if not event.cacheable:
            return "it is tagged no-cache, so it runs each time its outputs are asked for"
        last = before.current.get(event.primary)
        if last is None:
            return "it has not run here before"
        if last[0] and event.key.startswith(last[0]):
            return "its result is not in the cache any more, though nothing that it is made of has changed"
        return "its command, environment, platform or inputs have changed"

    def _history(self) -> State:
        """As it was before this build, which writes to it at its end only."""
        if self._before is None:
            from rulesengine.execution.history import History

            self._before = History(self._base).state()
            self._build = self._before.build
        return self._before

    def close(self, code: int, fault: BaseException | None) -> None:  # noqa: ARG002 - the protocol's parameters
        """Say what caused each action, and end the file."""
        if self._before is not None:
            from rulesengine.workspace.explaining import runs_since

            found = runs_since(self._base, self._root, self._build)
            if found.changes:
                self._output.write("\nCauses:\n" + found.text())
        self._output.close()
