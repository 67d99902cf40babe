"""Aspect implementations: run in a module of their own, which then holds what they provide."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import starlark as sl

from rulesengine.analysis.attributes import Resolved
from rulesengine.analysis.batch import Work
from rulesengine.analysis.configured import ConfiguredTarget
from rulesengine.analysis.implementation import Implementations
from rulesengine.analysis.specs import add_toolchains, pairs, parts
from rulesengine.errors import AnalysisError, RulesEngineError
from rulesengine.loading import Loader
from rulesengine.loading.border import parse_own
from rulesengine.model.aspect import Aspect, Path
from rulesengine.model.depset import Depset
from rulesengine.model.label import Label
from rulesengine.model.platform import Configuration
from rulesengine.model.target import Target


@lru_cache(maxsize=256)
def _driver(call: str, names: str, modules: int) -> Any:
    """Evaluates a call of a function of the prelude; MODULES holds the targets of so many modules."""
    source = f'load("p", "{call[: call.index("(")].rpartition(" ")[2]}")\n'
    source += "".join(f'load("{name}", {name} = "{symbol}")\n' for name, symbol in _SYMBOLS.items() if name in names)
    source += "".join(f'load("{i}", d{i} = "TARGETS__")\n' for i in range(modules))
    source += f"MODULES = [{', '.join(f'd{i}' for i in range(modules))}]\nLATE__ = []\n{call}\nNone\n"
    return parse_own("<analysis>", source)


_SYMBOLS = {"a": "ASPECTS__", "r": "RULES__"}
_APPLY = "TARGETS__ = apply__(a, r, SPEC, MODULES, LATE__)"
_MERGE = "TARGETS__ = merge__(SPEC, MODULES)"
_FAILED = "TARGETS__ = failed__(SPEC, MODULES)"
_SATISFIES = "OUT = satisfies__(SPEC, MODULES, a)"


class Application:
    """Runs the implementations of aspects."""

    def __init__(self, loader: Loader, implementations: Implementations) -> None:
        self._loader = loader
        self._implementations = implementations

    def run(
        self, base: ConfiguredTarget, path: Path, shown: Resolved, own: Resolved, found: list[ConfiguredTarget]
    ) -> ConfiguredTarget:
        """What the last aspect of a path provides for a target.  found: the dependencies that both name."""
        target, aspect, loader = base.target, path[-1].aspect, self._loader
        rule = target.rule
        assert rule is not None
        work = Work(target, base.configuration, shown, found)
        done = self._implementations.applying(work)
        spec = self._implementations.specs.of(target, base.configuration, shown)
        spec["id"] = 0
        spec["shared"] = self._implementations.specs.shared(base.configuration)
        spec["rule"] = {"attrs": spec.pop("attrs"), "split": spec.pop("split", {})}
        spec["own"] = {"attrs": [[name, pairs(value)] for name, value in own.values.items()], "split": {}}
        if own.groups:
            add_toolchains(spec["own"], own)
        spec["kind"] = rule.name
        spec["aspect_ids"] = [str(one) for one in path]
        spec["index"] = 0 if rule.in_build else rule.index
        spec["aspect"] = aspect.index
        modules = {"a": loader.bzl(Label.parse(aspect.module)), "r": self._implementations.module_of(rule)}
        try:
            module = self._evaluate(_APPLY, spec, modules, [*found, base])
        except RulesEngineError as fault:
            self._implementations.explain(fault, target)
            fault.notes = (*fault.notes, f"in aspect {path[-1]} on {target.label}")
            raise
        frozen = module.freeze()
        self._implementations.applied(frozen)
        groups = {name: self._implementations.depset(index) for name, index in done[0]["groups"].items()}
        return ConfiguredTarget(
            target.label,
            base.configuration,
            target,
            frozen,
            Depset(),
            groups=groups,
            providers=tuple(done[0]["providers"]),
        )

    def _evaluate(
        self, call: str, spec: dict[str, Any], modules: dict[str, Any], needed: list[ConfiguredTarget]
    ) -> Any:
        """The module in which a call was evaluated, with the targets that it needs."""
        numbers: dict[int, int] = {}
        files: list[list[str] | dict[str, Any]] = []
        deps = []
        loaded = {"p": self._loader.prelude, **modules}
        for one in needed:
            if one.module is None:
                deps.append([-1, len(files)])
                files.append(self._implementations.file(one))
                continue
            number = numbers.setdefault(id(one.module), len(numbers))
            loaded[str(number)] = one.module
            deps.append([number, one.index])
        module = sl.Module()
        module["SPEC"] = json.dumps({**spec, "files": files, "deps": deps})
        driver = _driver(call, "".join(modules), len(numbers))
        self._loader.interpreter.evaluate(module, driver, loaded.__getitem__, AnalysisError)
        return module

    def merge(self, base: ConfiguredTarget, results: list[ConfiguredTarget]) -> Any:
        """The module of a target with the providers of aspects.  Raises AnalysisError where one is there twice."""
        try:
            return self._evaluate(_MERGE, {}, {}, [base, *results]).freeze()
        except RulesEngineError as fault:
            # It is the target that wants both whose rule is wrong; the analyzer knows it.
            raise AnalysisError(fault.message.removeprefix(f"{base.label}: "), notes=[f"by {base.label}"]) from None

    def failed(
        self, target: Target, configuration: Configuration, messages: list[str], causes: list[ConfiguredTarget]
    ) -> ConfiguredTarget:
        """A target in place of one whose analysis failed, which those that depend on it may look at.

        causes: those of its dependencies that failed.
        """
        spec = {"label": parts(target.label), "messages": messages}
        module = self._evaluate(_FAILED, spec, {}, causes).freeze()
        return ConfiguredTarget(
            target.label, configuration, target, module, Depset(), providers=("DefaultInfo", "AnalysisFailureInfo")
        )

    def satisfied(self, base: ConfiguredTarget, aspect: Aspect) -> bool:
        """Whether a target has the providers that an aspect requires."""
        if not aspect.required:
            return True
        modules = {"a": self._loader.bzl(Label.parse(aspect.module))}
        return bool(self._evaluate(_SATISFIES, {"aspect": aspect.index}, modules, [base])["OUT"])
