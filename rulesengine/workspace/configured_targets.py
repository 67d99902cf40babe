"""ConfiguredTargets: the query room's TargetGraph over an analysis, for `cquery` and `aquery`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from rulesengine.analysis import Analysis, Analyzer, ConfiguredTarget
from rulesengine.analysis.edges import Edge, Edges, Place
from rulesengine.errors import Location, NoSuchTargetError, QueryError, RulesEngineError
from rulesengine.model.label import Label
from rulesengine.model.platform import Configuration
from rulesengine.model.target import Target, is_select
from rulesengine.values import field, frozen
from rulesengine.workspace.targets import LoadedTargets
from rulesengine.workspace.test_variants import TestVariants

_NULL = "null"
_NOWHERE = ("source", "package_group")
"""Kinds of targets that are in no configuration."""


@frozen
class ConfiguredNode:
    """A target in a configuration.  Files that no rule makes, and package groups, are in none.

    whole: whether it has the options of tests; suffix: what tells it from the same without (with) them.
    """

    label: Label
    configuration: Configuration | None = field(default=None)
    whole: bool = False
    suffix: str = ""

    @property
    def mnemonic(self) -> str:
        """The configuration's name, `null` for none."""
        return _NULL if self.configuration is None else self.configuration.mnemonic

    def __str__(self) -> str:
        return f"{self.label} ({self.mnemonic}{self.suffix})"


class ConfiguredTargets:
    """Targets as one analysis sees them.

    loaded: the same targets as declared.  asked: what the request names.  top: the configuration of what is asked for;
    exec: that of tools.
    implicit, tools: whether dependencies that rules add by themselves, and tools, count.
    """

    def __init__(
        self,
        loaded: LoadedTargets,
        edges: Edges,
        analysis: Analysis,
        top: Configuration,
        execution: Configuration,
        *,
        implicit: bool = True,
        tools: bool = True,
        asked: Sequence[Label] = (),
    ) -> None:
        self.analysis = analysis
        self._asked = asked
        self._loaded = loaded
        self._edges = edges
        self._top = top
        self._execution = execution
        self._implicit = implicit
        self._tools = tools

    @property
    def analyzer(self) -> Analyzer:
        """What has analysed the targets."""
        return self._edges.analyzer

    @property
    def faults(self) -> tuple[RulesEngineError, ...]:
        """With keep_going: why something was left out."""
        return (*self._loaded.faults, *self.analysis.errors)

    # ---- the graph ------------------------------------------------------------

    in_configurations = True

    def resolve(self, pattern: str) -> Sequence[ConfiguredNode]:
        """The targets of a pattern in all configurations in which analysis met them, as Bazel's cquery has it.

        Bazel asks for the label in every configuration that it knows, and looks what comes of it: where a target's own
        transition would lead on from the configuration that it has led to, nothing has been asked for there.
        """
        out: dict[ConfiguredNode, None] = {}
        for label in self._loaded.resolve(pattern):
            here = self._edges.proper((label, self._top))
            if self._loaded.target(label).kind in _NOWHERE:
                if here not in self.analysis.failed:
                    out[self._node(here)] = None
                continue
            met = self._met.get(here[0], {})
            for one in sorted(met, key=lambda one: one != here):
                as_toolchain = one[1].execution is not None and (one[0], one[1].plain) in met  # once is enough
                if not as_toolchain and self._edges.proper(one) == one:
                    out.update(dict.fromkeys(self._found(one)))
        return list(out)

    def _found(self, place: Place) -> list[ConfiguredNode]:
        """A target where analysis met it: with the options of tests, without, or both."""
        variants = self._variants
        found = [self._node(place, whole=True)] if place in variants.whole else []
        if place in variants.trimmed or not found:
            found.append(self._node(place))
        return found

    @cached_property
    def _variants(self) -> TestVariants:
        met = [one for places in self._met.values() for one in places]
        return TestVariants(self._loaded, self._edges, met, [(one, self._top) for one in self._asked])

    @cached_property
    def _met(self) -> dict[Label, dict[Place, ConfiguredTarget | None]]:
        """Where analysis met each target, and what it made of it there."""
        out: dict[Label, dict[Place, ConfiguredTarget | None]] = {}
        for key, made in self.analysis.configured.items():
            out.setdefault(key[0], {})[self._edges.proper(key)] = made
        for key in self._edges.besides(self.analysis.configured):
            out.setdefault(key[0], {}).setdefault(key, None)
        return out

    def label(self, node: ConfiguredNode) -> Label:
        """The label of a node."""
        return node.label

    def configuration(self, node: ConfiguredNode) -> Configuration | None:
        """The node's configuration."""
        return node.configuration

    def target(self, node: ConfiguredNode) -> Target:
        """The declaration."""
        return self._loaded.target(node.label)

    def values(self, node: ConfiguredNode) -> Mapping[str, Any]:
        """The attributes that were given, as select() chooses them; left out where it chooses None."""
        target = self.target(node)
        given = target.attributes
        if node.configuration is None or not any(is_select(part) for one in given.values() for part in _parts(one)):
            return given
        found = self.analyzer.attribute_values(target, node.configuration)
        return {name: value for name in given if (value := found.get(name, given[name])) is not None}

    def place(self, node: ConfiguredNode) -> Location:
        """Where it is declared."""
        return self._loaded.place(node.label)

    def dependencies(self, node: ConfiguredNode) -> Sequence[ConfiguredNode]:
        """What the target depends on in its configuration."""
        out = {
            self._below(node, one.key): None
            for one in self._of(node)
            if (self._implicit or not one.implicit) and (self._tools or not one.tool)
        }
        out.pop(node, None)
        return list(out)

    def edges(self, node: ConfiguredNode) -> Sequence[tuple[str, ConfiguredNode]]:
        """The same with the attributes that name them, each once; those that are left out are no part of it."""
        wanted = set(self.dependencies(node))
        return [pair for pair in self.every_edge(node) if pair[1] in wanted]

    def every_edge(self, node: ConfiguredNode) -> Sequence[tuple[str, ConfiguredNode]]:
        """As `edges`, nothing left out."""
        return list({(one.attribute, self._below(node, one.key)): None for one in self._of(node)})

    def conditions(self, node: ConfiguredNode) -> Mapping[ConfiguredNode, Sequence[str]]:  # noqa: ARG002 - a protocol's
        """None: a configuration has chosen."""
        return {}

    def named(self, node: ConfiguredNode, attribute: str) -> Sequence[ConfiguredNode]:
        """What an attribute names in the node's configuration."""
        if attribute == "_implicit_tests":
            here = node.configuration or self._top
            found = self._loaded.named(node.label, attribute)
            return [self._below(node, self._edges.proper((one, here))) for one in found]
        return list({self._below(node, one.key): None for one in self._of(node) if one.attribute == attribute})

    def siblings(self, node: ConfiguredNode) -> Sequence[ConfiguredNode]:  # noqa: ARG002 - the protocol's parameters
        """Raise QueryError: packages have no configuration."""
        raise _no_meaning("siblings() and test_suites without tests")

    def build_files(self, node: ConfiguredNode) -> Sequence[ConfiguredNode]:  # noqa: ARG002 - the protocol's parameters
        """Raise QueryError."""
        raise _no_meaning("buildfiles()")

    def load_files(self, node: ConfiguredNode) -> Sequence[ConfiguredNode]:  # noqa: ARG002 - the protocol's parameters
        """Raise QueryError."""
        raise _no_meaning("loadfiles()")

    def build_files_of(
        self,
        fragments: Sequence[str],  # noqa: ARG002 - the protocol's parameters
        universe: Sequence[ConfiguredNode],  # noqa: ARG002 - the protocol's parameters
    ) -> Sequence[ConfiguredNode]:
        """Raise QueryError."""
        raise _no_meaning("rbuildfiles()")

    def visible(self, source: ConfiguredNode, node: ConfiguredNode) -> bool:
        """Whether visibility lets `source` depend on `node`."""
        return self._loaded.visible(source.label, node.label)

    def configured(self, node: ConfiguredNode, name: str) -> Sequence[ConfiguredNode]:
        """The node's target as `config(…, NAME)` wants it: target, exec, null, or a configuration's name."""
        if name == "host":
            raise QueryError("query: there is no configuration 'host' any more", hint="write exec")
        if name == "target" and node.configuration is None:  # as Bazel has it
            return [node] if any(one.target.kind in _NOWHERE for one in self.analysis.targets) else []
        if name in ("target", "exec"):
            wanted = [self._top if name == "target" else self._execution]
        else:
            wanted = [one for one in self._configurations() if name in (one.mnemonic, _NULL)]
            if not wanted:
                known = sorted(one.mnemonic for one in self._configurations())
                raise QueryError(f"query: there is no configuration {name!r}", hint="there are: " + " ".join(known))
        nodes = {one: None for each in wanted for one in self._found(self._edges.proper((node.label, each)))[:1]}
        return [one for one in nodes if (one.configuration is None) == (name == _NULL)]

    def _configurations(self) -> list[Configuration]:
        return list(dict.fromkeys(key[1] for key in self.analysis.configured))

    def check(self) -> None:
        """Raise InterruptedBuild when the query should stop."""
        self._loaded.check()

    # ---- what analysis knows ------------------------------------------------------

    def analysed(self, node: ConfiguredNode) -> ConfiguredTarget | None:
        """What analysis made of a node; None for what it did not look at (a condition, a package group)."""
        return self._met.get(node.label, {}).get((node.label, node.configuration or self._top))

    def _of(self, node: ConfiguredNode) -> Sequence[Edge]:
        self.check()
        return self._edges.of((node.label, node.configuration or self._top))

    def _below(self, node: ConfiguredNode, key: Place) -> ConfiguredNode:
        """What a node depends on: with the options of tests where both of them keep them."""
        return self._node(key, whole=node.whole and self._variants.keeps(key[0]))

    def _node(self, key: Place, *, whole: bool = False) -> ConfiguredNode:
        label, configuration = key
        try:
            kind = self._loaded.target(label).kind
        except NoSuchTargetError:
            kind = "source"
        if kind in _NOWHERE:
            return ConfiguredNode(label)
        suffix = self._variants.suffix(key, whole=whole) if kind == "rule" else ""
        return ConfiguredNode(label, configuration, whole, suffix)


def _parts(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _no_meaning(what: str) -> QueryError:
    return QueryError(f"query: {what}: packages are in no configuration", hint="write pybuild query")
