"""Analyzer: runs rule implementations and yields configured targets and the action graph."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from rulesengine.analysis.actions import ActionBuilder
from rulesengine.analysis.attributes import Attributes, Key
from rulesengine.analysis.conditions import Conditions
from rulesengine.analysis.configured import Analysis, ConfiguredTarget
from rulesengine.analysis.implementation import Implementations
from rulesengine.analysis.transitions import Transitions
from rulesengine.errors import AnalysisError, CycleError, RulesEngineError
from rulesengine.loading import Loader
from rulesengine.loading.modules import NATIVE
from rulesengine.model.depset import Depset
from rulesengine.model.events import Progress
from rulesengine.model.label import Label
from rulesengine.model.macro import NAMING_RULES
from rulesengine.model.platform import Configuration
from rulesengine.model.ports import Cancellation, Listener
from rulesengine.model.target import Target


class Analyzer:
    """Analyses configured targets, each once.  Not thread-safe: one build owns one Analyzer.

    cancel: asked before each target; the Loader's own when None.
    """

    def __init__(self, loader: Loader, listener: Listener | None = None, cancel: Cancellation | None = None) -> None:
        self.loader = loader
        self.cancel = cancel or loader.cancel
        self.listener = listener
        self.actions = ActionBuilder(loader.depsets, loader.operations, loader.repositories.mapping)
        self.conditions = Conditions(loader)
        self._transitions = Transitions(loader)
        self._attributes = Attributes(loader, self.conditions, self._transitions)
        self._implementations = Implementations(loader, self.actions)
        self._done: dict[Key, ConfiguredTarget] = {}
        self._transitioned: dict[Key, ConfiguredTarget] = {}
        self._failed: dict[Key, RulesEngineError] = {}
        self._exec: Configuration | None = None

    # ---- the request ----------------------------------------------------------

    def analyze(
        self,
        labels: Sequence[Label],
        configuration: Configuration,
        *,
        exec_configuration: Configuration | None = None,
        keep_going: bool = False,
    ) -> Analysis:
        """Analyse targets in a configuration.

        With keep_going, targets that fail are left out and their errors listed.  Raises the first
        error otherwise.
        """
        self._exec = exec_configuration or configuration
        targets: list[ConfiguredTarget] = []
        errors: list[RulesEngineError] = []
        for label in labels:
            try:
                targets.append(self._run((self.loader.canonical(label), configuration)))
            except RulesEngineError as fault:
                if not keep_going:
                    raise
                if all(str(fault) != str(other) for other in errors):
                    errors.append(fault)
        return Analysis(self.actions.graph, targets, errors, dict(self._done), self.actions.runfiles_tree)

    def _run(self, key: Key) -> ConfiguredTarget:
        """Analyse one key and what it needs, without recursion: dependencies may be thousands deep."""
        stack: list[tuple[Key, Generator[Key, None, ConfiguredTarget]]] = []
        on_stack: set[Key] = set()

        def push(wanted: Key) -> None:
            if wanted in self._failed:
                raise self._failed[wanted]
            if wanted in on_stack:
                names = [entry[0][0] for entry in stack]
                circle = names[names.index(wanted[0]) :]
                target = self.loader.target(circle[0])
                raise CycleError(
                    "dependencies go round in a circle",
                    location=target.location,
                    notes=[*(f"{name} needs" for name in circle), str(wanted[0])],
                    hint="take one of these dependencies away",
                )
            stack.append((wanted, self._analyze(wanted)))
            on_stack.add(wanted)

        if key not in self._done:
            push(key)
        while stack:
            if self.cancel is not None:
                self.cancel.check()
            current, steps = stack[-1]
            try:
                wanted = next(steps)
            except StopIteration as finished:
                self._done[current] = finished.value
                stack.pop()
                on_stack.discard(current)
                if self.listener is not None:
                    self.listener(Progress("analysis", len(self._done), 0, str(current[0])))
                continue
            except RulesEngineError as fault:
                for failed, _ in stack:
                    self._failed[failed] = fault
                needed = [str(entry[0][0]) for entry in stack]
                if len(needed) > 1 and fault.label != needed[0] and not isinstance(fault, CycleError):
                    fault.notes = (*fault.notes, "needed by " + ", needed by ".join(reversed(needed[:-1])))
                raise
            if wanted not in self._done:
                try:
                    push(wanted)
                except RulesEngineError as fault:
                    for failed, _ in stack:
                        self._failed[failed] = fault
                    raise
        return self._done[key]

    # ---- one configured target --------------------------------------------------

    def _analyze(self, key: Key) -> Generator[Key, None, ConfiguredTarget]:
        """Yields the keys it needs that are not there yet; returns the configured target."""
        label, configuration = key
        target = self.loader.target(label)
        if target.kind == "source":
            return self._source(target, configuration)
        if target.macro is not None and not target.macro.owns(label.name):
            macro = target.macro
            raise AnalysisError(
                f"the macro {macro.macro.name} named '{macro.name}' made {label}, which it may not have called so:"
                " the target cannot be built",
                location=target.location,
                hint=NAMING_RULES,
            )
        if target.kind == "package_group":
            raise AnalysisError(f"{label} is a package_group, which cannot be built", location=target.location)
        if target.kind == "generated":
            assert target.generator is not None
            maker = (target.generator, configuration)
            if maker not in self._done:
                yield maker
            return self._generated(target, configuration, self._done[maker])
        rule = target.rule
        assert rule is not None
        if rule.name == "alias" and rule.module == str(NATIVE):
            actual = self._attributes.values(target, configuration)["actual"]
            following = self._attributes.dependency(target, "actual", rule.schema["actual"], actual), configuration
            if following not in self._done:
                yield following
            return self._done[following]
        if rule.cfg == "transition":
            values = self._attributes.values(target, configuration)
            configuration = self._transitions.of(target, configuration, "", values)[0][1]
            known = self._transitioned.get((label, configuration))
            if known is not None:
                return known
        resolved = self._attributes.resolve(target, configuration, self._exec or configuration)
        for one in resolved.wanted:
            if one not in self._done:
                yield one
        found = [self._done[one] for one in resolved.wanted]
        self._attributes.check_files(target, resolved.values, found)
        made = self._implementations.run(target, configuration, resolved, found)
        if rule.cfg == "transition":
            self._transitioned[label, configuration] = made
        return made

    def _source(self, target: Target, configuration: Configuration) -> ConfiguredTarget:
        label = target.label
        path = self.loader.repositories.exec_prefix(label.repo) + label.path
        artifact = self.actions.source(label, path)
        module = self._implementations.file_module(artifact, label)
        return ConfiguredTarget(label, configuration, target, module, Depset([artifact]))

    def _generated(self, target: Target, configuration: Configuration, maker: ConfiguredTarget) -> ConfiguredTarget:
        path = self.actions.output_path(target.label, maker.configuration, target.label.name)
        artifact = self.actions.artifacts.get(path)
        if artifact is None or artifact not in self.actions.graph.makers:
            raise AnalysisError(
                f"{maker.label} declares the output {target.label.name}, but its rule makes no action for it",
                label=target.label,
                location=target.location,
            )
        return ConfiguredTarget(
            target.label,
            configuration,
            target,
            self._implementations.file_module(artifact, target.label),
            Depset([artifact]),
            dependencies=((maker.label, maker.configuration),),
        )


__all__ = ["Analyzer"]
