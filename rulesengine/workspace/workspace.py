"""Workspace: what a program that uses the library holds; every command of the command line is a method of it."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Unpack

from rulesengine.errors import EXIT_QUERY_FAILED, LoadingError, TransportError, UsageError
from rulesengine.model.events import Event
from rulesengine.model.ports import Listener
from rulesengine.workspace.cancel import CancelToken
from rulesengine.workspace.exclusive import exclusive
from rulesengine.workspace.how import variables
from rulesengine.workspace.places import default_cache, default_output_base, find_root
from rulesengine.workspace.result import BuildResult, Program

if TYPE_CHECKING:
    import subprocess

    from rulesengine.execution.fsck import Checked
    from rulesengine.execution.garbage import Collected
    from rulesengine.io.mirrors import Mirrors
    from rulesengine.lint.finding import Finding
    from rulesengine.loading import Loader
    from rulesengine.model.label import Label
    from rulesengine.model.operation import Operation
    from rulesengine.ops.registry import Operations
    from rulesengine.query import QueryResult
    from rulesengine.query.actions import QueriedAction
    from rulesengine.reference.entries import FileReference
    from rulesengine.workspace.affected import Affected
    from rulesengine.workspace.analyzed import AnalyzedTarget, ConfiguredResult
    from rulesengine.workspace.archives import LockResult
    from rulesengine.workspace.configured_targets import ConfiguredTargets
    from rulesengine.workspace.explanation import Explanation
    from rulesengine.workspace.how import HowToAnalyse, HowToBuild
    from rulesengine.workspace.memory import MemoryWorkspace
    from rulesengine.workspace.noop import Stale
    from rulesengine.workspace.picture import Picture
    from rulesengine.workspace.question import Question
    from rulesengine.workspace.rebuild import Rebuilt
    from rulesengine.workspace.spawning import Spawning
    from rulesengine.workspace.test_options import TestOptions
    from rulesengine.workspace.test_report import TestReport
    from rulesengine.workspace.upkeep import Statistics


class Workspace:
    """A directory tree with MODULE.bazel at its root.

    root: any directory of the workspace.  cache: shared by workspaces (default: PYBUILD_CACHE, else the user's cache
    directory).  output_base: this workspace's outputs (default: inside the cache, by the root's path).
    mirrors: as `--mirror` takes them, tried first.  offline: never reach for a server.
    wait: whether to wait for another process that builds this workspace, or raise WorkspaceBusyError.
    operations: what rules may name in `op(…)` beside the installed operations; they win over those of the same name.

    Every command of the command line is a method.  Arguments that all share: package: where relative labels and
    patterns are written.  listener: receives events, one at a time, from several threads.  cancel: stops this call.

    May be used from several threads: builds of one workspace take turns, those of several go on at once.  It prints
    nothing, logs nothing, changes no directory and handles no signal.
    Raises WorkspaceError where there is no workspace.
    """

    def __init__(
        self,
        root: str | os.PathLike[str] = ".",
        *,
        cache: str | os.PathLike[str] | None = None,
        output_base: str | os.PathLike[str] | None = None,
        mirrors: Sequence[str] = (),
        offline: bool = False,
        wait: bool = True,
        operations: Iterable[Operation] = (),
    ) -> None:
        self.root = find_root(os.fspath(root))
        self.cache = os.path.abspath(os.path.expanduser(cache)) if cache else default_cache(os.environ)
        self.output_base = (
            os.path.abspath(os.path.expanduser(output_base))
            if output_base
            else default_output_base(self.cache, self.root)
        )
        self.mirrors = tuple(mirrors)
        self.offline = offline
        self.wait = wait
        self.operations = tuple(operations)
        self._guard = threading.Lock()
        self._running: set[CancelToken] = set()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.root!r})"

    @staticmethod
    def in_memory(
        files: Mapping[str, str | bytes] | None = None, *, operations: Iterable[Operation] = (), offline: bool = True
    ) -> MemoryWorkspace:
        """A workspace of its own, made of these files (paths from its root), that leaves nothing behind: for tests.

        It has a cache of its own too.  See MemoryWorkspace.
        """
        from rulesengine.workspace.memory import MemoryWorkspace

        return MemoryWorkspace(files or {}, operations=operations, offline=offline)

    def cancel(self) -> None:
        """Ask every call under way to stop; each raises InterruptedBuild.  Later calls are not concerned."""
        for token in tuple(self._running):
            token.cancel()

    # ---- commands -------------------------------------------------------------

    def build(
        self,
        *patterns: str,
        platform: str | None = None,
        settings: Sequence[str] = (),
        defines: Sequence[str] = (),
        compilation_mode: str = "fastbuild",
        host_platform: str | None = None,
        links: str = "normal",
        action_env: Sequence[str] = (),
        host_action_env: Sequence[str] = (),
        features: Sequence[str] = (),
        extra_toolchains: Sequence[str] = (),
        extra_execution_platforms: Sequence[str] = (),
        toolchain_resolution_debug: str = "",
        output_groups: Sequence[str] = (),
        run_validations: bool = True,
        stamp: bool = False,
        embed_label: str = "",
        workspace_status_command: str = "",
        jobs: int | None = None,
        keep_going: bool = False,
        execute: bool = True,
        sandbox: bool | None = None,
        keep_sandboxes: bool = False,
        spawning: Spawning | None = None,
        verbose_failures: bool = False,
        aspects: Sequence[str] = (),
        aspects_parameters: Sequence[str] = (),
        package: str = "",
        tests: TestOptions | None = None,
        programs: bool = False,
        details: bool = False,
        only_check: bool = False,
        listener: Listener | None = None,
        cancel: CancelToken | None = None,
    ) -> BuildResult:
        """Build target patterns; `-//x` takes away from what came before.

        platform: OS/ARCHITECTURE[/VARIANT] or the label of a platform target; None: this machine's.
        settings: build settings, `LABEL=VALUE`, `LABEL` or `noLABEL`.  defines: `NAME=VALUE`.
        compilation_mode: `fastbuild`, `dbg` or `opt`.  host_platform: as platform, of tools that run here.
        links: `normal` makes pybuild-bin and pybuild-testlogs, `clean` removes them, others leave them as they are.
        action_env: `NAME=VALUE`, or `NAME` for this process's own value; host_action_env: for tools.
        features: names, with `-` before those that are off.  extra_toolchains, extra_execution_platforms: patterns
        that come before what MODULE.bazel registers.  toolchain_resolution_debug: a regular expression; what is
        chosen of toolchain types that match it is told.
        output_groups: names of groups to build instead of the default one; `+NAME` adds, `-NAME` takes away.
        run_validations: whether the groups `_validation` are made too.
        stamp: what rules are told that may stamp.  embed_label: BUILD_EMBED_LABEL of ctx.info_file.
        workspace_status_command: prints `KEY VALUE` lines for ctx.info_file (STABLE_…) and ctx.version_file.
        jobs: actions at a time; None: as many as processors.  keep_going: build what does not depend on failures and
        list them in the result; otherwise the first is raised.  execute: False stops after analysis.
        sandbox: whether processes must (True) or must not (False) be sandboxed; None: where it is available.
        spawning: what is added to sandboxes, limits, and resources that running actions share.
        aspects: applied to the targets: `//package:file.bzl%name`.  aspects_parameters: `NAME=VALUE` for them.
        tests: also run the tests among the targets (see `test`).
        programs: say how each target is run (TargetResult.program).
        details: also tell PatternsResolved, TargetConfigured, TargetCompleted and ActionDetails.  only_check: run and
        deliver nothing; what would have to run is an error.

        Raises RulesEngineError of some kind, never anything else of its own accord.
        """
        from rulesengine.execution.outbase import mark
        from rulesengine.workspace.build import Build, Request
        from rulesengine.workspace.engine import Engine
        from rulesengine.workspace.groups import Groups
        from rulesengine.workspace.outputs import Outputs
        from rulesengine.workspace.spawning import Spawning
        from rulesengine.workspace.status import Status

        if not patterns:
            raise UsageError("no target is named", hint="for instance //... for everything in the workspace")
        if jobs is not None and jobs < 1:
            raise UsageError(f"jobs is {jobs}, but at least one action must run at a time")
        told = _serial(listener)
        with self._call(cancel) as token, self._exclusive(token, told):
            loader = self._loader(told, token)
            mark(self.output_base, self.root)
            testing = None
            if tests is not None:
                from rulesengine.workspace.testing import Testing

                testing = Testing(loader, tests)
                told = testing.listening(told)
            with Engine.open(
                cache=self.cache,
                output_base=self.output_base,
                operations=self._operations(),
                roots={"": loader.root, **loader.repositories.roots},
                fetcher=None if self.offline else self._mirrors(told),
                offline=self.offline,
                jobs=jobs,
                sandbox=sandbox,
                keep_sandboxes=keep_sandboxes,
                spawning=spawning or Spawning(),
                verbose_failures=verbose_failures,
                listener=told,
                cancel=token,
                details=details,
                only_check=only_check,
            ) as engine:
                if tests is not None:
                    engine.test_settings(keep_going=tests.keep_going, follow=tests.stream)
                outputs = Outputs(self.output_base, engine.store)
                build = Build(loader, engine, outputs, self.output_base, told, token, testing=testing)
                return build.run(
                    Request(
                        patterns,
                        package,
                        platform,
                        tuple(settings),
                        tuple(defines),
                        compilation_mode,
                        host_platform,
                        {
                            "action_env": variables(action_env),
                            "host_action_env": variables(host_action_env),
                            "features": tuple(features),
                            "extra_toolchains": tuple(extra_toolchains),
                            "extra_execution_platforms": tuple(extra_execution_platforms),
                        },
                        toolchain_resolution_debug,
                        keep_going,
                        execute,
                        tuple(aspects),
                        tuple(aspects_parameters),
                        programs,
                        Groups.of(output_groups, validations=run_validations),
                        Status(workspace_status_command, embed_label),
                        stamp,
                        details,
                        only_check,
                        links,
                        inherits=any("=" not in text for text in (*action_env, *host_action_env)),
                    )
                )

    def rebuild(
        self,
        stale: Stale,
        *,
        details: int | None = None,
        jobs: int | None = None,
        sandbox: bool | None = None,
        spawning: Spawning | None = None,
        keep_sandboxes: bool = False,
        verbose_failures: bool = False,
        listener: Listener | None = None,
        cancel: CancelToken | None = None,
    ) -> Rebuilt | None:
        """Build again what a command built, where only the contents of sources changed since; None: build it whole.

        stale: the command's no-op index.  details: describe outputs where there are at most so many targets.
        The rest is as `build` takes it.  Raises the first failure.
        """
        from rulesengine.workspace import noop, replay
        from rulesengine.workspace.engine import Engine
        from rulesengine.workspace.rebuild import Rebuild, changes
        from rulesengine.workspace.recording import Recorder
        from rulesengine.workspace.spawning import Spawning

        started, started_ns = time.monotonic(), time.time_ns()
        kept = replay.load(stale.path + noop.PLAN, stale.checksum)
        change = None if kept is None else changes(stale, kept)
        if kept is None or change is None or kept.roots[""] != self.root:
            return None
        told = _serial(listener)
        with self._call(cancel) as token, self._exclusive(token, told):
            if replay.load(stale.path + noop.PLAN, stale.checksum) is None:  # another build was faster
                return None
            with Engine.open(
                cache=self.cache,
                output_base=self.output_base,
                operations=self._operations(),
                roots=kept.roots,
                fetcher=None if self.offline else self._mirrors(told),
                offline=self.offline,
                jobs=jobs,
                sandbox=sandbox,
                spawning=spawning or Spawning(),
                keep_sandboxes=keep_sandboxes,
                verbose_failures=verbose_failures,
                listener=told,
                cancel=token,
            ) as engine:
                engine.recorder = Recorder(self.output_base, None, None, kept.request, engine.store)
                build = Rebuild(stale, kept, change, engine, self.output_base, told, token, started, started_ns)
                return build.run(details=details)

    def test(self, *patterns: str, options: TestOptions | None = None, **how: Unpack[HowToBuild]) -> TestReport:
        """Build targets and run the tests among them; suites stand for their tests.

        options: which tests, and how (see TestOptions).  how: as `build` takes them, but that failures of actions are
        listed in the report's `build.errors`, since it also tells which tests ran.  Raises RulesEngineError of some
        kind for what goes wrong before the first action.
        """
        from rulesengine.workspace.test_options import TestOptions as Options
        from rulesengine.workspace.test_report import TestReport

        built = self.build(*patterns, tests=options or Options(), **how)
        return TestReport(built, built.tests)

    def runnable(self, label: str, **how: Unpack[HowToBuild]) -> Program:
        """Build one executable and say how it is run: what to start, where, with which arguments and variables.

        how: as `build` takes them.  Raises UsageError where it is no program, or several targets.
        """
        result = self.build(label, programs=True, **how)
        targets = [target for target in result.targets if not target.skipped]
        if len(targets) != 1:
            raise UsageError(f"{label} is {len(targets)} targets, and one is run at a time", hint="name one target")
        if result.errors:
            raise result.errors[0]
        assert targets[0].program is not None
        return targets[0].program

    def run(
        self, label: str, *arguments: str, capture: bool = False, **how: Unpack[HowToBuild]
    ) -> subprocess.CompletedProcess[bytes]:
        """Build one executable, run it as `pybuild run` does, and wait for it.

        arguments: after those of its `args` attribute.  capture: keep its standard output and error in the result;
        else it has those of this process.  how: as `build` takes them.  Whatever its return code, it is in the result.
        Raises UsageError where it is no program, ExecutionError where it cannot be started, InterruptedBuild.
        """
        from rulesengine.workspace.start import wait_for

        token = how.get("cancel") or CancelToken()
        how["cancel"] = token
        program = self.runnable(label, **how)
        with self._call(token):
            return wait_for(program, arguments, self.root, capture=capture, cancel=token)

    def query(
        self,
        expression: str,
        *,
        package: str = "",
        implicit: bool = True,
        tools: bool = True,
        universe: str = "",
        strict_tests: bool = False,
        keep_going: bool = False,
        listener: Listener | None = None,
        cancel: CancelToken | None = None,
    ) -> QueryResult[Label]:
        """Evaluate a query over the targets as BUILD files declare them.

        implicit: whether dependencies that rules add by themselves count; tools: those for the machine that
        builds.  universe: patterns, separated by commas,
        among which allrdeps() and rbuildfiles() look.  keep_going: leave out what does not load, and say so in the
        result's `faults`.  Raises UsageError, LoadingError (with exit code 7, as Bazel's query has it).
        """
        from rulesengine.query import QueryResult, evaluate
        from rulesengine.workspace.targets import LoadedTargets

        with self._call(cancel) as token:
            targets = LoadedTargets(
                self._loader(_serial(listener), token), package, implicit, token, tools=tools, keep_going=keep_going
            )
            try:
                result = evaluate(expression, targets, universe=universe, strict_tests=strict_tests)
            except LoadingError as fault:
                fault.exit_code = EXIT_QUERY_FAILED
                raise
            return QueryResult(result.nodes, result.graph, result.in_order, tuple(targets.faults))

    def cquery(self, expression: str, **how: Unpack[HowToAnalyse]) -> ConfiguredResult:
        """Evaluate a query over targets as they are in a configuration: after select(), transitions and toolchains.

        how: see HowToAnalyse.  Raises UsageError, LoadingError, AnalysisError.
        """
        from rulesengine.workspace.analysing import ask

        with self._analysing(expression, how) as (question, graph):
            return ask(question, graph)

    def aquery(self, expression: str, **how: Unpack[HowToAnalyse]) -> list[QueriedAction]:
        """The actions of the targets that a query stands for.

        how: see HowToAnalyse.  Raises UsageError, LoadingError, AnalysisError.
        """
        from rulesengine.workspace.analysing import actions_of

        with self._analysing(expression, how) as (question, graph):
            return actions_of(question, graph)

    def analyze(self, *patterns: str, **how: Unpack[HowToAnalyse]) -> tuple[AnalyzedTarget, ...]:
        """What rules make of targets, without running anything: providers, outputs, actions.

        patterns: as `build` takes them.  how: see HowToAnalyse.  Raises UsageError, LoadingError, AnalysisError.
        """
        from rulesengine.workspace.analysing import analysed_targets

        with self._analysing(_union(patterns), how) as (question, graph):
            return analysed_targets(question, graph)

    def explain(self, *patterns: str, **how: Unpack[HowToAnalyse]) -> Explanation:
        """Whether a build of targets would do anything now, and why each of their actions last ran.

        patterns: as `build` takes them.  how: see HowToAnalyse.  Raises UsageError, LoadingError, AnalysisError.
        """
        from rulesengine.workspace.analysing import analyse
        from rulesengine.workspace.foretelling import explain_targets
        from rulesengine.workspace.question import Question

        told = _serial(how.get("listener"))
        question = Question.of(_union(patterns), how)
        with self._call(how.get("cancel")) as token:
            loader = self._loader(told, token)
            graph = analyse(question, loader, told, token)
            return explain_targets(graph, loader, self.cache, self.output_base, token)

    def explain_digest(self, old: str, new: str, label: str = "", *, cancel: CancelToken | None = None) -> Explanation:
        """Why the digest `new` is another than `old`: images, indexes, layers, outputs that were built here.

        old, new: `sha256:…` or the beginning of one, or a directory with an OCI layout.  label: of which target.
        Raises UsageError for what the history does not know.
        """
        from rulesengine.workspace.explaining import explain_digests
        from rulesengine.workspace.past import Past

        with self._call(cancel):
            return explain_digests(Past.read(self.output_base), self.root, old, new, label)

    def affected(
        self,
        since: str,
        *universe: str,
        kind: str = "",
        tests: bool = False,
        listener: Listener | None = None,
        cancel: CancelToken | None = None,
    ) -> Affected:
        """The targets whose result can differ between a git revision and the working tree, uncommitted files included.

        universe: patterns of the targets to look at (default: all).  kind: a regular expression, as query's kind().
        tests: only tests.  Raises UsageError (an unknown revision), WorkspaceError (no git), LoadingError.
        """
        from rulesengine.workspace.affected import affected

        told = _serial(listener)
        with self._call(cancel) as token:

            def make(root: str) -> Loader:
                return self._loader(told, token, root)

            return affected(self.root, since, universe or ("//...",), make, token, kind=kind, tests=tests)

    def graph(
        self, *patterns: str, actions: bool = False, conditions: bool = False, **how: Unpack[HowToAnalyse]
    ) -> Picture:
        """A picture of targets and what they depend on, or of the actions that make them.

        conditions: those of select() too.  how: see HowToAnalyse; `implicit` is False unless it is given.
        Raises UsageError, LoadingError, AnalysisError.
        """
        from rulesengine.workspace.picturing import picture_of_actions, picture_of_targets
        from rulesengine.workspace.targets import LoadedTargets

        if actions:
            with self._analysing(_union(patterns), how) as (_, analysed):
                return picture_of_actions(analysed, " ".join(patterns))
        _union(patterns)
        told = _serial(how.get("listener"))
        with self._call(how.get("cancel")) as token:
            tools = how.get("tools", True)
            implicit = how.get("implicit", False)
            loaded = LoadedTargets(self._loader(told, token), how.get("package", ""), implicit, token, tools=tools)
            return picture_of_targets(loaded, patterns, conditions=conditions)

    def lint(
        self,
        *words: str,
        warnings: Sequence[str] = (),
        directory: str = "",
        listener: Listener | None = None,
        cancel: CancelToken | None = None,
    ) -> list[Finding]:
        """Faults in BUILD, .bzl and MODULE.bazel files, in the order of files and lines.

        words: paths below `directory` (default: the root) or target patterns; none: the whole workspace.  warnings: as
        `--warnings` takes them.  Raises UsageError.
        """
        from rulesengine.lint.files import find_files
        from rulesengine.lint.linter import lint
        from rulesengine.lint.warnings import chosen

        wanted = chosen(warnings)
        with self._call(cancel) as token:
            loader = self._loader(_serial(listener), token)
            return list(lint(loader, find_files(loader, words, directory or self.root), wanted))

    def docs(
        self,
        *words: str,
        directory: str = "",
        listener: Listener | None = None,
        cancel: CancelToken | None = None,
    ) -> list[FileReference]:
        """What .bzl files offer, from their own documentation.

        words: paths below `directory` (default: the root), target patterns or labels of files, also of other modules;
        none: the whole workspace.  Raises UsageError, LoadingError.
        """
        from rulesengine.lint.files import find_files
        from rulesengine.reference.read import read_file

        with self._call(cancel) as token:
            loader = self._loader(_serial(listener), token)
            labels = [loader.label(word) for word in words if word.startswith("@")]
            mine = [word for word in words if not word.startswith("@")]
            if mine or not labels:
                found = find_files(loader, mine, directory or self.root)
                labels += [one.label for one in found if one.kind == "bzl"]
            return [read_file(loader, label) for label in labels]

    def lock(
        self,
        *patterns: str,
        check: bool = False,
        update: bool = False,
        allow_missing: bool = False,
        package: str = "",
        listener: Listener | None = None,
        cancel: CancelToken | None = None,
    ) -> list[LockResult]:
        """Write lock files that are missing or answer another declaration (of all deb_archives, or those named).

        update: resolve anew against the archive as it is today.  check: write nothing.  allow_missing: as in
        locking.lock_archive.  Raises LoadingError, and what locking.lock_archive raises: DebianError, TrustError,
        TransportError.
        """
        from rulesengine.workspace.archives import find_archives, lock_one

        told = _serial(listener)
        with self._call(cancel) as token, self._exclusive(token, told):
            out = []
            for archive in find_archives(self._loader(told, token), patterns, package):
                token.check()
                out.append(
                    lock_one(
                        archive,
                        mirrors=self._mirrors(told),
                        cache_dir=os.path.join(self.cache, "archives"),
                        check=check,
                        update=update,
                        allow_missing=allow_missing,
                        listener=told,
                        cancel=token,
                    )
                )
            return out

    def info(self) -> dict[str, str]:
        """Facts about the workspace, by name (the keys of `pybuild info`)."""
        from rulesengine.workspace.facts import facts

        return facts(self)

    def clean(
        self, *, expunge: bool = False, listener: Listener | None = None, cancel: CancelToken | None = None
    ) -> tuple[str, ...]:
        """Remove this workspace's outputs; with `expunge` its whole output base.  The shared cache stays.

        Returns the paths of what was removed.  Raises StoreError, WorkspaceBusyError.
        """
        from rulesengine.workspace.facts import clean

        told = _serial(listener)
        with self._call(cancel) as token, self._exclusive(token, told):
            return clean(self, expunge=expunge)

    # ---- the cache ------------------------------------------------------------

    def gc(
        self,
        *,
        max_bytes: int | None = None,
        max_age: float | None = None,
        grace: float | None = None,
        dry_run: bool = False,
        cancel: CancelToken | None = None,
    ) -> Collected:
        """Take from the shared cache what has not been used for long; builds may go on meanwhile.

        max_bytes: take the least recently used until no more are left.  max_age: seconds since the last use.  Without
        either only what no entry names goes.  What the last build of each workspace used stays.  grace: seconds for
        which anything is kept (default: an hour).  dry_run: only say what would go.
        Raises StoreError, InterruptedBuild.
        """
        from rulesengine.workspace.upkeep import collect

        with self._call(cancel) as token:
            return collect(self, max_bytes=max_bytes, max_age=max_age, grace=grace, dry_run=dry_run, cancel=token)

    def fsck(
        self, *, repair: bool = False, listener: Listener | None = None, cancel: CancelToken | None = None
    ) -> Checked:
        """Read everything in the shared cache and prove it right; with `repair` take away what is not.

        Raises StoreError, InterruptedBuild.
        """
        from rulesengine.workspace.upkeep import check

        with self._call(cancel) as token:
            return check(self, repair=repair, listener=_serial(listener), cancel=token)

    def cache_statistics(self, *, cancel: CancelToken | None = None) -> Statistics:
        """What the shared cache holds, and how old it is.  Raises StoreError."""
        from rulesengine.workspace.upkeep import statistics

        with self._call(cancel) as token:
            return statistics(self, token)

    def dump(self, what: str, *names: str) -> Iterator[dict[str, Any]]:
        """What is stored, as plain data, one value after the other.

        what: `action_cache` (results by the digest of their action, or those whose digests begin as `names` say),
        `outputs` (what lies in this workspace's output tree), `uses` (what the builds of all workspaces used).
        Raises UsageError, StoreError.
        """
        from rulesengine.workspace.upkeep import dump

        return dump(self, what, names)

    # ---- what they share --------------------------------------------------------

    @contextmanager
    def _call(self, cancel: CancelToken | None) -> Iterator[CancelToken]:
        token = cancel or CancelToken()
        token.check()
        with self._guard:
            self._running.add(token)
        try:
            yield token
        finally:
            with self._guard:
                self._running.discard(token)

    @contextmanager
    def _exclusive(self, token: CancelToken, listener: Listener) -> Iterator[None]:
        path = os.path.join(self.output_base, "lock")
        with exclusive(path, wait=self.wait, cancel=token, listener=listener):
            yield

    @contextmanager
    def _analysing(self, expression: str, how: HowToAnalyse) -> Iterator[tuple[Question, ConfiguredTargets]]:
        from rulesengine.workspace.analysing import analyse
        from rulesengine.workspace.question import Question

        told = _serial(how.get("listener"))
        question = Question.of(expression, how)
        with self._call(how.get("cancel")) as token:
            yield question, analyse(question, self._loader(told, token), told, token)

    def _loader(self, listener: Listener, cancel: CancelToken, root: str = "") -> Loader:
        from rulesengine.loading import Loader

        def key(name: str) -> str:
            return self._operations().named(name).key

        return Loader(root or self.root, listener, key, cancel, os.path.join(self.cache, "parsed"))

    def _operations(self) -> Operations:
        from rulesengine.ops.registry import Operations, operations

        return Operations(self.operations) if self.operations else operations()

    def _mirrors(self, listener: Listener) -> Mirrors:
        if self.offline:
            raise TransportError("this needs the network, and --offline was given", hint="leave --offline out")
        from rulesengine.io.mirrors import Mirrors, mirror_order

        return Mirrors(mirror_order(self.mirrors), report=listener)


def _union(patterns: Sequence[str]) -> str:
    """Patterns as a query.  Raises UsageError where there are none."""
    if not patterns:
        raise UsageError("no target is named", hint="for instance //... for everything in the workspace")
    expression = ""
    for pattern in patterns:
        sign, word = (" - ", pattern[1:]) if pattern.startswith("-") else (" + ", pattern)
        expression += f"{sign if expression else ''}{json.dumps(word, ensure_ascii=False)}"
    return expression


def _deaf(_: Event) -> None:
    """Hear nothing."""


def _serial(listener: Listener | None) -> Listener:
    """A listener that is called by one thread at a time."""
    if listener is None:
        return _deaf
    lock = threading.Lock()

    def tell(event: Event) -> None:
        with lock:
            listener(event)

    return tell
