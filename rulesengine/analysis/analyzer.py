"""Analyzer: runs rule implementations and yields configured targets and the action graph."""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from functools import lru_cache
from typing import Any

import starlark as sl
from attrs import define

from rulesengine.analysis import transitions
from rulesengine.analysis.actions import ActionBuilder, expand_location, expand_make
from rulesengine.analysis.conditions import Conditions
from rulesengine.analysis.configured import Analysis, ConfiguredTarget
from rulesengine.analysis.visibility import check as check_visibility
from rulesengine.errors import (
    AnalysisError,
    AttributeValueError,
    CycleError,
    LoadingError,
    RulesEngineError,
)
from rulesengine.loading import Loader
from rulesengine.loading.border import parse_own
from rulesengine.model.artifact import Artifact
from rulesengine.model.depset import Depset
from rulesengine.model.events import Progress
from rulesengine.model.label import Label
from rulesengine.model.platform import Configuration
from rulesengine.model.ports import Listener
from rulesengine.model.rule import EMPTY_VALUES, LABEL_KINDS, AttributeSchema, Rule
from rulesengine.model.target import Target

Key = tuple[Label, Configuration]
_NATIVE = "@rulesengine//native:defs.bzl"


@define
class _Running:
    """The configured target whose implementation is being run."""

    label: Label
    configuration: Configuration
    rule: Rule
    done: dict[str, Any]


@lru_cache(maxsize=256)
def _driver(count: int) -> Any:
    source = 'load("p", "analyze__")\nload("r", "RULES__")\n'
    source += "".join(f'load("{i}", d{i} = "TARGET__")\n' for i in range(count))
    source += f"TARGET__ = analyze__(RULES__[INDEX], SPEC, [{', '.join(f'd{i}' for i in range(count))}])\nNone\n"
    return parse_own("<analysis>", source)


@lru_cache(maxsize=8)
def _fixed(source: str) -> Any:
    return parse_own("<analysis>", source)


_TRANSITION_DRIVER = (
    'load("p", "transition__", "attribute_transition__")\nload("r", "RULES__")\n'
    "CFG = RULES__[INDEX].attrs[ATTRIBUTE].cfg if ATTRIBUTE else RULES__[INDEX].cfg\n"
    "IO = {'inputs': CFG.inputs, 'outputs': CFG.outputs}\nNone\n"
)
_TRANSITION_CALL = "OUT = transition__(CFG, SETTINGS, ATTRS)\nNone\n"


class Analyzer:
    """Analyses configured targets, each once.  Not thread-safe: one build owns one Analyzer."""

    def __init__(self, loader: Loader, listener: Listener | None = None) -> None:
        self.loader = loader
        self.listener = listener
        self.actions = ActionBuilder(loader.depsets, loader.operations)
        self.conditions = Conditions(loader)
        self._done: dict[Key, ConfiguredTarget] = {}
        self._failed: dict[Key, RulesEngineError] = {}
        self._running: list[_Running] = []
        self._exec: Configuration | None = None
        loader.analysis.update(
            py_declare=self._declare,
            py_action=self._action,
            py_done=self._finish,
            py_expand_location=self._expand_location,
            py_expand_make=expand_make,
            py_output_path=self._output_path,
        )

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
        return Analysis(self.actions.graph, targets, errors, dict(self._done))

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
                target = self.loader.target(circle[-1])
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
        label, configuration = key
        target = self.loader.target(label)
        if target.kind == "source":
            return self._source(target, configuration)
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
        if rule.module == _NATIVE and rule.name == "alias":
            actual = self.conditions.resolve(target, "actual", None, target.attributes["actual"], configuration)
            following = self._dependency(target, "actual", rule.schema["actual"], actual), configuration
            if following not in self._done:
                yield following
            return self._done[following]
        if rule.cfg == "transition":
            configuration = self._transition(target, rule, configuration, "")[0][1]
            if (label, configuration) in self._done:
                return self._done[label, configuration]
        values, split, wanted = self._attributes(target, rule, configuration)
        for one in wanted:
            if one not in self._done:
                yield one
        found = [self._done[one] for one in wanted]
        self._check_files(target, rule, values, split, found)
        return self._implement(target, rule, configuration, values, split, found)

    def _source(self, target: Target, configuration: Configuration) -> ConfiguredTarget:
        label = target.label
        path = self.loader.repositories.exec_prefix(label.repo) + label.path
        artifact = self.actions.source(label, path)
        return ConfiguredTarget(label, configuration, target, self._file_module(artifact, label), Depset([artifact]))

    def _file_module(self, artifact: Artifact, label: Label) -> Any:
        module = sl.Module()
        module["FILE"] = [artifact.path, artifact.root, artifact.short_path, artifact.is_source, artifact.is_directory]
        module["LABEL"] = [label.repo, label.package, label.name]
        owner = Label.parse(artifact.owner)
        module["OWNER"] = [owner.repo, owner.package, owner.name]
        source = (
            'load("p", "file_target__", "file__", "label__")\n'
            "TARGET__ = file_target__(\n"
            "    file__(FILE[0], FILE[1], FILE[2], label__(*OWNER), FILE[3], FILE[4]), label__(*LABEL))\nNone\n"
        )
        loader = self.loader
        loader.interpreter.evaluate(module, _fixed(source), lambda _: loader.prelude, AnalysisError)
        return module.freeze()

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
            target.label, configuration, target, self._file_module(artifact, target.label), Depset([artifact]),
            dependencies=((maker.label, maker.configuration),),
        )  # fmt: skip

    # ---- attributes -----------------------------------------------------------

    def _dependency(self, target: Target, name: str, schema: AttributeSchema, text: Any) -> Label:
        label = self.loader.canonical(Label.parse(text))
        place = target.location
        if place is not None and name in target.attributes:
            place = self.loader.texts.attribute(place, name)
        try:
            dependency = self.loader.target(label)
        except LoadingError as fault:
            if fault.location is None:
                fault.location = place
            fault.notes = (*fault.notes, f"{target.label} names it in attribute '{name}'")
            raise
        if name in target.attributes:
            check_visibility(self.loader, target, dependency, name)
        if dependency.testonly and not target.testonly and not (target.rule and target.rule.test):
            raise AttributeValueError(
                f"{label} is testonly, {target.label} is not", location=place, hint="add testonly = True"
            )
        if dependency.kind == "source" and name in target.attributes:
            self._check_extension(target, name, schema, label, place)
        return label

    @staticmethod
    def _check_extension(target: Target, name: str, schema: AttributeSchema, label: Label, place: Any) -> None:
        allowed = schema.allow_files
        if allowed is True or schema.kind not in LABEL_KINDS:
            return
        if isinstance(allowed, tuple) and (not allowed or label.name.endswith(allowed)):
            return
        message = f"attribute '{name}': {label} is a source file, and this attribute takes "
        message += "files named " + " ".join("*" + one for one in allowed) if allowed else "rule targets only"
        raise AttributeValueError(message, label=target.label, location=place)

    def _attributes(
        self, target: Target, rule: Rule, configuration: Configuration
    ) -> tuple[dict[str, Any], dict[str, list[Any]], list[Key]]:
        """Attribute values in a configuration; label values become indices into the dependencies."""
        values: dict[str, Any] = {}
        split: dict[str, list[Any]] = {}
        wanted: dict[Key, int] = {}
        links: list[tuple[str, AttributeSchema]] = []
        for name, schema in rule.schema.items():
            value = self.conditions.resolve(target, name, schema, target.attributes.get(name), configuration)
            if value is None:
                value = schema.default
            if value is None:
                value = EMPTY_VALUES[schema.kind]
            if schema.mandatory and not schema.allow_empty and not value:
                raise AttributeValueError(
                    f"attribute '{name}' may not be empty", label=target.label, location=target.location
                )
            values[name] = value
            if schema.kind in LABEL_KINDS:
                links.append((name, schema))
        for name, schema in links:
            if schema.cfg == "transition":
                made = []
                for key, other in self._transition(target, rule, configuration, name, values):
                    made.append([key, self._index(target, name, schema, values[name], other, wanted)])
                split[name] = made
                values[name] = None
                continue
            other = configuration if schema.cfg != "exec" else self._exec or configuration
            values[name] = self._index(target, name, schema, values[name], other, wanted)
        return values, split, list(wanted)

    def _index(
        self,
        target: Target,
        name: str,
        schema: AttributeSchema,
        value: Any,
        other: Configuration,
        wanted: dict[Key, int],
    ) -> Any:
        def index(text: Any) -> int:
            label = self._dependency(target, name, schema, text)
            return wanted.setdefault((label, other), len(wanted))

        if schema.kind == "label":
            return None if value is None else index(value)
        if schema.kind == "label_list":
            return [index(one) for one in value]
        if schema.kind == "string_keyed_label_dict":
            return {key: index(one) for key, one in value.items()}
        return [[index(one), text] for one, text in value.items()]

    def _check_files(
        self, target: Target, rule: Rule, values: dict[str, Any], split: dict[str, Any], found: list[ConfiguredTarget]
    ) -> None:
        """A rule's outputs must have an extension that the attribute takes."""
        for name, schema in rule.schema.items():
            if (schema.kind != "label" and schema.kind != "label_list") or not isinstance(schema.allow_files, tuple):
                continue
            value = values.get(name)
            for index in value if isinstance(value, list) else [] if value is None else [value]:
                dependency = found[index]
                files = dependency.files
                if not files or dependency.target.kind == "source" or schema.providers:
                    continue
                if schema.allow_files and not any(file.path.endswith(schema.allow_files) for file in files):
                    raise AttributeValueError(
                        f"attribute '{name}': {dependency.label} makes no file named "
                        + " ".join("*" + one for one in schema.allow_files),
                        label=target.label,
                        location=target.location,
                    )

    def _transition(
        self,
        target: Target,
        rule: Rule,
        configuration: Configuration,
        attribute: str,
        values: dict[str, Any] | None = None,
    ) -> list[tuple[str, Configuration]]:
        loader = self.loader
        frozen = loader.bzl(Label.parse(rule.module))
        if values is None:
            values = {}
            for name, schema in rule.schema.items():
                value = self.conditions.resolve(target, name, schema, target.attributes.get(name), configuration)
                values[name] = schema.default if value is None else value
                if values[name] is None:
                    values[name] = EMPTY_VALUES[schema.kind]
        module = sl.Module()
        module["INDEX"] = rule.index
        module["ATTRIBUTE"] = attribute

        def load(name: str) -> Any:
            return loader.prelude if name == "p" else frozen

        loader.interpreter.evaluate(module, _fixed(_TRANSITION_DRIVER), load, AnalysisError)
        ports = module["IO"]
        module["SETTINGS"] = transitions.settings_for(loader, ports["inputs"], configuration)
        module["ATTRS"] = {"name": target.label.name, **values}
        loader.interpreter.evaluate(module, _fixed(_TRANSITION_CALL), load, AnalysisError)
        out = []
        for key, settings in transitions.branches(module["OUT"], target):
            out.append((key, transitions.apply(loader, configuration, settings, ports["outputs"], target)))
        if not attribute and len(out) != 1:
            raise AnalysisError("a rule's own transition has exactly one result", label=target.label)
        return out

    # ---- running an implementation ---------------------------------------------

    def _implement(
        self,
        target: Target,
        rule: Rule,
        configuration: Configuration,
        values: dict[str, Any],
        split: dict[str, list[Any]],
        found: list[ConfiguredTarget],
    ) -> ConfiguredTarget:
        loader, label = self.loader, target.label
        frozen = loader.bzl(Label.parse(rule.module))
        attributes = {"name": label.name, **values}
        for common in ("tags", "testonly", "deprecation", "visibility", "features"):
            attributes.setdefault(common, target.attributes.get(common, [] if common in ("tags", "features") else None))
        running = _Running(label, configuration, rule, {})
        self._running.append(running)
        platform = configuration.platform
        setting = None
        if rule.build_setting:
            setting = configuration.setting(str(label))
            if setting is None:
                setting = target.attributes.get("build_setting_default")
        bin_dir = f"pybuild-out/{configuration.mnemonic}/bin"
        module = sl.Module()
        module["INDEX"] = rule.index
        module["SPEC"] = {
            "id": len(self._running) - 1,
            "label": [label.repo, label.package, label.name],
            "attrs": attributes,
            "split": split,
            "outputs": {name: pattern.replace("%{name}", label.name) for name, pattern in rule.outputs.items()},
            "vars": self._variables(configuration, bin_dir),
            "bin_dir": bin_dir,
            "workspace": loader.repositories.module_name or "_main",
            "build_file": loader.package(label.repo, label.package).build_file,
            "platform": {
                "os": platform.os,
                "architecture": platform.architecture,
                "variant": platform.variant,
                "name": str(platform),
            },
            "constraints": list(configuration.constraints),
            "setting": setting,
        }

        def load(name: str) -> Any:
            if name == "p":
                return loader.prelude
            if name == "r":
                return frozen
            return found[int(name)].module

        try:
            loader.interpreter.evaluate(module, _driver(len(found)), load, AnalysisError)
        except RulesEngineError as fault:
            place = fault.location
            if place is None or loader.texts.trusted(place.path):
                fault.location = target.location
            elif target.location is not None and str(label) not in fault.message:
                fault.notes = (*fault.notes, f"in the rule of {label}, declared at {target.location}")
            fault.message = fault.message.removeprefix(f"{label}: ")
            fault.label = fault.label or str(label)
            raise
        done = running.done
        executable = done.get("executable")
        return ConfiguredTarget(
            label,
            configuration,
            target,
            module.freeze(),
            self.actions.depset(done["files"]),
            self.actions.artifacts[executable] if executable else None,
            self.actions.depset(done["runfiles"]),
            {name: self.actions.depset(index) for name, index in done["groups"].items()},
            tuple(done["providers"]),
            done["environment"],
            tuple((one.label, one.configuration) for one in found),
        )

    @staticmethod
    def _variables(configuration: Configuration, bin_dir: str) -> dict[str, str]:
        out = {
            "BINDIR": bin_dir,
            "GENDIR": bin_dir,
            "TARGET_CPU": configuration.platform.architecture,
            "COMPILATION_MODE": "fastbuild",
        }
        prefix = "//command_line_option:define/"
        for name, value in configuration.settings:
            if name.startswith(prefix):
                out[name[len(prefix) :]] = json.loads(value)
        return out

    # ---- what the prelude calls ------------------------------------------------

    def _declare(self, index: int, filename: str, directory: bool) -> list[str]:
        running = self._running[index]
        artifact = self.actions.declare(running.label, running.configuration, filename, directory)
        return [artifact.path, artifact.root, artifact.short_path]

    def _action(self, index: int, text: str) -> None:
        running = self._running[index]
        self.actions.add(running.label, running.configuration, running.rule, text)

    def _finish(self, index: int, text: str) -> None:
        running = self._running[index]
        running.done.update(json.loads(text))
        for artifact in self.actions.depset(running.done["files"]):
            if not artifact.is_source and artifact not in self.actions.graph.makers:
                raise AnalysisError(
                    f"the rule declared the file {artifact.short_path} and made no action for it",
                    label=running.label,
                )

    def _output_path(self, text: str) -> str:
        running = self._running[-1]
        return self.actions.output_path(Label.parse(text), running.configuration, Label.parse(text).name)

    def _expand_location(self, text: str, label: list[str], known: dict[str, Any]) -> str:
        return expand_location(text, Label(*label), known)


__all__ = ["Analyzer"]
