"""Execution requirements: what an action's tags and requirements say of the resources that it uses."""

from __future__ import annotations

from collections.abc import Iterable

from rulesengine.errors import AnalysisError
from rulesengine.model.label import Label

_DEFAULT = (("cpu", 1.0),)


def resources_of(requirements: Iterable[str], owner: Label) -> tuple[tuple[str, float], ...]:
    """(name, amount) of `cpu:N` and `resources:NAME:N`, sorted; one processor where nothing is said of it.

    Raises AnalysisError for an amount that is no number.
    """
    named = [one for one in requirements if one.startswith(("cpu:", "resources:"))]
    if not named:
        return _DEFAULT
    found = dict(_DEFAULT)
    for one in named:
        name, _, amount = one.removeprefix("resources:").rpartition(":")
        try:
            value = float(amount)
        except ValueError:
            value = -1.0
        if not name or not 0 <= value < float("inf"):
            raise AnalysisError(
                f"the tag {one} does not say how much is needed", label=owner, hint="cpu:4, resources:NAME:2"
            )
        found[name] = value
    return tuple(sorted(found.items()))
