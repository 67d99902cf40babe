"""Symbolic macros while a BUILD file is evaluated: their arguments checked, their instances kept track of."""

from __future__ import annotations

import json
from typing import Any

from rulesengine.errors import AttributeValueError, LabelError, LoadingError, Location, did_you_mean
from rulesengine.loading.package_builder import PackageBuilder
from rulesengine.loading.values import AttributeCheck
from rulesengine.model.label import Label, check_target
from rulesengine.model.macro import NAMING_RULES, Macro, MacroInstance
from rulesengine.model.rule import LABEL_KINDS, OUTPUT_KINDS, AttributeSchema
from rulesengine.model.target import PRIVATE, PUBLIC, SELECT, branches, is_select, labels_of
from rulesengine.values import frozen


@frozen
class Deferred:
    """A finalizer that was called: it runs when the BUILD file is through."""

    instance: MacroInstance
    spec: str
    place: Location | None
    chain: tuple[str, ...]


def call(builder: PackageBuilder, macro: Macro, name: str, text: str, stack: str) -> str:
    """A macro was called.  Returns what its implementation takes, as JSON; empty for a finalizer, which waits."""
    place, chain = builder.place(stack)
    given = json.loads(text)
    try:
        if not macro.name:
            raise LoadingError(
                f"the macro called with the name '{name}' has no name of its own",
                location=place,
                hint=f"give what macro() returns a name at the top level of {Label.parse(macro.module)}",
            )
        values = _values(builder, macro, name, given, place)
    except AttributeValueError as fault:
        fault.notes = (*fault.notes, *(f"by the macro at {one}" for one in chain[1:]))
        raise
    parent = builder.macro
    if parent is not None and not parent.owns(name):
        raise LoadingError(
            f"the macro {parent.macro.name} named '{parent.name}' cannot call {macro.name} with the name '{name}'",
            location=place,
            hint=NAMING_RULES,
        )
    labels = frozenset(
        str(label)
        for key, value in values.items()
        for _, inner in branches(value)
        if macro.schema[key].kind in LABEL_KINDS and key in given
        for label in labels_of(macro.schema[key].kind, inner)
    )
    instance = MacroInstance(macro, name, labels, parent)
    builder.add_macro(instance, place)
    spec = json.dumps(
        {
            "name": name,
            "visibility": [_triple(one) for one in _visibility(builder, parent, given.get("visibility"), place)],
            "values": [
                [key, schema.kind, _lifted(schema), _parts(builder.package.repo, builder.package.name, schema, value)]
                for key, schema in macro.schema.items()
                for value in [values.get(key)]
            ],
        }
    )
    if macro.finalizer:
        builder.deferred.append(Deferred(instance, spec, place, chain))
        return ""
    builder.enter(instance)
    return spec


def _lifted(schema: AttributeSchema) -> bool:
    return schema.configurable and schema.kind not in OUTPUT_KINDS


def _values(
    builder: PackageBuilder, macro: Macro, name: str, given: dict[str, Any], place: Location | None
) -> dict[str, Any]:
    try:
        check_target(name, name)
    except LabelError as fault:
        message = fault.message.replace("bad label", "bad name", 1)
        raise LoadingError(f"{macro.name}(): {message}", location=place) from None
    label = Label(builder.package.repo, builder.package.name, name)
    out: dict[str, Any] = {}
    for key, value in given.items():
        schema = macro.schema.get(key) or AttributeSchema("label_list")
        check = AttributeCheck(
            macro, label, key, schema, place, builder.texts, builder.label, builder.mention, noun="macro"
        )
        if not macro.takes(key):
            if key in macro.schema:
                check.fail(f"attribute '{key}' of macro '{macro.name}' is private: a caller cannot set it")
            check.fail(
                f"no such attribute '{key}' in macro '{macro.name}'",
                did_you_mean(key, macro.public_attributes())
                or f"{macro.name} has: " + ", ".join(sorted(macro.public_attributes())),
            )
        if value is not None and key != "visibility":
            out[key] = check.value(value)
    for key, schema in macro.schema.items():
        if key in out:
            continue
        if schema.mandatory:
            raise AttributeValueError(
                f"missing value for mandatory attribute '{key}' in macro '{macro.name}'", location=place, label=label
            )
        if schema.default is not None:
            out[key] = schema.default
    return out


def _visibility(
    builder: PackageBuilder, parent: MacroInstance | None, given: Any, place: Location | None
) -> tuple[str, ...]:
    """What the implementation is given: the caller's visibility attribute (or default), and the caller itself."""
    if given is None:
        listed = builder.default_visibility
    else:
        listed = builder.visibility(given, place)
    if PUBLIC in listed:
        return (PUBLIC,)
    repo, package = parent.macro.defined_in if parent is not None else (builder.package.repo, builder.package.name)
    own = str(Label(repo, package, "__pkg__"))
    return (*(one for one in listed if one not in (PRIVATE, own)), own)


def _triple(text: str) -> list[str]:
    label = Label.parse(text)
    return [label.repo, label.package, label.name]


def _parts(repo: str, package: str, schema: AttributeSchema, value: Any) -> list[Any] | None:
    """A value as its parts between `+`: plain ones and select(); labels in three, dicts as pairs."""
    if value is None:
        return None

    def plain(inner: Any) -> Any:
        kind = schema.kind
        if kind == "label":
            return _triple(inner)
        if kind == "output":
            return [repo, package, inner]
        if kind == "output_list":
            return [[repo, package, one] for one in inner]
        if kind == "label_list":
            return [_triple(one) for one in inner]
        if kind == "label_keyed_string_dict":
            return [[_triple(key), one] for key, one in inner.items()]
        if kind == "string_keyed_label_dict":
            return [[key, _triple(one)] for key, one in inner.items()]
        if kind in ("string_dict", "string_list_dict"):
            return [[key, one] for key, one in inner.items()]
        return inner

    if not (isinstance(value, list) and any(is_select(one) for one in value)):
        return [plain(value)]
    out: list[Any] = []
    run: list[Any] = []
    for one in [*value, None]:
        if one is None or is_select(one):
            if run:
                out.append(plain(run))
                run = []
            if one is not None:
                out.append(
                    {
                        SELECT: [
                            [
                                condition if condition == "//conditions:default" else _triple(condition),
                                None if inner is None else plain(inner),
                            ]
                            for condition, inner in one[SELECT]
                        ],
                        "error__": one["error__"],
                    }
                )
        else:
            run.append(one)
    return out
