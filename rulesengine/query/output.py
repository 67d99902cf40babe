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

FORMS = (
    "label", "label_kind", "location", "build", "graph", "package", "minrank", "maxrank", "json", "jsonproto",
    "streamed_jsonproto", "textproto", "xml",
)  # fmt: skip
_CONDITIONS = 4
"""Conditions that an edge of `graph` shows at most, as `--graph:conditional_edges_limit` has it."""
_SORTED = ("tags", "features")
_DEFAULT, _LABEL = "build_setting_default", "label"
_LABELS = ("toolchain", "default_constraint_value")
"""Labels that are no dependencies: kept as written."""
ORDERS = ("auto", "deps", "full", "no")
"""auto: by name (somepath: as found); deps, full: what depends before what it depends on; no: as found."""


def render(graph: TargetGraph[Node], nodes: Sequence[Node], form: str, order: str = "auto", look: Look = PLAIN) -> str:
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
        return "".join(f"{look.place(graph, node)}: {kind_of(graph.target(node))} {node}\n" for node in ordered)
    if form == "package":
        packages = sorted({graph.label(node).package_id.removeprefix("//") for node in nodes})
        return "".join(f"{one}\n" for one in packages)
    if form == "build":
        return "\n".join(text for node in ordered if (text := _build(graph, node, look)))
    if form == "graph":
        return _graph(graph, ordered, factored=look.factored)
    if form == "json":
        from rulesengine.query.described import described

        return json.dumps([described(graph, node).to_dict() for node in ordered], indent=2) + "\n"
    if form in ("jsonproto", "streamed_jsonproto", "textproto", "xml"):
        from rulesengine.query import messages

        return messages.render(graph, ordered, form, look)
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
    for name, value in target.attributes.items():
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


def _edges(graph: TargetGraph[Node], labels: Sequence[Node]) -> dict[Node, list[Node]]:
    inside = set(labels)
    return {label: [one for one in graph.dependencies(label) if one in inside] for label in labels}


def _graph(graph: TargetGraph[Node], labels: Sequence[Node], *, factored: bool) -> str:
    """Graphviz's language.  factored: labels with the same edges, in and out, are one node, a line for each."""
    edges = _edges(graph, labels)
    groups = _alike(edges) if factored else [[label] for label in edges]
    name = {label: "\\n".join(str(one) for one in group) for group in groups for label in group}
    lines = ["digraph mygraph {", "  node [shape=box];"]
    for group in groups:
        lines.append(f'  "{name[group[0]]}"')
        conditions: dict[str, dict[str, None]] = {}
        for label in group:
            chosen = graph.conditions(label)
            for one in sorted(edges[label], key=str):
                conditions.setdefault(name[one], {}).update(dict.fromkeys(chosen.get(one, ())))
        for below, why in conditions.items():
            lines.append(f'  "{name[group[0]]}" -> "{below}"')
            if why:
                lines.append(f'  [label="{_few(list(why))}"];')
    return "\n".join([*lines, "}"]) + "\n"


def _few(conditions: list[str]) -> str:
    """What stands at an edge: its conditions, at most four of them."""
    return "\\n".join(conditions[:_CONDITIONS]) + ("..." if len(conditions) > _CONDITIONS else "")


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
