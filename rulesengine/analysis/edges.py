"""Edges: what a configured target depends on, attribute by attribute, for queries about an analysis.

Worked out anew from the declaration, so that a build keeps none of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

from rulesengine.analysis.analyzer import Analyzer
from rulesengine.analysis.label_settings import is_label_setting, value_of
from rulesengine.errors import LoadingError
from rulesengine.loading.modules import NATIVE
from rulesengine.model.aspect import with_required
from rulesengine.model.label import Label
from rulesengine.model.platform import Configuration
from rulesengine.model.rule import LABEL_KINDS, AttributeSchema
from rulesengine.model.target import Target, labels_of
from rulesengine.values import frozen

_SHELL = ("sh_binary", "sh_test")
_ANYWHERE = ("constraint_setting", "constraint_value", "platform")
Place = tuple[Label, Configuration]
"""A target in a configuration; what aspects add to it is left out."""


@frozen
class Edge:
    """A dependency.  attribute: which names it (`select` for a condition, `generator` for the rule of a file).

    implicit: whether the rule adds it by itself.  tool: whether it is wanted for the machine that builds.
    """

    attribute: str
    key: Place
    implicit: bool = False
    tool: bool = False


class Edges:
    """The dependencies of what an Analyzer has analysed, in the same configurations.

    top: the configuration that was asked for.
    """

    def __init__(self, analyzer: Analyzer, top: Configuration) -> None:
        self.analyzer = analyzer
        self._loader = analyzer.loader
        self._top = top
        self._known: dict[Place, tuple[Edge, ...]] = {}
        self._led: dict[Place, Configuration] = {}

    def canonical(self, label: Label) -> Label:
        """The label with the repository's own name."""
        return self._loader.canonical(label)

    def proper(self, key: Place) -> Place:
        """The key with the configuration that the target's own transition leads to.

        Platforms and their constraints are the same in every configuration: they have the one that was asked for.
        """
        label, configuration = self._loader.canonical(key[0]), key[1]
        target = self._loader.target(label)
        rule = target.rule
        if target.kind != "rule" or rule is None:
            return label, configuration
        if rule.cfg == "transition":
            led = self._led.get((label, configuration))
            if led is None:
                led = self._led[label, configuration] = self.analyzer.after_transition(target, configuration)
            return label, led
        if rule.name in _ANYWHERE and rule.module == str(NATIVE):
            return label, self._top
        return label, configuration

    def besides(self, configured: Iterable[Place]) -> Iterator[Place]:
        """What analysis looked at without analysing it: conditions of select()s, and toolchains that it chose from."""
        launched: dict[Configuration, None] = {}
        for key in configured:
            rule = self._loader.target(key[0]).rule
            if rule is not None and rule.name in _SHELL and rule.module == str(NATIVE):
                launched[self.analyzer.tools_of(self.proper(key)[1])[1]] = None
            conditions = [one for name, one in self._loader.target(key[0]).labels() if name == "select"]
            if conditions:
                here = self.proper(key)[1]
                for one in conditions:
                    condition = self.proper((one, here))
                    yield condition
                    for edge in self.of(condition):
                        yield edge.key
        # Bazel's shell rules bring a launcher for Windows along, a C++ program that asks for a toolchain.
        for one, configuration in self.analyzer.toolchains.considered(launched):
            yield one, configuration
            for edge in self.of((one, configuration)):
                yield edge.key

    def of(self, key: Place) -> tuple[Edge, ...]:
        """Direct dependencies, in the order of attributes.  Raises RulesEngineError."""
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = tuple(dict.fromkeys(self._edges(key)))
        return found

    def _edges(self, key: Place) -> Iterator[Edge]:
        label, configuration = key
        try:
            target = self._loader.target(label)
        except LoadingError:
            return
        if target.kind == "generated":
            assert target.generator is not None
            yield Edge("generator", self.proper((target.generator, configuration)))
        yield from self._groups(target, configuration)
        rule = target.rule
        if rule is None:
            return
        if rule.name == "alias" and rule.module == str(NATIVE):
            actual = self.analyzer.attribute_values(target, configuration)["actual"]
            yield Edge("actual", self.proper((Label.parse(actual), configuration)))
        elif is_label_setting(target):
            yield Edge(
                "build_setting_default", self.proper((value_of(self._loader, target, configuration), configuration))
            )
        else:
            resolved = self.analyzer.resolve(target, configuration)
            keys = list(resolved.wanted)
            for name, schema in rule.schema.items():
                if schema.kind not in LABEL_KINDS:
                    continue
                tool = schema.cfg == "exec"
                for number in _numbers(resolved.split.get(name, resolved.values.get(name))):
                    yield Edge(name, self.proper(keys[number][:2]), name.startswith("_"), tool)
                if schema.aspects and resolved.values.get(name):
                    yield from self._of_aspects(schema, configuration)
            for choice in resolved.groups.values():
                for entry in choice.entries:
                    yield Edge("toolchains", self.proper((entry.label, choice.implementations.plain)), True)
                    if entry.implementation is not None:
                        yield Edge("toolchains", self.proper((entry.implementation, choice.implementations)), True)
        for name, condition in target.labels():
            if name == "select":
                yield Edge("select", self.proper((condition, configuration)))

    def _of_aspects(self, schema: AttributeSchema, configuration: Configuration) -> Iterator[Edge]:
        """What the aspects of an attribute depend on themselves."""
        tools = self.analyzer.tools_of(configuration)[1]
        for aspect in with_required([self._loader.registry.aspects[one] for one in schema.aspects]):
            for name, own in aspect.schema.items():
                tool = own.cfg == "exec"
                for label in labels_of(own.kind, own.default) if own.kind in LABEL_KINDS else ():
                    yield Edge(name, self.proper((label, tools if tool else configuration)), True, tool)

    def _groups(self, target: Target, configuration: Configuration) -> Iterator[Edge]:
        """The package groups that a target is visible to, or that a package group includes."""
        for one in target.includes:
            yield Edge("includes", self.proper((one, configuration)))
        if target.kind == "rule" and "visibility" not in target.attributes:
            return  # what package() says counts for files alone
        for text in target.visibility:
            label = Label.parse(text)
            if label.package == "visibility" or label.name in ("__pkg__", "__subpackages__"):
                continue
            with suppress(LoadingError):  # said where something depends on the target
                if self._loader.target(label).kind == "package_group":
                    yield Edge("visibility", self.proper((label, configuration)))


def _numbers(value: Any) -> Iterator[int]:
    """The numbers of dependencies in a resolved value: one, a list, or pairs with a key or a text."""
    if isinstance(value, bool) or value is None:
        return
    if isinstance(value, int):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _numbers(one)
