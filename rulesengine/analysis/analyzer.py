"""Analyzer: runs rule implementations and yields configured targets and the action graph."""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from rulesengine.analysis.actions import ActionBuilder
from rulesengine.analysis.attributes import Attributes, Key, Resolved
from rulesengine.analysis.batch import Work
from rulesengine.analysis.build_tests import BuildTests
from rulesengine.analysis.compatibility import ATTRIBUTE, Compatibility, Incompatible, without_incompatible
from rulesengine.analysis.conditions import Conditions
from rulesengine.analysis.configured import Analysis, ConfiguredTarget
from rulesengine.analysis.constraints import Constraints
from rulesengine.analysis.implementation import Implementations
from rulesengine.analysis.label_settings import LABEL, value_of
from rulesengine.analysis.platforms import constraints_of
from rulesengine.analysis.schedule import Schedule
from rulesengine.analysis.settings import of_tools
from rulesengine.analysis.toolchains import Choice, Toolchains
from rulesengine.analysis.transitions import Transitions
from rulesengine.errors import AnalysisError, CycleError, LoadingError, RulesEngineError
from rulesengine.loading import Loader
from rulesengine.loading.languages import LANGUAGES, cannot_build
from rulesengine.loading.modules import NATIVE
from rulesengine.model.action import ActionGraph, nested_outputs
from rulesengine.model.aspect import Applied, Aspect, merged
from rulesengine.model.depset import Depset
from rulesengine.model.events import Progress
from rulesengine.model.label import Label
from rulesengine.model.macro import NAMING_RULES
from rulesengine.model.platform import Configuration
from rulesengine.model.ports import Cancellation, Listener
from rulesengine.model.rule import Rule
from rulesengine.model.target import Target
from rulesengine.values import evolve

if TYPE_CHECKING:
    from rulesengine.analysis.application import Application
    from rulesengine.analysis.aspects import Aspects

Steps = Generator[list[Key] | Work, Any, ConfiguredTarget]
"""What analyses a key: it yields the keys it needs, and the run of its implementation."""

TOGETHER = 2000
"""Targets of a request that are under way at a time: what is known of each meanwhile is held in memory."""

_ON = "exec_compatible_with"

_SAID = ("config_setting", "platform")
"""Native rules whose targets say something that is read where it is used, and checked where they are analysed."""

_ALLOW_FAILURES = "//command_line_option:allow_analysis_failures"


class Analyzer:
    """Analyses configured targets, each once.  Not thread-safe: one build owns one Analyzer.

    cancel: asked before each target; the Loader's own when None.
    asking: nothing will be made of it: what stands in the way of that alone, such as two targets' outputs at one
    path, is no error.
    """

    def __init__(
        self,
        loader: Loader,
        listener: Listener | None = None,
        cancel: Cancellation | None = None,
        *,
        asking: bool = False,
    ) -> None:
        self.loader = loader
        self.cancel = cancel or loader.cancel
        self.listener = listener
        self.actions = ActionBuilder(loader.depsets, loader.operations, loader.repositories.mapping)
        if asking:
            self.actions.graph = ActionGraph(beside=[])
        self.constraints = Constraints(loader)
        self.conditions = Conditions(loader, self.constraints)
        self.toolchains = Toolchains(loader, self.conditions, self.constraints, listener)
        self._compatibility = Compatibility(loader, self.conditions, self.constraints)
        tests = BuildTests(loader)
        self.transitions = Transitions(loader, tests)
        self._attributes = Attributes(loader, self.conditions, self.transitions)
        self._implementations = Implementations(loader, self.actions, self.constraints, tests)
        self._schedule: Schedule[Key, ConfiguredTarget, Work] = Schedule(
            self._begin, self._work, self._circle, self._failing, self._finished
        )
        self._done = self._schedule.done
        self._failed = self._schedule.failed
        self._application: Application | None = None
        self._aspects: Aspects | None = None
        self._transitioned: dict[Key, tuple[Label, Configuration]] = {}
        self._host: Configuration | None = None
        self._tools: dict[Configuration, tuple[Configuration, Configuration]] = {}

    # ---- the request ----------------------------------------------------------

    def analyze(
        self,
        labels: Sequence[Label],
        configuration: Configuration,
        *,
        exec_configuration: Configuration | None = None,
        keep_going: bool = False,
        by_pattern: Collection[Label] = (),
        aspects: Sequence[Applied] = (),
    ) -> Analysis:
        """Analyse targets in a configuration, with aspects applied to them.

        exec_configuration: of tools that run on this machine.  by_pattern: labels that are skipped, not an error,
        where the platform cannot have them.  With keep_going, targets that fail are left out and their errors
        listed.  Raises the first error otherwise.
        """
        self._host = (exec_configuration or configuration).as_tool()
        self._tools.clear()
        keys: list[Key] = [(self.loader.canonical(label), configuration) for label in labels]
        if aspects:
            what = evolve(merged(aspects), asked=True)
            keys = [(key[0], key[1], what) for key in keys]
        for start in range(0, len(keys), TOGETHER):
            self._schedule.run(keys[start : start + TOGETHER], keep_going=keep_going)
        targets: list[ConfiguredTarget] = []
        skipped: list[ConfiguredTarget] = []
        errors: list[RulesEngineError] = []
        for label, key in zip(labels, keys, strict=True):
            made = self._done.get(key)
            if made is not None and made.incompatible is not None:
                if label in by_pattern:
                    skipped.append(made)
                    continue
                fault = made.incompatible.error(self.loader.target(label))
                if not keep_going:
                    raise fault
                errors.append(fault)
            elif made is not None:
                targets.append(made)
            elif all(str(self._failed[key]) != str(other) for other in errors):
                errors.append(self._failed[key])
        graph = self.actions.graph
        for conflict in nested_outputs(graph.outputs) if graph.beside is None else ():
            conflict.location = self.loader.target(Label.parse(conflict.label or "")).location
            if not keep_going:
                raise conflict
            errors.append(conflict)
            targets = [one for one in targets if str(one.label) != conflict.label]
        configured: dict[tuple[Label, Configuration], ConfiguredTarget]
        if self._aspects is None:
            configured = dict(self._done)  # type: ignore[arg-type]  # keys with aspects come with aspects only
        else:
            configured = {key: one for key, one in self._done.items() if len(key) == 2}
        return Analysis(
            graph,
            targets,
            errors,
            configured,
            self.actions.runfiles_tree,
            self.actions.own_files,
            self.conditions,
            skipped,
            frozenset((key[0], key[1]) for key in self._failed if len(key) == 2),
        )

    def _begin(self, key: Key) -> Steps:
        if self.cancel is not None:
            self.cancel.check()
        return self._analyze(key)

    def _finished(self, key: Key) -> None:
        done = len(self._done)
        if self.listener is not None and (done < 100 or done % 50 == 0):
            self.listener(Progress("analysis", done, 0, str(key[0])))

    def _circle(self, keys: list[Key]) -> CycleError:
        target = self.loader.target(keys[0][0])
        return CycleError(
            "dependencies go round in a circle",
            location=target.location,
            notes=[*(f"{key[0]} needs" for key in keys), str(keys[0][0])],
            hint="take one of these dependencies away",
        )

    def _failing(self, fault: RulesEngineError, keys: list[Key]) -> None:
        if fault.location is None and len(keys[-1]) == 3:
            target = self.loader.target(keys[-2:][0][0])
            fault.location, fault.label = target.location, fault.label or str(target.label)
        needed = list(dict.fromkeys(str(key[0]) for key in keys))
        if len(needed) > 1 and fault.label != needed[0] and not isinstance(fault, CycleError):
            fault.notes = (*fault.notes, "needed by " + ", needed by ".join(reversed(needed[:-1])))

    # ---- for queries ------------------------------------------------------------

    def attribute_values(self, target: Target, configuration: Configuration) -> dict[str, Any]:
        """A rule target's attributes in a configuration, labels as text.  Raises AnalysisError."""
        return self._attributes.values(target, configuration)

    def resolve(self, target: Target, configuration: Configuration) -> Resolved:
        """A rule target's attributes with the keys of its dependencies.  Raises AnalysisError."""
        assert target.rule is not None
        groups, configuration = self._groups(target, target.rule, configuration)
        return self._attributes.resolve(target, configuration, self.tools_of(configuration)[1], groups=groups)

    def after_transition(self, target: Target, configuration: Configuration) -> Configuration:
        """Where a rule's own transition leads."""
        values = self._attributes.values(target, configuration)
        return self.transitions.of(target, configuration, "", values)[0][1]

    def tools_of(self, configuration: Configuration) -> tuple[Configuration, Configuration]:
        """The exec configurations of the tools of a target: on this machine, and on the first execution platform."""
        found = self._tools.get(configuration)
        if found is None:
            host = self._host or configuration.as_tool()
            own = evolve(host, settings=of_tools(configuration.settings, host.settings))
            found = self._tools[configuration] = own, self.toolchains.platforms(configuration, own)[0]
        return found

    def file(self, made: ConfiguredTarget) -> list[str] | dict[str, Any]:
        """A file as the prelude takes it."""
        return self._implementations.file(made)

    # ---- one configured target --------------------------------------------------

    def _analyze(self, key: Key) -> Steps:
        """Yields the keys it needs that are not there yet, and its implementation; returns the configured target."""
        if len(key) == 3:
            return (yield from self._with_aspects(key))
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
                yield [maker]
            return self._generated(target, configuration, self._done[maker])
        rule = target.rule
        assert rule is not None
        if rule.module == LANGUAGES:
            raise cannot_build(target)
        if rule.name == "alias" and rule.module == str(NATIVE):
            actual = self._attributes.values(target, configuration)["actual"]
            following = self._attributes.dependency(target, "actual", rule.schema["actual"], actual), configuration
            if following not in self._done:
                yield [following]
            return self._done[following]
        if rule.name in _SAID and rule.module == str(NATIVE):
            self._check_native(target)
        if rule.build_setting == LABEL:
            following = value_of(self.loader, target, configuration), configuration
            try:
                self.loader.target(following[0], target.location)
            except LoadingError as fault:
                fault.notes = (*fault.notes, f"which is what {label} stands for")
                raise
            if following not in self._done:
                yield [following]
            return self._done[following]
        if rule.cfg == "transition":
            values = self._attributes.values(target, configuration)
            configuration = self.transitions.of(target, configuration, "", values)[0][1]
            maker = self._transitioned.setdefault((label, configuration), (key[0], key[1]))
            if maker != key:
                if maker not in self._done:
                    yield [maker]
                return self._done[maker]
        if ATTRIBUTE in target.attributes and rule.name != "toolchain":
            why = self._compatibility.own(target, configuration)
            if why is not None:
                return self._nothing(target, configuration, why)
        groups, configuration = self._groups(target, rule, configuration)
        if configuration.settings and _may_fail(configuration):
            return (yield from self._resolved(target, configuration, groups))
        resolved = self._attributes.resolve(target, configuration, self.tools_of(configuration)[1], groups=groups)
        done = self._done
        there = [done.get(one) or self._file(one) for one in resolved.wanted]
        if None in there:
            yield [key for key, one in zip(resolved.wanted, there, strict=True) if one is None]
            there = [done[one] for one in resolved.wanted]
        found: list[ConfiguredTarget] = there  # type: ignore[assignment]  # None is not among them any more
        for dependency in found:
            if dependency.incompatible is not None:
                if rule.name != "test_suite":
                    return self._nothing(target, configuration, dependency.incompatible.above(label))
                resolved, found = without_incompatible(resolved, found)
                break
        self._attributes.check_files(target, resolved.values, found)
        made: ConfiguredTarget = yield Work(target, configuration, resolved, found)
        return made

    def _check_native(self, target: Target) -> None:
        """Raise AnalysisError for a platform or a config_setting that means nothing, whether or not it is used."""
        if target.rule_name == "platform":
            constraints_of(self.loader, target)
        else:
            self.conditions.check(target)

    def _groups(
        self, target: Target, rule: Rule, configuration: Configuration
    ) -> tuple[dict[str, Choice] | None, Configuration]:
        """The choice for each execution group, where there is one to make, and the configuration of what is named."""
        if not (rule.exec_groups or configuration.execution is not None or _ON in target.attributes):
            return None, configuration
        groups = None
        if rule.name != "toolchain":
            groups = self.toolchains.resolve(target, rule.exec_groups, configuration, self.tools_of(configuration)[0])
        return groups, configuration.plain

    def _file(self, key: Key) -> ConfiguredTarget | None:
        """A source file, which is there at once; None: the key must be worked out."""
        target = self.loader.target(key[0]) if len(key) == 2 else None
        if target is None or target.kind != "source":
            return None
        made = self._done[key] = self._source(target, key[1])
        return made

    def _with_aspects(self, key: Key) -> Steps:
        if self._aspects is None:
            # Imported for builds with aspects only: others do without.
            from rulesengine.analysis.aspects import Aspects

            self._aspects = Aspects(self.loader, self._attributes, self._applying(), self._done, self._of_aspect)
        return (yield from self._aspects.steps(key, self.tools_of(key[1])[1]))

    def _of_aspect(self, target: Target, aspect: Aspect, configuration: Configuration) -> dict[str, Choice]:
        host = self.tools_of(configuration)[0]
        return self.toolchains.resolve(target, aspect.exec_groups, configuration, host, aspect.module)

    def _applying(self) -> Application:
        if self._application is None:
            from rulesengine.analysis.application import Application

            self._application = Application(self.loader, self._implementations)
        return self._application

    def _work(self, work: list[Work]) -> Iterator[ConfiguredTarget | RulesEngineError]:
        """Run implementations; where failures are allowed, a target that failed is one to look at."""
        for one, result in zip(work, self._implementations.run(work), strict=True):
            if isinstance(result, RulesEngineError) and _may_fail(one.configuration):
                yield self._applying().failed(one.target, one.configuration, [result.said or result.message], [])
            else:
                yield result

    def _resolved(self, target: Target, configuration: Configuration, groups: dict[str, Choice] | None) -> Steps:
        """Resolves the attributes of a target that may fail, and runs its implementation unless a dependency failed."""
        try:
            resolved = self._attributes.resolve(target, configuration, self.tools_of(configuration)[1], groups=groups)
            missing = [one for one in resolved.wanted if one not in self._done]
            if missing:
                yield missing
            found = [self._done[one] for one in resolved.wanted]
            causes = [one for one in found if "AnalysisFailureInfo" in one.providers]
            if causes:
                return self._applying().failed(target, configuration, [], causes)
            self._attributes.check_files(target, resolved.values, found)
        except LoadingError:
            raise
        except RulesEngineError as fault:
            return self._applying().failed(target, configuration, [fault.said or fault.message], [])
        made: ConfiguredTarget = yield Work(target, configuration, resolved, found)
        return made

    @staticmethod
    def _nothing(target: Target, configuration: Configuration, why: Incompatible) -> ConfiguredTarget:
        """What is in place of a target that its platform cannot have."""
        return ConfiguredTarget(target.label, configuration, target, None, Depset([]), incompatible=why)

    def _source(self, target: Target, configuration: Configuration) -> ConfiguredTarget:
        label = target.label
        path = self.loader.repositories.exec_prefix(label.repo) + label.path
        artifact = self.actions.source(label, path)
        return ConfiguredTarget(label, configuration, target, None, Depset([artifact]))

    def _generated(self, target: Target, configuration: Configuration, maker: ConfiguredTarget) -> ConfiguredTarget:
        if maker.incompatible is not None:
            return self._nothing(target, configuration, maker.incompatible.above(target.label))
        path = self.actions.output_path(target.label, maker.configuration, target.label.name)
        artifact = self.actions.artifacts.get(path)
        if artifact is None or not self.actions.graph.makes(artifact):
            raise AnalysisError(
                f"{maker.label} declares the output {target.label.name}, but its rule makes no action for it",
                label=target.label,
                location=target.location,
            )
        return ConfiguredTarget(
            target.label,
            configuration,
            target,
            None,
            Depset([artifact]),
            dependencies=((maker.label, maker.configuration),),
        )


def _may_fail(configuration: Configuration) -> bool:
    return configuration.setting(_ALLOW_FAILURES) in (True, "True", "true", "1")


__all__ = ["Analyzer"]
