"""The one border to starlark-pyo3: parse, evaluate, and errors as our own.

starlark-pyo3 carries only text in its errors and loses Python exceptions that were raised in
callables; `Guard` keeps them.
"""

from __future__ import annotations

import json
import weakref
from collections.abc import Callable
from typing import Any

import starlark as sl

from rulesengine.errors import InternalError, LoadingError, Location, RulesEngineError, SyntaxFault
from rulesengine.loading.limits import MAX_STARLARK_BYTES, Budget, ExceededError
from rulesengine.loading.memo import Known, Memo
from rulesengine.loading.messages import translate
from rulesengine.loading.nesting import check_nesting
from rulesengine.loading.python_tree import private_names
from rulesengine.loading.rewrite import rewrite
from rulesengine.loading.rewritten import Rewritten
from rulesengine.loading.standins import Kind
from rulesengine.loading.statics import static_fault
from rulesengine.loading.texts import SourceTexts
from rulesengine.loading.watch import Watch
from rulesengine.model.ports import Cancellation

SHIPPED = "@rulesengine//"
"""What the names of files begin with that are pybuild's own rules."""
_LIBRARY = sl.LibraryExtension
GLOBALS = sl.Globals.extended_by(
    [
        _LIBRARY.StructType,
        _LIBRARY.Json,
        _LIBRARY.CallStack,
        _LIBRARY.Print,
        _LIBRARY.Partial,
        _LIBRARY.Map,
        _LIBRARY.Filter,
    ]
)
_SLOW = frozenset({"py_glob", "py_subpackages", "py_existing_rules"})
"""What may take long in Python."""
MAX_CALL_STACK = 2000
"""Starlark frames; more than 10,000 overflow a thread's native stack."""


def _dialect(**switches: bool) -> Any:
    dialect = sl.Dialect.standard()
    for name, value in switches.items():
        setattr(dialect, name, value)
    return dialect


BZL = _dialect(enable_keyword_only_arguments=True, enable_load_reexport=False, enable_f_strings=False)
BUILD = _dialect(enable_def=False, enable_lambda=False, enable_load_reexport=False, enable_keyword_only_arguments=True)
INTERNAL = sl.Dialect.extended()
INTERNAL.enable_load_reexport = False


class Calls(dict[str, Callable[..., Any]]):
    """What Starlark may call, by name."""

    __slots__ = ("__weakref__",)


class Guard:
    """Wraps Python callables so that the exception they raise survives its way through Starlark.

    cancel: asked now and then while Starlark runs, so that an endless loop can be stopped.
    """

    def __init__(self, cancel: Cancellation | None = None) -> None:
        self._caught: BaseException | None = None
        self._cancel = cancel
        self.budget = Budget()
        self.watch = Watch()
        # What Rust holds is not seen by Python's collector: a strong way back from there would keep us for ever.
        me = weakref.ref(self)

        def cancelled() -> bool:
            guard = me()
            return guard is not None and guard._cancelled()

        self.options = sl.EvalOptions(max_callstack_size=MAX_CALL_STACK, check_cancelled=cancelled)

    def take(self) -> BaseException | None:
        """What was raised since the last call, and forget it."""
        caught, self._caught = self._caught, None
        return caught

    def begin(self, watched: bool) -> tuple[Any, Any]:
        """An evaluation begins; what `end` wants to have back."""
        return self.budget.begin(), self.watch.begin(watched)

    def end(self, begun: tuple[Any, Any]) -> None:
        """Go on with the evaluation around the one that ends."""
        self.watch.end(begun[1])
        self.budget.end(begun[0])

    def _cancelled(self) -> bool:
        try:
            self.watch.step()
            if self._cancel is not None:
                self._cancel.check()
            self.budget.step()
        except BaseException as fault:  # noqa: BLE001 - raised again by Interpreter.evaluate
            self._caught = fault
            return True
        return False

    def loading(self, load: Callable[[str], Any]) -> Callable[[str], Any]:
        """What finds the files of load() statements, while one module is evaluated."""

        def guarded(name: str) -> Any:
            try:
                return load(name)
            except BaseException as fault:
                self._caught = fault
                raise

        return guarded

    def __call__(self, calls: Calls, name: str) -> Callable[..., Any]:
        """The call `name` for Starlark; it lives as long as `calls`, which whoever loads holds."""
        weak = weakref.ref(calls)
        slow = name in _SLOW

        def guarded(*args: Any) -> Any:
            try:
                if slow:
                    with self.watch.paused():
                        return weak()[name](*args)  # type: ignore[index]  # not None while it is called
                found = weak()[name](*args)  # type: ignore[index]  # likewise
                self.watch.step()
                return found
            except BaseException as fault:
                self._caught = fault
                raise

        guarded.__name__ = name
        return guarded


_READ = json.JSONDecoder().raw_decode


def received(text: str) -> Any:
    """What the prelude's `json.encode` or `str` wrote; `json.loads` looks for spaces around, which takes as long again.

    Raises ValueError where `str` wrote what is not JSON; what is JSON is what it was, whatever the characters.
    """
    return _READ(text)[0]


def parse_own(path: str, text: str) -> Any:
    """Parse a text of ours (a preamble, a driver); `path` is in angle brackets."""
    return sl.parse(path, text, INTERNAL)


class Interpreter:
    """Parses and evaluates; remembers the texts for excerpts and what callables raised."""

    def __init__(
        self, cancel: Cancellation | None = None, memo: Memo | None = None, shipped: Memo | None = None
    ) -> None:
        """shipped: the memo of the rules that ship with pybuild, if they have one of their own."""
        self.texts = SourceTexts()
        self.guard = Guard(cancel)
        self.memo = memo or Memo()
        self.shipped = shipped or self.memo
        self._noted: Callable[[str, Rewritten], Rewritten] | None = None
        self._note: Callable[[str, int], None] | None = None

    def trace(self, noted: Callable[[str, Rewritten], Rewritten], note: Callable[[str, int], None]) -> None:
        """From now on `noted` changes what is parsed, which may call note__: `note`."""
        self._noted, self._note = noted, note

    def parse(self, path: str, text: str, dialect: Any, sets: bool = False) -> Any:
        """Parse a file into starlark-pyo3's AST.  Raises SyntaxFault with its place.

        sets: whether a BUILD file may see sets that it loads.
        """
        build = dialect is BUILD
        kind: Kind = "bzl" if not build else "sets" if sets else "build"
        memo = self.shipped if path.startswith(SHIPPED) else self.memo
        known = memo.get(text, kind) or self.memo.get(text, kind)
        if known is None:
            if len(text) > MAX_STARLARK_BYTES:
                raise LoadingError(
                    f"{path} is larger than {MAX_STARLARK_BYTES >> 20} MiB",
                    location=Location(path, 1),
                    hint="take it apart into several files",
                )
            check_nesting(path, text)
            known = Known(rewrite(text, kind), private_names(text))
            fresh = True
        else:
            fresh = False
        rewritten = known.rewritten if self._noted is None else self._noted(path, known.rewritten)
        self.texts.add(path, rewritten)
        try:
            ast = sl.parse(path, rewritten.text, dialect)
        except sl.StarlarkError as fault:
            raise translate(str(fault), self.texts, SyntaxFault) from None
        if fresh:
            self._check(path, text, build)
            memo.put(text, known, kind)
        return ast

    def _check(self, path: str, text: str, build: bool) -> None:
        fault = static_fault(text, build)
        if fault is None:
            return
        location = self.texts.location(path, fault.line, fault.column, fault.width)
        notes = [] if fault.before is None else [f"{fault.before[1]} at {path}:{fault.before[0]}"]
        raise SyntaxFault(fault.message, location=location, notes=notes, hint=fault.hint)

    def private(self, text: str) -> tuple[str, ...]:
        """The private names that a parsed file's top level assigns."""
        known = self.memo.get(text) or self.shipped.get(text)
        return () if known is None else known.private

    def evaluate(
        self,
        module: Any,
        ast: Any,
        loader: Callable[[str], Any] | None = None,
        error: type[RulesEngineError] = LoadingError,
        watched: bool = True,
    ) -> None:
        """Evaluate an AST in a module; watched: whether it is not only ours.

        Raises the RulesEngineError a callable raised, with the user's place added, or `error`.
        """
        self.guard.take()
        load = None if loader is None else sl.FileLoader(self.guard.loading(loader))
        if self._note is not None:
            module.add_callable("note__", self._note)
        budget = self.guard.begin(watched)
        try:
            sl.eval_with(self.guard.options, module, ast, GLOBALS, load)
        except sl.StarlarkError as fault:
            caught = self.guard.take()
            if isinstance(caught, ExceededError):
                place = translate(str(fault), self.texts, error)
                raise error(caught.words, location=place.location, notes=place.notes, hint=caught.hint) from None
            if caught is None:
                raise translate(str(fault), self.texts, error) from None
            place = translate(str(fault), self.texts, error)
            if isinstance(caught, RulesEngineError):
                if caught.location is None:
                    caught.location = place.location
                    caught.notes = (*caught.notes, *place.notes)
                raise caught from None
            if isinstance(caught, Exception):
                raise InternalError(
                    f"{type(caught).__name__}: {caught}", location=place.location, notes=place.notes
                ) from caught
            raise caught from None
        except BaseException as fault:
            if type(fault).__name__ != "PanicException":  # it derives from BaseException, and cannot be imported
                raise
            raise error(f"Starlark gave up: {fault}", hint="does a value grow without end?") from None
        finally:
            self.guard.end(budget)
            load = None  # an error keeps this frame, and Rust keeps what finds files: together they would never go
