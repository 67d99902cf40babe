"""The forms in which query prints targets."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from rulesengine.errors import UsageError, did_you_mean
from rulesengine.model.label import Label
from rulesengine.model.target import is_select
from rulesengine.query.graph import TargetGraph, kind_of

FORMS = ("label", "label_kind", "location", "build", "graph", "package", "minrank", "maxrank", "json")


def render(graph: TargetGraph, labels: Sequence[Label], form: str) -> str:
    """The whole text, lines ended.  Raises UsageError for an unknown form."""
    if form in ("minrank", "maxrank"):
        return _ranks(graph, labels, longest=form == "maxrank")
    ordered = sorted(labels, key=str)
    if form == "label":
        return "".join(f"{label}\n" for label in ordered)
    if form == "label_kind":
        return "".join(f"{kind_of(graph.target(label))} {label}\n" for label in ordered)
    if form == "location":
        return "".join(_location(graph, label) for label in ordered)
    if form == "package":
        packages = sorted({label.package_id.removeprefix("//") for label in labels})
        return "".join(f"{one}\n" for one in packages)
    if form == "build":
        return "\n".join(text for label in ordered if (text := _build(graph, label)))
    if form == "graph":
        return _graph(graph, ordered)
    if form == "json":
        return json.dumps([_json(graph, label) for label in ordered], indent=2) + "\n"
    raise UsageError(f"unknown output {form!r}", hint=did_you_mean(form, FORMS) or "one of " + " ".join(FORMS))


def _location(graph: TargetGraph, label: Label) -> str:
    target = graph.target(label)
    where = str(target.location) if target.location is not None else f"{label.path}:1:1"
    return f"{where}: {kind_of(target)} {label}\n"


def _literal(value: Any, indent: str = "    ") -> str:
    if isinstance(value, dict) and "select__" in value:
        inner = ", ".join(f"{json.dumps(condition)}: {_literal(one)}" for condition, one in value["select__"])
        return f"select({{{inner}}})"
    if isinstance(value, list):
        if any(is_select(one) for one in value):
            plain = [one for one in value if not is_select(one)]
            parts = ([_literal(plain)] if plain else []) + [_literal(one) for one in value if is_select(one)]
            return " + ".join(parts)
        if len(value) > 1:
            lines = "".join(f"{indent}    {_literal(one, indent + '    ')},\n" for one in value)
            return f"[\n{lines}{indent}]"
        return "[" + ", ".join(_literal(one) for one in value) + "]"
    if isinstance(value, dict):
        lines = "".join(f"{indent}    {json.dumps(key)}: {_literal(one)},\n" for key, one in value.items())
        return f"{{\n{lines}{indent}}}"
    if isinstance(value, bool) or value is None:
        return str(value)
    return json.dumps(value, ensure_ascii=False)


def _build(graph: TargetGraph, label: Label) -> str:
    """The target as a BUILD file would declare it after macros and globs; nothing for files."""
    target = graph.target(label)
    if target.rule is None:
        return ""
    lines = [f"# {target.location}" if target.location is not None else f"# {label}", f"{target.rule_name}("]
    lines.append(f"    name = {json.dumps(label.name)},")
    lines += [f"    {name} = {_literal(value)}," for name, value in target.attributes.items() if name != "name"]
    return "\n".join([*lines, ")", ""])


def _edges(graph: TargetGraph, labels: Sequence[Label]) -> dict[Label, list[Label]]:
    inside = set(labels)
    return {label: [one for one in graph.dependencies(label) if one in inside] for label in labels}


def _graph(graph: TargetGraph, labels: Sequence[Label]) -> str:
    lines = ["digraph mygraph {", "  node [shape=box];"]
    for label, below in _edges(graph, labels).items():
        lines.append(f'  "{label}"')
        lines += [f'  "{label}" -> "{one}"' for one in sorted(below, key=str)]
    return "\n".join([*lines, "}"]) + "\n"


def _ranks(graph: TargetGraph, labels: Sequence[Label], *, longest: bool) -> str:
    """`RANK LABEL`: the length of the shortest (longest) path from a root of the result."""
    edges = _edges(graph, labels)
    above: dict[Label, int] = dict.fromkeys(labels, 0)
    for below in edges.values():
        for one in below:
            above[one] += 1
    rank = {label: 0 for label, count in above.items() if not count}
    ready = list(rank)
    while ready:  # Kahn's order: every parent before its children
        label = ready.pop()
        for one in edges[label]:
            found = rank[label] + 1
            rank[one] = found if one not in rank else (max if longest else min)(rank[one], found)
            above[one] -= 1
            if not above[one]:
                ready.append(one)
    return "".join(f"{number} {label}\n" for number, label in sorted((rank.get(one, 0), str(one)) for one in labels))


def _json(graph: TargetGraph, label: Label) -> dict[str, Any]:
    target = graph.target(label)
    return {
        "label": str(label),
        "kind": kind_of(target),
        "location": None if target.location is None else str(target.location),
        "attributes": target.attributes,
        "visibility": list(target.visibility),
        "dependencies": [str(one) for one in graph.dependencies(label)],
    }
