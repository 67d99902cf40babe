"""Targets that cannot be built for a platform: by their own word, or because of what they depend on."""

from __future__ import annotations

from collections.abc import Sequence

from rulesengine.analysis.attributes import Resolved
from rulesengine.analysis.conditions import Conditions
from rulesengine.analysis.configured import ConfiguredTarget
from rulesengine.analysis.constraints import Constraints
from rulesengine.errors import AnalysisError
from rulesengine.loading import Loader
from rulesengine.model.label import Label
from rulesengine.model.platform import Configuration
from rulesengine.model.rule import AttributeSchema
from rulesengine.model.target import Target
from rulesengine.values import evolve, frozen

ATTRIBUTE = "target_compatible_with"
_SCHEMA = AttributeSchema("label_list")


@frozen
class Incompatible:
    """Why a configured target is none.

    chain: the target and what it depends on, down to the one whose word it is.
    missing: the constraint values that the last of them demands and the platform has not.
    platform: for which it was asked.
    """

    chain: tuple[Label, ...]
    missing: tuple[str, ...]
    platform: str

    @property
    def reason(self) -> str:
        """`platform linux/amd64 is not @platforms//os:windows`."""
        return f"platform {self.platform} is not " + " and not ".join(self.missing)

    def above(self, label: Label) -> Incompatible:
        """What it makes of a target that depends on this one."""
        return Incompatible((label, *self.chain), self.missing, self.platform)

    def error(self, target: Target) -> AnalysisError:
        """What is said when such a target is asked for by name."""
        if len(self.chain) == 1:
            notes = []
        else:
            notes = [
                *(f"{label} needs" for label in self.chain[:-1]),
                f"{self.chain[-1]}, which demands another platform",
            ]
        return AnalysisError(
            f"{target.label} is incompatible with what is built for, and was asked for by name: {self.reason}",
            location=target.location,
            notes=notes,
            hint="name another platform with --platforms; a pattern (//...) leaves such targets out",
        )


class Compatibility:
    """Decides which targets a platform cannot have."""

    def __init__(self, loader: Loader, conditions: Conditions, constraints: Constraints) -> None:
        self._loader = loader
        self._conditions = conditions
        self._constraints = constraints

    def own(self, target: Target, configuration: Configuration) -> Incompatible | None:
        """What the attribute of a target says."""
        demanded = self._conditions.resolve(target, ATTRIBUTE, _SCHEMA, target.attributes.get(ATTRIBUTE), configuration)
        place = target.location
        if place is not None:
            place = self._loader.texts.attribute(place, ATTRIBUTE)
        missing = self._constraints.missing(dict.fromkeys(demanded or ()), configuration, place)
        if not missing:
            return None
        shown = configuration.platform_label or str(configuration.platform)
        return Incompatible((target.label,), missing, shown)


def without_incompatible(
    resolved: Resolved, found: Sequence[ConfiguredTarget]
) -> tuple[Resolved, list[ConfiguredTarget]]:
    """A test_suite without the tests that its platform cannot have."""
    kept = {old: new for new, old in enumerate(i for i, one in enumerate(found) if one.incompatible is None)}
    tests = [kept[one] for one in resolved.values.get("tests") or () if one in kept]
    wanted = {key: kept[index] for key, index in resolved.wanted.items() if index in kept}
    return evolve(resolved, values={**resolved.values, "tests": tests}, wanted=wanted), [found[old] for old in kept]
