"""LoadedTargets: the query room's TargetGraph over the loader."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rulesengine.analysis.visibility import check as check_visibility
from rulesengine.errors import CycleError, LoadingError, Location, NoSuchTargetError, VisibilityError
from rulesengine.loading import Loader
from rulesengine.loading.border import BUILD, BZL
from rulesengine.loading.package import Package
from rulesengine.model.label import Label
from rulesengine.model.pattern import TargetPattern
from rulesengine.model.ports import Cancellation
from rulesengine.model.rule import OUTPUT_KINDS
from rulesengine.model.target import Target
from rulesengine.workspace.declared_edges import DeclaredEdge, declared_edges


class LoadedTargets:
    """Targets of a workspace, loaded as they are asked for.

    package: where relative patterns are written.  implicit: whether dependencies that a rule adds by itself count.
    tools: whether dependencies for the machine that builds count.
    keep_going: leave out what does not load; `faults` then has the errors.
    whole: packages that are broken have nothing, and a wildcard with one of them stands for nothing, as for Bazel's
    cquery; else what they had declared until then.
    """

    def __init__(
        self,
        loader: Loader,
        package: str,
        implicit: bool,
        cancel: Cancellation,
        *,
        tools: bool = True,
        keep_going: bool = False,
        whole: bool = False,
    ) -> None:
        self._loader = loader
        self._package = package
        self._implicit = implicit
        self._tools = tools
        self._cancel = cancel
        self._keep_going = keep_going
        self._whole = whole
        self.faults: list[LoadingError] = []
        self._dependencies: dict[Label, list[Label]] = {}
        self._loads: dict[Label, list[Label]] = {}

    def check(self) -> None:
        """Raise InterruptedBuild when cancelled."""
        self._cancel.check()

    def _left_out(self, fault: LoadingError) -> None:
        """Keep an error and go on, if that is wanted, else raise it."""
        if not self._keep_going:
            raise fault
        if fault not in self.faults:
            self.faults.append(fault)

    def resolve(self, pattern: str) -> Sequence[Label]:
        """As on the command line, but with targets tagged `manual`."""
        try:
            return self._resolve(pattern)
        except LoadingError as fault:
            self._left_out(fault)
            return []

    def _resolve(self, pattern: str) -> Sequence[Label]:
        found = TargetPattern.parse(pattern, self._package)
        if found.negative or found.kind == "single":
            return self._loader.resolve([pattern], self._package)
        repo = self._loader.canonical_repo(found.repo)
        if found.kind == "package":
            package = self._loaded_package(repo, found.package)
            if found.name in package.targets:
                return [Label(repo, found.package, found.name)]
            packages = [found.package]
        else:
            packages = self._loader.packages(found.package, repo)
            if not packages:
                self._loader.resolve([pattern], self._package)  # says so, with near names
        out: list[Label] = []
        broken = False
        for name in packages:
            self.check()
            try:
                package = self._loaded_package(repo, name)
            except CycleError:  # of .bzl files: as for Bazel, the whole wildcard stands for nothing then
                raise
            except LoadingError as fault:
                self._left_out(fault)
                broken = broken or self._loader.partial_package(repo, name) is not None
                continue
            if found.files:
                out += self.siblings(Label(repo, name, "BUILD"))
            else:
                out += [target.label for target in package.rule_targets()]
        return [] if broken else out

    in_configurations = False

    def label(self, node: Label) -> Label:
        """A label itself."""
        return node

    def configuration(self, node: Label) -> None:  # noqa: ARG002 - the protocol's parameter
        """None: it is as declared."""
        return

    def named(self, node: Label, attribute: str) -> Sequence[Label]:
        """The labels of one attribute, whatever select() branch holds them."""
        target = self.target(node)
        if attribute == "_implicit_tests":
            every = [one.label for one in self._edges(target.label) if one.attribute == attribute]
        else:
            schema = target.rule.schema.get(attribute) if target.rule is not None else None
            if schema is not None and schema.kind in OUTPUT_KINDS:
                value = target.attributes.get(attribute) or []
                names = [value] if isinstance(value, str) else value
                return [target.label.sibling(one.rpartition(":")[2]) for one in names]
            every = [one for _, one in target.labels(attribute)]
        found = dict.fromkeys(map(self._loader.canonical, every))
        return [one for one in found if self._loads_well(one, target)]

    def target(self, label: Label) -> Target:
        """A target.  A .bzl file that was loaded counts as a source file."""
        label = self._loader.canonical(label)
        package = self._loaded_package(label.repo, label.package)
        try:
            return package.target(label.name)
        except NoSuchTargetError:
            if label.name in package.referenced:  # a rule names a file that is not there: a build will say so
                return package.absent(label.name)
            if label.name.endswith((".bzl", ".scl")) and os.path.isfile(self._loader.sources.path(label)):
                return Target(label, "source")
            raise

    def values(self, node: Label) -> Mapping[str, Any]:
        """The attributes that were given, with their select()s."""
        return self.target(node).attributes

    def place(self, label: Label) -> Location:
        """Where a target is declared: as Bazel, the parenthesis of the BUILD file's call."""
        target = self.target(label)
        if target.location is None:
            return Location(self._loader.shown(label), 1, 1)
        return self._loader.texts.parenthesis(target.location, (target.rule_name, target.made_by[0]))

    def _loads_well(self, label: Label, wanted_by: Target) -> bool:
        try:
            self.target(label)
        except LoadingError as fault:
            message = f"{wanted_by.label} depends on {label}, which is left out: {fault.message}"
            self._left_out(LoadingError(message, location=wanted_by.location, hint=fault.hint))
            return False
        return True

    def dependencies(self, label: Label) -> Sequence[Label]:
        """Direct dependencies, in the order of attributes."""
        label = self._loader.canonical(label)
        found = self._dependencies.get(label)
        if found is None:
            target = self.target(label)
            every = (self._loader.canonical(one.label) for one in self._edges(label) if self._tools or not one.tool)
            found = list(dict.fromkeys(every))
            if self._keep_going:
                found = [one for one in found if self._loads_well(one, target)]
            self._dependencies[label] = found
        return found

    def _edges(self, label: Label) -> Iterator[DeclaredEdge]:
        package = self._loaded_package(label.repo, label.package)
        aspects = self._loader.registry.aspects
        return declared_edges(self.target(label), package, aspects, implicit=self._implicit)

    def conditions(self, label: Label) -> Mapping[Label, Sequence[str]]:
        """Of each dependency that stands in branches of a select(): their conditions."""
        out: dict[Label, dict[str, None]] = {}
        for one in self._edges(self._loader.canonical(label)):
            if one.condition:
                out.setdefault(self._loader.canonical(one.label), {})[one.condition] = None
        return {one: list(conditions) for one, conditions in out.items()}

    def _loaded_package(self, repo: str, name: str) -> Package:
        """A package; with keep_going, what was declared of one until its evaluation failed."""
        try:
            return self._loader.package(repo, name)
        except LoadingError as fault:
            partial = self._loader.partial_package(repo, name) if self._keep_going and not self._whole else None
            if partial is None:
                raise
            self._left_out(fault)
            return partial

    def siblings(self, label: Label) -> Sequence[Label]:
        """Rules, generated files, and the source files that rules name or that are exported."""
        package = self._loaded_package(label.repo, label.package)
        names = [
            *package.targets,
            *sorted({*package.referenced, *package.exported, os.path.basename(package.build_file)}),
        ]
        out: dict[Label, None] = {}
        for name in names:
            try:
                out[self.target(Label(package.repo, package.name, name)).label] = None
            except NoSuchTargetError:  # an exported file does not exist: a build will say so
                continue
        return list(out)

    def build_file(self, label: Label) -> Label:
        """The label of the BUILD file of the label's package."""
        package = self._loaded_package(label.repo, label.package)
        return Label(package.repo, package.name, os.path.basename(package.build_file))

    def build_files(self, node: Label) -> Sequence[Label]:
        """The package's BUILD file, and those of the packages of the files that it loads."""
        out = {self.build_file(node): None}
        for file in self.load_files(node):
            with contextlib.suppress(LoadingError):
                out[self.build_file(file)] = None
        return list(out)

    def build_files_of(self, fragments: Sequence[str], universe: Sequence[Label]) -> Sequence[Label]:
        """The BUILD files of the universe's packages that are, or load, one of the files."""
        wanted = {os.path.normpath(one) for one in fragments}
        out: dict[Label, None] = {}
        for label in universe:
            mine = self.build_file(label)
            if mine not in out and ({mine.path} | {one.path for one in self.load_files(label)}) & wanted:
                out[mine] = None
        return list(out)

    def load_files(self, label: Label) -> Sequence[Label]:
        """The .bzl files that the package loads, directly or not."""
        out: dict[Label, None] = {}
        waiting = list(self.loads_of(self.build_file(label), BUILD))
        while waiting:
            one = waiting.pop(0)
            if one not in out:
                out[one] = None
                waiting += self.loads_of(one, BZL)
        return list(out)

    def visible(self, source: Label, label: Label) -> bool:
        """Whether visibility lets `source` depend on `label`."""
        target = self.target(label)
        if target.rule_name == "config_setting" and "visibility" not in target.attributes:
            return True  # as in select()
        try:
            check_visibility(self._loader, self.target(source), target, "")
        except VisibilityError:
            return False
        return True

    def loads_of(self, label: Label, dialect: Any) -> list[Label]:
        """The files that one file loads itself.  dialect: BUILD or BZL."""
        known = self._loads.get(label)
        if known is None:
            shown = self._loader.shown(label)
            text = self._loader.sources.read(self._loader.sources.path(label), shown)
            ast = self._loader.interpreter.parse(shown, text, dialect)
            known = [self._loader.label(one.module_id, label.repo, label.package) for one in ast.loads()]
            self._loads[label] = known
        return known
