"""Context: what a command gets: its options and targets, the workspace, the console."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from rulesengine.cli.console import Console
from rulesengine.cli.parsing import Options
from rulesengine.cli.progress import Display, display
from rulesengine.cli.records.recording import Recording, invocation, wanted
from rulesengine.errors import UsageError
from rulesengine.values import define, field
from rulesengine.workspace import CancelToken, Workspace
from rulesengine.workspace.stale import Stale


def seconds(text: str, flag: str) -> float:
    """A number of seconds, as a flag has it.  Raises UsageError."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise UsageError(f"{flag}={text}: it is a number of seconds", hint="for instance 0.2")
    return value


@define
class Context:
    """One run of one command.

    directory: where it works (`-C`).  root: the workspace's, or None outside of one.
    words: the command line as given, for the no-op index.  rc_paths: every rc file tried -> whether it was there.
    stale: the command's no-op index, where it no longer fits.
    """

    command: str
    options: Options
    startup: Options
    arguments: list[str]
    directory: str
    root: str | None
    console: Console
    words: list[str]
    rc_paths: dict[str, bool] = field(factory=dict)
    cancel: CancelToken = field(factory=CancelToken)
    recording: Recording = field(factory=Recording)
    stale: Stale | None = None

    def workspace(self) -> Workspace:
        """The workspace around `directory`.  Raises WorkspaceError."""
        cache = self.options.values.get("disk_cache")
        base = self.startup["output_base"]
        return Workspace(
            self.directory,
            cache=os.path.join(self.directory, os.path.expanduser(cache)) if cache else None,
            output_base=os.path.join(self.directory, os.path.expanduser(base)) if base else None,
            mirrors=tuple(self.options.values.get("mirror") or ()),
            offline=bool(self.options.values.get("offline")),
            wait=bool(self.options["block_for_lock"] and self.startup["block_for_lock"]),
        )

    def package(self, root: str) -> str:
        """The package (or directory) of the workspace in which the user stands; relative patterns start there."""
        below = os.path.relpath(os.path.realpath(self.directory), os.path.realpath(root))
        return "" if below == "." else below

    def shown(self, path: str) -> str:
        """A path as the user would write it: relative where that is shorter."""
        here = os.getcwd()
        relative = os.path.relpath(path, here)
        return relative if len(relative) < len(path) and not relative.startswith("../../..") else path

    @contextmanager
    def watching(self) -> Iterator[Display]:
        """Show progress and obey signals while the block runs."""
        from rulesengine.cli.signals import cancelling

        values = self.options.values
        rate = values.get("show_progress_rate_limit")
        shown = display(
            self.console,
            values.get("curses", "no"),
            values.get("progress_report_interval", 0),
            values.get("show_progress", True),
            keep_going=bool(values.get("keep_going")),
            shown=values.get("ui_actions_shown", 8),
            rate=None if rate is None else seconds(rate, "--show_progress_rate_limit"),
        )

        def tell() -> None:
            shown.state.phase, shown.state.detail = "stopping", "(once more to stop at once)"

        if wanted(self.options):
            # Even where the command fails, its end is written down: see main.py.
            shown.record = self._record(shown)
        with shown, cancelling(self.cancel, tell, shown.live):
            yield shown

    def _record(self, shown: Display) -> Recording:
        base = self.workspace().output_base if self.root is not None else ""
        places = (self.directory, self.root or "", base)
        what = invocation(self.command, self.words, self.arguments, self.options, self.startup, places)
        self.recording.begin(self.options, what, self.directory, shown.line, self.console.warning)
        return self.recording
