"""What a target depends on as it is declared: all that `query` follows, whatever select() branch holds it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rulesengine.loading.package import Package
from rulesengine.model.aspect import Aspect, with_required
from rulesengine.model.label import Label
from rulesengine.model.rule import LABEL_KINDS
from rulesengine.model.target import Target, branches, labels_of
from rulesengine.query.evaluate import has_tags
from rulesengine.values import frozen

DEFAULT = "//conditions:default"
_COMMON = ("compatible_with", "restricted_to", "target_compatible_with", "exec_compatible_with", "toolchains")
"""Lists of labels that every rule takes, whether or not its schema names them."""


@frozen
class DeclaredEdge:
    """A dependency.  attribute: which names it; `select`: a condition; `generator`: the rule that makes a file.

    condition: of the select() branch that holds it, or empty.  tool: whether it is for the machine that builds.
    """

    attribute: str
    label: Label
    condition: str = ""
    tool: bool = False


def declared_edges(
    target: Target, package: Package, aspects: Sequence[Aspect] = (), *, implicit: bool
) -> Iterator[DeclaredEdge]:
    """The dependencies of a target, in the order of attributes, repeated where they are.

    aspects: all that there are, by number.  implicit: also those that a rule adds: private attributes, defaults, what
    aspects of its attributes ask for.
    """
    if target.kind == "generated" and target.generator is not None:
        yield DeclaredEdge("generator", target.generator)
    for one in target.includes:
        yield DeclaredEdge("includes", one)
    rule = target.rule
    if rule is None:
        if target.kind in ("source", "generated"):
            yield from _groups(target)
        return
    for name, schema in rule.schema.items():
        given = target.attributes.get(name)
        if not implicit and (given is None or name.startswith("_")):
            continue
        yield from _edges(name, schema.kind, schema.default if given is None else given, tool=schema.cfg == "exec")
        if implicit and schema.aspects:
            for aspect in with_required([aspects[one] for one in schema.aspects]):
                for its, own in aspect.schema.items():
                    yield from _edges(its, own.kind, own.default, tool=own.cfg == "exec")
    for name in _COMMON:
        if name not in rule.schema:
            yield from _edges(name, "label_list", target.attributes.get(name))
    if "visibility" in target.attributes:
        yield from _groups(target)
    if rule.name == "test_suite" and not target.attributes.get("tests"):
        for one in implied_tests(target, package):
            yield DeclaredEdge("_implicit_tests", one)


def _groups(target: Target) -> Iterator[DeclaredEdge]:
    """The package groups that a target is visible to."""
    for text in target.visibility:
        label = Label.parse(text)
        if label.package != "visibility" and label.name not in ("__pkg__", "__subpackages__"):
            yield DeclaredEdge("visibility", label)


def _edges(name: str, kind: str, value: Any, *, tool: bool = False) -> Iterator[DeclaredEdge]:
    yield from _conditions(value)
    if kind not in LABEL_KINDS:
        return
    alone = _has_default_only(value)
    for condition, inner in branches(value):
        for label in labels_of(kind, inner):
            yield DeclaredEdge(name, label, "" if condition is None or alone else condition, tool)


def _conditions(value: Any) -> Iterator[DeclaredEdge]:
    for condition, _ in branches(value):
        if condition not in (None, DEFAULT):
            yield DeclaredEdge("select", Label.parse(str(condition)))


def _has_default_only(value: Any) -> bool:
    return {condition for condition, _ in branches(value)} <= {None, DEFAULT}


def implied_tests(suite: Target, package: Package) -> list[Label]:
    """The tests that a test_suite without `tests` stands for: those of its package that have its tags."""
    wanted = set(suite.tags) - {"manual"}
    return sorted(
        (
            one.label
            for one in package.rule_targets()
            if one.rule is not None and one.rule.test and "manual" not in one.tags and has_tags(one, wanted)
        ),
        key=str,
    )
