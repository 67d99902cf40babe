"""Transitions: from a configuration and a function's answer to other configurations."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import starlark as sl

from rulesengine.analysis.build_tests import BuildTests
from rulesengine.analysis.label_settings import absolute, default_of, is_label_setting
from rulesengine.analysis.platforms import follow, platform_of
from rulesengine.errors import AnalysisError, Location, RulesEngineError, UsageError
from rulesengine.loading import Loader
from rulesengine.loading.border import parse_own
from rulesengine.loading.texts import FRAME
from rulesengine.loading.watch import spent, told
from rulesengine.model.label import Label
from rulesengine.model.platform import COMMAND_LINE, Configuration
from rulesengine.model.rule import Rule
from rulesengine.model.target import Target
from rulesengine.values import evolve

PLATFORMS = COMMAND_LINE + "platforms"
_DRIVER = (
    'load("p", "transition__", "transition_ports__")\nload("r", "RULES__")\n'
    "CFG = RULES__[INDEX].attrs[ATTRIBUTE].cfg if ATTRIBUTE else RULES__[INDEX].cfg\n"
    "IO = transition_ports__(CFG)\nNone\n"
)
_CALL = "OUT = transition__(CFG, SETTINGS, ATTRS)\nNone\n"


@lru_cache(maxsize=2)
def _own(source: str) -> Any:
    return parse_own("<analysis>", source)


class Transitions:
    """Calls the functions of transitions."""

    def __init__(self, loader: Loader, tests: BuildTests) -> None:
        self._loader = loader
        self._tests = tests

    def of(
        self, target: Target, configuration: Configuration, attribute: str, values: dict[str, Any]
    ) -> list[tuple[str, Configuration]]:
        """(branch key, configuration) of an attribute's transition, or of the rule's own (attribute empty).

        Raises AnalysisError.
        """
        rule, loader = target.rule, self._loader
        assert rule is not None
        if rule.in_build:
            return self._of_test(rule, target, configuration, attribute, values)
        module = sl.Module()
        try:
            load = self._begin(module, rule, attribute)
            ports: Any = module["IO"]
            module["SETTINGS"] = settings_for(loader, ports["inputs"], configuration)
            module["ATTRS"] = {"name": target.label.name, **values}
            with loader.interpreter.guard.watch.during(lambda: told(spent(str(target.location or target.label)))):
                loader.interpreter.evaluate(module, _own(_CALL), load, AnalysisError)
            found = branches(module["OUT"], target)
            out = [(key, apply(loader, configuration, chosen, ports["outputs"], target)) for key, chosen in found]
        except UsageError as fault:  # a platform's text, which here is not the command line's
            raise AnalysisError(
                f"a transition: {fault.message}", label=target.label, location=target.location, hint=fault.hint
            ) from None
        except RulesEngineError as fault:
            fault.label = fault.label or str(target.label)
            fault.location = fault.location or target.location
            raise
        if not attribute and len(out) != 1:
            raise AnalysisError(
                "a rule's own transition has exactly one result", label=target.label, location=target.location
            )
        return out

    def _begin(self, module: sl.Module, rule: Rule, attribute: str) -> Callable[[str], Any]:
        """Have a module hold the transition, CFG, and what it says of itself, IO; what the module loads from."""
        loader = self._loader
        frozen = loader.bzl(Label.parse(rule.module))
        module["INDEX"] = rule.index
        module["ATTRIBUTE"] = attribute

        def load(name: str) -> Any:
            return loader.prelude if name == "p" else frozen

        loader.interpreter.evaluate(module, _own(_DRIVER), load, AnalysisError)
        return load

    def place(self, rule: Rule, attribute: str) -> Location | None:
        """Where transition() was called for an attribute's transition, or for the rule's own (attribute empty).

        None: that is not known, as for what no .bzl file made.
        """
        if rule.in_build:
            return None
        module = sl.Module()
        self._begin(module, rule, attribute)
        found: Any = module["IO"]
        frames = [(one[1], int(one[2])) for one in FRAME.finditer(found["stack"]) if not one[1].startswith("<")]
        if not frames:
            return None
        path, line = frames[-1]
        text = self._loader.texts.line(path, line)
        return Location(path, line, text.find("transition(") + len("transition(") if "transition(" in text else 1)

    def _of_test(
        self, rule: Rule, target: Target, configuration: Configuration, attribute: str, values: dict[str, Any]
    ) -> list[tuple[str, Configuration]]:
        loader = self._loader
        try:
            outputs, answer = self._tests.transition(
                rule,
                attribute,
                {"name": target.label.name, **values},
                lambda inputs: settings_for(loader, inputs, configuration),
            )
            found = branches(answer, target)
            return [(key, apply(loader, configuration, chosen, outputs, target)) for key, chosen in found]
        except RulesEngineError as fault:
            fault.label = fault.label or str(target.label)
            fault.location = fault.location or target.location
            raise


def settings_for(loader: Loader, inputs: list[str], configuration: Configuration) -> dict[str, Any]:
    """The `settings` a transition's implementation reads."""
    out: dict[str, Any] = {}
    for name in inputs:
        if name == PLATFORMS:
            out[name] = [configuration.platform_label or str(configuration.platform)]
            continue
        if name.startswith(COMMAND_LINE):
            # Bazel hands the compilation mode over as a value of its own that equals no text.
            option = name.removeprefix(COMMAND_LINE)
            out[name] = (
                configuration.option(option) if option != "compilation_mode" else configuration.setting(name) or ""
            )
            continue
        flag = follow(loader, loader.label(name))
        value = configuration.setting(str(flag.label))
        found = default_of(loader, flag) if value is None else value
        if is_label_setting(flag):
            label = Label.parse(str(found))
            found = {"label__": [label.repo, label.package, label.name]}
        out[name] = found
    return out


def branches(answer: Any, owner: Target) -> list[tuple[str, dict[str, Any]]]:
    """A transition's answer as (key, settings) pairs: one dict, a list of dicts or a dict of dicts."""
    if isinstance(answer, list):
        return [(str(index), one) for index, one in enumerate(answer)]
    if isinstance(answer, dict):
        if answer and all(isinstance(value, dict) for value in answer.values()):
            return list(answer.items())
        return [("", answer)]
    raise AnalysisError(
        "a transition returns a dict of settings, a list of them or a dict of them", label=owner.label,
        location=owner.location,
    )  # fmt: skip


def apply(
    loader: Loader, configuration: Configuration, settings: dict[str, Any], outputs: list[str], owner: Target
) -> Configuration:
    """The configuration with some settings changed.  Raises AnalysisError for an undeclared output."""
    changed = dict(configuration.settings)
    unset = Configuration(configuration.platform)
    platform: str | None = None
    for name, value in settings.items():
        if name not in outputs:
            raise AnalysisError(
                f"a transition sets {name!r}, which is not among its outputs",
                label=owner.label,
                location=owner.location,
            )
        if name == PLATFORMS:
            values = value if isinstance(value, list) else [value]
            if len(values) != 1 or not isinstance(values[0], str):
                raise AnalysisError(
                    f"a transition sets {PLATFORMS} to {value!r}, not to one platform", label=owner.label
                )
            platform = values[0]
            continue
        if name.startswith(COMMAND_LINE):
            key, default = name, unset.option(name.removeprefix(COMMAND_LINE))
        else:
            flag = follow(loader, loader.label(name))
            key, default = str(flag.label), default_of(loader, flag)
            if is_label_setting(flag) and isinstance(value, str):
                value = absolute(loader, value, owner.label)
        if value == default:
            changed.pop(key, None)
        else:
            changed[key] = json.dumps(value, sort_keys=True)
    sorted_settings = tuple(sorted(changed.items()))
    if platform is not None:
        made = platform_of(loader, _absolute(platform, owner), sorted_settings)
        return made.as_tool() if configuration.tool else made
    return evolve(configuration, settings=sorted_settings, execution=None)


def _absolute(text: str, owner: Target) -> str:
    if text.startswith(":"):
        return str(Label.parse(text, repo=owner.label.repo, package=owner.label.package))
    return text
