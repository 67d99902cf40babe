"""Formatting: a user's Starlark function applied to configured targets, for `cquery --output=starlark`."""

from __future__ import annotations

import json
from typing import Any

import starlark as sl

from rulesengine.analysis import Analyzer, ConfiguredTarget
from rulesengine.errors import AnalysisError, LoadingError, Location, RulesEngineError
from rulesengine.loading import preamble
from rulesengine.loading.border import BZL, parse_own
from rulesengine.model.label import Label
from rulesengine.model.platform import COMMAND_LINE, Configuration

_OPTIONS = ("compilation_mode", "cpu", "platforms", "stamp")
"""Flags that every configuration has a value of, whether or not they were given."""
_OWN = 'load("p", providers = "shown_providers__", build_options = "shown_options__")\nNone\n'
_NAMED = parse_own("<format>", "FORMAT__ = format\nNone\n")
_ANALYSED = parse_own(
    "<format>",
    'load("p", "formatted__")\nload("f", "FORMAT__")\nload("t", "TARGETS__")\n'
    "MADE__ = formatted__(FORMAT__, TARGETS__[INDEX])\nNone\n",
)
_FILE = parse_own(
    "<format>",
    'load("p", "file_target__", "formatted__", "json__")\nload("f", "FORMAT__")\n'
    "MADE__ = formatted__(FORMAT__, file_target__(json__.decode(SPEC)))\nNone\n",
)
_BARE = parse_own(
    "<format>",
    'load("p", "bare__", "formatted__")\nload("f", "FORMAT__")\nMADE__ = formatted__(FORMAT__, bare__(LABEL))\nNone\n',
)


class Formatting:
    """A file that defines format(target).  text: its own; shown: how messages call it.

    Raises LoadingError where it does not read, fails, or does not define it.
    """

    def __init__(self, analyzer: Analyzer, text: str, shown: str) -> None:
        self._analyzer = analyzer
        self._loader = loader = analyzer.loader
        self._interpreter = loader.interpreter
        self._options = "null"
        loader.analysis["py_build_options"] = lambda: self._options
        ast = self._interpreter.parse(shown, text, BZL)
        if ast.loads():
            raise LoadingError(
                "load() cannot be used here", location=Location(shown, 1), hint="write it all in one file"
            )
        module = sl.Module()
        module["KEY__"] = "//:" + shown
        opening = preamble.for_bzl("", "", shown, False, text, self._interpreter.texts.rewritten(shown))
        for one in (opening, _OWN):
            self._interpreter.evaluate(module, parse_own("<preamble>", one), lambda _: loader.prelude, watched=False)
        self._interpreter.evaluate(module, ast, lambda _: loader.prelude)
        try:
            self._interpreter.evaluate(module, _NAMED)
        except LoadingError:
            raise LoadingError(
                f"{shown} does not define format", location=Location(shown), hint="def format(target): …"
            ) from None
        self._frozen = module.freeze()

    def of(
        self, label: Label, configuration: Configuration | None, made: ConfiguredTarget | None
    ) -> str | RulesEngineError:
        """What the function makes of a target, or why it fails.  made: what analysis made of it, if anything."""
        self._options = json.dumps(None if configuration is None else options_of(configuration))
        module = sl.Module()
        frozen: dict[str, Any] = {"p": self._loader.prelude, "f": self._frozen}
        if made is None:
            driver = _BARE
            module["LABEL"] = [label.repo, label.package, label.name]
        elif made.module is None:
            driver = _FILE
            module["SPEC"] = json.dumps(self._analyzer.file(made))
        else:
            driver = _ANALYSED
            frozen["t"] = made.module
            module["INDEX"] = made.index
        try:
            self._interpreter.evaluate(module, driver, frozen.__getitem__, AnalysisError)
        except RulesEngineError as fault:
            fault.label = fault.label or str(label)
            return fault
        return str(module["MADE__"])


def options_of(configuration: Configuration) -> dict[str, Any]:
    """The flags of a configuration, `//command_line_option:` and build settings, that have a value."""
    out = {f"{COMMAND_LINE}{name}": configuration.option(name) for name in _OPTIONS}
    out[f"{COMMAND_LINE}is exec configuration"] = configuration.tool
    return out | {name: json.loads(value) for name, value in configuration.settings}
