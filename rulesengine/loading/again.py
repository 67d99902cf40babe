"""Again: a BUILD file evaluated a second time, for the functions of the rules that it made.

`testing.analysis_test()` makes a rule while a BUILD file is evaluated.  Its functions hold values of that evaluation,
and no Starlark function can be handed out of one: so they are run where they are, in a second evaluation.  Its `.bzl`
files get another `testing`, which runs what it is given; all that was made once, such as rules and providers, is
theirs as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import starlark as sl

from rulesengine.loading.again_texts import functions, taken_over
from rulesengine.loading.border import BZL, Interpreter, parse_own
from rulesengine.loading.modules import Load, Modules
from rulesengine.model.label import Label


class Again:
    """The .bzl files of a second evaluation.  testing: the frozen module with their `testing`, as TESTING__."""

    def __init__(self, modules: Modules, interpreter: Interpreter, testing: Any) -> None:
        self._modules = modules
        self._interpreter = interpreter
        self._testing = testing
        self._made: dict[Label, Any] = {}

    def loader(self, label: Label, loads: Iterable[Load]) -> Callable[[str], Any]:
        """The FileLoader of the BUILD file."""
        known = self._modules.with_tests
        reached: set[Label] = set()
        stack = [load.label for load in loads]
        while stack:
            one = stack.pop()
            if one in known and one not in reached:
                reached.add(one)
                stack += known[one]
        for one in known:  # a file stands behind those that it loads
            if one in reached:
                self._made[one] = self._evaluate(one)
        return self._loader(label)

    def _loader(self, label: Label) -> Callable[[str], Any]:
        usual = self._modules.loader(label)

        def load(name: str) -> Any:
            if name in ("p", "n"):
                return usual(name)
            made = self._made.get(self._modules.resolved(name, label))
            return usual(name) if made is None else made

        return load

    def _evaluate(self, label: Label) -> Any:
        modules, texts = self._modules, self._interpreter.texts
        shown = modules.shown(label)
        original, parsed = "\n".join(texts.lines(shown)), texts.rewritten(shown)
        module = sl.Module()
        module["KEY__"] = str(label)
        load, first = self._loader(label), modules.get(label)
        opening = parse_own("<preamble>", modules.opening(label, original, parsed))
        self._interpreter.evaluate(module, opening, load, watched=False)
        more = {"c": first, "t": self._testing}
        self._interpreter.evaluate(
            module, parse_own("<preamble>", taken_over(original)), more.__getitem__, watched=False
        )
        ast = sl.parse(shown, functions(original, parsed or original), BZL)
        self._interpreter.evaluate(module, ast, load)
        return module.freeze()
