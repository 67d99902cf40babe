"""Common attributes: what every rule has besides its own, as `ctx.attr` tells of it.

Given ones are plain data here: labels as their parts, from which the prelude makes Labels and targets.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rulesengine.model.label import Label
from rulesengine.model.rule import AttributeSchema, Rule
from rulesengine.model.target import Target

LABEL_LISTS = frozenset(
    {
        "applicable_licenses", "compatible_with", "exec_compatible_with", "restricted_to", "target_compatible_with",
        "toolchains",
    }
)  # fmt: skip
"""Those that hold targets: of their providers nothing is told, for they are no dependencies of the implementation."""
_EVERY: Mapping[str, Any] = {
    "tags": [],
    "testonly": False,
    "deprecation": None,
    "visibility": [],
    "features": [],
    **{name: [] for name in sorted(LABEL_LISTS)},
    "exec_properties": {},
    "expect_failure": "",
    "generator_function": "",
    "generator_location": "",
    "generator_name": "",
    "transitive_configs": [],
}
_TEST: Mapping[str, Any] = {
    "testonly": True,
    "args": [],
    "flaky": False,
    "local": False,
    "shard_count": -1,
    "size": "medium",
    "timeout": "moderate",
}
_KINDS = {"exec_properties": "string_dict", **dict.fromkeys(LABEL_LISTS, "label_list")}
SELECTABLE = {
    name: AttributeSchema(_KINDS.get(name, "string_list")) for name in (*LABEL_LISTS, "exec_properties", "args")
}
_TIMEOUTS = {"small": "short", "medium": "moderate", "large": "long", "enormous": "eternal"}
NAMES = frozenset({*_EVERY, *_TEST})


def defaults(rule: Rule) -> dict[str, Any]:
    """What they are where a target of the rule does not give them.  The same objects each time."""
    if rule.test:
        return {**_EVERY, **_TEST}
    return {**_EVERY, "args": _TEST["args"]} if rule.executable else {**_EVERY}


def given(target: Target, resolved: Mapping[str, Any], features: list[str]) -> dict[str, Any]:
    """Those that a target gives.  resolved: those of SELECTABLE, after select().  features: likewise."""
    rule, attributes = target.rule, target.attributes
    assert rule is not None
    out: dict[str, Any] = {}
    for name in NAMES & attributes.keys():
        value = resolved.get(name, attributes[name])
        if value is None:  # what a select() chose
            continue
        if name == "tags":
            value = sorted(value)
        elif name == "features":
            value = sorted(features)
        elif name == "visibility" or name in LABEL_LISTS:
            value = [_parts(one, target.label) for one in value]
        if name not in rule.schema:
            out[name] = value
    if rule.test and "timeout" not in attributes and "size" in attributes:
        out["timeout"] = _TIMEOUTS.get(attributes["size"], "moderate")
    return out


def _parts(text: str, owner: Label) -> list[str]:
    label = Label.parse(text, repo=owner.repo, package=owner.package)
    return [label.repo, label.package, label.name]
