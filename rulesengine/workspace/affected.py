"""Affected: the targets whose result can differ between a git revision and the working tree."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import re
import shutil
import tempfile
import tokenize
from collections.abc import Callable, Iterable, Sequence

from rulesengine.errors import LoadingError, RulesEngineError
from rulesengine.io.git import Changes, GitTree
from rulesengine.loading import Loader
from rulesengine.loading.border import BZL
from rulesengine.loading.package import Package
from rulesengine.loading.repository import BUILD_FILES
from rulesengine.model.label import Label
from rulesengine.model.ports import Cancellation
from rulesengine.model.target import Target
from rulesengine.query.graph import kind_of
from rulesengine.values import define, field, frozen
from rulesengine.workspace.targets import LoadedTargets

_EVERYTHING = ("MODULE.bazel", ".pybuildrc")
"""Files on which every target depends."""


@frozen
class AffectedTarget:
    """A target.  kind: as query's kind(): `genrule rule`.  reason: what of it changed, or the dependency through
    which it is affected."""

    label: str
    kind: str
    reason: str


@frozen
class Affected:
    """since: the commit.  targets: sorted by label.  changed: paths that differ.  gone: targets that are no more."""

    since: str
    targets: tuple[AffectedTarget, ...]
    changed: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()


def affected(
    root: str,
    since: str,
    universe: Sequence[str],
    make_loader: Callable[[str], Loader],
    cancel: Cancellation,
    *,
    kind: str = "",
    tests: bool = False,
) -> Affected:
    """Compare.  make_loader: for a workspace's root.  kind: a regular expression on kinds.  tests: only tests.

    Raises UsageError, WorkspaceError, LoadingError (of the working tree: what did not load at the revision counts as
    changed).
    """
    tree = GitTree.at(root)
    commit = tree.commit(since)
    changes = tree.changes(commit)
    loader = make_loader(root)
    graph = LoadedTargets(loader, "", True, cancel)
    wanted = list(dict.fromkeys(label for pattern in universe for label in graph.resolve(pattern)))
    finder = _Finder(loader, graph, tree, commit, changes, cancel)
    gone: tuple[str, ...] = ()
    if changes.all:
        finder.collect([*wanted, *finder.registered()])
        finder.files()
        if finder.structure():
            scratch = tempfile.mkdtemp(prefix="pybuild-since-")
            try:
                tree.restore(commit, changes, scratch)
                gone = finder.declarations(lambda: make_loader(scratch))
            finally:
                shutil.rmtree(scratch, ignore_errors=True)
        finder.spread()
    pattern = re.compile(kind) if kind else None
    found = []
    for label in sorted(wanted, key=str):
        reason = finder.reasons.get(label)
        target = graph.target(label)
        if reason is None or target.kind == "source":
            continue
        named = kind_of(target)
        if (pattern is None or pattern.search(named)) and (not tests or (target.rule is not None and target.rule.test)):
            found.append(AffectedTarget(str(label), named, reason))
    return Affected(commit, tuple(found), tuple(sorted(changes.all)), gone)


@define
class _Finder:
    """reasons: why a label is affected."""

    loader: Loader
    graph: LoadedTargets
    tree: GitTree
    commit: str
    changes: Changes
    cancel: Cancellation
    reasons: dict[Label, str] = field(factory=dict)
    _edges: dict[Label, list[Label]] = field(factory=dict)

    # ---- the graph ----

    def collect(self, wanted: Iterable[Label]) -> None:
        """Everything that the wanted targets depend on, with what is no label edge: visibility, tests of suites."""
        stack = list(wanted)
        while stack:
            self.cancel.check()
            label = stack.pop()
            if label not in self._edges:
                self._edges[label] = found = self._below(label)
                stack += found

    def registered(self) -> list[Label]:
        """Toolchains and execution platforms that MODULE.bazel registers: no label leads to them."""
        out: list[Label] = []
        repositories = self.loader.repositories
        for text, _ in (*repositories.toolchains, *repositories.execution_platforms):
            with contextlib.suppress(RulesEngineError):  # who needs one is told
                out += self.graph.resolve(text)
        return out

    def _below(self, label: Label) -> list[Label]:
        try:
            target = self.graph.target(label)
            out = list(self.graph.dependencies(label))
        except LoadingError:
            return []
        for text in target.visibility:
            if not text.startswith("//visibility:"):
                out.append(self.loader.canonical(Label.parse(text)))
        out += [self.loader.canonical(one) for one in target.includes]
        if target.rule_name == "test_suite" and not target.attributes.get("tests"):
            package = self.loader.package(label.repo, label.package)
            out += [one.label for one in package.rule_targets() if one.rule is not None and one.rule.test]
        return list(dict.fromkeys(out))

    # ---- what changed ----

    def files(self) -> None:
        """Labels of files that changed, and of directories they lie in."""
        places = {
            os.path.relpath(path, self.loader.root): repo for repo, path in self.loader.repositories.roots.items()
        }
        inside = {place: repo for place, repo in places.items() if not place.startswith("..")}
        changed: set[str] = set()
        for path in self.changes.all:
            changed.add(path)
            while "/" in path:
                path = path.rpartition("/")[0]
                changed.add(path)
        moved = {os.path.dirname(one) for one in self.changes.come | self.changes.gone if _is_build_file(one)}
        prefixes = {repo: place for place, repo in inside.items()}
        for label in self._edges:
            place = prefixes.get(label.repo) if label.repo else ""
            if place is None:
                continue
            path = f"{place}/{label.path}" if place else label.path
            if self._is_file(label) and (path in changed or self._leads_to(path) in changed):
                self.reasons[label] = f"{path} changed"
            elif any(path.startswith(f"{one}/") and len(label.package) < len(one) for one in moved if one):
                self.reasons[label] = f"{path} is in another package now"
        for path in _EVERYTHING:
            if path in self.changes.all and self._says_something_else(path):
                for label in self._edges:
                    self.reasons.setdefault(label, f"{path} changed")

    def _leads_to(self, path: str) -> str:
        """Where in the workspace a symbolic link leads, else the path itself."""
        full = os.path.join(self.loader.root, path)
        if not os.path.islink(full):
            return path
        return os.path.relpath(os.path.realpath(full), os.path.realpath(self.loader.root))

    def _is_file(self, label: Label) -> bool:
        try:
            return self.graph.target(label).kind == "source"
        except LoadingError:
            return True  # it is gone

    def _says_something_else(self, path: str) -> bool:
        if path in self.changes.come | self.changes.gone:
            return True
        old = self.tree.text(self.commit, path)
        try:
            with open(os.path.join(self.loader.root, path), "rb") as stream:
                return meaning(old) != meaning(stream.read())
        except OSError:
            return True

    def structure(self) -> bool:
        """Whether packages may declare other targets than before, or rules may do other things."""
        if self.changes.come or self.changes.gone:
            return True
        top = self.loader.root
        tracked = {os.path.relpath(path, top) for path, kind in self.loader.tracked.items() if kind != "directory"}
        return any(
            path in tracked or path.endswith((".bzl", ".scl")) or _is_build_file(path) for path in self.changes.edited
        )

    def declarations(self, make_old: Callable[[], Loader]) -> tuple[str, ...]:
        """Compare what both trees declare; the labels that are gone."""
        now = _Declarations(self.loader, self.graph)
        try:
            old = make_old()
        except RulesEngineError:
            for label in self._edges:
                self.reasons.setdefault(label, "the revision's MODULE.bazel cannot be read")
            return ()
        was = _Declarations(old, LoadedTargets(old, "", True, self.cancel))
        packages = dict.fromkeys((label.repo, label.package) for label in self._edges)
        gone = []
        everything = ""
        for repo, name in packages:
            self.cancel.check()
            new = now.package(repo, name)
            before = was.package(repo, name)
            for label in sorted({*new, *before}, key=str):
                if new.get(label) == before.get(label):
                    continue
                if label not in new:
                    gone.append(str(label))
                    self.reasons.setdefault(label, "it is gone")
                    continue
                self.reasons[label] = "declared otherwise" if label in before else "new"
                target = self.graph.target(label)
                if target.rule is not None and (target.rule.build_setting or target.rule.name in _WIDE):
                    everything = f"{label} is declared otherwise"
        if everything:
            for label in self._edges:
                self.reasons.setdefault(label, everything)
        return tuple(gone)

    def spread(self) -> None:
        """From dependencies to those that depend on them."""
        above: dict[Label, list[Label]] = {}
        for label, below in self._edges.items():
            for one in below:
                above.setdefault(one, []).append(label)
        stack = sorted(self.reasons, key=str)
        widened = False
        while stack:
            label = stack.pop()
            for one in above.get(label, ()):
                if one not in self.reasons:
                    self.reasons[one] = f"it depends on {label}"
                    stack.append(one)
            if not stack and not widened:
                widened = True
                stack = self._toolchains()

    def _toolchains(self) -> list[Label]:
        """Users of toolchains, which no label leads from, where one is affected."""
        which = next((one for one in self.reasons if self._rule(one) == "toolchain"), None)
        if which is None:
            return []
        out = []
        for label in self._edges:
            try:
                rule = self.graph.target(label).rule
            except LoadingError:
                continue
            if label not in self.reasons and rule is not None and rule.exec_groups:
                self.reasons[label] = f"the toolchain {which} may be another"
                out.append(label)
        return out

    def _rule(self, label: Label) -> str:
        try:
            return self.graph.target(label).rule_name
        except LoadingError:
            return ""


_WIDE = frozenset({"platform", "constraint_value", "constraint_setting"})
"""Rules whose targets decide about others without a label that leads there."""


@define
class _Declarations:
    """What the packages of one tree declare, each target as a digest."""

    loader: Loader
    graph: LoadedTargets
    _modules: dict[str, str] = field(factory=dict)

    def package(self, repo: str, name: str) -> dict[Label, str]:
        """label -> digest of the declaration; nothing where the package does not load."""
        try:
            package = self.loader.package(repo, name)
        except RulesEngineError:
            return {}
        exported = {Label(repo, name, one): repr(visibility) for one, visibility in package.exported.items()}
        made = [one for one in package.targets.values() if one.kind != "source"]
        return exported | {one.label: self._digest(package, one) for one in made}

    def _digest(self, package: Package, target: Target) -> str:
        rule = target.rule
        told = [
            target.kind,
            target.attributes,
            target.visibility,
            str(target.generator or ""),
            target.packages,
            [str(one) for one in target.includes],
            dict(target.outputs),
            package.default_features if rule is not None else (),
            [] if rule is None else [rule.name, rule.module, self._module(rule.module)],
        ]
        return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()

    def _module(self, text: str) -> str:
        """A digest of a .bzl file and all it loads, comments left out; empty for files of other modules."""
        known = self._modules.get(text)
        if known is None:
            closure: dict[Label, None] = {}
            stack = [Label.parse(text)]
            while stack:
                label = stack.pop()
                if label in closure or not self._inside(label):
                    continue
                closure[label] = None
                stack += self.graph.loads_of(label, BZL)
            digest = hashlib.sha256()
            for label in sorted(closure, key=str):
                with open(self.loader.sources.path(label), "rb") as stream:
                    digest.update(f"{label}\0{meaning(stream.read())}\0".encode("utf-8", "surrogatepass"))
            known = self._modules[text] = digest.hexdigest()
        return known

    def _inside(self, label: Label) -> bool:
        try:
            path = self.loader.sources.path(label)
        except LoadingError:
            return False
        return path.startswith(self.loader.root + "/") and os.path.isfile(path)


def meaning(data: bytes) -> str:
    """The tokens of a Starlark file without comments, blank lines and how far lines are apart."""
    quiet = (tokenize.COMMENT, tokenize.NL, tokenize.ENCODING)
    try:
        found = [
            (one.type, one.string) for one in tokenize.tokenize(io.BytesIO(data).readline) if one.type not in quiet
        ]
    except (tokenize.TokenError, SyntaxError, ValueError):
        return data.decode("utf-8", "replace")
    return json.dumps([(kind, "" if kind == tokenize.INDENT else text) for kind, text in found])


def _is_build_file(path: str) -> bool:
    return os.path.basename(path) in BUILD_FILES


__all__ = ["Affected", "AffectedTarget", "affected", "meaning"]
