"""Rule implementations: run in a module of their own, which then holds the target's providers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import starlark as sl
from attrs import define, field

from rulesengine.analysis.actions import ActionBuilder
from rulesengine.analysis.attributes import Resolved
from rulesengine.analysis.configured import ConfiguredTarget
from rulesengine.analysis.expansion import MAIN_REPOSITORY, expand_location, expand_make
from rulesengine.analysis.runfiles import Runfiles
from rulesengine.errors import AnalysisError, Location, RulesEngineError
from rulesengine.loading import Loader
from rulesengine.loading.border import parse_own
from rulesengine.model.artifact import OUTPUT_ROOT, Artifact
from rulesengine.model.label import Label
from rulesengine.model.platform import Configuration
from rulesengine.model.target import Target

_FILE_TARGET = 'load("p", "file_target__")\nTARGET__ = file_target__(SPEC)\nNone\n'
_COMMON = {"tags": [], "testonly": False, "deprecation": None, "visibility": [], "features": []}
_ATTRIBUTE = re.compile(r"attribute '(\w+)': ")


@lru_cache(maxsize=256)
def _driver(count: int) -> Any:
    """Runs an implementation with `count` dependencies; the modules `p`, `r`, `0`, `1` … come from the loader."""
    source = 'load("p", "analyze__")\nload("r", "RULES__")\n'
    source += "".join(f'load("{i}", d{i} = "TARGET__")\n' for i in range(count))
    source += f"TARGET__ = analyze__(RULES__[INDEX], SPEC, [{', '.join(f'd{i}' for i in range(count))}])\nNone\n"
    return parse_own("<analysis>", source)


@lru_cache(maxsize=1)
def _file_driver() -> Any:
    return parse_own("<analysis>", _FILE_TARGET)


def _parts(label: Label) -> list[str]:
    return [label.repo, label.package, label.name]


@define
class _Running:
    """A configured target whose implementation is being run, and what it said when it was done."""

    target: Target
    configuration: Configuration
    done: dict[str, Any] = field(factory=dict)


class Implementations:
    """Runs rule implementations and receives what they declare."""

    def __init__(self, loader: Loader, actions: ActionBuilder) -> None:
        self._loader = loader
        self._actions = actions
        self._running: list[_Running] = []
        self._made: set[int] = set()
        loader.analysis.update(self._callables())

    def file_module(self, artifact: Artifact, label: Label) -> Any:
        """The module of a file as a dependency: its TARGET__ has DefaultInfo."""
        module = sl.Module()
        file = [artifact.path, artifact.root, artifact.short_path, artifact.is_source, artifact.is_directory]
        owner = Label.parse(artifact.owner)
        module["SPEC"] = json.dumps({"file": file, "label": _parts(label), "owner": _parts(owner)})
        prelude = self._loader.prelude
        self._loader.interpreter.evaluate(module, _file_driver(), lambda _: prelude, AnalysisError)
        return module.freeze()

    def run(
        self, target: Target, configuration: Configuration, resolved: Resolved, found: list[ConfiguredTarget]
    ) -> ConfiguredTarget:
        """Run the implementation of a rule target.  found: its dependencies, in the order of `resolved.wanted`."""
        rule = target.rule
        assert rule is not None
        loader, label = self._loader, target.label
        frozen = loader.bzl(Label.parse(rule.module))
        running = _Running(target, configuration)
        self._running.append(running)
        module = sl.Module()
        module["INDEX"] = rule.index
        # One text: each value that crosses the border by itself costs more than all of them in JSON.
        module["SPEC"] = json.dumps(self._spec(target, configuration, resolved))

        def load(name: str) -> Any:
            if name == "p":
                return loader.prelude
            if name == "r":
                return frozen
            return found[int(name)].module

        try:
            loader.interpreter.evaluate(module, _driver(len(found)), load, AnalysisError)
        except RulesEngineError as fault:
            self._explain(fault, target)
            raise
        done, actions = running.done, self._actions
        executable = done["executable"]
        return ConfiguredTarget(
            label,
            configuration,
            target,
            module.freeze(),
            actions.depset(done["files"]),
            actions.artifacts[executable] if executable else None,
            actions.depset(done["runfiles"]),
            {name: actions.depset(index) for name, index in done["groups"].items()},
            tuple(done["providers"]),
            done["environment"],
            tuple((one.label, one.configuration) for one in found),
            tuple(done.get("inherited", ())),
        )

    def _spec(self, target: Target, configuration: Configuration, resolved: Resolved) -> dict[str, Any]:
        """The plain data from which the prelude makes `ctx`."""
        rule, label, loader = target.rule, target.label, self._loader
        assert rule is not None
        attributes = {"name": label.name, **resolved.values}
        for common, empty in _COMMON.items():
            attributes.setdefault(common, target.attributes.get(common, empty))
        setting = None
        if rule.build_setting:
            setting = configuration.setting(str(label))
            if setting is None:
                setting = target.attributes.get("build_setting_default")
        bin_dir = f"{OUTPUT_ROOT}/{configuration.mnemonic}/bin"
        platform = configuration.platform
        return {
            "id": len(self._running) - 1,
            "label": _parts(label),
            "attrs": [[name, _pairs(value)] for name, value in attributes.items()],
            "split": resolved.split,
            "outputs": [list(pair) for pair in rule.output_names(label.name, resolved.values).items()],
            "vars": _variables(configuration, bin_dir),
            "bin_dir": bin_dir,
            "workspace": MAIN_REPOSITORY,
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

    def _explain(self, fault: RulesEngineError, target: Target) -> None:
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
            "py_action": self._action,
            "py_done": self._finish,
            "py_expand_location": self._expand_location,
            "py_expand_make": lambda text, variables: expand_make(text, json.loads(variables)),
            "py_output_path": self._output_path,
        }

    def _declare(self, index: int, filename: str, directory: bool) -> str:
        running = self._running[index]
        artifact = self._actions.declare(running.target.label, running.configuration, filename, directory)
        return "\n".join((artifact.path, artifact.root, artifact.short_path))

    def _action(self, index: int, text: str) -> None:
        running = self._running[index]
        self._actions.add(running.target.label, running.configuration, text)

    def _finish(self, index: int, text: str) -> None:
        running = self._running[index]
        running.done = json.loads(text)
        if running.done["executable"]:
            done = running.done
            self._actions.runfiles[done["executable"]] = Runfiles(
                running.target.label,
                running.configuration,
                done["runfiles"],
                tuple((path, file) for path, file in done.get("symlinks", ())),
                tuple((path, file) for path, file in done.get("root_symlinks", ())),
            )
        self._check_makers(running.done["files"], running.target.label)

    def _check_makers(self, files: int, owner: Label) -> None:
        """Raise AnalysisError unless every file of a depset is a source or has an action; looks at each node once."""
        stack = [files]
        while stack:
            node = stack.pop()
            if node in self._made:
                continue
            self._made.add(node)
            paths, children, _ = self._loader.depsets[node]
            stack.extend(children)
            for path in paths:
                artifact = self._actions.artifacts[path]
                if not artifact.is_source and artifact not in self._actions.graph.makers:
                    raise AnalysisError(
                        f"the rule declared the file {artifact.short_path} and made no action for it",
                        label=owner,
                        hint="make it with ctx.actions.run, run_shell, write or symlink",
                    )

    @staticmethod
    def _expand_location(text: str, what: str) -> str:
        label, known = json.loads(what)
        return expand_location(text, Label(*label), known)

    def _output_path(self, text: str) -> str:
        running, label = self._running[-1], Label.parse(text)
        return self._actions.output_path(label, running.configuration, label.name)


def _pairs(value: Any) -> Any:
    """A dict as a list of pairs, which keeps its order through JSON."""
    return [list(pair) for pair in value.items()] if isinstance(value, dict) else value


def _declared(target: Target, place: Location) -> str:
    assert target.rule is not None
    return f"in the implementation of {target.rule.name}, for {target.label} declared at {place}"


def _variables(configuration: Configuration, bin_dir: str) -> dict[str, str]:
    """Make variables: Bazel's predefined ones and `--define` settings."""
    out = {
        "BINDIR": bin_dir,
        "GENDIR": bin_dir,
        "TARGET_CPU": configuration.platform.architecture,
        "COMPILATION_MODE": configuration.setting("//command_line_option:compilation_mode") or "fastbuild",
    }
    prefix = "//command_line_option:define/"
    for name, value in configuration.settings:
        if name.startswith(prefix):
            out[name[len(prefix) :]] = json.loads(value)
    return out
