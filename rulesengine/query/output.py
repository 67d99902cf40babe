"""The forms in which query prints targets."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from rulesengine.errors import UsageError, did_you_mean
from rulesengine.model.label import Label
from rulesengine.model.rule import EMPTY_VALUES, OUTPUT_KINDS
from rulesengine.model.target import SELECT, is_select
from rulesengine.query.graph import Node, TargetGraph, kind_of
from rulesengine.query.look import PLAIN, Look
from rulesengine.query.visited import Visited

FORMS = (
    "label", "label_kind", "location", "build", "graph", "package", "minrank", "maxrank", "json", "jsonproto",
    "streamed_jsonproto", "textproto", "xml",
)  # fmt: skip
_MORE = len("\\n...and 9999999 more items")
"""Room that `graph` leaves in a name for saying what it leaves out."""
_SORTED = ("tags", "features")
_DEFAULT, _LABEL = "build_setting_default", "label"
_LABELS = ("toolchain", "default_constraint_value")
"""Labels that are no dependencies: kept as written."""
ORDERS = ("auto", "deps", "full", "no")
"""auto: by name (somepath: as found); deps, full: what depends before what it depends on; no: as found."""


def render(
    graph: TargetGraph[Node],
    nodes: Sequence[Node],
    form: str,
    order: str = "auto",
    look: Look = PLAIN,
    visited: Visited[Node] | None = None,
) -> str:
    """The whole text, lines ended.  visited: where edges come from; None: from the graph itself.

    Raises UsageError for an unknown form or order.
    """
    if order not in ORDERS:
        raise UsageError(f"unknown order {order!r}", hint="one of " + " ".join(ORDERS))
    if form in ("minrank", "maxrank"):
        return _ranks(_edges(graph, nodes, visited), nodes, look, longest=form == "maxrank")
    if order == "auto":
        ordered = sorted(nodes, key=str)
    else:
        edges = {} if order == "no" else _edges(graph, nodes, visited)
        ordered = list(nodes) if order == "no" else topological(edges, full=order == "full")
    if form == "label":
        return "".join(f"{node}{look.end}" for node in ordered)
    if form == "label_kind":
        return "".join(f"{kind_of(graph.target(node))} {node}{look.end}" for node in ordered)
    if form == "location":
        places = ((look.place(graph, node), kind_of(graph.target(node)), node) for node in ordered)
        return "".join(f"{place}: {kind} {node}{look.end}" for place, kind, node in places)
    if form == "package":
        packages = sorted({graph.label(node).package_id.removeprefix("//") for node in nodes})
        return "".join(f"{one}{look.end}" for one in packages)
    if form == "build":
        return "\n".join(text for node in ordered if (text := _build(graph, node, look)))
    if form == "graph":
        return _graph(graph, _edges(graph, ordered, visited), look)
    if form == "json":
        from rulesengine.query.described import described

        return json.dumps([described(graph, node).to_dict() for node in ordered], indent=2) + "\n"
    if form in ("jsonproto", "streamed_jsonproto", "textproto", "xml"):
        from rulesengine.query import messages

        return messages.render(graph, ordered, form, look)
    raise UsageError(f"unknown output {form!r}", hint=did_you_mean(form, FORMS) or "one of " + " ".join(FORMS))


def topological(edges: Mapping[Node, Sequence[Node]], *, full: bool = False) -> list[Node]:
    """Dependents before what they depend on, ties by name; full: those from the end of the alphabet first, as Bazel."""
    out: list[Node] = []
    seen: set[Node] = set()
    for root in sorted(edges, key=str, reverse=not full):
        stack: list[tuple[Node, bool]] = [(root, False)]
        while stack:
            node, done = stack.pop()
            if done:
                out.append(node)
            elif node not in seen:
                seen.add(node)
                stack.append((node, True))
                below = sorted(edges[node], key=str, reverse=full)
                stack += [(one, False) for one in below if one not in seen]
    return out[::-1]


class _Sum(list[Any]):
    """A sum: values and select()s."""


def _literal(value: Any) -> str:
    """A value as Starlark has it, on one line."""
    if isinstance(value, dict) and SELECT in value:
        inner = ", ".join(f"{json.dumps(condition)}: {_literal(one)}" for condition, one in value[SELECT])
        return f"select({{{inner}}})"
    if isinstance(value, _Sum):
        return " + ".join(_literal(one) for one in value)
    if isinstance(value, list):
        return "[" + ", ".join(_literal(one) for one in value) + "]"
    if isinstance(value, dict):
        return (
            "{"
            + ", ".join(f"{json.dumps(key, ensure_ascii=False)}: {_literal(one)}" for key, one in value.items())
            + "}"
        )
    if isinstance(value, bool) or value is None:
        return str(value)
    return json.dumps(value, ensure_ascii=False)


def _build(graph: TargetGraph[Node], node: Node, look: Look) -> str:
    """The target as a BUILD file would declare it after macros and globs; nothing for files."""
    target, label = graph.target(node), graph.label(node)
    if target.rule is None:
        return ""
    place = look.place(graph, node)
    given: dict[str, Any] = {"name": label.name}
    for name, value in graph.values(node).items():
        schema = target.rule.schema.get(name)
        kind = schema.kind if schema is not None else ""
        if name[0] != "_":
            given[name] = _settled(value, kind)
        if kind in OUTPUT_KINDS:
            given[name] = _outputs(label, value)
        elif name == "visibility":
            given[name] = list(target.visibility)
        elif name in _SORTED and isinstance(given[name], list) and not any(is_select(one) for one in value):
            given[name] = sorted(set(given[name]))
        elif isinstance(value, str) and (name in _LABELS or (name == _DEFAULT and target.rule.build_setting == _LABEL)):
            given[name] = str(label.parse(value, repo=label.repo, package=label.package))
    if target.made_by[0]:
        given |= target.generated_by()
        given["generator_location"] = str(graph.place(node))
    if target.rule_name == "test_suite" and not target.attributes.get("tests"):
        given["_implicit_tests"] = sorted(str(graph.label(one)) for one in graph.named(node, "_implicit_tests"))
    return "\n".join(
        [
            f"# {place}",
            f"{target.rule_name}(",
            *(f"  {name} = {_literal(value)}," for name, value in given.items()),
            ")",
            "",
        ]
    )


def _settled(value: Any, kind: str) -> Any:
    """A value without select()s that choose nothing; None in a branch is the kind's empty value."""
    if isinstance(value, list):
        if not any(is_select(one) for one in value):
            return [_settled(one, kind) for one in value]
        parts: list[Any] = []
        alone = kind != "" and not kind.endswith("_list")
        for chosen, group in groupby(value, is_select):
            some = list(group)
            parts += [_settled(one, kind) for one in some] if chosen or alone else [some]
        return parts[0] if len(parts) == 1 else _Sum(parts)
    if not is_select(value):
        return value
    branches = [(condition, EMPTY_VALUES.get(kind) if one is None else one) for condition, one in value[SELECT]]
    if len(branches) == 1 and branches[0][0] == "//conditions:default":
        return branches[0][1]
    return {SELECT: branches}


def _outputs(label: Label, value: Any) -> Any:
    """The labels of an attribute that names outputs."""
    if isinstance(value, list):
        return [_outputs(label, one) for one in value]
    return str(label.sibling(value.rpartition(":")[2])) if isinstance(value, str) else value


def _edges(
    graph: TargetGraph[Node], labels: Sequence[Node], visited: Visited[Node] | None = None
) -> dict[Node, list[Node]]:
    if visited is not None:
        return visited.between(labels)
    inside = set(labels)
    return {label: [one for one in graph.dependencies(label) if one in inside] for label in labels}


def _graph(graph: TargetGraph[Node], edges: Mapping[Node, Sequence[Node]], look: Look) -> str:
    """Graphviz's language.  Factored: labels with the same edges, in and out, are one node, a line for each."""
    groups = _alike(edges) if look.factored else [[label] for label in edges]
    names = [_name(sorted(str(one) for one in group), look.node_limit) for group in groups]
    name = {label: text for group, text in zip(groups, names, strict=True) for label in group}
    lines = ["digraph mygraph {", "  node [shape=box];"]
    for group in groups:
        lines.append(f'  "{name[group[0]]}"')
        conditions: dict[str, list[Sequence[str]]] = {}
        for label in group:
            chosen = graph.conditions(label)
            for one in sorted(edges[label], key=str):
                conditions.setdefault(name[one], []).append(chosen.get(one, ()))
        for below, why in conditions.items():
            lines.append(f'  "{name[group[0]]}" -> "{below}"')
            if said := _conditions(why, look.edge_limit):
                lines.append(f'  [label="{said}"];')
    return "\n".join([*lines, "}"]) + "\n"


def _name(labels: list[str], limit: int) -> str:
    """The name of a node that stands for several labels."""
    text = labels[0]
    for number, one in enumerate(labels[1:], 1):
        text += "\\n"
        if limit != -1 and len(text) + len(one) > limit - _MORE:
            return f"{text}...and {len(labels) - number} more items"
        text += one
    return text


def _conditions(edges: list[Sequence[str]], limit: int) -> str:
    """What stands at an edge for several: the conditions of each, none twice, as Bazel writes them."""
    if not limit:
        return ""
    seen: set[str] = set()
    text = ""
    for conditions in edges:
        shown = conditions if limit == -1 else conditions[: limit - 1]
        new = [one for one in shown if one not in seen]
        seen.update(new)
        text += "\\n".join(new) + ("..." if len(conditions) > len(shown) else "")
    return text


def _alike(edges: Mapping[Node, Sequence[Node]]) -> list[list[Node]]:
    """Nodes in groups of the same edges, in and out."""
    above: dict[Node, set[Node]] = {label: set() for label in edges}
    for label, below in edges.items():
        for one in below:
            above[one].add(label)
    groups: dict[tuple[frozenset[Node], frozenset[Node]], list[Node]] = {}
    for label, below in edges.items():
        groups.setdefault((frozenset(below), frozenset(above[label])), []).append(label)
    return list(groups.values())


def _ranks(edges: Mapping[Node, Sequence[Node]], labels: Sequence[Node], look: Look, *, longest: bool) -> str:
    """`RANK LABEL`: the length of the shortest (longest) path from a root of the result."""
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
    ranked = sorted((rank.get(one, 0), str(one)) for one in labels)
    return "".join(f"{number} {name}{look.end}" for number, name in ranked)
