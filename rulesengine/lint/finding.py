"""Finding: one thing that lint says about one place."""

from __future__ import annotations

from typing import Any

from attrs import frozen

from rulesengine.errors import Location


@frozen
class Finding:
    """warning: the name under which it is switched off.  text: what is wrong and what to do, in one sentence."""

    location: Location
    warning: str
    text: str

    def __str__(self) -> str:
        return f"{self.location}: {self.text} [{self.warning}]"

    @property
    def order(self) -> tuple[str, int, int, str]:
        """By file and place."""
        return self.location.path, self.location.line, self.location.column, self.warning

    def as_json(self) -> dict[str, Any]:
        """For `--output=json`."""
        place = self.location
        return {
            "file": place.path,
            "line": place.line,
            "column": place.column,
            "warning": self.warning,
            "text": self.text,
        }
