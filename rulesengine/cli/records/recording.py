"""Recording: all records that a command line asks for, as one listener."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from rulesengine import __version__
from rulesengine.cli.parsing import Options
from rulesengine.model.events import Event

if TYPE_CHECKING:
    from rulesengine.cli.records.record import Invocation, Output, Record
    from rulesengine.workspace.result import BuildResult

FILES = ("profile", "build_event_json_file", "build_event_text_file", "execution_log_json_file", "explain")
"""Flags that name a file."""


def wanted(options: Options) -> bool:
    """Whether anything is to be recorded."""
    return any(options.values.get(name) for name in FILES) or options.values.get("subcommands", "no") != "no"


class Recording:
    """Hands events to every record.  details: whether they need ActionDetails and what comes with them."""

    def __init__(self) -> None:
        self._records: list[Record] = []
        self._events: list[Output] = []
        self.details = False

    def begin(
        self,
        options: Options,
        invocation: Invocation,
        base: str,
        line: Callable[[str], None],
        warn: Callable[[str], None],
    ) -> None:
        """Open what the flags ask for; paths are below `base`.

        Raises RecordError for a file of build events that cannot be made; others are only missed.
        """
        from rulesengine.cli.records.record import Output

        values = options.values

        def output(name: str) -> Output:
            return Output(f"--{name}", os.path.join(base, os.path.expanduser(str(values[name]))), warn)

        if values.get("profile"):
            from rulesengine.cli.records.profile import Profile

            self._records.append(Profile(output("profile"), invocation))
        for name in ("build_event_json_file", "build_event_text_file"):
            if values.get(name):
                from rulesengine.cli.records.build_events import BuildEvents, json_lines, text_blocks

                stream = output(name)
                self._events.append(stream)
                writer = json_lines(stream) if name == "build_event_json_file" else text_blocks(stream)
                self._records.append(BuildEvents(writer, stream.close, invocation))
        if values.get("execution_log_json_file"):
            from rulesengine.cli.records.execution_log import ExecutionLog

            self._records.append(ExecutionLog(output("execution_log_json_file")))
        if values.get("explain"):
            from rulesengine.cli.records.explanation import Explanation

            verbose = bool(values.get("verbose_explanations"))
            self._records.append(Explanation(output("explain"), invocation, verbose=verbose))
        if values.get("subcommands", "no") != "no":
            from rulesengine.cli.records.subcommands import Subcommands

            self._records.append(Subcommands(line, pretty=values["subcommands"] == "pretty_print"))
        self.details = any(values.get(name) for name in FILES[1:])

    def __call__(self, event: Event) -> None:
        """Take an event; one at a time."""
        for one in self._records:
            one(event)

    def built(self, result: BuildResult) -> None:
        """Take the result of a build."""
        for one in self._records:
            one.built(result)

    def close(self, code: int, fault: BaseException | None = None) -> int:
        """The command ends; with which exit code, since lost build events change it.  May be called twice."""
        records, self._records = self._records, []
        for one in records:
            one.close(code, fault)
        if any(one.broken for one in self._events):
            from rulesengine.cli.exit_codes import without_events

            return without_events(code)
        return code


def invocation(
    command: str, words: list[str], targets: list[str], options: Options, startup: Options, places: tuple[str, str, str]
) -> Invocation:
    """What is known of a command before it starts.  places: working directory, root, output base."""
    import uuid

    from rulesengine.cli.records.record import Invocation
    from rulesengine.cli.records.secrets import words_without_secrets

    directory, root, output_base = places
    return Invocation(
        command,
        words_without_secrets(words),
        words_without_secrets(targets),
        words_without_secrets(spelt(options)),
        words_without_secrets(spelt(startup)),
        __version__,
        directory,
        root,
        output_base,
        str(uuid.uuid4()),
    )


def spelt(options: Options) -> Iterator[str]:
    """The flags that were given, each as `--name=value` or `--[no]name`."""
    for name in dict.fromkeys(options.given):
        value = options.values[name]
        if name == "setting":
            yield from (f"--{one}" for one in value)
        elif isinstance(value, bool):
            yield f"--{'' if value else 'no'}{name}"
        elif isinstance(value, list):
            yield from (f"--{name}={one}" for one in value)
        else:
            yield f"--{name}={value}"
