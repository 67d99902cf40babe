"""Modules: .bzl files, each evaluated once and frozen; load() walked without recursion."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from typing import Any

import starlark as sl

from rulesengine.errors import CycleError, LoadingError, Location, RulesEngineError, did_you_mean
from rulesengine.loading import preamble
from rulesengine.loading.again_texts import makes_tests, values
from rulesengine.loading.border import BZL, Interpreter, parse_own
from rulesengine.loading.registry import Registry
from rulesengine.loading.rewrite import SET
from rulesengine.loading.sources import Sources
from rulesengine.model.label import Label
from rulesengine.values import frozen

NATIVE = Label("rulesengine", "native", "defs.bzl")
"""The file of the native rules: a .bzl file like any other."""
_NO_SYMBOL = re.compile(r"the file does not contain symbol '(.+)'$")
_TOO_DEEP = re.compile(r"the value of '(\w+)' nests too deep")
_NO_NAME = re.compile(r"name '(\w+)' is not defined$")
_PRIVATE = re.compile(r"symbol '(.+)' is private")


@frozen
class Load:
    """One load() statement: what it names, where, and the symbols it wants."""

    label: Label
    place: Location
    symbols: tuple[str, ...]


@frozen
class _Open:
    """A file that is parsed and waits for what it loads."""

    label: Label
    ast: Any
    text: str
    all_loads: list[Load]
    loads: Iterator[Load]


class Modules:
    """The .bzl files of a workspace.  resolve: a label as written in a repository's package."""

    def __init__(
        self,
        sources: Sources,
        interpreter: Interpreter,
        registry: Registry,
        prelude: Any,
        resolve: Callable[[str, str, str], Label],
    ) -> None:
        self._sources = sources
        self._interpreter = interpreter
        self._texts = interpreter.texts
        self._registry = registry
        self.prelude = prelude
        self._resolve = resolve
        self._done: dict[Label, Any] = {}
        self._symbols: dict[Label, list[str]] = {}
        self.with_sets: set[Label] = set()
        """The files that make sets, or load such a file: what they define may be one."""
        self.with_tests: dict[Label, list[Label]] = {}
        """The files that may make tests for BUILD files, or load such a file: in the order in which they were
        evaluated, with what they load."""
        self.labels: dict[str, str] = {}
        self.native: Any = None
        self.native_rules: list[str] = []
        self._load_native()

    def _load_native(self) -> None:
        rules = self.get(NATIVE)
        self.native_rules = self._symbols[NATIVE]
        module = sl.Module()
        ast = parse_own("<native>", preamble.for_native(self.native_rules))
        self._interpreter.evaluate(module, ast, lambda name: self.prelude if name == "p" else rules)
        self.native = module.freeze()

    # ---- the walk ---------------------------------------------------------------

    def get(self, label: Label, wanted_by: Location | None = None) -> Any:
        """The frozen module of a .bzl file.

        Raises CycleError with the chain, NoSuchPackageError, LoadingError.
        """
        if label in self._done:
            return self._done[label]
        chain = [self._open(label, wanted_by)]
        entered = {label: 0}
        while chain:
            current = chain[-1]
            following = next(current.loads, None)
            if following is None:
                self._evaluate(current)
                del entered[current.label]
                chain.pop()
            elif following.label not in self._done:
                if following.label in entered:
                    circle = [str(one.label) for one in chain[entered[following.label] :]]
                    raise CycleError(
                        "load() goes round in a circle",
                        location=following.place,
                        notes=[*(f"{name} loads" for name in circle), str(following.label)],
                        hint="move what both need into a third file",
                    )
                entered[following.label] = len(chain)
                chain.append(self._open(following.label, following.place))
        return self._done[label]

    def _open(self, label: Label, wanted_by: Location | None) -> _Open:
        if not label.name.endswith((".bzl", ".scl")):
            raise LoadingError(f"load(): {label} is not a .bzl file", location=wanted_by)
        try:
            path = self._sources.path(label)
        except RulesEngineError as fault:
            fault.location = fault.location or wanted_by
            raise
        if not self._sources.track(path):
            raise LoadingError(f"cannot load {label}: no such file", location=wanted_by, hint=self._near(label))
        shown = self._sources.shown(label)
        text = self._sources.read(path, shown)
        self.labels[shown] = str(label)
        ast = self._interpreter.parse(shown, text, BZL)
        loads = self.loads(ast, shown, label)
        return _Open(label, ast, text, loads, iter(loads))

    def _near(self, label: Label) -> str | None:
        directory = os.path.dirname(self._sources.path(label))
        prefix = label.name.rpartition("/")[0]
        names = [name for name in self._sources.names(directory) if name.endswith((".bzl", ".scl"))]
        if prefix:
            names = [f"{prefix}/{name}" for name in names]
        near = did_you_mean(label.name, names)
        if near is None and not os.path.isdir(directory):
            return f"there is no directory {label.package or '.'}"
        return near or ("there are: " + ", ".join(sorted(names)[:8]) if names else None)

    def loads(self, ast: Any, shown: str, label: Label) -> list[Load]:
        """The load() statements of a file.  Raises LoadingError for a label that is none."""
        out = []
        for load in ast.loads():
            place = self._place(shown, load.module_id)
            try:
                target = self._resolve(load.module_id, label.repo, label.package)
            except RulesEngineError as fault:
                raise LoadingError(f"load(): {fault.message}", location=place, hint=fault.hint) from None
            out.append(Load(target, place, tuple(load.symbols.values())))
        return out

    def _place(self, shown: str, module_id: str) -> Location:
        for number, line in enumerate(self._texts.lines(shown), 1):
            column = max(line.find(f'"{module_id}"'), line.find(f"'{module_id}'"))
            if column >= 0:
                return self._texts.location(shown, number, column + 1, len(module_id) + 2)
        return Location(shown)

    # ---- evaluation ---------------------------------------------------------------

    def loader(self, label: Label) -> Callable[[str], Any]:
        """The FileLoader of a file: `p` and `n` for its preamble, else modules that are there already."""

        def load(name: str) -> Any:
            if name == "p":
                return self.prelude
            if name == "n":
                return self.native
            return self._done[self._resolve(name, label.repo, label.package)]

        return load

    def resolved(self, name: str, label: Label) -> Label:
        """What a file means by the text of a load()."""
        return self._resolve(name, label.repo, label.package)

    def opening(self, label: Label, text: str, rewritten: str | None) -> str:
        """The preamble of a .bzl file."""
        shown = self._sources.shown(label)
        return preamble.for_bzl(label.repo, label.package, shown, self.native is not None, text, rewritten)

    def shown(self, label: Label) -> str:
        """How a file is named in messages."""
        return self._sources.shown(label)

    def _evaluate(self, one: _Open) -> None:
        label = one.label
        module = sl.Module()
        module["KEY__"] = str(label)
        shown = self._sources.shown(label)
        rewritten = self._texts.rewritten(shown)
        text = self.opening(label, one.text, rewritten)
        load = self.loader(label)
        self._interpreter.evaluate(module, parse_own("<preamble>", text), load, watched=False)
        self._registry.open_module = str(label)
        try:
            self.run(module, one.ast, label)
            public = [name for name in preamble.assigned(one.text) if not name.startswith("_")]
            self._export(module, [*public, *self._interpreter.private(one.text)], load)
            if makes_tests(one.text) or any(load.label in self.with_tests for load in one.all_loads):
                self._interpreter.evaluate(module, parse_own("<epilogue>", values(one.text)), load)
                self.with_tests[label] = [load.label for load in one.all_loads]
        except LoadingError as fault:
            deep = _TOO_DEEP.match(fault.message)
            if deep is not None:
                line = self._line_of(one.text, deep[1])
                fault.location = self._texts.location(self._sources.shown(label), line)
            raise
        finally:
            self._registry.open_module = ""
        self._done[label] = module.freeze()
        self._symbols[label] = preamble.symbols(one.text)
        if ("set(" in one.text and SET.search(one.text)) or any(load.label in self.with_sets for load in one.all_loads):
            self.with_sets.add(label)

    def _export(self, module: Any, names: list[str], load: Callable[[str], Any]) -> None:
        """Tell what the rules, providers and macros of a module are called."""
        while names:
            try:
                self._interpreter.evaluate(module, parse_own("<epilogue>", preamble.epilogue(names)), load)
            except LoadingError as fault:
                unknown = _NO_NAME.match(fault.message)
                if unknown is None or unknown[1] not in names:
                    raise
                names.remove(unknown[1])  # it only looks like an assignment: it stands in a doc string
            else:
                return

    @staticmethod
    def _line_of(text: str, name: str) -> int:
        """The line of a file that assigns a name at its top level."""
        found = re.search(rf"^{re.escape(name)}\b[^\n=]*=", text, re.MULTILINE)
        return 1 if found is None else text.count("\n", 0, found.start()) + 1

    def run(self, module: Any, ast: Any, label: Label) -> None:
        """Evaluate a file's AST after its preamble; a symbol that is not there is told with near ones."""
        try:
            self._interpreter.evaluate(module, ast, self.loader(label))
        except LoadingError as fault:
            self._explain(fault, ast, label)
            raise

    def _explain(self, fault: LoadingError, ast: Any, label: Label) -> None:
        missing = _NO_SYMBOL.match(fault.message) or _PRIVATE.match(fault.message)
        if missing is None:
            return
        for load in self.loads(ast, self._sources.shown(label), label):
            known = self._symbols.get(load.label, [])
            if missing[1] in load.symbols and missing[1] not in known:
                if not _NO_SYMBOL.match(fault.message):
                    fault.message = f"symbol '{missing[1]}' of {load.label} is private and cannot be loaded"
                    fault.hint = "a name that starts with '_' is its file's own: take the '_' away there"
                    return
                fault.message = f"file {load.label} does not contain symbol '{missing[1]}'"
                fault.hint = did_you_mean(missing[1], known) or (
                    f"it has: {', '.join(name[:60] for name in sorted(known)[:8])}"
                    if known
                    else "it defines nothing that can be loaded"
                )
                return
