"""Durations: how long actions took in earlier builds of a workspace, so that the longest chains begin first.

Only what takes long is written down, so the file is small, seldom changes, and is read only when something runs.
It is an estimate: whatever is wrong with it, builds differ in nothing but their order.
"""

from __future__ import annotations

import contextlib
import json
import os

from rulesengine.model.action import Action

LONG = 0.1
"""Seconds from which on an action is remembered."""

SHORT = 0.02
"""Seconds that an action takes of which nothing is known."""

_MOST = 100_000
_CHANGE = 0.25


class Durations:
    """Seconds by an action's first output; kept in a file."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._known: dict[str, float] | None = None
        self._changed = False

    def seconds(self, action: Action) -> float:
        """The estimate; SHORT where nothing is known."""
        return self._load().get(action.outputs[0].path, SHORT) if action.outputs else SHORT

    def note(self, action: Action, seconds: float) -> None:
        """It took so long now."""
        if not action.outputs:
            return
        known, path = self._load(), action.outputs[0].path
        before = known.get(path)
        if before is None:
            if seconds >= LONG:
                known[path] = round(seconds, 3)
                self._changed = True
        elif abs(seconds - before) > _CHANGE * before:
            known[path] = round(max(seconds, SHORT), 3)
            self._changed = True

    def save(self) -> None:
        """Write what changed; a file that cannot be written is no error."""
        if not self._changed or self._known is None:
            return
        self._changed = False
        while len(self._known) > _MOST:
            del self._known[next(iter(self._known))]
        temporary = f"{self._path}.{os.getpid()}"
        with contextlib.suppress(OSError):
            try:
                with open(temporary, "w", encoding="utf-8") as file:
                    file.write(json.dumps(self._known, ensure_ascii=True))
                os.replace(temporary, self._path)
            finally:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(temporary)

    def _load(self) -> dict[str, float]:
        if self._known is None:
            self._known = {}
            with contextlib.suppress(OSError, ValueError), open(self._path, encoding="utf-8") as file:
                read = json.load(file)
                if isinstance(read, dict):
                    self._known = {
                        path: float(seconds)
                        for path, seconds in read.items()
                        if isinstance(seconds, int | float) and 0 <= seconds < 1e7
                    }
        return self._known
