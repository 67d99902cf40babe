"""What `native.existing_rule()` tells of a target: its attributes as Bazel 7 shows them."""

from __future__ import annotations

from typing import Any

from rulesengine.model.label import Label
from rulesengine.model.rule import EMPTY_VALUES, LABEL_KINDS, OUTPUT_KINDS, AttributeSchema, Rule
from rulesengine.model.target import SELECT, Target, is_select

_BASE: dict[str, tuple[str, Any]] = {
    "aspect_hints": ("label_list", []),
    "features": ("string_list", []),
    "tags": ("string_list", []),
    "transitive_configs": ("string_list", []),
    "visibility": ("label_list", []),
}
_CONSTRAINED: dict[str, tuple[str, Any]] = {
    "compatible_with": ("label_list", []),
    "restricted_to": ("label_list", []),
    "target_compatible_with": ("label_list", []),
}
_RUNS: dict[str, tuple[str, Any]] = {
    "exec_compatible_with": ("label_list", []),
    "exec_properties": ("string_dict", {}),
    "toolchains": ("label_list", []),
}
_OWN: dict[str, tuple[str, Any]] = {"expect_failure": ("string", "")}
_EXECUTABLE: dict[str, tuple[str, Any]] = {"args": ("string_list", [])}
_TEST: dict[str, tuple[str, Any]] = {
    "flaky": ("bool", False),
    "local": ("bool", False),
    "shard_count": ("int", -1),
    "size": ("string", "medium"),
}
_UNCONSTRAINED = frozenset({"config_setting", "constraint_setting", "constraint_value", "platform"})
_WITHOUT_ACTIONS = _UNCONSTRAINED | {"alias", "filegroup", "test_suite"}
_NEVER = frozenset({"distribs", "licenses", "applicable_licenses", "package_metadata", "output_licenses"})


def _common(rule: Rule, native: bool) -> dict[str, tuple[str, Any]]:
    """The attributes every rule of this sort has: kind and default."""
    out = dict(_BASE)
    if not native or rule.name not in _UNCONSTRAINED:
        out |= _CONSTRAINED
    if not native or rule.name not in _WITHOUT_ACTIONS:
        out |= _RUNS
    if not native:
        out |= _OWN
    if rule.executable:
        out |= _EXECUTABLE
    if rule.test:
        out |= _TEST
    return out


def summary(target: Target, native: bool) -> list[list[Any]]:
    """[name, parts] of every attribute: a value's parts between `+`, dicts as pairs marked so, labels relative to
    the package.  native: whether its rule needs no load()."""
    rule = target.rule
    assert rule is not None
    given, label = target.attributes, target.label
    out: list[list[Any]] = [["name", [label.name]], ["kind", [rule.name]]]
    for key, text in target.generated_by():
        out.append([key, [text]])
    values: dict[str, tuple[str, Any]] = {
        key: (schema.kind, _default(schema)) for key, schema in rule.schema.items() if not key.startswith("_")
    }
    values |= _common(rule, native)
    if rule.test or (native and rule.name == "test_suite"):
        values["testonly"] = ("bool", True)
    for key, value in given.items():
        if key not in values and not key.startswith("_"):
            values[key] = ({"env": "string_dict", "testonly": "bool"}.get(key, "string"), value)
    for key, (kind, default) in values.items():
        value = given.get(key, default)
        if value is None or key in _NEVER or (key == "testonly" and value is False):
            continue
        if key == "tags":
            value = sorted({*value, *(["manual"] if native and rule.name == "config_setting" else [])})
        out.append([key, _parts(kind, value, label)])
    return out


def _default(schema: AttributeSchema) -> Any:
    return EMPTY_VALUES[schema.kind] if schema.default is None else schema.default


def _parts(kind: str, value: Any, owner: Label) -> list[Any]:
    if not (isinstance(value, list) and any(is_select(one) for one in value)):
        return [_plain(kind, value, owner)]
    out: list[Any] = []
    run: list[Any] = []
    for one in [*value, None]:
        if one is not None and not is_select(one):
            run.append(one)
            continue
        if run:
            out.append({SELECT: [["//conditions:default", _plain(kind, run, owner)]]})
            run = []
        if one is not None:
            branches = [
                [_short(condition, owner), None if inner is None else _plain(kind, inner, owner)]
                for condition, inner in one[SELECT]
            ]
            out.append({SELECT: branches})
    return out


def _plain(kind: str, value: Any, owner: Label) -> Any:
    if kind in OUTPUT_KINDS:
        return [f":{one}" for one in value] if isinstance(value, list) else f":{value}"
    if kind in LABEL_KINDS:
        if isinstance(value, str):
            return _short(value, owner)
        if isinstance(value, list):
            return [_short(one, owner) for one in value]
        if kind == "string_keyed_label_dict":
            return {"pairs__": [[key, _short(one, owner)] for key, one in value.items()]}
        return {"pairs__": [[_short(key, owner), one] for key, one in value.items()]}
    if isinstance(value, dict):
        return {"pairs__": [[key, one] for key, one in value.items()]}
    return value


def _short(text: str, owner: Label) -> str:
    """`:name` for a label of the same package, else all of it."""
    if text.startswith(("//visibility:", "//conditions:")):
        return text
    label = Label.parse(text)
    if (label.repo, label.package) == (owner.repo, owner.package):
        return f":{label.name}"
    return f"@{text}" if label.repo and not text.startswith("@@") else text
