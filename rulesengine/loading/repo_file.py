"""REPO.bazel: what a repository says of all its packages, repo() and ignore_directories()."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import starlark as sl

from rulesengine.errors import LoadingError, RulesEngineError
from rulesengine.loading import native
from rulesengine.loading.border import BUILD, Interpreter, parse_own
from rulesengine.loading.glob import check_pattern, matches
from rulesengine.loading.package import Package
from rulesengine.loading.package_builder import PackageBuilder
from rulesengine.loading.sources import Sources
from rulesengine.values import define, field

REPO_FILE = "REPO.bazel"
_PREAMBLE = (
    'load("p", "ignore_directories__", "repo__", fail = "fail__", make_print__ = "make_print__")\n'
    "repo = repo__\nignore_directories = ignore_directories__\nNone\n"
)


@define
class RepoFile:
    """What one says.  arguments: as package() takes them.  ignored: patterns of directories, in segments.

    called: which of its functions were called; each may be once.
    """

    shown: str
    arguments: dict[str, Any] = field(factory=dict)
    ignored: list[list[str]] = field(factory=list)
    called: set[str] = field(factory=set)

    def ignores(self, directory: str) -> bool:
        """Whether a directory is no part of the workspace."""
        return any(matches(one, directory.split("/")) for one in self.ignored)

    def once(self, function: str) -> None:
        """Raise LoadingError where a function is called a second time."""
        if function in self.called:
            raise LoadingError(
                f"{function}() may be called once in {REPO_FILE}", hint="put all its arguments into one call"
            )
        self.called.add(function)


class RepoFiles:
    """The REPO.bazel of each repository, evaluated once.

    builder: of a package, for the labels in it.
    """

    def __init__(
        self, sources: Sources, interpreter: Interpreter, builder: Callable[[Package], PackageBuilder]
    ) -> None:
        self._sources = sources
        self._interpreter = interpreter
        self._builder = builder
        self._known: dict[str, RepoFile | RulesEngineError] = {}
        self._open: RepoFile | None = None
        self._package: Package | None = None
        self.prelude: Any = None

    @property
    def callables(self) -> dict[str, Callable[..., Any]]:
        """What the prelude calls, by its name there."""
        return {"py_repo": self._repo, "py_ignore_directories": self._ignore}

    def get(self, repo: str) -> RepoFile:
        """That of a repository; an empty one where there is no file.  Raises LoadingError, the same one each time."""
        found = self._known.get(repo)
        if found is None:
            try:
                found = self._read(repo)
            except RulesEngineError as fault:
                found = fault
            self._known[repo] = found
        if isinstance(found, RulesEngineError):
            raise found
        return found

    def ignoring(self, repo: str) -> Callable[[str], bool] | None:
        """What tells whether a directory is ignored, where a repository says so of some."""
        found = self.get(repo)
        return found.ignores if found.ignored else None

    def _read(self, repo: str) -> RepoFile:
        directory = self._sources.repositories.directory(repo)
        path = os.path.join(directory, REPO_FILE)
        made = RepoFile((f"@{repo}//" if repo else "") + REPO_FILE)
        if not self._sources.track(path):
            return made
        text = self._sources.read(path, made.shown)
        ast = self._interpreter.parse(made.shown, text, BUILD)
        for load in ast.loads():
            line = next((n for n, one in enumerate(text.split("\n"), 1) if load.module_id in one), 1)
            raise LoadingError(
                f"{REPO_FILE} has no load()", location=self._interpreter.texts.location(made.shown, line),
                hint="write the values themselves",
            )  # fmt: skip
        module = sl.Module()
        prelude = self.prelude
        self._interpreter.evaluate(module, parse_own("<preamble>", _PREAMBLE), lambda _: prelude)
        previous = self._open, self._package
        self._open, self._package = made, Package(repo, "", directory, made.shown)
        try:
            self._interpreter.evaluate(module, ast, lambda _: prelude)
        finally:
            self._open, self._package = previous
        return made

    def _here(self) -> tuple[RepoFile, Package]:
        if self._open is None or self._package is None:
            raise LoadingError(f"only {REPO_FILE} may call this")
        return self._open, self._package

    def _repo(self, text: str) -> None:
        made, package = self._here()
        made.once("repo")
        given = json.loads(text)
        if not given:
            raise LoadingError("repo() needs an argument", hint="take it away, or say what it is about")
        native.check_arguments("repo()", given)
        native.apply(self._builder(package), given)
        made.arguments = given

    def _ignore(self, text: str) -> None:
        made, _ = self._here()
        made.once("ignore_directories")
        given = json.loads(text)
        if not isinstance(given, list):
            raise LoadingError(f"ignore_directories() takes a list of patterns of directories, not {given!r}")
        made.ignored = [check_pattern(one) for one in given]
