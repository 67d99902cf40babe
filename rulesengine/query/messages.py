"""Targets as Bazel's query protocol writes them (build.proto: Target and what it holds)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import quoteattr

from rulesengine.model.rule import EMPTY_VALUES, LABEL_KINDS, OUTPUT_KINDS
from rulesengine.model.target import Target, branches
from rulesengine.query.described import visibility_groups
from rulesengine.query.graph import Node, TargetGraph
from rulesengine.query.look import PLAIN, Look
from rulesengine.query.text_format import text_format

_BUILD_FILES = ("BUILD", "BUILD.bazel")
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
_FIRST = (
    "visibility", "deprecation", "tags", "generator_name", "generator_function", "generator_location", "testonly",
)  # fmt: skip
"""Attributes of every rule that `xml` shows before those of the rule, in this order."""
_LABELS = (
    "visibility", "toolchains", "target_compatible_with", "exec_compatible_with", "compatible_with", "restricted_to",
)  # fmt: skip
"""Attributes of every rule that are lists of labels."""


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


def message(
    graph: TargetGraph[Node], node: Node, look: Look = PLAIN, *, defaults: bool | None = None
) -> dict[str, Any]:
    """One target as a Target message in the JSON mapping of protocol buffers.

    defaults: whether attributes that were not given are shown, where that is not what `look` says.
    """
    target, label = graph.target(node), graph.label(node)
    place = look.place(graph, node)
    if target.kind == "rule":
        return {
            "type": "RULE",
            "rule": _rule(graph, node, target, look, defaults=look.defaults if defaults is None else defaults),
        }
    if target.kind == "generated":
        made = {"name": str(label), "generatingRule": str(target.generator), "location": place}
        return {"type": "GENERATED_FILE", "generatedFile": made}
    if target.kind == "package_group":
        group = {"name": str(label), "containedPackage": list(target.packages)}
        if target.includes:
            group["includedPackageGroup"] = [str(one) for one in target.includes]
        return {"type": "PACKAGE_GROUP", "packageGroup": group}
    file: dict[str, Any] = {"name": str(label), "location": place}
    if groups := visibility_groups(target):
        file["packageGroup"] = [str(one) for one in groups]
    file["visibilityLabel"] = list(target.visibility)
    return {"type": "SOURCE_FILE", "sourceFile": file}


def _rule(graph: TargetGraph[Node], node: Node, target: Target, look: Look, *, defaults: bool) -> dict[str, Any]:
    rule, label = target.rule, graph.label(node)
    assert rule is not None
    given = graph.values(node)
    attributes = [_attribute("name", "string", label.name, given=True)]
    for name, schema in sorted(rule.schema.items()):
        if name.startswith("_") or (name not in given and not defaults):
            continue
        value = given.get(name, schema.default)
        if value is None:
            value = EMPTY_VALUES[schema.kind]
        if schema.kind in OUTPUT_KINDS and value:
            names = [value] if isinstance(value, str) else value
            value = [str(label.sibling(one.rpartition(":")[2])) for one in names]
            value = value[0] if schema.kind == "output" else value
        attributes.append(_attribute(name, schema.kind, value, given=name in target.attributes))
    for name, value in given.items():
        if name not in rule.schema:
            shown = list(target.visibility) if name == "visibility" else value
            attributes.append(_attribute(name, _kind(name, value), shown, given=True))
    if target.made_by[0]:
        by = dict(target.generated_by()) | {"generator_location": str(graph.place(node))}
        attributes += [_attribute(name, "string", text, given=True) for name, text in by.items()]
    if rule.name == "test_suite" and not given.get("tests"):
        tests = sorted(str(graph.label(one)) for one in graph.named(node, "_implicit_tests"))
        attributes.append(_attribute("$implicit_tests", "label_list", tests, given=True))
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


def _kind(name: str, value: Any) -> str:
    """The kind of an attribute that every rule has."""
    if name in _LABELS:
        return "label_list"
    if isinstance(value, list):
        return "string_list"
    return "string_dict" if isinstance(value, dict) else "string" if isinstance(value, str) else type(value).__name__


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
    value = message(graph, node, look, defaults=look.unset)
    kind = value["type"]
    place = "" if kind == "PACKAGE_GROUP" else next(one["location"] for one in value.values() if isinstance(one, dict))
    place = quoteattr(place if look.lines else place.partition(":")[0])
    if kind == "RULE":
        rule = value["rule"]
        lines = [f"    <rule class={quoteattr(rule['ruleClass'])} location={place} name={quoteattr(rule['name'])}>"]
        for one in _in_order(graph.target(node), rule["attribute"]):
            lines += _xml_attribute(one)
        lines += [f"        <rule-input name={quoteattr(one)}/>" for one in rule["ruleInput"]]
        lines += [f"        <rule-output name={quoteattr(one)}/>" for one in rule.get("ruleOutput", ())]
        return "\n".join([*lines, "    </rule>", ""])
    if kind == "GENERATED_FILE":
        one = value["generatedFile"]
        return (
            f"    <generated-file generating-rule={quoteattr(one['generatingRule'])}"
            f" location={place} name={quoteattr(one['name'])}/>\n"
        )
    if kind == "PACKAGE_GROUP":
        return _xml_group(value["packageGroup"], quoteattr(look.place(graph, node)))
    one = value["sourceFile"]
    begun = f"    <source-file location={place} name={quoteattr(one['name'])}"
    inner = []
    if graph.label(node).name in _BUILD_FILES and not graph.in_configurations:
        begun += ' package_contains_errors="false"'
        inner = [f"        <load name={quoteattr(str(file))}/>" for file in graph.load_files(node)]
    inner += [f"        <package-group name={quoteattr(group)}/>" for group in one.get("packageGroup", ())]
    inner += [f"        <visibility-label name={quoteattr(label)}/>" for label in one["visibilityLabel"]]
    return "\n".join([f"{begun}>", *inner, "    </source-file>", ""]) if inner else f"{begun}/>\n"


def _in_order(target: Target, attributes: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Attributes as Bazel's rules have them: the name, those of every rule, the rule's own."""
    assert target.rule is not None
    order = ["name", *_FIRST, *target.rule.schema]
    return sorted(attributes, key=lambda one: order.index(one["name"]) if one["name"] in order else -1)


def _xml_group(group: dict[str, Any], place: str) -> str:
    includes = [f"<label value={quoteattr(one)}/>" for one in group.get("includedPackageGroup", ())]
    packages = [f"<string value={quoteattr(one)}/>" for one in group["containedPackage"]]
    lines = [f"    <package-group location={place} name={quoteattr(group['name'])}>"]
    for name, inner in (("includes", includes), ("packages", packages)):
        lines += _xml_list(f'"{name}"', inner)
    return "\n".join([*lines, "    </package-group>", ""])


def _xml_attribute(one: dict[str, Any]) -> list[str]:
    name = quoteattr(one["name"])
    if "booleanValue" in one:
        return [f"        <boolean name={name} value={quoteattr(one['stringValue'])}/>"]
    if "intValue" in one:
        return [f'        <int name={name} value="{one["intValue"]}"/>']
    if "stringValue" in one:
        element = {"LABEL": "label", "OUTPUT": "output"}.get(one["type"], "string")
        return [f"        <{element} name={name} value={quoteattr(one['stringValue'])}/>"]
    if "stringListValue" in one:
        element = {"LABEL_LIST": "label", "OUTPUT_LIST": "output"}.get(one["type"], "string")
        return _xml_list(name, [f"<{element} value={quoteattr(text)}/>" for text in one["stringListValue"]])
    if "intListValue" in one:
        return _xml_list(name, [f'<int value="{number}"/>' for number in one["intListValue"]])
    for field, key, value in (
        ("stringDictValue", "string", "string"),
        ("labelKeyedStringDictValue", "label", "string"),
        ("labelDictUnaryValue", "string", "label"),
    ):
        if field in one:
            lines = []
            for pair in one[field]:
                lines += ["            <pair>", f"                <{key} value={quoteattr(str(pair['key']))}/>"]
                lines += [f"                <{value} value={quoteattr(str(pair['value']))}/>", "            </pair>"]
            return (
                [f"        <dict name={name}>", *lines, "        </dict>"]
                if lines
                else [f"        <dict name={name}/>"]
            )
    return []


def _xml_list(name: str, inner: list[str]) -> list[str]:
    if not inner:
        return [f"        <list name={name}/>"]
    return [f"        <list name={name}>", *(f"            {one}" for one in inner), "        </list>"]
