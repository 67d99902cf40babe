"""Passing aspects on: from an attribute of a rule to the targets that it names."""

from __future__ import annotations

from typing import Any

from rulesengine.analysis.label_settings import LABEL
from rulesengine.errors import AttributeValueError
from rulesengine.loading import Loader
from rulesengine.loading.modules import NATIVE
from rulesengine.model.aspect import Applied, Aspect, Merged, Path, filtered, merged, satisfied, with_required
from rulesengine.model.label import Label
from rulesengine.model.rule import AttributeSchema
from rulesengine.model.target import Target

_NATIVE = str(NATIVE)


def is_alias(target: Target) -> bool:
    """Whether a target stands for another one."""
    rule = target.rule
    return rule is not None and ((rule.name == "alias" and rule.module == _NATIVE) or rule.build_setting == LABEL)


class Passing:
    """Works out which aspects a dependency is seen with."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def along(
        self, target: Target, name: str, schema: AttributeSchema, values: dict[str, Any], path: Path
    ) -> list[Applied]:
        """The aspects that go along an attribute: its own, and those of `path`, which is applied to the target."""
        out: dict[Applied, None] = {}
        if schema.aspects:
            own = [self._loader.registry.aspects[one] for one in schema.aspects]
            for one in with_required(own):
                out[Applied(one, self._parameters(target, one, values))] = None
        if path:
            out.update(dict.fromkeys(filtered(path, (one.aspect.follows(name) for one in path))))
        return list(out)

    def onto(self, aspects: list[Applied], label: Label) -> Merged | None:
        """Those of them that a target takes, or None."""
        target = self._loader.target(label)
        if target.kind == "generated":
            aspects = [one for one in aspects if one.aspect.generating]
            assert target.generator is not None
            target = self._loader.target(target.generator)
        if target.rule is None or not aspects:
            return None
        if not is_alias(target):
            provides = target.rule.provides
            aspects = filtered(aspects, (satisfied(one.aspect.required, provides) for one in aspects))
        return merged(aspects) if aspects else None

    def _parameters(self, target: Target, aspect: Aspect, values: dict[str, Any]) -> tuple[tuple[str, Any], ...]:
        """The values of an aspect's public attributes, from the rule's attributes of the same names."""
        out = []
        for name in aspect.parameters:
            value = values.get(name)
            check_parameter(target, aspect, name, value)
            out.append((name, value))
        return tuple(out)


def check_parameter(target: Target | None, aspect: Aspect, name: str, value: Any) -> None:
    """Raise AttributeValueError for a value that the aspect does not take."""
    schema = aspect.schema[name]
    if schema.values and value not in schema.values:
        raise AttributeValueError(
            f"invalid value in '{name}' attribute: has to be one of "
            + " or ".join(f"'{one}'" for one in schema.values)
            + f" instead of '{value}'",
            label=None if target is None else target.label,
            location=None if target is None else target.location,
            hint=f"aspect {aspect.name} takes these values",
        )


__all__ = ["Passing", "check_parameter", "is_alias"]
