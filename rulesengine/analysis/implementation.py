"""Rule implementations: run in a module of their own, which then holds the target's providers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import starlark as sl

from rulesengine.analysis import drivers
from rulesengine.analysis.actions import ActionBuilder
from rulesengine.analysis.attributes import Resolved
from rulesengine.analysis.build_tests import BuildTests
from rulesengine.analysis.configured import ConfiguredTarget
from rulesengine.analysis.constraints import Constraints
from rulesengine.analysis.expansion import expand_location, expand_make
from rulesengine.analysis.runfiles import Runfiles
from rulesengine.analysis.specs import Specs, parts, shell_environment
from rulesengine.errors import AnalysisError, ConflictError, Location, RulesEngineError
from rulesengine.loading import Loader
from rulesengine.loading.border import received
from rulesengine.loading.watch import searched
from rulesengine.model.action import Action
from rulesengine.model.artifact import Artifact
from rulesengine.model.depset import Depset
from rulesengine.model.label import Label
from rulesengine.model.platform import Configuration
from rulesengine.model.rule import Rule
from rulesengine.model.target import Target
from rulesengine.values import define, field, light

_REQUIREMENT = re.compile(r"(?:block|requires|no|supports|disable)-|local$|(?:cpu|resources):")
"""The tags that say how the actions of a target are to run."""
_NONE: dict[str, Any] = {}
_NO_PATHS: list[str] = []
_ATTRIBUTE = re.compile(r"attribute '(\w+)': ")


def _where(work: list[Work]) -> str:
    """The place of implementations, of which one runs: nothing tells which."""
    first = work[0].target
    others = f" or one of {len(work) - 1} more targets" if len(work) > 1 else ""
    place = f"{first.location.path}:{first.location.line}" if first.location else str(first.label)
    return f"{place}: in the implementation of {first.label}{others}"


@light
class Work:
    """An implementation to run.  found: the target's dependencies, in the order of `resolved.wanted`."""

    target: Target
    configuration: Configuration
    resolved: Resolved
    found: list[ConfiguredTarget]


_Ran = tuple[Any, "list[dict[str, Any] | RulesEngineError]", RulesEngineError | None]
"""The module, what the implementations said that ran, and the error of the one after them."""


@define
class _Batch:
    """Implementations that run in one module, and what those that are done said, or why that is wrong.

    running: the number of the one that runs.
    module: theirs, once they are done; its LATE__ are functions of theirs that look into trees.
    declared: by number.  conflicts: by number, the first action that cannot be beside another.
    """

    work: list[Work]
    done: list[dict[str, Any] | RulesEngineError] = field(factory=list)
    running: int = 0
    module: Any = None
    declared: dict[int, list[Artifact]] = field(factory=dict)
    conflicts: dict[int, ConflictError] = field(factory=dict)


class Implementations:
    """Runs rule implementations and receives what they declare."""

    def __init__(self, loader: Loader, actions: ActionBuilder, constraints: Constraints, tests: BuildTests) -> None:
        self._loader = loader
        self._actions = actions
        self._constraints = constraints
        self._batch = _Batch([])
        self.specs = Specs(loader)
        self._tests = tests
        self._providers: dict[tuple[int, ...], tuple[str, ...]] = {}
        self._look_into: Callable[[str], Sequence[str]] = lambda path: (path,)
        loader.analysis.update(self._callables())
        actions.graph.make = self._made

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
        return searched("rulesengine.analysis.tracing", words, _where(work))

    def _evaluate_again(self, work: list[Work]) -> _Ran:
        """As _evaluate, for tests of one BUILD file in the order in which it makes them."""
        batch = self._batch = _Batch(work)
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
        batch = self._batch = _Batch(work)
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
        self._batch = _Batch([work])
        return self._batch.done

    def applied(self, module: Any) -> None:
        """The module of the aspect that `applying` was said for."""
        self._batch.module = module

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

    # ---- what the prelude calls -------------------------------------------------

    def _callables(self) -> dict[str, Callable[..., Any]]:
        return {
            "py_declare": self._declare,
            "py_told": self._told,
            "py_said": self._said,
            "py_next": self._next,
            "py_aspect_done": self._finish_aspect,
            "py_target_actions": self._target_actions,
            "py_expand_location": self._expand_location,
            "py_expand_make": lambda text: expand_make(*received(text)),
            "py_output_path": self._output_path,
            "py_has_constraint": self._has_constraint,
            "py_members": self._members,
        }

    def _declare(self, text: str) -> int:
        index, kind, filename = text.split("\n", 2)
        self._take(int(index), [[kind, filename]])
        return 0

    def _told(self, text: str) -> int:
        index, told = received(text)
        self._take(index, told)
        return 0  # the border takes twice as long for None

    def _take(self, index: int, told: list[Any]) -> None:
        """What a target declared: files, as names or lists of kind and name, and actions, in its order."""
        batch = self._batch
        running = batch.work[index]
        target, configuration = running.target, running.configuration
        label, actions = target.label, self._actions
        for spec in told:
            if type(spec) is not dict:
                kind, filename = ("", spec) if type(spec) is str else spec
                artifact = actions.declare(label, configuration, filename, kind or "file")
                if kind != "file":
                    batch.declared.setdefault(index, []).append(artifact)
                continue
            _complete(spec, configuration)
            if "tags" in target.attributes:
                asked = {tag: "" for tag in target.attributes["tags"] if _REQUIREMENT.match(tag)}
                if asked:
                    spec["requirements"] = {**asked, **(spec.get("requirements") or {})}
            try:
                actions.add(label, configuration, spec, partial(self._late, batch, target))
            except ConflictError as fault:  # told when the target is done, as it is not this call that is wrong
                batch.conflicts.setdefault(index, fault)

    def _made(self, what: tuple[Target, Configuration, str]) -> Iterator[Action]:
        """The actions of a target, of usual parts, as it told them."""
        target, configuration, told = what
        for spec in received(told):
            if type(spec) is dict:
                _complete(spec, configuration)
                yield self._actions.action(target.label, configuration, spec)

    def _late(self, batch: _Batch, target: Target, index: int, members: Callable[[str], Sequence[str]]) -> list[Any]:
        """What function `index` that an implementation left for later makes of trees."""
        loaded = {"p": self._loader.prelude, "t": batch.module}
        self._look_into = members
        module = sl.Module()
        module["INDEX"] = index
        try:
            self._loader.interpreter.evaluate(module, drivers.looking(), loaded.__getitem__, AnalysisError)
        except RulesEngineError as fault:
            self.explain(fault, target)
            raise
        found: list[Any] = json.loads(str(module["MADE__"]))
        return found

    def _members(self, path: str) -> str:
        return "\n".join(self._look_into(path))

    def _next(self) -> int:
        self._batch.running += 1
        self._loader.guard.budget.begin()  # each implementation of a batch has its own
        return 0

    def _said(self, text: str) -> int:
        """What the targets that are done since the last time said, and a line of what each declared.

        1 where that is not JSON: then it comes once more.
        """
        try:
            first, *lines = text.split("\n")
            said = received(first)
            told = [
                line if "made" in one and _is_json(line) else received(line)
                for one, line in zip(said, lines, strict=True)
            ]
        except ValueError:
            return 1
        done = self._batch.done
        for one, declared in zip(said, told, strict=True):
            try:
                self._finish(len(done), one, declared)
            except RulesEngineError as fault:
                done.append(fault)
            else:
                done.append(one)
        return 0

    def _finish(self, index: int, done: dict[str, Any], told: str | list[Any]) -> None:
        running = self._batch.work[index]
        if isinstance(told, list):
            self._take(index, told)
        elif "tags" in running.target.attributes or not self._actions.later(
            running.target.label, done["made"], (running.target, running.configuration, told)
        ):
            self._take(index, received(told))
        self._check_actions(index)
        if "executable" in done:
            program = self._actions.artifacts[done["executable"]]
            if not program.is_source and not self._actions.graph.makes(program):
                raise AnalysisError(
                    "the rule is executable: it needs to make a file that can be executed and give it to DefaultInfo",
                    label=running.target.label,
                    hint="DefaultInfo(executable = FILE), with an action that makes FILE",
                )
            self._actions.runfiles[done["executable"]] = Runfiles(
                running.target.label,
                running.configuration,
                done.get("runfiles", _NO_PATHS),
                done["files"],
                tuple((path, file) for path, file in done.get("symlinks", ())),
                tuple((path, file) for path, file in done.get("root_symlinks", ())),
            )

    def _finish_aspect(self, index: int, text: str) -> None:
        done = json.loads(text)
        self._check_actions(index)
        self._batch.done.append(done)

    def _target_actions(self, index: int) -> str:
        running = self._batch.work[index]
        found = self._actions.graph.owned(str(running.target.label), running.configuration.mnemonic)
        from rulesengine.analysis.described import described

        return json.dumps([described(one) for one in found])

    def _check_actions(self, index: int) -> None:
        """Raise AnalysisError where an action is in another's way, or unless every declared file has one."""
        conflict = self._batch.conflicts.get(index)
        if conflict is not None:
            raise conflict
        graph = self._actions.graph
        missing = [one for one in self._batch.declared.get(index, ()) if not graph.makes(one)]
        if missing:
            names = ", ".join(dict.fromkeys(one.short_path for one in missing))
            raise AnalysisError(
                f"files that the rule declared have no generating action: {names}",
                label=self._batch.work[index].target.label,
                hint="make them with ctx.actions.run, run_shell, write or symlink",
            )

    def _expand_location(self, text: str, what: str) -> str:
        label, known = json.loads(what)
        if self._batch.running < len(self._batch.work):  # an alias stands for its target under both names
            running = self._batch.work[self._batch.running]
            for key, other in zip(running.resolved.wanted, running.found, strict=False):
                if key[0] != other.label and str(other.label) in known:
                    known.setdefault(str(key[0]), known[str(other.label)])
        return expand_location(text, Label(*label), known)

    def _has_constraint(self, index: int, text: str) -> bool:
        return self._constraints.holds(text, self._batch.work[index].configuration)

    def _output_path(self, text: str) -> str:
        running, label = self._batch.work[self._batch.running], Label.parse(text)
        return self._actions.output_path(label, running.configuration, label.name)


def _is_json(text: str) -> bool:
    """Whether it is sure that Starlark's str() wrote JSON: there are no unusual characters, and no such values."""
    return not ("\\x" in text or "\\U" in text or "None" in text or "True" in text or "False" in text)


def _complete(spec: dict[str, Any], configuration: Configuration) -> None:
    """Add what --action_env says to an action that has the usual environment."""
    if "default_env" in spec:
        spec["env"] = {**shell_environment(configuration), **spec.get("env", _NONE)}


def _declared(target: Target, place: Location) -> str:
    assert target.rule is not None
    return f"in the implementation of {target.rule.name}, for {target.label} declared at {place}"
