"""Loader: packages and .bzl modules of a workspace, evaluated once each."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import starlark as sl

from rulesengine.errors import Location, NoSuchTargetError, RulesEngineError
from rulesengine.loading import targets
from rulesengine.loading.border import Calls, Guard, Interpreter, parse_own
from rulesengine.loading.host import host_constraints
from rulesengine.loading.jsontext import decode_json, indent_json
from rulesengine.loading.memo import Memo, of_shipped_rules
from rulesengine.loading.modules import Modules
from rulesengine.loading.package import Package
from rulesengine.loading.packages import Packages
from rulesengine.loading.registry import DepsetNode, Registry
from rulesengine.loading.repository import MODULE_FILE, Repositories, read_repositories
from rulesengine.loading.sources import Sources
from rulesengine.loading.texts import FRAME, SourceTexts
from rulesengine.model.events import Message
from rulesengine.model.label import Label
from rulesengine.model.pattern import TargetPattern
from rulesengine.model.ports import Cancellation, Listener
from rulesengine.model.rule import Rule
from rulesengine.model.target import Target

_HERE = os.path.dirname(os.path.abspath(__file__))
_PRELUDE = "<prelude>"
_PARTS = (
    *("labels", "depset", "provider", "attr", "values", "config", "toolchains", "rule", "extend", "macro", "aspect"),
    *(
        "args",
        "actions",
        "runfiles",
        "target",
        "analysis",
        "testing",
        "transition",
        "builtins",
        "set",
        "native",
        "elsewhere",
        "formats",
    ),
)
"""The files in `prelude/`, in the order in which they are evaluated: one module, in parts that can be read."""
_ANALYSIS_CALLS = (
    *("py_declare", "py_told", "py_said", "py_next", "py_expand_location", "py_expand_make", "py_output_path"),
    *("py_build_options", "py_aspect_done", "py_has_constraint", "py_target_actions", "py_members"),
    *("py_test_done", "py_test_settings"),
)
"""What the prelude calls while a target is analysed."""


class Loader:
    """Loads what is asked for, once.  Not thread-safe: one build owns one Loader.

    operations: name of an operation -> its `NAME@VERSION` (raises for an unknown one).
    cancel: asked while Starlark runs, so that even an endless loop stops.
    tracked: every path looked at -> `file`, `directory` (it was listed) or `absent`.
    memo: a file in which what texts were found to be is remembered; see `Memo`.
    analysis: what rule implementations call, by name; an Analyzer fills it.
    asking: nothing will be made: a file that a rule names counts as one, whether or not it is there.
    """

    def __init__(
        self,
        root: str,
        listener: Listener | None = None,
        operations: Callable[[str], str] | None = None,
        cancel: Cancellation | None = None,
        memo: str = "",
    ) -> None:
        self.root = os.path.abspath(root)
        self.listener = listener
        self.cancel = cancel
        self.interpreter = Interpreter(cancel, Memo(memo), of_shipped_rules())
        self.operations = operations or (lambda name: f"{name}@0")
        self.tracked: dict[str, str] = {}
        self._lock = threading.RLock()
        module_file = os.path.join(self.root, MODULE_FILE)
        self.tracked[module_file] = "file" if os.path.isfile(module_file) else "absent"
        self.asking = False
        self.repositories: Repositories = read_repositories(self.root)
        for path in self.repositories.files:
            self.tracked[path] = "file" if os.path.isfile(path) else "absent"
        self.sources = Sources(self.repositories, self.tracked)
        self.registry = Registry(self.label, self.interpreter.texts)
        self._packages = Packages(self.sources, self.interpreter, self.registry, self.canonical, listener)
        self.analysis = self._calls = Calls()
        self.prelude = self._load_prelude()
        self._packages.repo_files.prelude = self.prelude
        self.sources.ignoring = self._packages.repo_files.ignoring
        self._modules = Modules(self.sources, self.interpreter, self.registry, self.prelude, self.label)

    def save(self) -> None:
        """Write the memo, if there is one and something is new."""
        memo, shipped = self.interpreter.memo, self.interpreter.shipped
        if not shipped.save():
            memo.take(shipped)
        memo.save()

    @property
    def texts(self) -> SourceTexts:
        """The text of every evaluated file, for excerpts."""
        return self.interpreter.texts

    @property
    def guard(self) -> Guard:
        """What wraps callables that Starlark calls."""
        return self.interpreter.guard

    @property
    def rules(self) -> list[Rule]:
        """Every rule that a .bzl file made, by number."""
        return self.registry.rules

    @property
    def native_rules(self) -> list[str]:
        """The names of the rules that need no load()."""
        return self._modules.native_rules

    def check(self) -> None:
        """Raise InterruptedBuild when cancelled."""
        if self.cancel is not None:
            self.cancel.check()

    @property
    def depsets(self) -> list[DepsetNode]:
        """Every depset, by number: its files' paths, its children, its order."""
        return self.registry.depsets

    def provider_name(self, number: int) -> str:
        """The name of a provider, by number."""
        return self.registry.provider_names[number] or "provider"

    # ---- names ------------------------------------------------------------------

    @property
    def roots(self) -> dict[str, str]:
        """Execution path prefix -> real directory, for reading sources."""
        out = {"": self.root}
        for repo, directory in self.repositories.roots.items():
            out[f"external/{repo}/"] = directory
        return out

    def canonical_repo(self, repo: str) -> str:
        """The main module's own name is the empty repository."""
        return self.repositories.canonical(repo)

    def canonical(self, label: Label) -> Label:
        """A label with the main module's own name taken off."""
        repo = self.repositories.canonical(label.repo)
        return label if repo == label.repo else Label(repo, label.package, label.name)

    def label(self, text: str, repo: str = "", package: str = "") -> Label:
        """A label as written somewhere.  Raises LabelError."""
        return self.canonical(Label.parse(text, repo=repo, package=package))

    def vanished(self, label: Label) -> bool:
        """Whether it is sure, without loading anything, that no rule makes this target any more."""
        return self._packages.vanished(label)

    def shown(self, label: Label) -> str:
        """How a file is named in messages: relative to the workspace, or `@repo//…`."""
        return self.sources.shown(label)

    # ---- prelude ------------------------------------------------------------------

    def _load_prelude(self) -> Any:
        module = sl.Module()
        mine = self._calls
        mine |= {
            **self.registry.callables,
            **self._packages.callables,
            "py_label": self._py_label,
            "py_print": self._print,
            "py_op": self._op,
            "py_module_name": lambda: self.repositories.module_name or None,
            "py_module_version": lambda: self.repositories.module_version,
            "py_host_constraints": host_constraints,
            "py_json_indent": indent_json,
            "py_json_decode": decode_json,
            "py_room": self.guard.budget.room,
            "py_file_label": self._file_label,
        }
        for name in (*mine, *_ANALYSIS_CALLS):
            module.add_callable(name, self.guard(mine, name))
        self.interpreter.evaluate(module, _prelude())
        return module.freeze()

    def _file_label(self, shown: str) -> str:
        return self._modules.labels.get(shown, f"//:{shown}")

    def _op(self, name: str) -> str:
        return self.operations(name)

    def _py_label(self, text: str, repo: str, package: str) -> list[str]:
        label = self.label(text, repo, package)
        return [label.repo, label.package, label.name]

    def _print(self, shown: str, text: str, stack: str) -> None:
        if self.listener is not None and not self._packages.silent:
            line = next((m[2] for m in reversed(list(FRAME.finditer(stack))) if m[1] == shown), "")
            self.listener(Message("debug", text, f"{shown}:{line}" if line else shown))

    # ---- files, packages, targets --------------------------------------------------

    def bzl(self, label: Label, wanted_by: Location | None = None) -> Any:
        """The frozen module of a .bzl file.  Raises CycleError, NoSuchPackageError, LoadingError."""
        with self._lock:
            return self._modules.get(self.canonical(label), wanted_by)

    def again(self, build_file: Label, wanted: Mapping[int, list[int]], testing: Any) -> None:
        """Evaluate a BUILD file once more, for the functions of tests that it made: `testing` is TESTING__ of a frozen
        module.  wanted: the tests' numbers, and by what numbers `testing` knows them.  Raises what they raise.
        """
        with self._lock:
            self._packages.again(build_file, wanted, testing, self._modules)

    def build_file(self, repo: str, package: str) -> str | None:
        """The path of a package's BUILD file, BUILD.bazel first, or None."""
        return self.sources.build_file(repo, package)

    def package(self, repo: str, package: str, wanted_by: Location | None = None) -> Package:
        """A package, evaluated once.  Raises NoSuchPackageError with near names, LoadingError."""
        with self._lock:
            return self._packages.get(self.repositories.canonical(repo), package, self._modules, wanted_by)

    def partial_package(self, repo: str, package: str) -> Package | None:
        """What a package that failed had declared until then; None where its BUILD file was not begun."""
        return self._packages.partial.get((self.repositories.canonical(repo), package))

    def packages(self, below: str = "", repo: str = "") -> list[str]:
        """The names of all packages at or below one."""
        return self.sources.packages(repo, below)

    def is_ignored(self, package: str, repo: str = "") -> bool:
        """Whether .bazelignore or REPO.bazel have a directory ignored, which is told then."""
        ignored = self.sources.ignored_by(self.repositories.canonical(repo), package)
        if ignored and self.listener is not None:
            self.listener(Message("warning", f"//{package}/... is nothing: {ignored} is ignored by .bazelignore"))
        return bool(ignored)

    def target(self, label: Label, wanted_by: Location | None = None) -> Target:
        """A target.  Raises NoSuchPackageError, NoSuchTargetError, LoadingError."""
        known = self._packages.done.get((label.repo, label.package))
        if known is not None:
            found = known.targets.get(label.name)
            if found is not None:
                return found
        label = self.canonical(label)
        package = self.package(label.repo, label.package, wanted_by)
        try:
            return package.target(label.name)
        except NoSuchTargetError as fault:
            if self.asking and label.name in package.referenced:
                return package.absent(label.name)
            if fault.location is None:
                fault.location = wanted_by
            raise

    def expand(self, pattern: TargetPattern) -> list[Label]:
        """The labels a pattern stands for, `manual` ones left out of wildcards.  Raises when it stands for nothing."""
        return targets.expand(self, pattern)

    def resolve(
        self, patterns: Sequence[str], package: str = "", faults: list[RulesEngineError] | None = None
    ) -> list[Label]:
        """The labels of target patterns in order; `-pattern` takes away from what came before.

        faults: receives the errors of what does not load, which is then left out; None: the first is raised.
        """
        return targets.resolve(self, patterns, package, faults)


@functools.cache
def _prelude() -> Any:
    """The prelude, parsed; every Loader evaluates it with callables of its own."""
    texts = []
    for name in _PARTS:
        with open(os.path.join(_HERE, "prelude", f"{name}.bzl"), "rb") as stream:
            texts.append(stream.read())
    return parse_own(_PRELUDE, b"\n".join(texts).decode())


__all__ = ["Loader"]
