"""Changing: where configurations change between targets and what they depend on, for `cquery --transitions`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rulesengine.model.platform import COMMAND_LINE, Configuration
from rulesengine.workspace.configured_targets import ConfiguredNode, ConfiguredTargets
from rulesengine.workspace.formatting import options_of

_SAME, _NONE, _TOOLS = "NoTransition", "NullTransition", "exec"


def transitions(graph: ConfiguredTargets, nodes: Sequence[ConfiguredNode], *, full: bool) -> Iterator[str]:
    """Lines, as Bazel's cquery has them: a target, then `ATTRIBUTE#LABEL#TRANSITION -> CONFIGURATIONS` for each edge.

    full: and below an edge the options that are others there: `NAME:VALUE -> [VALUE]`.
    """
    for node in sorted(nodes, key=str):
        rule = graph.target(node).rule
        own = f"{_starlark(rule.module)} -> " if rule is not None and rule.cfg == "transition" else ""
        yield f"{own}{node}"
        edges: dict[tuple[str, str], list[ConfiguredNode]] = {}
        named = rule.schema if rule is not None else {}
        for attribute, below in graph.edges(node):
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
                yield from _options(node.configuration, after)


def _name(graph: ConfiguredTargets, node: ConfiguredNode, attribute: str, below: ConfiguredNode) -> str:
    """What leads from a target to one that it names in another configuration."""
    if below.configuration is None:
        return _NONE
    rule, named = graph.target(node).rule, graph.target(below).rule
    parts = []
    schema = rule.schema.get(attribute) if rule is not None else None
    if rule is not None and schema is not None and schema.cfg == "transition":
        parts.append(_starlark(rule.module))
    elif below.configuration.tool and not (node.configuration is not None and node.configuration.tool):
        parts.append(_TOOLS)
    if named is not None and named.cfg == "transition":
        parts.append(_starlark(named.module))
    return f"({' + '.join(parts)})" if len(parts) > 1 else parts[0] if parts else _SAME


def _starlark(module: str) -> str:
    return f"Starlark transition:{module}"


def _options(before: Configuration, after: Sequence[Configuration]) -> Iterator[str]:
    old, new = options_of(before), [options_of(one) for one in after]
    for name in sorted({*old, *(name for one in new for name in one)}):
        values = [one.get(name) for one in new]
        if any(value != old.get(name) for value in values):
            shown = ", ".join(map(str, values))
            yield f"    {name.removeprefix(COMMAND_LINE)}:{old.get(name)} -> [{shown}]"
