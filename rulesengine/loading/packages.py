"""Packages: BUILD files, each evaluated once; what `native` and the BUILD file's own functions do."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import starlark as sl

from rulesengine.errors import (
    AnalysisError,
    LoadingError,
    Location,
    NoSuchPackageError,
    NoSuchTargetError,
    RulesEngineError,
    nearest,
)
from rulesengine.loading import macros, native, preamble
from rulesengine.loading.border import BUILD, Interpreter, parse_own
from rulesengine.loading.boundaries import check_boundaries
from rulesengine.loading.existing import summary
from rulesengine.loading.glob import glob
from rulesengine.loading.languages import LANGUAGES
from rulesengine.loading.modules import NATIVE, Modules
from rulesengine.loading.package import Package
from rulesengine.loading.package_builder import PackageBuilder
from rulesengine.loading.registry import Registry
from rulesengine.loading.repo_file import RepoFiles
from rulesengine.loading.repository import BUILD_FILES
from rulesengine.loading.sources import Sources
from rulesengine.loading.watch import traced
from rulesengine.model.events import Progress
from rulesengine.model.label import Label, check_package, check_target
from rulesengine.model.ports import Listener
from rulesengine.model.target import Target

_FINALIZER = (
    'load("p", "run_macro__")\nload("r", "MACROS__")\nrun_macro__(MACROS__[INDEX].implementation, SPEC)\nNone\n'
)


class Packages:
    """The packages of a workspace.  done: those that are there, by repository and name; partial: what
    those that failed had declared until then."""

    def __init__(
        self,
        sources: Sources,
        interpreter: Interpreter,
        registry: Registry,
        canonical: Callable[[Label], Label],
        listener: Listener | None,
    ) -> None:
        self._sources = sources
        self._interpreter = interpreter
        self._texts = interpreter.texts
        self._registry = registry
        self._canonical = canonical
        self._listener = listener
        self.done: dict[tuple[str, str], Package] = {}
        self.partial: dict[tuple[str, str], Package] = {}
        self._failed: dict[tuple[str, str], RulesEngineError] = {}
        self._builder: PackageBuilder | None = None
        self._openings: dict[str, Any] = {}
        self.repo_files = RepoFiles(sources, interpreter, self._new_builder)

    def get(self, repo: str, package: str, modules: Modules, wanted_by: Location | None = None) -> Package:
        """A package.  Raises NoSuchPackageError with near names, LoadingError (the same one each time)."""
        key = (repo, package)
        found = self.done.get(key)
        if found is not None:
            return found
        if key in self._failed:
            raise self._failed[key]
        path = self._sources.build_file(repo, package)
        if path is None:
            raise self._missing(repo, package, wanted_by)
        try:
            with self._interpreter.guard.watch.during(partial(self._task, repo, package, path)):
                made = self._evaluate(repo, package, path, modules)
        except RulesEngineError as fault:
            self._failed[key] = fault
            raise
        self.done[key] = made
        if self._listener is not None:
            self._listener(Progress("loading", len(self.done), 0, made.id))
        return made

    def _task(self, repo: str, package: str, path: str) -> str:
        shown = (f"@{repo}//" if repo else "") + os.path.relpath(path, self._sources.repositories.directory(repo))
        return traced(self._sources.repositories.root, repo, package, shown)

    def vanished(self, label: Label) -> bool:
        """Whether it is sure, without loading anything, that no rule makes this target any more."""
        found = self.done.get((label.repo, label.package))
        if found is not None:
            try:
                return found.target(label.name).kind == "source"
            except NoSuchTargetError:
                return True
        if (label.repo, label.package) in self._failed:
            return False
        try:
            directory = os.path.join(self._sources.repositories.directory(label.repo), label.package)
        except NoSuchPackageError:
            return True
        return not any(os.path.isfile(os.path.join(directory, name)) for name in BUILD_FILES)

    def _missing(self, repo: str, package: str, wanted_by: Location | None) -> NoSuchPackageError:
        directory = os.path.join(self._sources.repositories.directory(repo), package)
        name = (f"@{repo}" if repo else "") + "//" + package
        root = f"@{repo}//" if repo else "//"
        ignored = self._sources.ignored_by(repo, package)
        if ignored:
            return NoSuchPackageError(
                f"no package {name}: .bazelignore or REPO.bazel has the directory {ignored} ignored",
                location=wanted_by, hint="take it out there if its packages are meant",
            )  # fmt: skip
        near = near_packages(root, package, self._sources.packages(repo, ""))
        if os.path.isdir(directory):
            what = "the directory has no BUILD file"
            near = near or f"add {package + '/' if package else ''}BUILD (an empty one will do)"
        else:
            what = "there is no such directory"
        return NoSuchPackageError(f"no package {name}: {what}", location=wanted_by, hint=near)

    def again(self, build_file: Label, wanted: Mapping[int, list[int]], testing: Any, modules: Modules) -> None:
        """Evaluate a BUILD file once more; see `Loader.again`.  What it declares is there already."""
        path = self._sources.path(build_file)
        self._evaluate(build_file.repo, build_file.package, path, modules, (wanted, testing))

    def _evaluate(
        self,
        repo: str,
        package: str,
        path: str,
        modules: Modules,
        again: tuple[Mapping[int, list[int]], Any] | None = None,
    ) -> Package:
        root = self._sources.repositories.directory(repo)
        shown = (f"@{repo}//" if repo else "") + os.path.relpath(path, root)
        text = self._sources.read(path, shown)
        made = Package(repo, package, os.path.dirname(path), shown)
        try:
            ast = self._interpreter.parse(shown, text, BUILD)
        except RulesEngineError:
            self.partial[repo, package] = made
            raise
        label = Label(repo, package, os.path.basename(path))
        sets = False
        for load in modules.loads(ast, shown, label):
            modules.get(load.label, load.place)
            sets = sets or load.label in modules.with_sets
        if sets:
            ast = self._interpreter.parse(shown, text, BUILD, sets)
        module = sl.Module()
        text = preamble.for_build(modules.native_rules, self._texts.rewritten(shown))
        opening = self._openings.get(text)
        if opening is None:
            opening = self._openings[text] = parse_own("<preamble>", text)
        module["SHOWN__"] = shown
        self._interpreter.evaluate(module, opening, modules.loader(label), watched=False)
        builder = self._new_builder(made)
        defaults = self.repo_files.get(repo).arguments
        if defaults:
            native.apply(builder, defaults)
        file_loader = None
        if again is not None:
            from rulesengine.loading.again import Again

            wanted, testing = again
            builder.begin_again(wanted, self.done[repo, package])
            file_loader = Again(modules, self._interpreter, testing).loader(label, modules.loads(ast, shown, label))
        previous, self._builder = self._builder, builder
        try:
            if again is None:
                modules.run(module, ast, label)
                self._finalize(builder, modules)
                check_boundaries(made, self._sources, self._texts)
            else:  # whatever fails now is what is analysed
                self._interpreter.evaluate(module, ast, file_loader, AnalysisError)
        except RulesEngineError:
            if again is None:
                self.partial[repo, package] = made
            if not builder.enough:
                raise
        finally:
            self._builder = previous
        return made

    def _new_builder(self, package: Package) -> PackageBuilder:
        return PackageBuilder(package, self._texts, self._registry.plan, self._canonical)

    def _finalize(self, builder: PackageBuilder, modules: Modules) -> None:
        """Run the finalizers that the BUILD file called, and those that they call."""
        done = 0
        while done < len(builder.deferred):
            one = builder.deferred[done]
            done += 1
            macro = one.instance.macro
            frozen = modules.get(Label.parse(macro.module))
            module = sl.Module()
            module["INDEX"], module["SPEC"] = macro.index, one.spec
            builder.finalize(one.instance, one.place, one.chain)
            prelude = modules.prelude
            self._interpreter.evaluate(
                module,
                parse_own("<finalizer>", _FINALIZER),
                lambda name, frozen=frozen, prelude=prelude: prelude if name == "p" else frozen,  # type: ignore[misc]  # mypy infers no bound defaults
            )

    @property
    def silent(self) -> bool:
        """Whether what is printed now was printed before, as in a second evaluation outside of what it is for."""
        return self._builder is not None and self._builder.silent

    # ---- what Starlark calls ----------------------------------------------------

    @property
    def callables(self) -> dict[str, Callable[..., Any]]:
        """What the prelude calls, by its name there."""
        return {
            **self.repo_files.callables,
            "py_target": lambda text: self._here("a rule").instantiate(text),
            "py_macro_call": lambda index, name, text, stack: macros.call(
                self._here("a macro"), self._registry.macros[index], name, text, stack
            ),
            "py_macro_end": lambda: self._here("a macro").leave(),
            "py_test_rule": self._test_rule,
            "py_test_again": lambda: self._here("testing.analysis_test()").test_again(),
            "py_test_left": lambda: self._here("testing.analysis_test()").test_left(),
            "py_glob": self._glob,
            "py_package": lambda given: native.package(self._not_in_macro("package()"), given),
            "py_exports_files": lambda *given: native.exports_files(self._here("exports_files()"), *given),
            "py_licenses": native.check_licenses,
            "py_subpackages": lambda include, exclude, allow_empty: native.subpackages(
                self._not_in_macro("subpackages()"), include, exclude, allow_empty, self._sources.packages
            ),
            "py_default_visibility": lambda: [
                [label.repo, label.package, label.name]
                for one in self._here("native.package_default_visibility()").package.default_visibility
                for label in [Label.parse(one)]
            ],
            "py_package_group": self._package_group,
            "py_existing_rule": self._existing_rule,
            "py_existing_rules": self._existing_rules,
            "py_read_file": self._read_file,
            "py_package_name": lambda: self._here("native.package_name()").package.name,
            "py_repository_name": lambda: "@" + self._here("native.repository_name()").package.repo,
            "py_package_label": self._package_label,
        }

    def _here(self, what: str) -> PackageBuilder:
        if self._builder is None:
            raise LoadingError(
                f"{what} may only be called while a BUILD file is evaluated",
                hint="put the call into a function (a macro) that BUILD files call",
            )
        return self._builder

    def _not_in_macro(self, what: str, *, finalizer: bool = False) -> PackageBuilder:
        """The builder, unless a symbolic macro runs, which may not call this."""
        builder = self._here(what)
        macro = builder.macro
        if macro is not None and not (finalizer and macro.in_finalizer):
            raise LoadingError(
                f"{what} cannot be called by a symbolic macro ({macro.macro.name})"
                + (", only by a finalizer" if finalizer else ""),
                hint="write macro(finalizer = True, …)"
                if finalizer
                else "let the BUILD file call it and give the macro what it returns",
            )
        return builder

    def _test_rule(self, name: str, text: str, stack: str) -> int:
        builder = self._not_in_macro("testing.analysis_test()")
        if builder.again is not None:
            raise LoadingError(
                "testing.analysis_test() was called by a function that a .bzl file made while it was loaded",
                hint="call it in a function that the file defines with def",
            )
        package = builder.package
        module = Label(package.repo, package.name, os.path.basename(package.build_file))
        builder.tests += 1
        return self._registry.test_rule(name, str(module), builder.tests - 1, text, stack)

    def _package_label(self, text: str) -> list[str]:
        label = self._here("native.package_relative_label()").label(text)
        return [label.repo, label.package, label.name]

    def _ignored(self, repo: str, prefix: str, path: str) -> bool:
        return bool(self._sources.ignored_by(repo, prefix + path))

    def _glob(self, include: Any, exclude: Any, exclude_directories: Any, allow_empty: Any) -> list[str]:
        package = self._not_in_macro("glob()").package
        for name, value in (("include", include), ("exclude", exclude)):
            if not isinstance(value, list):
                raise LoadingError(f"glob({name} = …) is a list of patterns, not {value!r}")
        if type(exclude_directories) is not int:
            raise LoadingError(f"glob(exclude_directories = …) is 0 or 1, not {exclude_directories!r}")
        if not isinstance(allow_empty, bool):
            raise LoadingError(f"glob(allow_empty = …) is True or False, not {allow_empty!r}")
        prefix = f"{package.name}/" if package.name else ""
        ignored = partial(self._ignored, package.repo, prefix)
        found = glob(package.directory, include, exclude, bool(exclude_directories), self._sources.listed, ignored)
        if not found and not allow_empty:
            raise LoadingError(
                f"glob({json.dumps(include)}) matches no file in {package.id}",
                hint="write allow_empty = True where that is meant",
            )
        return found

    def _package_group(self, name: Any, packages: Any, includes: Any, stack: str) -> None:
        builder = self._here("package_group()")
        place, chain = builder.place(stack)
        for value in (packages, includes):
            if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
                raise LoadingError("package_group(): packages and includes are lists of strings", location=place)
        if not isinstance(name, str):
            raise LoadingError("package_group(): name is a string", location=place)
        check_target(name, name)
        for pattern in packages:
            _check_specification(pattern, place)
        builder.add(
            Target(
                Label(builder.package.repo, builder.package.name, name),
                "package_group",
                location=place,
                packages=tuple(packages),
                includes=tuple(builder.label(one) for one in includes),
                stack=chain,
                visibility=("//visibility:public",),
                macro=builder.macro,
            )
        )

    def _existing_rule(self, name: str) -> str | None:
        builder = self._not_in_macro("native.existing_rule()", finalizer=True)
        target = builder.package.targets.get(name)
        return None if target is None or not _is_shown(builder, target) else json.dumps(_summary(target))

    def _existing_rules(self) -> str:
        builder = self._not_in_macro("native.existing_rules()", finalizer=True)
        shown = [target for target in builder.package.rule_targets() if _is_shown(builder, target)]
        return json.dumps([[target.label.name, _summary(target)] for target in shown])

    def _read_file(self, name: str) -> str | None:
        label = self._here("native.read_json()").label(name)
        path, shown = self._sources.path(label), self._sources.shown(label)
        if not self._sources.track(path):
            return None
        text = self._sources.read(path, shown)
        try:
            json.loads(text)
        except (ValueError, RecursionError) as fault:  # here, since Starlark's decoder cannot say which file it was
            line, column = getattr(fault, "lineno", 0), getattr(fault, "colno", 0)
            raise LoadingError(
                f"not JSON: {getattr(fault, 'msg', fault)}",
                location=Location(shown, line, column),
                hint="take the file back from version control, or remove it and write it anew",
            ) from None
        return text


def near_packages(root: str, package: str, known: list[str]) -> str | None:
    """A hint that names packages that look like one; `root` is `//` or `@REPO//`."""
    near = nearest(package, [one for one in known if one])
    return "did you mean " + " or ".join(f"'{root}{one}'" for one in near) + "?" if near else None


def _is_shown(builder: PackageBuilder, target: Target) -> bool:
    """Whether existing_rules() tells of a target: a finalizer does not see what finalizers made."""
    return target.rule is not None and (builder.macro is None or target.macro is None or not target.macro.in_finalizer)


def _summary(target: Target) -> list[list[Any]]:
    return summary(target, target.rule is not None and target.rule.module in (str(NATIVE), LANGUAGES))


def _check_specification(pattern: str, place: Location | None) -> None:
    """Raise LoadingError unless a package_group's entry is a package, `PACKAGE/...`, `public` or `private`."""
    text = pattern.removeprefix("-")
    if text in ("public", "private"):
        return
    repo, slashes, path = text.partition("//")
    if not slashes or (repo and not repo.startswith("@")) or ":" in path:
        raise LoadingError(
            f"package_group(): {pattern!r} is not a package", location=place, hint="write //PACKAGE or //PACKAGE/..."
        )
    check_package("" if path == "..." else path.removesuffix("/..."), pattern)
