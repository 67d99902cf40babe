"""What the calls of one rule have in common, and the values that need no second look."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from rulesengine.model.aspect import Aspect, with_required
from rulesengine.model.label import Label
from rulesengine.model.rule import OUTPUT_KINDS, AttributeSchema, Rule
from rulesengine.values import frozen

SIMPLE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*", re.ASCII)
"""Most targets' names: valid ones without a directory."""
LOCAL = re.compile(r":?([A-Za-z0-9_][A-Za-z0-9_.+-]*)", re.ASCII)
ABSOLUTE = re.compile(r"//([A-Za-z0-9_-]+(?:/[A-Za-z0-9_-]+)*):([A-Za-z0-9_][A-Za-z0-9_.+-]*)", re.ASCII)
"""Most labels as people write them, whose absolute form is plain to see."""

UNSURE = object()
"""The answer for a value that must be checked in full."""


@frozen(eq=False)
class RulePlan:
    """A rule, worked out once for all its targets.

    mandatory, outputs: names of attributes.  defaults: the labels that stand in where an attribute is not given.
    settable: the rule's own attributes that BUILD files may set.
    fault, hint: why no target of it can be declared, or empty.
    """

    rule: Rule
    mandatory: tuple[str, ...]
    outputs: tuple[str, ...]
    defaults: tuple[tuple[str, Label], ...]
    settable: dict[str, AttributeSchema]
    fault: str = ""
    hint: str = ""

    @staticmethod
    def of(rule: Rule, aspects: Sequence[Aspect]) -> RulePlan:
        """The plan of a rule.  aspects: all that there are, by number."""
        schema = rule.schema.items()
        return RulePlan(
            rule,
            tuple(key for key, one in schema if one.mandatory),
            tuple(key for key, one in schema if one.kind in OUTPUT_KINDS),
            tuple((key, Label.parse(text)) for key, text in rule.default_labels),
            {key: one for key, one in schema if rule.takes(key)},
            *_parameters(rule, [aspects[index] for _, one in schema for index in one.aspects]),
        )


def _parameters(rule: Rule, aspects: Sequence[Aspect]) -> tuple[str, str]:
    """What is wrong with the parameters of the aspects that a rule's attributes ask for, and what to do; or nothing."""
    for aspect in with_required(aspects):
        for name in aspect.parameters:
            schema = aspect.schema[name]
            own = rule.schema.get(name)
            if own is None or own.kind != schema.kind:
                what = f"attribute '{name}' with type {schema.kind}"
                return (
                    f"aspect {aspect.name} requires rule {rule.name} to specify {what}",
                    f"add it to the attrs of {rule.name}",
                )
            if schema.kind != "bool" and not schema.values:
                return (
                    f"aspect {aspect.name}: aspect parameter attribute '{name}' must use the 'values' restriction",
                    f"say in {aspect.module} which values it may have: attr.{schema.kind}(values = [...])",
                )
    return "", ""


def plain(schema: AttributeSchema, value: Any, absolute: Callable[[str], str | None]) -> Any:
    """The checked value where it is one of the usual kind and right, else UNSURE.

    absolute: a label as written -> its absolute form, or None where that takes a closer look.
    """
    kind = schema.kind
    out: Any
    if kind == "label_list":
        out = _labels(value, absolute)
    elif kind == "label":
        out = absolute(value) if type(value) is str else None
        if out is None:
            return UNSURE
    elif kind == "string":
        out = value if type(value) is str else UNSURE
    elif kind == "bool":
        out = value if value is True or value is False else UNSURE
    elif kind == "int":
        out = value if type(value) is int and -(2**31) <= value < 2**31 else UNSURE
    elif kind == "string_list":
        out = value if type(value) is list and all(type(one) is str for one in value) else UNSURE
    elif kind == "output_list":
        out = _names(value)
    else:
        return UNSURE
    if out is UNSURE or (schema.values and out not in schema.values) or (not out and not schema.allow_empty):
        return UNSURE
    return out


def _labels(value: Any, absolute: Callable[[str], str | None]) -> Any:
    if type(value) is not list:
        return UNSURE
    out: list[str] = []
    for one in value:
        text = absolute(one) if type(one) is str else None
        if text is None:
            return UNSURE
        out.append(text)
    return out if len(out) < 2 or len(set(out)) == len(out) else UNSURE


def _names(value: Any) -> Any:
    if type(value) is not list or not all(type(one) is str and SIMPLE_NAME.fullmatch(one) for one in value):
        return UNSURE
    return value if len(value) < 2 or len(set(value)) == len(value) else UNSURE
