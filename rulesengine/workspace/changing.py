"""Changing: where configurations change between targets and what they depend on, for `cquery --transitions`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rulesengine.analysis.label_settings import default_of
from rulesengine.analysis.platforms import follow
from rulesengine.model.label import Label
from rulesengine.model.platform import COMMAND_LINE, Configuration
from rulesengine.model.rule import Rule
from rulesengine.workspace.configured_targets import ConfiguredNode, ConfiguredTargets
from rulesengine.workspace.formatting import options_of

_SAME, _NONE, _TOOLS = "NoTransition", "NullTransition", "exec"


def transitions(graph: ConfiguredTargets, nodes: Sequence[ConfiguredNode], *, full: bool) -> Iterator[str]:
    """Lines, as Bazel's cquery has them: a target, then `ATTRIBUTE#LABEL#TRANSITION -> CONFIGURATIONS` for each edge.

    full: and below an edge the options that are others there: `NAME:VALUE -> [VALUE]`.
    """
    for node in sorted(nodes, key=str):
        rule = graph.target(node).rule
        own = f"{_starlark(graph, rule, '')} -> " if rule is not None and rule.cfg == "transition" else ""
        yield f"{own}{node}"
        edges: dict[tuple[str, str], list[ConfiguredNode]] = {}
        named = rule.schema if rule is not None else {}
        for attribute, below in graph.every_edge(node):
            if attribute not in named:  # a condition, a toolchain, a package group
                continue
            edges.setdefault((attribute, str(below.label)), []).append(below)
        for (attribute, label), some in edges.items():
            changed = [one for one in some if one.configuration != node.configuration]
            name = _SAME
            if changed:
                name = _name(graph, node, attribute, changed[0])
            shown = "$" + attribute[1:] if attribute.startswith("_") else attribute
            reached = [] if name in (_SAME, _NONE) else [one.mnemonic for one in some]
            yield f"  {shown}#{label}#{name} -> {', '.join(reached)}"
            if full and reached and node.configuration is not None:
                after = [one.configuration for one in some if one.configuration is not None]
                yield from _options(graph, node.configuration, after)


def _name(graph: ConfiguredTargets, node: ConfiguredNode, attribute: str, below: ConfiguredNode) -> str:
    """What leads from a target to one that it names in another configuration."""
    if below.configuration is None:
        return _NONE
    rule, named = graph.target(node).rule, graph.target(below).rule
    parts = []
    schema = rule.schema.get(attribute) if rule is not None else None
    if rule is not None and schema is not None and schema.cfg == "transition":
        parts.append(_starlark(graph, rule, attribute))
    elif below.configuration.tool and not (node.configuration is not None and node.configuration.tool):
        parts.append(_TOOLS)
    if named is not None and named.cfg == "transition":
        parts.append(_starlark(graph, named, ""))
    return f"({' + '.join(parts)})" if len(parts) > 1 else parts[0] if parts else _SAME


def _starlark(graph: ConfiguredTargets, rule: Rule, attribute: str) -> str:
    """A transition by the place where transition() was called, as Bazel has it, or by its file where none is known."""
    place = graph.analyzer.transitions.place(rule, attribute)
    if place is None:
        return f"Starlark transition:{rule.module}"
    path = place.path if place.path.startswith("@") else os.path.join(graph.analyzer.loader.root, place.path)
    return f"Starlark transition:{path}:{place.line}:{place.column}"


def _options(graph: ConfiguredTargets, before: Configuration, after: Sequence[Configuration]) -> Iterator[str]:
    old, new = options_of(before), [options_of(one) for one in after]
    for name in sorted({*old, *(name for one in new for name in one)}):
        was, *values = (_value(graph, name, one) for one in (old, *new))
        if any(value != was for value in values):
            yield f"    {name.removeprefix(COMMAND_LINE)}:{was} -> [{', '.join(values)}]"


def _value(graph: ConfiguredTargets, name: str, options: Mapping[str, Any]) -> str:
    """An option's value as Bazel writes it; what is not set has its default."""
    value = options.get(name)
    if value is None and not name.startswith(COMMAND_LINE):
        loader = graph.analyzer.loader
        value = default_of(loader, follow(loader, Label.parse(name)))
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return f"[{', '.join(map(str, value))}]" if isinstance(value, list) else str(value)
