"""Loader: packages and .bzl modules of a workspace, evaluated once each."""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib import resources
from typing import Any

import starlark as sl

from rulesengine.errors import (
    CycleError,
    LoadingError,
    Location,
    NoSuchPackageError,
    NoSuchTargetError,
    did_you_mean,
)
from rulesengine.loading.border import (
    BUILD,
    BZL,
    INTERNAL,
    MAX_SOURCE_BYTES,
    Guard,
    SourceTexts,
    evaluate,
    parse,
)
from rulesengine.loading.glob import glob
from rulesengine.loading.package import FRAME, Package, PackageBuilder
from rulesengine.loading.repository import BUILD_FILES, MODULE_FILE, Repositories, read_repositories
from rulesengine.model.events import Message, Progress
from rulesengine.model.label import Label
from rulesengine.model.pattern import TargetPattern
from rulesengine.model.ports import Listener
from rulesengine.model.rule import AttributeSchema, Rule
from rulesengine.model.target import Target

_PRELUDE = "<prelude>"
_NATIVE = Label("rulesengine", "native", "defs.bzl")

_BZL_NAMES = (
    "attr", "config", "depset", "op", "platform_common", "select", "transition", "DefaultInfo", "InstrumentedFilesInfo",
    "OutputGroupInfo", "RunEnvironmentInfo", "dot__",
)  # fmt: skip
_BUILD_NAMES = ("depset", "select", "dot__")
_TOP_LEVEL = re.compile(r"^([A-Za-z_][A-Za-z0-9_, ]*?)\s*=(?!=)", re.MULTILINE)


class Loader:
    """Loads what is asked for, once.  Not thread-safe: one build owns one Loader.

    operations: name of an operation -> its `NAME@VERSION` (raises for an unknown one).
    tracked: every path looked at -> `file`, `directory` (it was listed) or `absent`.
    """

    def __init__(
        self,
        root: str,
        listener: Listener | None = None,
        operations: Callable[[str], str] | None = None,
    ) -> None:
        self.root = os.path.abspath(root)  # noqa: PTH100
        self.listener = listener
        self.texts = SourceTexts()
        self.guard = Guard()
        self.rules: list[Rule] = []
        self.tracked: dict[str, str] = {}
        self.operations = operations or (lambda name: f"{name}@0")
        self.depsets: list[tuple[tuple[str, ...], tuple[int, ...], str]] = []
        self.provider_names: list[str] = []
        self.analysis: dict[str, Callable[..., Any]] = {}
        self._modules: dict[Label, Any] = {}
        self._packages: dict[tuple[str, str], Package] = {}
        self._builder: PackageBuilder | None = None
        self._lock = threading.RLock()
        self._track(os.path.join(self.root, MODULE_FILE))
        self.repositories: Repositories = read_repositories(self.root)
        self.prelude = self._load_prelude()
        self._native: Any = None
        self._native_names: list[str] = []
        self._native = self._load_native()

    # ---- paths ----------------------------------------------------------------

    @property
    def roots(self) -> dict[str, str]:
        """Execution path prefix -> real directory, for reading sources."""
        out = {"": self.root}
        for repo, directory in self.repositories.roots.items():
            out[f"external/{repo}/"] = directory
        return out

    def canonical(self, label: Label) -> Label:
        """A label with the main module's own name taken off."""
        repo = self.repositories.canonical(label.repo)
        return label if repo == label.repo else Label(repo, label.package, label.name)

    def label(self, text: str, repo: str = "", package: str = "") -> Label:
        """A label as written somewhere."""
        return self.canonical(Label.parse(text, repo=repo, package=package))

    def _track(self, path: str) -> bool:
        """Note that a file was looked for; whether it is there."""
        there = os.path.isfile(path)  # noqa: PTH113
        self.tracked[path] = "file" if there else "absent"
        return there

    def _read(self, path: str, shown: str) -> str:
        try:
            if os.path.getsize(path) > MAX_SOURCE_BYTES:  # noqa: PTH202
                raise LoadingError(f"{shown} is larger than {MAX_SOURCE_BYTES >> 20} MiB", location=Location(shown))
            with open(path, encoding="utf-8-sig", newline="") as stream:
                return stream.read().replace("\r\n", "\n")
        except UnicodeDecodeError as fault:
            raise LoadingError(f"{shown} is not UTF-8 at byte {fault.start}", location=Location(shown)) from None
        except OSError as fault:
            raise LoadingError(f"cannot read {shown}: {fault.strerror}", location=Location(shown)) from None

    # ---- prelude ----------------------------------------------------------------

    def _load_prelude(self) -> Any:
        text = resources.files("rulesengine.loading").joinpath("prelude.bzl").read_text(encoding="utf-8")
        module = sl.Module()
        mine: dict[str, Callable[..., Any]] = {
            "py_label": lambda text, repo, package: list(_parts(self.label(text, repo, package))),
            "py_depset": self._depset,
            "py_provider": self._provider,
            "py_provider_name": lambda index: self.provider_names[index] or "provider",
            "py_name_provider": self._name_provider,
            "py_rule": self._rule,
            "py_rule_name": self._name_rule,
            "py_print": self._print,
            "py_op": lambda name: self.operations(name),
            "py_target": lambda rule, name, text, stack: self._package("rules").instantiate(rule, name, text, stack),
            "py_glob": self._glob,
            "py_package": self._set_package,
            "py_exports_files": self._exports_files,
            "py_package_group": self._package_group,
            "py_existing_rule": self._existing_rule,
            "py_existing_rules": self._existing_rules,
            "py_read_file": self._read_file,
            "py_package_name": lambda: self._package("native.package_name").package.name,
            "py_repository_name": lambda: "@" + self._package("native.repository_name").package.repo,
            "py_module_name": lambda: self.repositories.module_name,
            "py_package_label": lambda text: list(_parts(self._package("native.package_relative_label").label(text))),
        }
        for name in ("py_declare", "py_action", "py_done", "py_expand_location", "py_expand_make", "py_output_path"):
            mine[name] = self._analysis_call(name)
        for name, function in mine.items():
            module.add_callable(name, self.guard(function))
        evaluate(module, parse(_PRELUDE, text, INTERNAL), None, self.guard, self.texts)
        return module.freeze()

    def _analysis_call(self, name: str) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            return self.analysis[name](*arguments)

        return call

    def _depset(self, paths: list[str], children: list[int], order: str) -> int:
        self.depsets.append((tuple(paths), tuple(children), order))
        return len(self.depsets) - 1

    def _provider(self) -> int:
        self.provider_names.append("")
        return len(self.provider_names) - 1

    def _name_provider(self, index: int, name: str) -> None:
        if not self.provider_names[index]:
            self.provider_names[index] = name

    def _rule(self, text: str) -> int:
        spec = json.loads(text)
        module = Label.parse(spec["module"])
        schema = {}
        for name, raw in spec["schema"].items():
            files = raw["allow_files"]
            default = raw["default"]
            if default is not None and raw["kind"] in ("label", "label_list"):
                absolute = [
                    str(self.label(one, module.repo, module.package))
                    for one in (default if isinstance(default, list) else [default])
                ]
                default = absolute if isinstance(default, list) else absolute[0]
            schema[name] = AttributeSchema(
                kind=raw["kind"],
                default=default,
                computed=raw["computed"],
                mandatory=raw["mandatory"],
                values=tuple(raw["values"]),
                allow_files=tuple(files) if isinstance(files, list) else files,
                single=raw["single"],
                allow_empty=raw["allow_empty"],
                executable=raw["executable"],
                cfg=raw["cfg"],
                doc=raw["doc"] or "",
                providers=tuple(tuple(one) for one in raw["providers"]),
            )
        self.rules.append(
            Rule(
                "rule", spec["module"], spec["index"], schema, spec["doc"] or "", spec["executable"],
                spec["test"], spec["cfg"], spec["outputs"], spec["build_setting"],
            )
        )  # fmt: skip
        return len(self.rules) - 1

    def _name_rule(self, rule_id: int, name: str) -> None:
        rule = self.rules[rule_id]
        if rule.name == "rule":
            object.__setattr__(rule, "name", name)

    # ---- .bzl modules ---------------------------------------------------------------

    def _load_native(self) -> Any:
        """The native rules, written in Starlark like any other, as one frozen module."""
        frozen = self.bzl(_NATIVE)
        path = os.path.join(self.repositories.directory("rulesengine"), _NATIVE.path)
        text = self._read(path, str(_NATIVE))
        self._native_names = [
            name.strip()
            for match in _TOP_LEVEL.finditer(text)
            for name in match[1].split(",")
            if not name.strip().startswith("_")
        ]
        loads = ", ".join(json.dumps(name) for name in self._native_names)
        source = (
            f'load("p", "native_core__")\nload("n", {loads})\n'
            f"native = struct(**(native_core__ | dict({', '.join(f'{n} = {n}' for n in self._native_names)})))\n"
        )
        module = sl.Module()
        evaluate(
            module,
            parse("<native>", source, INTERNAL),
            lambda name: self.prelude if name == "p" else frozen,
            self.guard,
            self.texts,
        )
        return module.freeze()

    def shown(self, label: Label) -> str:
        """How a file is named in messages: relative to the workspace, or `@repo//…`."""
        return label.path if not label.repo else f"@{label.repo}//{label.path}"

    def bzl(self, label: Label, wanted_by: Location | None = None) -> Any:
        """The frozen module of a .bzl file.  Loads are walked without recursion.

        Raises CycleError with the chain, NoSuchPackageError, LoadingError.
        """
        label = self.canonical(label)
        with self._lock:
            chain: list[tuple[Label, Any, str, Iterator[tuple[Label, Location]]]] = []
            self._enter(label, chain, wanted_by)
            while chain:
                current, ast, text, loads = chain[-1]
                following = next(loads, None)
                if following is None:
                    self._evaluate_bzl(current, ast, text)
                    chain.pop()
                elif following[0] not in self._modules:
                    if any(entry[0] == following[0] for entry in chain):
                        names = [str(entry[0]) for entry in chain]
                        names = names[names.index(str(following[0])) :]
                        raise CycleError(
                            "load() goes round in a circle",
                            location=following[1],
                            notes=[*(f"  {name} loads" for name in names), f"  {following[0]}"],
                            hint="move what both need into a third file",
                        )
                    self._enter(following[0], chain, following[1])
            return self._modules[label]

    def _enter(self, label: Label, chain: list[Any], wanted_by: Location | None) -> None:
        if label in self._modules:
            return
        if not label.name.endswith((".bzl", ".scl")):
            raise LoadingError(f"load(): {label} is not a .bzl file", location=wanted_by)
        directory = self.repositories.directory(label.repo)
        path = os.path.join(directory, label.path)
        if not self._track(path):
            near = did_you_mean(label.name, _names(os.path.join(directory, label.package)))
            raise LoadingError(f"cannot load {label}: no such file", location=wanted_by, hint=near)
        shown = self.shown(label)
        text = self._read(path, shown)
        ast = parse(shown, text, BZL, self.texts)
        chain.append((label, ast, text, iter(self._loads(ast, shown, text, label))))

    def _loads(self, ast: Any, shown: str, text: str, label: Label) -> list[tuple[Label, Location]]:
        out = []
        for load in ast.loads():
            number = next((n for n, line in enumerate(text.split("\n"), 1) if f'"{load.module_id}"' in line), 1)
            column = max(text.split("\n")[number - 1].find(load.module_id), 0) + 1
            place = self.texts.location(shown, number, column, len(load.module_id))
            try:
                target = self.label(load.module_id, label.repo, label.package)
            except Exception as fault:
                raise LoadingError(str(fault), location=place) from None
            out.append((target, place))
        return out

    def _evaluate_bzl(self, label: Label, ast: Any, text: str) -> None:
        module = sl.Module()
        module["KEY__"] = str(label)
        native = "" if self._native is None else 'load("n", "native")\n'
        names = ", ".join(json.dumps(name) for name in _BZL_NAMES)
        preamble = (
            f'load("p", {names}, str = "str__", type = "type__", make_print__ = "make_print__", make_rule__ = "make_rule__", '
            f'make_provider__ = "make_provider__", make_label__ = "make_label__", export__ = "export__")\n{native}'
            f"RULES__ = []\nPROVIDERS__ = []\nrule = make_rule__(RULES__, KEY__)\n"
            f"provider = make_provider__(PROVIDERS__)\n"
            f"Label = make_label__({json.dumps(label.repo)}, {json.dumps(label.package)})\n"
            f"print = make_print__({json.dumps(self.shown(label))})\n"
            f"def visibility(value):\n    pass\nNone\n"
        )

        def loader(name: str) -> Any:
            if name == "p":
                return self.prelude
            if name == "n":
                return self._native
            return self._modules[self.label(name, label.repo, label.package)]

        evaluate(module, parse("<preamble>", preamble, INTERNAL), loader, self.guard, self.texts)
        evaluate(module, ast, loader, self.guard, self.texts)
        names = self._globals(module, text)
        if names:
            pairs = ", ".join(f"{json.dumps(name)}: {name}" for name in names)
            epilogue = parse("<epilogue>", f"export__(RULES__, PROVIDERS__, {{{pairs}}})\nNone\n", INTERNAL)
            evaluate(module, epilogue, loader, self.guard, self.texts)
        self._modules[label] = module.freeze()

    @staticmethod
    def _globals(module: Any, text: str) -> list[str]:
        """Names at the top level that hold something that cannot cross the border (functions)."""
        out = []
        for match in _TOP_LEVEL.finditer(text):
            for name in match[1].split(","):
                name = name.strip()
                if not name.isidentifier() or name in out:
                    continue
                try:
                    if module[name] is None:
                        continue
                except sl.StarlarkError:
                    out.append(name)
                except Exception:  # noqa: BLE001, S112 - whatever cannot cross is not plain data
                    out.append(name)
        return out

    def _print(self, shown: str, text: str, stack: str) -> None:
        if self.listener is not None:
            line = next((m[2] for m in reversed(list(FRAME.finditer(stack))) if m[1] == shown), "")
            self.listener(Message("debug", text, f"{shown}:{line}" if line else shown))

    # ---- packages -------------------------------------------------------------------

    def build_file(self, repo: str, package: str) -> str | None:
        """The path of a package's BUILD file, BUILD.bazel first, or None."""
        directory = os.path.join(self.repositories.directory(repo), package)
        for name in BUILD_FILES:
            path = os.path.join(directory, name)
            if self._track(path):
                return path
        return None

    def package(self, repo: str, package: str, wanted_by: Location | None = None) -> Package:
        """A package, evaluated once.  Raises NoSuchPackageError with near names, LoadingError."""
        repo = self.repositories.canonical(repo)
        with self._lock:
            found = self._packages.get((repo, package))
            if found is not None:
                return found
            path = self.build_file(repo, package)
            if path is None:
                raise self._no_package(repo, package, wanted_by)
            made = self._evaluate_build(repo, package, path)
            self._packages[repo, package] = made
            if self.listener is not None:
                self.listener(Progress("loading", len(self._packages), 0, made.id))
            return made

    def _no_package(self, repo: str, package: str, wanted_by: Location | None) -> NoSuchPackageError:
        directory = self.repositories.directory(repo)
        near = [name for name in self._all_packages(repo, "") if name]
        where = os.path.join(directory, package)
        what = "there is no such directory" if not os.path.isdir(where) else "it has no BUILD file"  # noqa: PTH112
        name = (f"@{repo}" if repo else "") + "//" + package
        return NoSuchPackageError(f"no package {name}: {what}", location=wanted_by, hint=did_you_mean(package, near))

    def _evaluate_build(self, repo: str, package: str, path: str) -> Package:
        shown = (f"@{repo}//" if repo else "") + os.path.relpath(path, self.repositories.directory(repo))
        text = self._read(path, shown)
        ast = parse(shown, text, BUILD, self.texts)
        made = Package(repo, package, os.path.dirname(path), shown)  # noqa: PTH120
        label = Label(repo, package, os.path.basename(path))  # noqa: PTH119
        for target, place in self._loads(ast, shown, text, label):
            self.bzl(target, place)
        module = sl.Module()
        names = ", ".join(json.dumps(name) for name in _BUILD_NAMES)
        native = sorted(set(self._native_names))
        rules = "".join(f"{name} = native.{name}\n" for name in native)
        preamble = (
            f'load("p", {names}, str = "str__", type = "type__", make_label__ = "make_label__", '
            f'make_print__ = "make_print__")\nload("n", "native")\n'
            f"{rules}glob = native.glob\npackage = native.package\nexports_files = native.exports_files\n"
            f"package_group = native.package_group\npackage_name = native.package_name\n"
            f"repository_name = native.repository_name\nrepo_name = native.repo_name\nmodule_name = native.module_name\n"
            f"existing_rule = native.existing_rule\nexisting_rules = native.existing_rules\n"
            f"package_relative_label = native.package_relative_label\n"
            f"Label = make_label__({json.dumps(repo)}, {json.dumps(package)})\n"
            f"print = make_print__({json.dumps(shown)})\n"
            f"def licenses(values):\n    pass\nNone\n"
        )

        def loader(name: str) -> Any:
            if name == "p":
                return self.prelude
            if name == "n":
                return self._native
            return self._modules[self.label(name, repo, package)]

        evaluate(module, parse("<preamble>", preamble, INTERNAL), loader, self.guard, self.texts)
        builder = PackageBuilder(made, self.texts, self.rules, self.canonical)
        previous, self._builder = self._builder, builder
        try:
            evaluate(module, ast, loader, self.guard, self.texts)
        finally:
            self._builder = previous
        return made

    def _package(self, what: str) -> PackageBuilder:
        if self._builder is None:
            raise LoadingError(f"{what} may only be called while a BUILD file is evaluated")
        return self._builder

    def _glob(self, include: Any, exclude: Any, exclude_directories: Any, allow_empty: bool) -> list[str]:
        package = self._package("glob()").package
        for name, value in (("include", include), ("exclude", exclude)):
            if not isinstance(value, list):
                raise LoadingError(f"glob({name} = …) is a list of patterns, not {value!r}")

        def saw(directory: str) -> None:
            self.tracked[directory] = "directory"

        found = glob(package.directory, include, exclude, bool(exclude_directories), saw)
        if not found and not allow_empty:
            raise LoadingError(
                f"glob({include!r}) matches no file in {package.id}",
                hint="write allow_empty = True where that is meant",
            )
        return found

    def _set_package(self, visibility: Any, testonly: bool) -> None:
        builder = self._package("package()")
        if builder.package.packages_called:
            raise LoadingError("package() may be called once in a BUILD file")
        builder.package.packages_called = True
        if visibility is not None:
            builder.package.default_visibility = builder.visibility(visibility, None)
        builder.package.default_testonly = bool(testonly)

    def _exports_files(self, files: Any, visibility: Any) -> None:
        builder = self._package("exports_files()")
        shown = ("//visibility:public",) if visibility is None else builder.visibility(visibility, None)
        for name in files:
            builder.package.exported[builder.label(name).name] = shown

    def _package_group(self, name: str, packages: list[str], includes: list[str], stack: str) -> None:
        builder = self._package("package_group()")
        place, chain = builder.place(stack)
        label = Label(builder.package.repo, builder.package.name, name)
        builder.add(
            Target(
                label,
                "package_group",
                location=place,
                packages=tuple(packages),
                includes=tuple(builder.label(one) for one in includes),
                stack=chain,
                visibility=("//visibility:public",),
            )
        )

    def _existing_rule(self, name: str) -> str | None:
        target = self._package("native.existing_rule()").package.targets.get(name)
        if target is None or target.rule is None:
            return None
        return json.dumps({"name": name, "kind": target.rule.name, **target.attributes})

    def _existing_rules(self) -> str:
        package = self._package("native.existing_rules()").package
        return json.dumps(
            {
                target.label.name: {"name": target.label.name, "kind": target.rule_name, **target.attributes}
                for target in package.rule_targets()
            }
        )

    def _read_file(self, name: str) -> str | None:
        builder = self._package("native.read_json()")
        label = builder.label(name)
        directory = self.repositories.directory(label.repo)
        path = os.path.join(directory, label.path)
        if not self._track(path):
            return None
        return self._read(path, self.shown(label))

    # ---- targets --------------------------------------------------------------------

    def target(self, label: Label, wanted_by: Location | None = None) -> Target:
        """A target.  Raises NoSuchPackageError, NoSuchTargetError, LoadingError."""
        label = self.canonical(label)
        package = self.package(label.repo, label.package, wanted_by)
        try:
            return package.target(label.name)
        except NoSuchTargetError as fault:
            if fault.location is None:
                fault.location = wanted_by
            raise

    def _all_packages(self, repo: str, below: str) -> list[str]:
        directory = self.repositories.directory(repo)
        out: list[str] = []
        ignored = self._ignored(repo)
        stack = [below]
        while stack:
            package = stack.pop()
            here = os.path.join(directory, package)
            try:
                with os.scandir(here) as listing:
                    entries = list(listing)
            except OSError:
                continue
            self.tracked[here] = "directory"
            if any(entry.name in BUILD_FILES and entry.is_file() for entry in entries):
                out.append(package)
            for entry in entries:
                name = f"{package}/{entry.name}" if package else entry.name
                if entry.is_dir(follow_symlinks=False) and not entry.name.startswith(".") and name not in ignored:
                    if package != below and entry.name == MODULE_FILE:
                        continue
                    stack.append(name)
        return sorted(out)

    def _ignored(self, repo: str) -> set[str]:
        """Directories that .bazelignore names, relative to the repository."""
        path = os.path.join(self.repositories.directory(repo), ".bazelignore")
        if not self._track(path):
            return set()
        lines = self._read(path, ".bazelignore").split("\n")
        return {line.strip().strip("/") for line in lines if line.strip() and not line.startswith("#")}

    def expand(self, pattern: TargetPattern) -> list[Label]:
        """The labels a pattern stands for, `manual` ones left out of wildcards.  Raises when it stands for nothing."""
        repo = self.repositories.canonical(pattern.repo)
        if pattern.kind == "single":
            label = self._single(pattern, repo)
            self.target(label)
            return [label]
        if pattern.kind == "package":
            package = self.package(repo, pattern.package)
            if pattern.name in package.targets:
                return [Label(repo, pattern.package, pattern.name)]
            packages = [pattern.package]
        else:
            packages = self._all_packages(repo, pattern.package)
            if not packages:
                raise NoSuchPackageError(f"no package below {pattern.text}")
        out = []
        for name in packages:
            for target in list(self.package(repo, name).targets.values()):
                if target.kind == "rule" or (pattern.files and target.kind in ("source", "generated")):
                    if "manual" in target.tags or (target.rule is not None and target.rule.name.startswith("_hidden")):
                        continue
                    out.append(target.label)
        return out

    def _single(self, pattern: TargetPattern, repo: str) -> Label:
        if pattern.text.lstrip("-").startswith(("//", "@", ":")) or ":" in pattern.text:
            return Label(repo, pattern.package, pattern.name)
        # A bare word: a target of the current package, a package path, or a path of a file.
        words = pattern.name
        for package, name in self._readings(pattern.package, words):
            if self.build_file(repo, package) is not None:
                found = self.package(repo, package)
                try:
                    return found.target(name).label
                except NoSuchTargetError:
                    continue
        base = f"{pattern.package}/{words}" if pattern.package else words
        raise NoSuchTargetError(f"no target or package {words!r} here", hint=f"write //{base} or :{words}")

    @staticmethod
    def _readings(package: str, words: str) -> Iterable[tuple[str, str]]:
        yield package, words
        full = f"{package}/{words}" if package else words
        yield full, full.rpartition("/")[2]
        head = full
        while "/" in head:
            head, _, _ = head.rpartition("/")
            yield head, full[len(head) + 1 :]

    def resolve(self, patterns: Sequence[str], package: str = "") -> list[Label]:
        """The labels of target patterns in order; `-pattern` takes away from what came before."""
        out: dict[Label, None] = {}
        for text in patterns:
            pattern = TargetPattern.parse(text, package)
            if pattern.negative:
                for label in self._negated(pattern):
                    out.pop(label, None)
            else:
                for label in self.expand(pattern):
                    out[label] = None
        return list(out)

    def _negated(self, pattern: TargetPattern) -> list[Label]:
        if pattern.kind == "single":
            return [self._single(pattern, self.repositories.canonical(pattern.repo))]
        return self.expand(pattern)

    def packages(self, below: str = "", repo: str = "") -> list[str]:
        """The names of all packages at or below one."""
        return self._all_packages(repo, below)


def _parts(label: Label) -> tuple[str, str, str]:
    return label.repo, label.package, label.name


def _names(directory: str) -> list[str]:
    try:
        return os.listdir(directory)  # noqa: PTH208
    except OSError:
        return []


__all__ = ["Loader"]
