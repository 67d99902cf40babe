"""Context: what a command gets: its options and targets, the workspace, the console."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from attrs import define, field

from rulesengine.cli.console import Console
from rulesengine.cli.parsing import Options
from rulesengine.cli.progress import Display, LiveDisplay, display
from rulesengine.workspace import CancelToken, Workspace


@define
class Context:
    """One run of one command.

    directory: where it works (`-C`).  root: the workspace's, or None outside of one.
    words: the command line as given, for the no-op index.  rc_paths: every rc file tried -> whether it was there.
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
        shown = display(
            self.console,
            values.get("curses", "no"),
            values.get("progress_report_interval", 0),
            values.get("show_progress", True),
            verbose=bool(values.get("verbose_failures")),
        )

        def tell() -> None:
            shown.state.phase, shown.state.detail = "stopping", "(once more to stop at once)"

        def restore() -> None:
            if isinstance(shown, LiveDisplay):
                shown.restore()

        with shown, cancelling(self.cancel, tell, restore):
            yield shown
