"""Picturing: graphs of targets as declared, and of actions as analysed."""

from __future__ import annotations

from collections.abc import Sequence

from rulesengine.errors import LoadingError
from rulesengine.model.action import Action
from rulesengine.model.label import Label
from rulesengine.query.graph import kind_of
from rulesengine.workspace.configured_targets import ConfiguredTargets
from rulesengine.workspace.groups import Groups
from rulesengine.workspace.picture import Node, Picture
from rulesengine.workspace.targets import LoadedTargets

_CONDITIONS = frozenset({"config_setting", "constraint_setting", "constraint_value", "platform", "toolchain_type"})


def picture_of_targets(graph: LoadedTargets, patterns: Sequence[str], *, conditions: bool = False) -> Picture:
    """Targets and what they depend on.  conditions: those of select(), platforms and constraints too.

    Raises UsageError, LoadingError.
    """
    top = [label for pattern in patterns for label in graph.resolve(pattern)]
    nodes: dict[Label, Node] = {}
    edges: list[tuple[str, str]] = []
    stack = list(reversed(top))
    while stack:
        graph.check()
        label = stack.pop()
        if label in nodes:
            continue
        try:
            target = graph.target(label)
        except LoadingError as fault:
            nodes[label] = Node(str(label), str(label), "missing", fault.message)
            continue
        where = str(target.location) if target.location is not None else ""
        nodes[label] = Node(str(label), str(label), kind_of(target), where)
        below = [one for one in graph.dependencies(label) if conditions or not _is_condition(graph, one)]
        edges += [(str(label), str(one)) for one in below]
        stack += reversed(below)
    return Picture(" ".join(patterns), tuple(nodes.values()), tuple(dict.fromkeys(edges)))


def _is_condition(graph: LoadedTargets, label: Label) -> bool:
    try:
        return graph.target(label).rule_name in _CONDITIONS
    except LoadingError:
        return False


def picture_of_actions(graph: ConfiguredTargets, title: str) -> Picture:
    """The actions that make the default outputs of what was asked for."""
    makers = graph.analysis.graph.makers
    nodes: dict[int, Node] = {}
    edges: dict[tuple[str, str], None] = {}
    names: dict[int, str] = {}
    wanted = [file for one in graph.analysis.targets for file in Groups().made(one)]
    stack = [makers[file] for file in dict.fromkeys(wanted) if file in makers]
    while stack:
        action = stack.pop()
        if id(action) in nodes:
            continue
        below: dict[int, Action] = {}
        sources = 0
        for file in action.inputs:
            maker = makers.get(file)
            if maker is None:
                sources += 1
            else:
                below[id(maker)] = maker
        name = names[id(action)] = action.outputs[0].path
        detail = f"{action.owner} ({action.configuration}), {sources} source files"
        nodes[id(action)] = Node(name, action.outputs[0].root_relative_path, action.mnemonic, detail)
        edges.update({(name, one.outputs[0].path): None for one in below.values()})
        stack += reversed(below.values())
    return Picture(title, tuple(nodes.values()), tuple(edges))


__all__ = ["picture_of_actions", "picture_of_targets"]
