"""Evaluation of a query over a TargetGraph.  Sets of nodes keep the order in which they were found."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Generic

from rulesengine.errors import AnalysisError, QueryError, RulesEngineError, UsageError
from rulesengine.model.label import Label
from rulesengine.model.rule import EMPTY_VALUES
from rulesengine.model.target import PUBLIC, Target, branches, is_select
from rulesengine.query.graph import Node, TargetGraph, kind_of
from rulesengine.query.parser import Binary, Call, Expression, Let, SetOf, Word, parse
from rulesengine.query.visited import Visited
from rulesengine.values import frozen

if TYPE_CHECKING:
    from rulesengine.query.described import QueriedTarget
    from rulesengine.query.look import Look

_IN_ORDER = "somepath"
"""The function whose answer, when it stands outermost, is shown as it was found."""


@frozen
class QueryResult(Generic[Node]):
    """What an expression stands for, and the graph it comes from.

    nodes: labels (of `query`) or configured targets (of `cquery`).  in_order: whether their order means something.
    faults: what was left out, since it does not load.  visited: what evaluation has looked at; None: edges are those
    of the graph.
    """

    nodes: tuple[Node, ...]
    graph: TargetGraph[Node]
    in_order: bool = False
    faults: tuple[RulesEngineError, ...] = ()
    visited: Visited[Node] | None = None

    @property
    def labels(self) -> tuple[Label, ...]:
        """The labels of the nodes, each once."""
        return tuple(dict.fromkeys(self.graph.label(node) for node in self.nodes))

    @property
    def targets(self) -> tuple[QueriedTarget, ...]:
        """The nodes as plain data, in their order.  Raises LoadingError for a target that does not load."""
        from rulesengine.query.described import described

        return tuple(described(self.graph, node) for node in self.nodes)

    def render(
        self,
        form: str = "label",
        order: str = "auto",
        *,
        root: str = "",
        factored: bool = False,
        look: Look | None = None,
    ) -> str:
        """The text of an output form (see output.FORMS) in an order (output.ORDERS).

        root: directory that stands before paths of files.  factored: whether the form `graph` joins nodes with equal
        edges.  look: these and further choices of the forms.  Raises UsageError.
        """
        from rulesengine.query.look import Look
        from rulesengine.query.output import render

        look = look or Look(root, factored=factored)
        order = "no" if order == "auto" and self.in_order else order
        return render(self.graph, self.nodes, form, order, look, self.visited)


def evaluate(
    text: str, graph: TargetGraph[Node], *, universe: str = "", strict_tests: bool = False
) -> QueryResult[Node]:
    """Evaluate a query.

    universe: patterns (separated by commas) among which `allrdeps` and `rbuildfiles` look.
    strict_tests: whether a test_suite that names something that is no test is an error.
    Raises UsageError for what does not parse, LoadingError for what does not load.
    """
    tree = parse(text)
    evaluation = Evaluation(graph, universe, strict_tests)
    found = evaluation.value(tree, {})
    in_order = isinstance(tree, Call) and tree.name == _IN_ORDER
    return QueryResult(tuple(found), graph, in_order, visited=evaluation.visited)


def words_of(node: Expression) -> list[str]:
    """The target patterns that an expression names, in its order."""
    if isinstance(node, Word):
        return [] if node.text.startswith("$") else [node.text]
    if isinstance(node, SetOf):
        return [word for word in node.words if not word.startswith("$")]
    if isinstance(node, Let):
        return [*words_of(node.value), *words_of(node.body)]
    if isinstance(node, Binary):
        return [*words_of(node.left), *words_of(node.right)]
    return [word for one in node.arguments if not isinstance(one, str | int) for word in words_of(one)]


def functions_of(node: Expression) -> set[str]:
    """The functions that an expression calls."""
    if isinstance(node, Let):
        return functions_of(node.value) | functions_of(node.body)
    if isinstance(node, Binary):
        return functions_of(node.left) | functions_of(node.right)
    if not isinstance(node, Call):
        return set()
    return {node.name}.union(*(functions_of(one) for one in node.arguments if not isinstance(one, str | int)))


class Evaluation(Generic[Node]):
    """One evaluation; `aquery` adds functions of its own to it."""

    def __init__(self, graph: TargetGraph[Node], universe: str = "", strict_tests: bool = False) -> None:
        self._graph = graph
        self._universe = universe
        self._strict_tests = strict_tests
        self.visited: Visited[Node] = Visited(graph)
        self._functions: dict[str, Callable[..., dict[Node, None]]] = {
            name: getattr(self, f"_{name}")
            for name in (
                "allpaths", "allrdeps", "attr", "buildfiles", "config", "deps", "executables", "filter", "kind",
                "labels", "loadfiles", "rbuildfiles", "rdeps", "same_pkg_direct_rdeps", "siblings", "some", "somepath",
                "tests", "visible",
            )
        }  # fmt: skip

    def value(self, node: Expression, names: dict[str, dict[Node, None]]) -> dict[Node, None]:
        """What an expression stands for, `names` being what let has bound."""
        if isinstance(node, Word):
            if node.text.startswith("$"):
                found = names.get(node.text[1:])
                if found is None:
                    raise QueryError(f"query: {node.text} is not defined", hint=f"let {node.text[1:]} = … in …")
                return found
            found = dict.fromkeys(self._graph.resolve(node.text))
            self.visited.patterns.append(tuple(found))
            return found
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
        function = self._functions.get(node.name)
        if function is None:
            raise UsageError(f"query: {node.name}() is a function of aquery", hint="write pybuild aquery")
        return function(*arguments)

    # ---- along dependencies -----------------------------------------------------

    def _next(self, label: Node) -> Iterable[Node]:
        self._graph.check()
        return self._graph.dependencies(label)

    def _deps(self, roots: dict[Node, None], depth: int | None = None) -> dict[Node, None]:
        self.visited.walks.append((tuple(roots), depth))
        return _closure(roots, self._next, depth)

    def _reverse(self, universe: dict[Node, None]) -> Callable[[Node], list[Node]]:
        above: dict[Node, list[Node]] = {}
        for label in self._deps(universe):
            for below in self._next(label):
                above.setdefault(below, []).append(label)
        return lambda label: above.get(label, [])

    def _rdeps(self, universe: dict[Node, None], roots: dict[Node, None], depth: int | None = None) -> dict[Node, None]:
        within = self._deps(universe)
        return _closure({label: None for label in roots if label in within}, self._reverse(universe), depth)

    def _allpaths(self, start: dict[Node, None], end: dict[Node, None]) -> dict[Node, None]:
        down = self._deps(start)
        up = _closure({label: None for label in end if label in down}, self._reverse(start), None)
        return {label: None for label in down if label in up}

    def _somepath(self, start: dict[Node, None], end: dict[Node, None]) -> dict[Node, None]:
        self.visited.walks.append((tuple(start), None))
        came: dict[Node, Node | None] = dict.fromkeys(start)
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

    def _allrdeps(self, roots: dict[Node, None], depth: int | None = None) -> dict[Node, None]:
        return self._rdeps(self._scope("allrdeps"), roots, depth)

    def _scope(self, function: str) -> dict[Node, None]:
        if not self._universe:
            raise UsageError(f"query: {function}() needs --universe_scope", hint="for instance --universe_scope=//...")
        out: dict[Node, None] = {}
        for pattern in self._universe.split(","):
            if pattern.startswith("-"):
                for node in self._graph.resolve(pattern[1:]):
                    out.pop(node, None)
            else:
                out.update(dict.fromkeys(self._graph.resolve(pattern)))
        return out

    def _same_pkg_direct_rdeps(self, roots: dict[Node, None]) -> dict[Node, None]:
        out: dict[Node, None] = {}
        for root in roots:
            for label in self._graph.siblings(root):
                if root in self._next(label):
                    out[label] = None
        return out

    # ---- by what targets are -------------------------------------------------------

    def _where(self, labels: dict[Node, None], test: Callable[[Target], bool]) -> dict[Node, None]:
        return {label: None for label in labels if test(self._graph.target(label))}

    def _kind(self, pattern: str, labels: dict[Node, None]) -> dict[Node, None]:
        wanted = _pattern(pattern)
        return self._where(labels, lambda target: wanted.search(kind_of(target)) is not None)

    def _filter(self, pattern: str, labels: dict[Node, None]) -> dict[Node, None]:
        wanted = _pattern(pattern)
        return {label: None for label in labels if wanted.search(str(self._graph.label(label)))}

    def _attr(self, name: str, pattern: str, labels: dict[Node, None]) -> dict[Node, None]:
        wanted = _pattern(pattern)
        return self._where(
            labels, lambda target: any(wanted.search(text) is not None for text in attribute_texts(target, name))
        )

    def _labels(self, name: str, labels: dict[Node, None]) -> dict[Node, None]:
        # As Bazel: a private attribute is called `$name` here.
        attribute = "_" + name[1:] if name.startswith("$") else "" if name.startswith("_") else name
        out: dict[Node, None] = {}
        for label in labels if attribute else ():
            out.update(dict.fromkeys(self._graph.named(label, attribute)))
        return out

    def _tests(self, labels: dict[Node, None]) -> dict[Node, None]:
        out: dict[Node, None] = {}
        seen: set[Node] = set()

        def add(label: Node) -> None:
            if label in seen:
                return
            seen.add(label)
            target = self._graph.target(label)
            if _is_test(target):
                out[label] = None
            elif target.rule_name == "test_suite":
                named = target.attributes.get("tests")
                wanted = set(target.tags) - {"manual"}
                for one in self._graph.named(label, "tests" if named else "_implicit_tests"):
                    member = self._graph.target(one)
                    if named and self._strict_tests and not (_is_test(member) or member.rule_name == "test_suite"):
                        suite, other = self._graph.label(label), self._graph.label(one)
                        raise UsageError(
                            f"query: the test_suite {suite} names {other}, which is no test",
                            hint="leave --strict_test_suite out",
                        )
                    if has_tags(member, wanted):
                        add(one)

        for label in labels:
            add(label)
        return out

    def _visible(self, sources: dict[Node, None], labels: dict[Node, None]) -> dict[Node, None]:
        return {label: None for label in labels if all(self._graph.visible(source, label) for source in sources)}

    def _some(self, labels: dict[Node, None], count: int = 1) -> dict[Node, None]:
        if not labels:
            raise QueryError("query: some() of nothing", hint="its argument stands for no target")
        return dict.fromkeys(list(labels)[:count])

    # ---- by package --------------------------------------------------------------

    def _siblings(self, labels: dict[Node, None]) -> dict[Node, None]:
        return {sibling: None for label in labels for sibling in self._graph.siblings(label)}

    def _buildfiles(self, labels: dict[Node, None]) -> dict[Node, None]:
        out: dict[Node, None] = {}
        for label in labels:
            out.update(dict.fromkeys(self._graph.build_files(label)))
        return {**out, **self._loadfiles(labels)}

    def _rbuildfiles(self, *fragments: str) -> dict[Node, None]:
        return dict.fromkeys(self._graph.build_files_of(fragments, list(self._deps(self._scope("rbuildfiles")))))

    def _executables(self, labels: dict[Node, None]) -> dict[Node, None]:
        return self._where(labels, lambda target: target.rule is not None and target.rule.executable)

    def _config(self, labels: dict[Node, None], name: str) -> dict[Node, None]:
        configured = getattr(self._graph, "configured", None)
        if configured is None:
            raise UsageError("query: config() is a function of cquery", hint="write pybuild cquery")
        found = {node: None for label in labels for node in configured(label, name)}
        if not found and labels:
            names = ", ".join(str(self._graph.label(label)) for label in list(labels)[:3])
            raise AnalysisError(f"no target of {names} is in the configuration '{name}'")
        return found

    def _loadfiles(self, labels: dict[Node, None]) -> dict[Node, None]:
        return {file: None for label in labels for file in self._graph.load_files(label)}


def _is_test(target: Target) -> bool:
    return target.rule is not None and target.rule.test


def _closure(
    roots: dict[Node, None], following: Callable[[Node], Iterable[Node]], depth: int | None
) -> dict[Node, None]:
    """What is reachable, breadth first, in at most `depth` steps."""
    out = dict(roots)
    level = list(roots)
    while level and (depth is None or depth > 0):
        below: list[Node] = []
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
        raise QueryError(f"query: {text!r} is not a regular expression: {fault}") from None


def checked_pattern(text: str) -> str:
    """A regular expression as text.  Raises UsageError where it is none."""
    return _pattern(text).pattern


def has_tags(target: Target, wanted: set[str]) -> bool:
    """The rule of test_suite(tags): all plain (or +) tags, and none of the - ones; a test's size is a tag."""
    tags = {*target.tags, str(target.attributes.get("size", "medium"))}
    return all((tag[1:] not in tags) if tag.startswith("-") else (tag.lstrip("+") in tags) for tag in wanted)


COMMON_DEFAULTS: dict[str, Any] = {
    "aspect_hints": [],
    "compatible_with": [],
    "exec_compatible_with": [],
    "exec_properties": {},
    "features": [],
    "restricted_to": [],
    "tags": [],
    "target_compatible_with": [],
    "testonly": False,
    "toolchains": [],
    "transitive_configs": [],
}
"""What attributes of every rule are where a target does not set them."""


def attribute_texts(target: Target, name: str) -> list[str]:
    """An attribute's values as `attr()` matches them, one for each select() branch; none where it is unknown."""
    if target.rule is None:
        return []
    name = "_" + name[1:] if name.startswith("$") else "" if name.startswith("_") else name  # as in labels()
    schema = target.rule.schema.get(name)
    if name == "name":
        return [target.label.name]
    if name == "visibility":
        if target.rule.name == "config_setting" and "visibility" not in target.attributes:
            return [text_of([PUBLIC])]  # as in select()
        return [text_of(list(target.visibility))]
    if name.startswith("generator_"):
        return [dict(target.generated_by()).get(name, "")]
    value = target.attributes.get(name, schema.default if schema is not None else None)
    if schema is None and name not in target.attributes:
        if name == "testonly" and (target.rule.test or target.rule.name == "test_suite"):
            return [text_of(True)]
        return [text_of(COMMON_DEFAULTS[name])] if name in COMMON_DEFAULTS else []
    if value is None and schema is not None:
        value = EMPTY_VALUES.get(schema.kind)
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
