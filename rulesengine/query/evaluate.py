"""Evaluation of a query over a TargetGraph.  Sets of labels keep the order in which they were found."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from attrs import frozen

from rulesengine.errors import UsageError
from rulesengine.model.label import Label
from rulesengine.model.target import Target, branches, is_select
from rulesengine.query.graph import TargetGraph, kind_of
from rulesengine.query.parser import Binary, Call, Expression, Let, SetOf, Word, parse

Labels = dict[Label, None]


@frozen
class QueryResult:
    """The labels that an expression stands for, and the graph they come from."""

    labels: tuple[Label, ...]
    graph: TargetGraph

    def render(self, form: str = "label") -> str:
        """The text of an output form (see output.FORMS).  Raises UsageError for an unknown one."""
        from rulesengine.query.output import render

        return render(self.graph, self.labels, form)


def evaluate(text: str, graph: TargetGraph) -> QueryResult:
    """Evaluate a query.  Raises UsageError for what does not parse, LoadingError for what does not load."""
    return QueryResult(tuple(_Evaluation(graph).value(parse(text), {})), graph)


class _Evaluation:
    def __init__(self, graph: TargetGraph) -> None:
        self._graph = graph
        self._functions: dict[str, Callable[..., Labels]] = {
            name: getattr(self, f"_{name}")
            for name in (
                "allpaths", "attr", "buildfiles", "deps", "filter", "kind", "labels", "loadfiles", "rdeps",
                "same_pkg_direct_rdeps", "siblings", "some", "somepath", "tests", "visible",
            )
        }  # fmt: skip

    def value(self, node: Expression, names: dict[str, Labels]) -> Labels:
        if isinstance(node, Word):
            if node.text.startswith("$"):
                found = names.get(node.text[1:])
                if found is None:
                    raise UsageError(f"query: {node.text} is not defined", hint=f"let {node.text[1:]} = … in …")
                return found
            return dict.fromkeys(self._graph.resolve(node.text))
        if isinstance(node, SetOf):
            return {label: None for word in node.words for label in self.value(Word(word), names)}
        if isinstance(node, Let):
            return self.value(node.body, {**names, node.name: self.value(node.value, names)})
        if isinstance(node, Binary):
            left, right = self.value(node.left, names), self.value(node.right, names)
            if node.operator == "union":
                return {**left, **right}
            keep = node.operator == "intersect"
            return {label: None for label in left if (label in right) is keep}
        assert isinstance(node, Call)
        arguments = [one if isinstance(one, str | int) else self.value(one, names) for one in node.arguments]
        return self._functions[node.name](*arguments)

    # ---- along dependencies -----------------------------------------------------

    def _next(self, label: Label) -> Iterable[Label]:
        self._graph.check()
        return self._graph.dependencies(label)

    def _deps(self, roots: Labels, depth: int | None = None) -> Labels:
        return _closure(roots, self._next, depth)

    def _reverse(self, universe: Labels) -> Callable[[Label], list[Label]]:
        above: dict[Label, list[Label]] = {}
        for label in self._deps(universe):
            for below in self._next(label):
                above.setdefault(below, []).append(label)
        return lambda label: above.get(label, [])

    def _rdeps(self, universe: Labels, roots: Labels, depth: int | None = None) -> Labels:
        within = self._deps(universe)
        return _closure({label: None for label in roots if label in within}, self._reverse(universe), depth)

    def _allpaths(self, start: Labels, end: Labels) -> Labels:
        down = self._deps(start)
        up = _closure({label: None for label in end if label in down}, self._reverse(start), None)
        return {label: None for label in down if label in up}

    def _somepath(self, start: Labels, end: Labels) -> Labels:
        came: dict[Label, Label | None] = dict.fromkeys(start)
        waiting = deque(start)
        while waiting:
            label = waiting.popleft()
            if label in end:
                path = [label]
                while (before := came[path[-1]]) is not None:
                    path.append(before)
                return dict.fromkeys(reversed(path))
            for below in self._next(label):
                if below not in came:
                    came[below] = label
                    waiting.append(below)
        return {}

    def _same_pkg_direct_rdeps(self, roots: Labels) -> Labels:
        out: Labels = {}
        for root in roots:
            for label in self._graph.siblings(root):
                if root in self._next(label):
                    out[label] = None
        return out

    # ---- by what targets are -------------------------------------------------------

    def _where(self, labels: Labels, test: Callable[[Target], bool]) -> Labels:
        return {label: None for label in labels if test(self._graph.target(label))}

    def _kind(self, pattern: str, labels: Labels) -> Labels:
        wanted = _pattern(pattern)
        return self._where(labels, lambda target: wanted.search(kind_of(target)) is not None)

    def _filter(self, pattern: str, labels: Labels) -> Labels:
        wanted = _pattern(pattern)
        return {label: None for label in labels if wanted.search(str(label))}

    def _attr(self, name: str, pattern: str, labels: Labels) -> Labels:
        wanted = _pattern(pattern)
        return self._where(
            labels, lambda target: any(wanted.search(text) is not None for text in attribute_texts(target, name))
        )

    def _labels(self, name: str, labels: Labels) -> Labels:
        out: Labels = {}
        for label in labels:
            for _, found in self._graph.target(label).labels(name):
                out[found] = None
        return out

    def _tests(self, labels: Labels) -> Labels:
        out: Labels = {}
        seen: set[Label] = set()

        def add(label: Label) -> None:
            if label in seen:
                return
            seen.add(label)
            target = self._graph.target(label)
            if target.rule is not None and target.rule.test:
                out[label] = None
            elif target.rule_name == "test_suite":
                named = [found for _, found in target.labels("tests")]
                wanted = set(target.tags) - {"manual"}
                for one in named or self._graph.siblings(label):
                    member = self._graph.target(one)
                    if not named and not (member.rule is not None and member.rule.test and "manual" not in member.tags):
                        continue
                    if _has_tags(member, wanted):
                        add(one)

        for label in labels:
            add(label)
        return out

    def _visible(self, sources: Labels, labels: Labels) -> Labels:
        return {label: None for label in labels if all(self._graph.visible(source, label) for source in sources)}

    def _some(self, labels: Labels, count: int = 1) -> Labels:
        if not labels:
            raise UsageError("query: some() of nothing", hint="its argument stands for no target")
        return dict.fromkeys(list(labels)[:count])

    # ---- by package --------------------------------------------------------------

    def _siblings(self, labels: Labels) -> Labels:
        return {sibling: None for label in labels for sibling in self._graph.siblings(label)}

    def _buildfiles(self, labels: Labels) -> Labels:
        out: Labels = {}
        for label in labels:
            out[self._graph.build_file(label)] = None
        return {**out, **self._loadfiles(labels)}

    def _loadfiles(self, labels: Labels) -> Labels:
        return {file: None for label in labels for file in self._graph.load_files(label)}


def _closure(roots: Labels, following: Callable[[Label], Iterable[Label]], depth: int | None) -> Labels:
    """What is reachable, breadth first, in at most `depth` steps."""
    out = dict(roots)
    level = list(roots)
    while level and (depth is None or depth > 0):
        below: list[Label] = []
        for label in level:
            for one in following(label):
                if one not in out:
                    out[one] = None
                    below.append(one)
        level = below
        depth = None if depth is None else depth - 1
    return out


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as fault:
        raise UsageError(f"query: {text!r} is not a regular expression: {fault}") from None


def _has_tags(target: Target, wanted: set[str]) -> bool:
    """The rule of test_suite(tags): all plain (or +) tags, and none of the - ones; a test's size is a tag."""
    tags = {*target.tags, str(target.attributes.get("size", "medium"))}
    return all((tag[1:] not in tags) if tag.startswith("-") else (tag.lstrip("+") in tags) for tag in wanted)


def attribute_texts(target: Target, name: str) -> list[str]:
    """An attribute's values as `attr()` matches them, one for each select() branch; none where it is unknown."""
    if target.rule is None:
        return []
    schema = target.rule.schema.get(name)
    if name == "name":
        return [target.label.name]
    value = target.attributes.get(name, schema.default if schema is not None else None)
    if schema is None and name not in target.attributes:
        return []
    return [text_of(inner) for _, inner in branches(value)]


def text_of(value: Any) -> str:
    """A value as Bazel's attr() sees it: `[a, b]` for lists, 1 and 0 for booleans, empty for none."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, list):
        return "[" + ", ".join(text_of(one) for one in value if not is_select(one)) + "]"
    if isinstance(value, dict):
        return json.dumps(value, sort_keys=True)
    return str(value)
