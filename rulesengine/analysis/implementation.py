"""Rule implementations: run in a module of their own, which then holds the target's providers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import starlark as sl

from rulesengine.analysis import drivers
from rulesengine.analysis.actions import ActionBuilder
from rulesengine.analysis.batch import Batch, Work, where
from rulesengine.analysis.build_tests import BuildTests
from rulesengine.analysis.configured import ConfiguredTarget
from rulesengine.analysis.constraints import Constraints
from rulesengine.analysis.declarations import Declarations
from rulesengine.analysis.specs import Specs, parts
from rulesengine.errors import AnalysisError, Location, RulesEngineError
from rulesengine.loading import Loader
from rulesengine.loading.watch import searched
from rulesengine.model.artifact import Artifact
from rulesengine.model.depset import Depset
from rulesengine.model.label import Label
from rulesengine.model.platform import Configuration
from rulesengine.model.rule import Rule
from rulesengine.model.target import Target

_NONE: dict[str, Any] = {}
_NO_PATHS: list[str] = []
_ATTRIBUTE = re.compile(r"attribute '(\w+)': ")


_Ran = tuple[Any, "list[dict[str, Any] | RulesEngineError]", RulesEngineError | None]
"""The module, what the implementations said that ran, and the error of the one after them."""


class Implementations:
    """Runs rule implementations and receives what they declare."""

    def __init__(self, loader: Loader, actions: ActionBuilder, constraints: Constraints, tests: BuildTests) -> None:
        self._loader = loader
        self._actions = actions
        self._declarations = Declarations(loader, actions, constraints, self.explain)
        self.specs = Specs(loader)
        self._tests = tests
        self._providers: dict[tuple[int, ...], tuple[str, ...]] = {}

    def run(self, work: list[Work]) -> Iterator[ConfiguredTarget | RulesEngineError]:
        """Run implementations together, one after the other; each one's target or error, in order."""
        for one in work:
            if one.target.rule is not None and one.target.rule.in_build:
                return self._mixed(work)
        return self._run(work, self._evaluate)

    def _mixed(self, work: list[Work]) -> Iterator[ConfiguredTarget | RulesEngineError]:
        """Likewise, where some are of tests that BUILD files made: those of each file run together."""
        groups: dict[str, list[Work]] = {}
        for one in work:
            assert one.target.rule is not None
            groups.setdefault(one.target.rule.module if one.target.rule.in_build else "", []).append(one)
        made: dict[int, ConfiguredTarget | RulesEngineError] = {}
        for module, group in groups.items():
            group.sort(key=lambda one: one.target.rule.index if module and one.target.rule is not None else 0)
            evaluate = self._evaluate_again if module else self._evaluate
            made.update(zip(map(id, group), list(self._run(group, evaluate)), strict=True))
        return iter([made[id(one)] for one in work])

    def _run(
        self, work: list[Work], evaluate: Callable[[list[Work]], _Ran]
    ) -> Iterator[ConfiguredTarget | RulesEngineError]:
        while work:
            module, done, fault = evaluate(work)
            for index, (one, said) in enumerate(zip(work, done, strict=False)):
                if isinstance(said, RulesEngineError):
                    self.explain(said, one.target)
                    yield said
                else:
                    yield self._configured(one, module, index, said)
            work = work[len(done) :]
            if fault is not None:
                self.explain(fault, work[0].target)
                yield fault
                work = work[1:]

    def module_of(self, rule: Rule) -> Any:
        """The frozen module that holds a rule, where aspects find its attributes."""
        return self._tests.schemas(rule) if rule.in_build else self._loader.bzl(Label.parse(rule.module))

    def _search(self, work: list[Work]) -> str:
        """The command that finds out which of the implementations never ends, and where."""
        first = work[0].configuration
        platform, settings = first.platform_label or str(first.platform), json.dumps(first.settings)
        labels = "\n".join([str(one.target.label) for one in work if one.configuration is first])
        words = [self._loader.root, platform, settings, labels]
        return searched("rulesengine.analysis.tracing", words, where(work))

    def _evaluate_again(self, work: list[Work]) -> _Ran:
        """As _evaluate, for tests of one BUILD file in the order in which it makes them."""
        batch = self._declarations.begin(Batch(work))
        fault: RulesEngineError | None = None
        try:
            with self._loader.guard.watch.during(lambda: self._search(work)):
                self._tests.run(work, self.specs, self.file)
        except RulesEngineError as caught:
            fault = caught if len(batch.done) < len(work) else None  # not what comes after those that are wanted
        if fault is None and len(batch.done) < len(work):
            fault = AnalysisError(
                "the BUILD file does not make this test when it is evaluated again to run its implementation",
                hint="let it depend only on what is the same each time",
            )
        said = [one for one in batch.done if not isinstance(one, RulesEngineError)]
        if len(said) < len(batch.done):  # those after the one that is wrong are evaluated once more
            place = next(place for place, one in enumerate(batch.done) if isinstance(one, RulesEngineError))
            wrong = batch.done[place]
            assert isinstance(wrong, RulesEngineError)
            fault, said = wrong, said[:place]
            batch.done[place:] = []
        scripts = [self._actions.artifacts[done["executable"]] for done in said]
        batch.module = self._tests.targets(work, scripts)
        return batch.module, batch.done, fault

    def _evaluate(self, work: list[Work]) -> _Ran:
        """The module, what the implementations said that ran, and the error of the one after them."""
        loader = self._loader
        modules: dict[int, tuple[int, Any]] = {}
        rules: dict[Rule, int] = {}
        configurations: dict[Configuration, int] = {}
        files: dict[int, int] = {}
        listed: list[list[str] | dict[str, Any]] = []
        targets = []
        for number, one in enumerate(work):
            rule = one.target.rule
            assert rule is not None
            spec = self.specs.of(one.target, one.configuration, one.resolved, whole=False)
            spec["id"] = number
            spec["configuration"] = configurations.setdefault(one.configuration, len(configurations))
            spec["rule"] = rules.setdefault(rule, len(rules))
            needs = []
            for other in one.found:
                if other.module is None:
                    if id(other) not in files:
                        files[id(other)] = len(listed)
                        listed.append(self.file(other))
                    needs.append([-1, files[id(other)]])
                else:
                    needs.append([modules.setdefault(id(other.module), (len(modules), other.module))[0], other.index])
            spec["deps"] = needs
            targets.append(spec)
        frozen = {"p": loader.prelude}
        frozen.update((f"r{index}", self.specs.rule(rule)) for rule, index in rules.items())
        frozen.update((f"c{index}", self.specs.configuration(one)) for one, index in configurations.items())
        frozen.update((str(index), module) for index, module in modules.values())
        module = sl.Module()
        # One text: each value that crosses the border by itself costs more than all of them in JSON.
        module["SPEC"] = json.dumps({"files": listed, "targets": targets})
        batch = self._declarations.begin(Batch(work))
        fault: RulesEngineError | None = None
        try:
            driver = drivers.running(len(modules), len(rules), len(configurations))
            with loader.interpreter.guard.watch.during(lambda: self._search(work)):
                loader.interpreter.evaluate(module, driver, frozen.__getitem__, AnalysisError)
        except RulesEngineError as caught:
            fault = caught
            loader.interpreter.evaluate(module, drivers.saying(), frozen.__getitem__, AnalysisError)
        batch.module = module.freeze()
        return batch.module, batch.done, fault

    def file(self, one: ConfiguredTarget) -> list[str] | dict[str, Any]:
        """A file as a dependency."""
        artifact, label = one.depset.direct[0], one.label
        if artifact.is_source:
            return [label.repo, label.package, label.name, artifact.path]
        owner = Label.parse(artifact.owner)
        file = [artifact.path, artifact.root, artifact.short_path, artifact.is_source, artifact.kind]
        return {"file": file, "label": parts(label), "owner": parts(owner)}

    def _configured(self, one: Work, module: Any, index: int, done: dict[str, Any]) -> ConfiguredTarget:
        actions, executable = self._actions, done.get("executable")
        numbers = tuple(done["providers"])
        providers = self._providers.get(numbers)
        if providers is None:
            providers = self._providers[numbers] = tuple(self._loader.provider_name(one) for one in numbers)
        return ConfiguredTarget(
            one.target.label,
            one.configuration,
            one.target,
            module,
            actions.depset(done["files"]),
            actions.artifacts[executable] if executable else None,
            actions.depset(done.get("runfiles", _NO_PATHS)),
            {name: actions.depset(index) for name, index in done["groups"].items()} if "groups" in done else _NONE,
            providers,
            done.get("environment") or _NONE,
            tuple([(other.label, other.configuration) for other in one.found]),
            tuple(done.get("inherited", ())),
            index,
            requirements=tuple(done.get("requirements", ())),
        )

    def applying(self, work: Work) -> list[Any]:
        """What the prelude calls is now for an aspect on a target; what the aspect says when it is done comes here."""
        return self._declarations.begin(Batch([work])).done

    def applied(self, module: Any) -> None:
        """The module of the aspect that `applying` was said for."""
        self._declarations.batch.module = module

    def depset(self, index: int | list[str]) -> Depset[Artifact]:
        """The files of a Starlark depset."""
        return self._actions.depset(index)

    def explain(self, fault: RulesEngineError, target: Target) -> None:
        """Say which target it was, and show the BUILD file where the rule's own file is not the user's."""
        label, place = str(target.label), fault.location
        texts = self._loader.texts
        attribute = _ATTRIBUTE.match(fault.message.removeprefix(f"{label}: "))
        if place is None or texts.trusted(place.path):
            fault.location = target.location
            if attribute and target.location is not None and attribute[1] in target.attributes:
                fault.location = texts.attribute(target.location, attribute[1])
        elif target.location is not None:
            fault.notes = (*fault.notes, _declared(target, target.location))
        for prefix in (f"{label}: ", f"@@{label}: ", f"@{label}: "):
            fault.message = fault.message.removeprefix(prefix)
        fault.label = fault.label or label


def _declared(target: Target, place: Location) -> str:
    assert target.rule is not None
    return f"in the implementation of {target.rule.name}, for {target.label} declared at {place}"
