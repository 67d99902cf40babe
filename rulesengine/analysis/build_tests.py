"""Analysis tests that BUILD files made (`testing.analysis_test()`): their functions are run where they are made."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import starlark as sl

from rulesengine.analysis.configured import ConfiguredTarget
from rulesengine.errors import AnalysisError
from rulesengine.loading import Loader
from rulesengine.loading.border import parse_own
from rulesengine.model.artifact import Artifact
from rulesengine.model.label import Label
from rulesengine.model.platform import Configuration
from rulesengine.model.rule import Rule

if TYPE_CHECKING:
    from rulesengine.analysis.batch import Work
    from rulesengine.analysis.specs import Specs

_TESTED = 'load("p", "tested__")\nTARGETS__ = [tested__(one) for one in json.decode(SPEC)]\nNone\n'
_TRANSITION = 'load("p", "again_transition__")\nTESTING__ = again_transition__(ATTRIBUTE, VALUES)\nNone\n'
_SCHEMAS = "RULES__ = [struct(attrs = {key: struct(**one) for key, one in json.decode(SPEC).items()})]\nNone\n"


@lru_cache(maxsize=4)
def _own(source: str) -> Any:
    return parse_own("<analysis>", source)


@lru_cache(maxsize=64)
def _driver(modules: int, configurations: int) -> Any:
    source = 'load("p", "again__")\n'
    source += "".join(f'load("c{i}", c{i} = "SHARED__")\n' for i in range(configurations))
    source += "".join(f'load("{i}", d{i} = "TARGETS__")\n' for i in range(modules))
    deps, shared = (
        "[" + ", ".join(f"{letter}{i}" for i in range(count)) + "]"
        for letter, count in (("d", modules), ("c", configurations))
    )
    return parse_own("<analysis>", source + f"TESTING__ = again__(SPECS, {deps}, DEFAULTS, {shared})\nNone\n")


class BuildTests:
    """Runs what such tests' rules hold: implementations and transitions."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader
        self._results: dict[int, tuple[bool, str]] = {}
        self._settings: Any = None
        loader.analysis.update({"py_test_done": self._done, "py_test_settings": self._asked})

    def _done(self, index: int, success: bool, message: str) -> int:
        self._results[index] = success, message
        return 0

    def _asked(self, text: str) -> str:
        return json.dumps(self._settings(json.loads(text)))

    def run(self, work: list[Work], specs: Specs, file: Callable[[ConfiguredTarget], Any]) -> None:
        """Run implementations of one BUILD file's tests, in its order.  What they declare is told as that of any
        implementation.  file: a file as a dependency."""
        loader = self._loader
        modules = _modules([other for one in work for other in one.found])
        configurations: dict[Configuration, int] = {}
        texts, defaults = [], []
        wanted: dict[int, list[int]] = {}  # one may be there in several configurations
        for number, one in enumerate(work):
            rule = one.target.rule
            assert rule is not None
            wanted.setdefault(rule.index, []).append(number)
            defaults.append(specs.defaults(rule))
            files = [file(other) for other in one.found if other.module is None]
            places = iter(range(len(files)))
            spec = specs.of(one.target, one.configuration, one.resolved, whole=False)
            spec |= {
                "id": number,
                "configuration": configurations.setdefault(one.configuration, len(configurations)),
                "files": files,
                "deps": [
                    [-1, next(places)] if other.module is None else [modules[id(other.module)][0], other.index]
                    for other in one.found
                ],
            }
            texts.append(json.dumps(spec))
        frozen = {"p": loader.prelude}
        frozen.update((f"c{index}", specs.configuration(one)) for one, index in configurations.items())
        frozen.update((str(index), one) for index, one in modules.values())
        module = sl.Module()
        module["SPECS"], module["DEFAULTS"] = texts, defaults
        driver = _driver(len(modules), len(configurations))
        loader.interpreter.evaluate(module, driver, frozen.__getitem__, AnalysisError)
        first = work[0].target.rule
        assert first is not None
        loader.again(Label.parse(first.module), wanted, module.freeze())

    def targets(self, work: list[Work], scripts: list[Artifact]) -> Any:
        """The frozen module with the targets of the tests that ran, the first ones of `work`."""
        spec = []
        for index, (one, script) in enumerate(zip(work, scripts, strict=False)):
            success, message = self._results[index]
            label = [one.target.label.repo, one.target.label.package, one.target.label.name]
            file = [script.path, script.root, script.short_path, script.is_source, script.kind]
            made = {"file": file, "label": label, "owner": label}
            spec.append({"label": label, "script": made, "success": success, "message": message})
        module = sl.Module()
        module["SPEC"] = json.dumps(spec)
        prelude = self._loader.prelude
        self._loader.interpreter.evaluate(module, _own(_TESTED), lambda _: prelude, AnalysisError)
        return module.freeze()

    def transition(self, rule: Rule, attribute: str, values: Mapping[str, Any], settings: Any) -> tuple[list[str], Any]:
        """The outputs of an attribute's transition, and its answer.  settings: makes those that it reads, of their
        names."""
        known = rule.settings.get(attribute)
        if known is not None:
            return list(known), known
        loader, outputs = self._loader, list[str]()

        def asked(ports: dict[str, list[str]]) -> Any:
            outputs.extend(ports["outputs"])
            return settings(ports["inputs"])

        self._settings = asked
        module, prelude = sl.Module(), loader.prelude
        module["ATTRIBUTE"], module["VALUES"] = attribute, dict(values)
        loader.interpreter.evaluate(module, _own(_TRANSITION), lambda _: prelude, AnalysisError)
        loader.again(Label.parse(rule.module), {rule.index: [0]}, module.freeze())
        return outputs, json.loads(self._results[0][1])

    def schemas(self, rule: Rule) -> Any:
        """A module like that of a .bzl file with the rule in its place, as far as aspects look at it."""
        module = sl.Module()
        module["SPEC"] = json.dumps(
            {
                name: {"kind": one.kind, "single": one.single, "executable": one.executable, "providers": []}
                for name, one in rule.schema.items()
            }
        )
        self._loader.interpreter.evaluate(module, _own(_SCHEMAS), None, AnalysisError)
        return module.freeze()


def _modules(found: list[ConfiguredTarget]) -> dict[int, tuple[int, Any]]:
    """The modules of dependencies, numbered, by identity."""
    modules: dict[int, tuple[int, Any]] = {}
    for one in found:
        if one.module is not None:
            modules.setdefault(id(one.module), (len(modules), one.module))
    return modules
