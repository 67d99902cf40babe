"""The forms in which query prints targets."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from rulesengine.errors import UsageError, did_you_mean
from rulesengine.model.target import is_select
from rulesengine.query.graph import Node, TargetGraph, kind_of

FORMS = (
    "label", "label_kind", "location", "build", "graph", "package", "minrank", "maxrank", "json", "jsonproto",
    "streamed_jsonproto", "xml",
)  # fmt: skip
ORDERS = ("auto", "deps", "full", "no")
"""auto: by name (somepath: as found); deps, full: what depends before what it depends on; no: as found."""


def render(graph: TargetGraph[Node], nodes: Sequence[Node], form: str, order: str = "auto") -> str:
    """The whole text, lines ended.  Raises UsageError for an unknown form or order."""
    if order not in ORDERS:
        raise UsageError(f"unknown order {order!r}", hint="one of " + " ".join(ORDERS))
    if form in ("minrank", "maxrank"):
        return _ranks(graph, nodes, longest=form == "maxrank")
    if order == "auto":
        ordered = sorted(nodes, key=str)
    else:
        ordered = list(nodes) if order == "no" else topological(graph, nodes)
    if form == "label":
        return "".join(f"{node}\n" for node in ordered)
    if form == "label_kind":
        return "".join(f"{kind_of(graph.target(node))} {node}\n" for node in ordered)
    if form == "location":
        return "".join(_location(graph, node) for node in ordered)
    if form == "package":
        packages = sorted({graph.label(node).package_id.removeprefix("//") for node in nodes})
        return "".join(f"{one}\n" for one in packages)
    if form == "build":
        return "\n".join(text for node in ordered if (text := _build(graph, node)))
    if form == "graph":
        return _graph(graph, ordered)
    if form == "json":
        from rulesengine.query.described import described

        return json.dumps([described(graph, node).to_dict() for node in ordered], indent=2) + "\n"
    if form in ("jsonproto", "streamed_jsonproto", "xml"):
        from rulesengine.query import messages

        return messages.render(graph, ordered, form)
    raise UsageError(f"unknown output {form!r}", hint=did_you_mean(form, FORMS) or "one of " + " ".join(FORMS))


def topological(graph: TargetGraph[Node], nodes: Sequence[Node]) -> list[Node]:
    """Dependents before what they depend on, ties by name."""
    edges = _edges(graph, nodes)
    out: list[Node] = []
    seen: set[Node] = set()
    for root in sorted(nodes, key=str, reverse=True):
        stack: list[tuple[Node, bool]] = [(root, False)]
        while stack:
            node, done = stack.pop()
            if done:
                out.append(node)
            elif node not in seen:
                seen.add(node)
                stack.append((node, True))
                stack += [(one, False) for one in sorted(edges[node], key=str) if one not in seen]
    return out[::-1]


def _location(graph: TargetGraph[Node], label: Node) -> str:
    target = graph.target(label)
    where = str(target.location) if target.location is not None else f"{graph.label(label).path}:1:1"
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


def _build(graph: TargetGraph[Node], label: Node) -> str:
    """The target as a BUILD file would declare it after macros and globs; nothing for files."""
    target = graph.target(label)
    if target.rule is None:
        return ""
    lines = [f"# {target.location}" if target.location is not None else f"# {label}", f"{target.rule_name}("]
    lines.append(f"    name = {json.dumps(graph.label(label).name)},")
    lines += [f"    {name} = {_literal(value)}," for name, value in target.attributes.items() if name[0] != "_"]
    return "\n".join([*lines, ")", ""])


def _edges(graph: TargetGraph[Node], labels: Sequence[Node]) -> dict[Node, list[Node]]:
    inside = set(labels)
    return {label: [one for one in graph.dependencies(label) if one in inside] for label in labels}


def _graph(graph: TargetGraph[Node], labels: Sequence[Node]) -> str:
    lines = ["digraph mygraph {", "  node [shape=box];"]
    for label, below in _edges(graph, labels).items():
        lines.append(f'  "{label}"')
        lines += [f'  "{label}" -> "{one}"' for one in sorted(below, key=str)]
    return "\n".join([*lines, "}"]) + "\n"


def _ranks(graph: TargetGraph[Node], labels: Sequence[Node], *, longest: bool) -> str:
    """`RANK LABEL`: the length of the shortest (longest) path from a root of the result."""
    edges = _edges(graph, labels)
    above: dict[Node, int] = dict.fromkeys(labels, 0)
    for below in edges.values():
        for one in below:
            above[one] += 1
    rank: dict[Node, int] = {label: 0 for label, count in above.items() if not count}
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
