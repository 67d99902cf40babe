"""Specs: the plain data from which the prelude makes `ctx`, and what the targets of a rule or configuration share."""

from __future__ import annotations

import json
from typing import Any

import starlark as sl

from rulesengine.analysis import common_attributes
from rulesengine.analysis.attributes import Resolved
from rulesengine.analysis.expansion import MAIN_REPOSITORY, make_variables
from rulesengine.analysis.features import features_of
from rulesengine.analysis.settings import ACTION_ENV
from rulesengine.errors import AnalysisError
from rulesengine.loading import Loader
from rulesengine.loading.border import parse_own
from rulesengine.loading.package import Package
from rulesengine.model.artifact import OUTPUT_ROOT
from rulesengine.model.label import Label
from rulesengine.model.platform import Configuration
from rulesengine.model.rule import EMPTY_VALUES, LABEL_KINDS, Rule
from rulesengine.model.target import Target

_RULE = parse_own(
    "<analysis>", 'load("p", "base__")\nload("r", "RULES__")\nRULE__ = base__(RULES__[INDEX], SPEC)\nNone\n'
)
_SHARED = parse_own("<analysis>", 'load("p", "shared__")\nSHARED__ = shared__(SPEC)\nNone\n')


class Specs:
    """What the prelude is told of targets; modules of what many targets have in common are made once."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader
        self._bases: dict[Rule, dict[str, Any]] = {}
        self._package: Package | None = None
        self._rules: dict[Rule, Any] = {}
        self._configurations: dict[Configuration, Any] = {}

    def rule(self, rule: Rule) -> Any:
        """The frozen module of a rule and of its defaults."""
        found = self._rules.get(rule)
        if found is None:
            frozen = {"p": self._loader.prelude, "r": self._loader.bzl(Label.parse(rule.module))}
            module = sl.Module()
            module["INDEX"] = rule.index
            module["SPEC"] = self.defaults(rule)
            self._loader.interpreter.evaluate(module, _RULE, frozen.__getitem__, AnalysisError)
            found = self._rules[rule] = module.freeze()
        return found

    def defaults(self, rule: Rule) -> str:
        """JSON of what the attributes of a rule's targets are that are not given."""
        return json.dumps([[name, pairs(value)] for name, value in self._base(rule).items()])

    def configuration(self, configuration: Configuration) -> Any:
        """The frozen module of what the targets of a configuration have in common."""
        found = self._configurations.get(configuration)
        if found is None:
            module = sl.Module()
            module["SPEC"] = json.dumps(self.shared(configuration))
            prelude = self._loader.prelude
            self._loader.interpreter.evaluate(module, _SHARED, lambda _: prelude, AnalysisError)
            found = self._configurations[configuration] = module.freeze()
        return found

    def shared(self, configuration: Configuration) -> dict[str, Any]:
        """What the targets of a configuration have in common."""
        bin_dir = f"{OUTPUT_ROOT}/{configuration.mnemonic}/bin"
        platform = configuration.platform
        return {
            "vars": make_variables(configuration),
            "bin_dir": bin_dir,
            "workspace": MAIN_REPOSITORY,
            "env": shell_environment(configuration),
            "stamp": configuration.option("stamp"),
            "platform": {
                "os": platform.os,
                "architecture": platform.architecture,
                "variant": platform.variant,
                "name": str(platform),
            },
        }

    def of(
        self, target: Target, configuration: Configuration, resolved: Resolved, *, whole: bool = True
    ) -> dict[str, Any]:
        """The plain data from which the prelude makes `ctx`.  whole: with attributes that are as in _base()."""
        rule, label, loader = target.rule, target.label, self._loader
        assert rule is not None
        given: dict[str, Any] = {}
        if not target.attributes.keys().isdisjoint(common_attributes.NAMES):
            given = common_attributes.given(target, resolved.common, resolved.features)
        if whole:
            attributes = [
                [name, pairs(value)]
                for name, value in {
                    "name": label.name,
                    "aspect_hints": [],
                    **common_attributes.defaults(rule),
                    **given,
                    **resolved.values,
                }.items()
            ]
        else:
            base = self._base(rule)
            values = {**given, **resolved.values} if given else resolved.values
            attributes = [
                [name, pairs(value)]
                for name, value in values.items()
                if value is not None and value is not base.get(name)
            ]
        setting = None
        if rule.build_setting:
            setting = configuration.setting(str(label))
            if setting is None:
                setting = target.attributes.get("build_setting_default")
        package = self._package
        if package is None or (package.repo, package.name) != (label.repo, label.package):
            package = self._package = loader.package(label.repo, label.package)
        spec = {
            "label": parts(label),
            "attrs": attributes,
            "build_file": package.build_file,
        }
        if resolved.split:
            spec["split"] = resolved.split
        if rule.outputs or target.outputs:
            names = rule.output_names(label.name, resolved.values, target.outputs)
            spec["outputs"] = [list(pair) for pair in names.items()]
        if setting is not None:
            spec["setting"] = setting
        if resolved.groups:
            add_toolchains(spec, resolved)
        if resolved.make:
            spec["make"] = resolved.make
        features = features_of(resolved.features, package.default_features, configuration)
        if features is not None:
            spec["features"] = features
        return spec

    def _base(self, rule: Rule) -> dict[str, Any]:
        """What the attributes of a rule's targets are that are not given; labels: none.  The same objects each time."""
        found = self._bases.get(rule)
        if found is None:
            found = self._bases[rule] = common_attributes.defaults(rule)
            for name, schema in rule.schema.items():
                empty = EMPTY_VALUES[schema.kind]
                found[name] = empty if schema.kind in LABEL_KINDS or schema.default is None else schema.default
        return found


def parts(label: Label) -> list[str]:
    """A label as JSON has it."""
    return [label.repo, label.package, label.name]


def add_toolchains(spec: dict[str, Any], resolved: Resolved) -> None:
    """`ctx.toolchains` and `ctx.exec_groups`: a type's texts, its label, the number of the dependency or None."""
    groups = {
        name: [
            [
                entry.texts,
                parts(entry.label),
                None if entry.implementation is None else resolved.wanted[entry.implementation, choice.implementations],
            ]
            for entry in choice.entries
        ]
        for name, choice in resolved.groups.items()
    }
    own = groups.pop("", None)
    if own:
        spec["toolchains"] = own
    if groups:
        spec["exec_groups"] = groups


def pairs(value: Any) -> Any:
    """A dict as a list of pairs, which keeps its order through JSON."""
    return [list(pair) for pair in value.items()] if isinstance(value, dict) else value


def shell_environment(configuration: Configuration) -> dict[str, str]:
    """What --action_env says."""
    return dict(text.split("=", 1) for text in configuration.setting(ACTION_ENV) or ())
