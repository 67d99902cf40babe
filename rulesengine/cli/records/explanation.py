"""`--explain`: which actions ran, and why, in a text file."""

from __future__ import annotations

import hashlib

from rulesengine.cli.records.record import Invocation, Output, Record
from rulesengine.cli.records.secrets import variable, without_secrets
from rulesengine.model.events import ActionDetails, Event


class Explanation(Record):
    """A line for each action that ran; verbose: also what its key is made of, so that two builds can be compared."""

    def __init__(self, output: Output, invocation: Invocation, *, verbose: bool) -> None:
        self._output = output
        self._verbose = verbose
        output.write(f"Build options: {' '.join(invocation.options)}\n", flush=True)

    def __call__(self, event: Event) -> None:
        """Write down why an action ran."""
        if not isinstance(event, ActionDetails) or event.cached:
            return
        lines = [f"Executing action '{event.message}' of {event.owner}: {_reason(event)}."]
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

    def close(self, code: int, fault: BaseException | None) -> None:  # noqa: ARG002 - the protocol's parameters
        """End the file."""
        self._output.close()


def _reason(event: ActionDetails) -> str:
    if not event.cacheable:
        return "it is tagged no-cache, so it runs each time its outputs are asked for"
    return "no entry in the cache for its command and inputs"
