"""A reference as data, in the shape of Stardoc's ModuleInfo message (as JSON)."""

from __future__ import annotations

from typing import Any

from rulesengine.reference.entries import Attribute, Entry, FileReference

_TYPES = {
    "bool": "BOOLEAN",
    "label_keyed_string_dict": "LABEL_STRING_DICT",
    "string_keyed_label_dict": "LABEL_DICT_UNARY",
}


def module_info(file: FileReference) -> dict[str, Any]:
    """What one file offers."""
    return {
        "file": str(file.label),
        "moduleDocstring": file.doc,
        "ruleInfo": [_rule(one) for one in file.of("rule")],
        "providerInfo": [_provider(one) for one in file.of("provider")],
        "funcInfo": [_function(one) for one in file.of("function")],
        "aspectInfo": [_aspect(one) for one in file.of("aspect")],
        "macroInfo": [
            {"macroName": one.name, "docString": one.doc, "attribute": _attributes(one), "originKey": _origin(one)}
            for one in file.of("macro")
        ],
    }


def _origin(entry: Entry) -> dict[str, str]:
    return {"name": entry.name, "file": str(entry.file)}


def _rule(entry: Entry) -> dict[str, Any]:
    return {
        "ruleName": entry.name,
        "docString": entry.doc,
        "attribute": _attributes(entry),
        "executable": entry.executable,
        "test": entry.test,
        "originKey": _origin(entry),
    }


def _attributes(entry: Entry) -> list[dict[str, Any]]:
    name = {"name": "name", "docString": "Name of the target.", "type": "NAME", "mandatory": True}
    return ([] if entry.kind == "aspect" else [name]) + [_attribute(one) for one in entry.attributes]


def _attribute(one: Attribute) -> dict[str, Any]:
    out: dict[str, Any] = {
        "name": one.name,
        "docString": one.doc,
        "type": _TYPES.get(one.kind, one.kind.upper()),
        "mandatory": one.mandatory,
    }
    if one.default is not None:
        out["defaultValue"] = one.default
    if one.values:
        out["values"] = list(one.values)
    return out


def _provider(entry: Entry) -> dict[str, Any]:
    fields = [{"name": one.name, "docString": one.doc} for one in entry.attributes]
    return {"providerName": entry.name, "docString": entry.doc, "fieldInfo": fields, "originKey": _origin(entry)}


def _function(entry: Entry) -> dict[str, Any]:
    parameters = []
    for one in entry.attributes:
        parameter: dict[str, Any] = {"name": one.name.lstrip("*"), "docString": one.doc, "mandatory": one.mandatory}
        if one.default is not None:
            parameter["defaultValue"] = one.default
        if one.name.startswith("*"):
            parameter["role"] = "PARAM_ROLE_KWARGS" if one.name.startswith("**") else "PARAM_ROLE_VARARGS"
        parameters.append(parameter)
    out: dict[str, Any] = {
        "functionName": entry.name,
        "docString": entry.doc,
        "parameter": parameters,
        "originKey": _origin(entry),
    }
    if entry.returns:
        out["return"] = {"docString": entry.returns}
    if entry.deprecated:
        out["deprecated"] = {"docString": entry.deprecated}
    return out


def _aspect(entry: Entry) -> dict[str, Any]:
    return {
        "aspectName": entry.name,
        "docString": entry.doc,
        "aspectAttribute": list(entry.edges),
        "attribute": _attributes(entry),
        "originKey": _origin(entry),
    }
