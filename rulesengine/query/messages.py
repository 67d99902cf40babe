"""Targets as Bazel's query protocol writes them (build.proto: Target and what it holds)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import quoteattr

from rulesengine.model.rule import EMPTY_VALUES, LABEL_KINDS, OUTPUT_KINDS
from rulesengine.model.target import Target, branches
from rulesengine.query.graph import Node, TargetGraph
from rulesengine.query.look import PLAIN, Look
from rulesengine.query.text_format import text_format

_DISCRIMINATORS = {
    "bool": "BOOLEAN",
    "int": "INTEGER",
    "int_list": "INTEGER_LIST",
    "label": "LABEL",
    "label_keyed_string_dict": "LABEL_KEYED_STRING_DICT",
    "label_list": "LABEL_LIST",
    "output": "OUTPUT",
    "output_list": "OUTPUT_LIST",
    "string": "STRING",
    "string_dict": "STRING_DICT",
    "string_keyed_label_dict": "LABEL_DICT_UNARY",
    "string_list": "STRING_LIST",
    "string_list_dict": "STRING_LIST_DICT",
}
_COMMON = {"tags": "string_list", "visibility": "string_list", "testonly": "bool", "deprecation": "string"}


def render(graph: TargetGraph[Node], nodes: Sequence[Node], form: str, look: Look = PLAIN) -> str:
    """`jsonproto`: one document; `streamed_jsonproto`: a line for each target; `xml`: a document of rules and files.

    cquery's documents are those of configured(); `textproto` is the same in the text format of protocol buffers.
    """
    if form == "xml":
        body = "".join(_xml(graph, node, look) for node in nodes)
        return f'<?xml version="1.1" encoding="UTF-8" standalone="no"?>\n<query version="2">\n{body}</query>\n'
    if nodes and graph.in_configurations:
        found = configured(graph, nodes, look)
        return text_format(found) if form == "textproto" else json.dumps(found, indent=2, ensure_ascii=False) + "\n"
    values = [message(graph, node, look) for node in nodes]
    if form == "textproto":
        return text_format({"target": values})
    if form == "jsonproto":
        return json.dumps({"target": values}, indent=2, ensure_ascii=False) + "\n"
    return "".join(json.dumps(one, separators=(",", ":"), ensure_ascii=False) + "\n" for one in values)


def configured(graph: TargetGraph[Node], nodes: Sequence[Node], look: Look = PLAIN) -> dict[str, Any]:
    """A CqueryResult (Bazel's analysis_v2.proto): targets in configurations, and these by number.

    A file that no rule makes is in none: the checksum is `null` then, as in Bazel.
    """
    numbers: dict[str, int] = {}
    results, configurations = [], []
    for node in nodes:
        configuration = graph.configuration(node)
        result: dict[str, Any] = {"target": message(graph, node, look)}
        if configuration is None:
            result["configuration"] = {"checksum": "null"}
        else:
            name = configuration.mnemonic
            checksum = hashlib.sha256(name.encode()).hexdigest()
            if name not in numbers:
                numbers[name] = len(numbers) + 1
                configurations.append(
                    {
                        "id": numbers[name],
                        "mnemonic": name,
                        "platformName": str(configuration.platform),
                        "checksum": checksum,
                    }
                )
            result |= {"configuration": {"checksum": checksum}, "configurationId": numbers[name]}
        results.append(result)
    return {"results": results, **({"configurations": configurations} if configurations else {})}


def message(graph: TargetGraph[Node], node: Node, look: Look = PLAIN) -> dict[str, Any]:
    """One target as a Target message in the JSON mapping of protocol buffers."""
    target, label = graph.target(node), graph.label(node)
    place = look.place(graph, node)
    if target.kind == "rule":
        return {"type": "RULE", "rule": _rule(graph, node, target, look)}
    if target.kind == "generated":
        made = {"name": str(label), "generatingRule": str(target.generator), "location": place}
        return {"type": "GENERATED_FILE", "generatedFile": made}
    if target.kind == "package_group":
        group = {"name": str(label), "containedPackage": list(target.packages)}
        if target.includes:
            group["includedPackageGroup"] = [str(one) for one in target.includes]
        return {"type": "PACKAGE_GROUP", "packageGroup": group}
    file: dict[str, Any] = {"name": str(label), "location": place, "visibilityLabel": list(target.visibility)}
    return {"type": "SOURCE_FILE", "sourceFile": file}


def _rule(graph: TargetGraph[Node], node: Node, target: Target, look: Look) -> dict[str, Any]:
    rule, label = target.rule, graph.label(node)
    assert rule is not None
    attributes = [_attribute("name", "string", label.name, given=True)]
    for name, schema in sorted(rule.schema.items()):
        if name.startswith("_"):
            continue
        value = target.attributes.get(name, schema.default)
        if value is None:
            value = EMPTY_VALUES[schema.kind]
        if schema.kind in OUTPUT_KINDS and value:
            names = [value] if isinstance(value, str) else value
            value = [str(label.sibling(one.rpartition(":")[2])) for one in names]
            value = value[0] if schema.kind == "output" else value
        attributes.append(_attribute(name, schema.kind, value, given=name in target.attributes))
    for name, kind in _COMMON.items():
        if name in target.attributes and name not in rule.schema:
            attributes.append(_attribute(name, kind, target.attributes[name], given=True))
    outputs = [str(label.sibling(one)) for one in _outputs(target)]
    made: dict[str, Any] = {
        "name": str(label),
        "ruleClass": target.rule_name,
        "location": look.place(graph, node),
        "attribute": attributes,
        "ruleInput": sorted({str(graph.label(one)) for one in graph.dependencies(node)}),
    }
    if outputs:
        made["ruleOutput"] = outputs
    return made


def _outputs(target: Target) -> list[str]:
    rule = target.rule
    assert rule is not None
    names = list(rule.output_names(target.label.name, target.attributes).values())
    for name, schema in rule.schema.items():
        if schema.kind in OUTPUT_KINDS:
            value = target.attributes.get(name)
            names += [value] if isinstance(value, str) else list(value or ())
    return [one.rpartition(":")[2] for one in names]


def _attribute(name: str, kind: str, value: Any, *, given: bool) -> dict[str, Any]:
    """An Attribute message; the values of all select() branches together, as `query` cannot choose one."""
    made: dict[str, Any] = {
        "name": name,
        "type": _DISCRIMINATORS.get(kind, "STRING"),
        "explicitlySpecified": given,
        "nodep": False,
    }
    values = [one for _, one in branches(value) if one is not None]
    if not values:
        return made
    if kind in ("label", "string", "output"):
        made["stringValue"] = str(values[0])
    elif kind == "bool":
        made |= {
            "intValue": int(bool(values[0])),
            "stringValue": str(bool(values[0])).lower(),
            "booleanValue": bool(values[0]),
        }
    elif kind == "int":
        made["intValue"] = values[0]
    elif kind == "int_list":
        made["intListValue"] = [one for some in values for one in some]
    elif isinstance(values[0], list):
        made["stringListValue"] = list(dict.fromkeys(str(one) for some in values for one in some))
    else:
        pairs = [(key, one) for some in values for key, one in some.items()]
        field, one_key = (
            ("labelKeyedStringDictValue", "key") if kind == "label_keyed_string_dict" else ("stringDictValue", "key")
        )
        if kind == "string_list_dict":
            field = "stringListDictValue"
        elif kind in LABEL_KINDS and kind != "label_keyed_string_dict":
            field = "labelDictUnaryValue"
        made[field] = [{one_key: key, "value": one} for key, one in pairs]
    return made


def _xml(graph: TargetGraph[Node], node: Node, look: Look) -> str:
    value = message(graph, node, look)
    kind = value["type"]
    if kind == "RULE":
        rule = value["rule"]
        lines = [
            (
                f"    <rule class={quoteattr(rule['ruleClass'])} location={quoteattr(rule['location'])}"
                f" name={quoteattr(rule['name'])}>"
            )
        ]
        for one in rule["attribute"]:
            lines += _xml_attribute(one)
        lines += [f"        <rule-input name={quoteattr(one)}/>" for one in rule["ruleInput"]]
        lines += [f"        <rule-output name={quoteattr(one)}/>" for one in rule.get("ruleOutput", ())]
        return "\n".join([*lines, "    </rule>", ""])
    if kind == "GENERATED_FILE":
        one = value["generatedFile"]
        return (
            f"    <generated-file generating-rule={quoteattr(one['generatingRule'])}"
            f" location={quoteattr(one['location'])} name={quoteattr(one['name'])}/>\n"
        )
    if kind == "PACKAGE_GROUP":
        return f"    <package-group name={quoteattr(value['packageGroup']['name'])}/>\n"
    one = value["sourceFile"]
    return f"    <source-file location={quoteattr(one['location'])} name={quoteattr(one['name'])}/>\n"


def _xml_attribute(one: dict[str, Any]) -> list[str]:
    name = quoteattr(one["name"])
    if "booleanValue" in one:
        return [f"        <boolean name={name} value={quoteattr(one['stringValue'])}/>"]
    if "intValue" in one:
        return [f'        <int name={name} value="{one["intValue"]}"/>']
    if "stringValue" in one:
        element = "label" if one["type"] == "LABEL" else "string"
        return [f"        <{element} name={name} value={quoteattr(one['stringValue'])}/>"]
    if "stringListValue" in one:
        element = "label" if one["type"] == "LABEL_LIST" else "string"
        inner = [f"            <{element} value={quoteattr(text)}/>" for text in one["stringListValue"]]
        return [f"        <list name={name}>", *inner, "        </list>"]
    return []
