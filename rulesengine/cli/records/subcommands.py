"""`--subcommands`: every command as it is started, in a form that a shell takes."""

from __future__ import annotations

import shlex
from collections.abc import Callable

from rulesengine.cli.records.record import Record
from rulesengine.cli.records.secrets import variable, without_secrets
from rulesengine.model.events import ActionStarted, Event


class Subcommands(Record):
    """Tells `line` of each command; pretty: one argument a line."""

    def __init__(self, line: Callable[[str], None], *, pretty: bool) -> None:
        self._line = line
        self._pretty = pretty

    def __call__(self, event: Event) -> None:
        """Tell of an action that starts."""
        if isinstance(event, ActionStarted) and event.arguments:
            self._line(command(event, pretty=self._pretty))


def command(event: ActionStarted, *, pretty: bool) -> str:
    """As Bazel's `SUBCOMMAND: # //a:g [action '…', configuration: …, mnemonic: …]`."""
    words = [shlex.quote(without_secrets(word)) for word in event.arguments]
    between = " \\\n    " if pretty else " "
    environment = "".join(f"    {name}={shlex.quote(variable(name, value))} \\\n" for name, value in event.environment)
    return (
        f"SUBCOMMAND: # {event.owner} [action '{event.message}', configuration: {event.configuration}, "
        f"mnemonic: {event.mnemonic}]\n"
        f"(exec env - \\\n{environment}  {between.join(words)})"
    )
