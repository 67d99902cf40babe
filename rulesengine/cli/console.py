"""Console: standard error for people, standard output for results; colours where they are wanted."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TextIO

from rulesengine.cli.width import clean
from rulesengine.errors import RulesEngineError

_CODES = {"red": "31;1", "green": "32", "yellow": "33", "magenta": "35", "cyan": "36", "bold": "1", "dim": "2"}


class Console:
    """Where a command writes.

    colour: whether standard error takes ANSI colours.  json_errors: whether errors are JSON.  timestamps: whether
    messages begin with the time.
    The writes of several threads do not mix (see progress.py).
    """

    def __init__(
        self,
        color: str = "auto",
        *,
        stdout: TextIO | None = None,
        stderr: TextIO | None = None,
        environment: Mapping[str, str] = os.environ,
        timestamps: bool = False,
    ) -> None:
        self.stdout = sys.stdout if stdout is None else stdout
        self.stderr = sys.stderr if stderr is None else stderr
        self.environment = environment
        self.json_errors = False
        self.timestamps = timestamps
        self.terminal = _is_terminal(self.stderr) and environment.get("TERM", "") != "dumb"
        self.colour = color == "yes" or (color == "auto" and self.terminal and not environment.get("NO_COLOR"))

    def style(self, text: str, name: str) -> str:
        """`text` in a colour, where colours are on."""
        return f"\x1b[{_CODES[name]}m{text}\x1b[0m" if self.colour else text

    def result(self, text: str) -> None:
        """A line of the result, on standard output."""
        self.stdout.write(text + "\n")

    def say(self, text: str) -> None:
        """A line for people, on standard error."""
        self.stderr.write(self.stamped(text) + "\n")
        self.stderr.flush()

    def stamped(self, text: str) -> str:
        """With the time before it, where that is wanted: `(08:33:55) INFO: …`."""
        if not self.timestamps:
            return text
        import time

        return time.strftime("(%H:%M:%S) ") + text

    def error(self, fault: RulesEngineError) -> None:
        """`ERROR: …` with the location, excerpt, notes and hint that the error carries; or one line `{"error": …}`."""
        if self.json_errors:
            import json

            self.say(json.dumps({"error": fault.to_dict()}, ensure_ascii=False))
            return
        self.say(self.style("ERROR:", "red") + " " + clean(str(fault), colour=self.colour))

    def warning(self, text: str) -> None:
        """`WARNING: …`."""
        self.say(self.style("WARNING:", "magenta") + " " + text)

    def info(self, text: str) -> None:
        """`INFO: …`."""
        self.say(self.style("INFO:", "green") + " " + text)


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except (ValueError, AttributeError):
        return False
