"""What analysis knows, as plain data: AnalyzedTarget (of `analyze`) and ConfiguredResult (of `cquery`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rulesengine.analysis import ConfiguredTarget
from rulesengine.errors import RulesEngineError, UsageError
from rulesengine.query.actions import QueriedAction
from rulesengine.query.evaluate import QueryResult
from rulesengine.values import field, frozen
from rulesengine.workspace.configured_targets import ConfiguredNode, ConfiguredTargets


@frozen
class AnalyzedTarget:
    """What a rule made of a target, before anything is run.

    label: what was asked for; actual: the target itself, where label is an alias.  configuration: its name.
    rule: the rule's name, or `source`, `generated`.  providers: names of the providers it returned.
    outputs: execution paths of its default outputs.  output_groups: execution paths by name of group.
    runfiles: paths of what it needs when it runs.  executable: execution path, or empty.
    actions: those that it registered, in order, whether or not something needs them.
    incompatible: why its platform cannot have it, or empty.
    """

    label: str
    actual: str
    configuration: str
    rule: str
    providers: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    output_groups: Mapping[str, tuple[str, ...]] = field(factory=dict)
    runfiles: tuple[str, ...] = ()
    executable: str = ""
    actions: tuple[QueriedAction, ...] = ()
    incompatible: str = ""

    @staticmethod
    def of(label: str, found: ConfiguredTarget, actions: Sequence[QueriedAction]) -> AnalyzedTarget:
        """From what the engine knows."""
        return AnalyzedTarget(
            label,
            str(found.label),
            found.configuration.mnemonic,
            found.target.rule_name,
            found.providers,
            tuple(one.path for one in found.files),
            {name: tuple(one.path for one in files) for name, files in found.output_groups.items()},
            tuple(one.short_path for one in found.runfiles),
            found.executable.path if found.executable is not None else "",
            tuple(actions),
            found.incompatible.reason if found.incompatible is not None else "",
        )

    def action(self, mnemonic: str = "") -> QueriedAction:
        """Its only action (of that mnemonic).  Raises UsageError where there is none, or several."""
        found = [one for one in self.actions if mnemonic in ("", one.mnemonic)]
        if len(found) != 1:
            have = ", ".join(one.mnemonic for one in self.actions) or "none"
            raise UsageError(
                f"{len(found)} actions{' ' + mnemonic if mnemonic else ''}, not one",
                label=self.label,
                hint=f"it has {have}",
            )
        return found[0]


@frozen
class ConfiguredResult(QueryResult[ConfiguredNode]):
    """The answer of `cquery`: as QueryResult, and what analysis knows."""

    @property
    def files(self) -> tuple[str, ...]:
        """Execution paths of the default outputs of the targets (of a source file: its own), each once."""
        graph = self.graph
        assert isinstance(graph, ConfiguredTargets)
        found = (graph.analysed(node) for node in self.nodes)
        return tuple(dict.fromkeys(file.path for one in found if one is not None for file in one.files))

    def transitions(self, *, full: bool = False) -> Iterator[str]:
        """Lines that tell where configurations change below the targets; full: and which options do."""
        from rulesengine.workspace.changing import transitions

        graph = self.graph
        assert isinstance(graph, ConfiguredTargets)
        return transitions(graph, self.nodes, full=full)

    def formatted(self, text: str, shown: str = "format") -> Iterator[str | RulesEngineError]:
        """What the function `format(target)` of a Starlark file makes of each target, by name; or why it fails.

        text: the file's; it may call providers(target) and build_options(target), as in Bazel.  shown: its name in
        messages.  Raises LoadingError for a text that does not read, or defines no such function.
        """
        from rulesengine.workspace.formatting import Formatting

        graph = self.graph
        assert isinstance(graph, ConfiguredTargets)
        formatting = Formatting(graph.analyzer, text, shown)
        ordered = self.nodes if self.in_order else sorted(self.nodes, key=str)
        return (formatting.of(node.label, node.configuration, graph.analysed(node)) for node in ordered)
