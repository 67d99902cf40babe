"""Workspace: what a program that uses the library holds; every command of the command line is a method of it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Unpack

from rulesengine.errors import UsageError
from rulesengine.model.ports import Listener
from rulesengine.workspace.calls import serial
from rulesengine.workspace.cancel import CancelToken
from rulesengine.workspace.keeping import Keeping
from rulesengine.workspace.questions import Questions

if TYPE_CHECKING:
    import subprocess

    from rulesengine.model.operation import Operation
    from rulesengine.workspace.archives import LockResult
    from rulesengine.workspace.how import HowToBuild
    from rulesengine.workspace.memory import MemoryWorkspace
    from rulesengine.workspace.rebuild import Rebuilt
    from rulesengine.workspace.result import BuildResult, Program
    from rulesengine.workspace.spawning import Spawning
    from rulesengine.workspace.stale import Stale
    from rulesengine.workspace.test_options import TestOptions
    from rulesengine.workspace.test_report import TestReport


class Workspace(Questions, Keeping):
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

    @staticmethod
    def in_memory(
        files: Mapping[str, str | bytes] | None = None, *, operations: Iterable[Operation] = (), offline: bool = True
    ) -> MemoryWorkspace:
        """A workspace of its own, made of these files (paths from its root), that leaves nothing behind: for tests.

        It has a cache of its own too.  See MemoryWorkspace.
        """
        from rulesengine.workspace.memory import MemoryWorkspace

        return MemoryWorkspace(files or {}, operations=operations, offline=offline)

    # ---- commands -------------------------------------------------------------

    def build(
        self,
        *patterns: str,
        platform: str | None = None,
        settings: Sequence[str] = (),
        defines: Sequence[str] = (),
        compilation_mode: str = "fastbuild",
        host_compilation_mode: str = "opt",
        host_platform: str | None = None,
        links: str = "normal",
        symlink_prefix: str = "pybuild-",
        action_env: Sequence[str] = (),
        host_action_env: Sequence[str] = (),
        features: Sequence[str] = (),
        extra_toolchains: Sequence[str] = (),
        extra_execution_platforms: Sequence[str] = (),
        toolchain_resolution_debug: str = "",
        tag_filters: Sequence[str] = (),
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
        compilation_mode, host_compilation_mode (of tools): `fastbuild`, `dbg`, `opt`.  host_platform: as platform, of
        tools that run here.
        links: `normal` makes pybuild-bin and pybuild-testlogs, `clean` removes them, others leave them as they are.
        symlink_prefix: in the place of `pybuild-` there; `/`: none are made.
        action_env: `NAME=VALUE`, or `NAME` for this process's own value; host_action_env: for tools.
        features: names, with `-` before those that are off.  extra_toolchains, extra_execution_platforms: patterns
        that come before what MODULE.bazel registers.  toolchain_resolution_debug: a regular expression; what is
        chosen of toolchain types that match it is told.
        tag_filters: of the targets only those with one of these tags, and none with one that has a `-` before it.
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
        from rulesengine.workspace.build import Build
        from rulesengine.workspace.engine import Engine
        from rulesengine.workspace.groups import Groups
        from rulesengine.workspace.how import variables
        from rulesengine.workspace.outputs import Outputs
        from rulesengine.workspace.request import Request
        from rulesengine.workspace.spawning import Spawning
        from rulesengine.workspace.status import Status

        if not patterns:
            raise UsageError("no target is named", hint="for instance //... for everything in the workspace")
        if jobs is not None and jobs < 1:
            raise UsageError(f"jobs is {jobs}, but at least one action must run at a time")
        told = serial(listener)
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
                fetcher=self._fetcher(told),
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
                            "host_action_env": variables(host_action_env, "--host_action_env"),
                            "host_compilation_mode": (host_compilation_mode,),
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
                        links if symlink_prefix != "/" else "ignore",
                        symlink_prefix,
                        tag_filters=tuple(tag_filters),
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
        from rulesengine.execution.pieces import DamagedError
        from rulesengine.workspace import noop
        from rulesengine.workspace.engine import Engine
        from rulesengine.workspace.rebuild import Rebuild, changes
        from rulesengine.workspace.recording import Recorder
        from rulesengine.workspace.replay import Replay
        from rulesengine.workspace.spawning import Spawning

        started, started_ns = time.monotonic(), time.time_ns()
        try:
            kept = Replay(stale.path + noop.PLAN, *stale.plan)
            change = changes(stale, kept)
        except DamagedError:
            return None
        if change is None or kept.roots[""] != self.root:
            return None
        told = serial(listener)
        with self._call(cancel) as token, self._exclusive(token, told):
            if not stale.is_latest():  # another build was faster
                return None
            with Engine.open(
                cache=self.cache,
                output_base=self.output_base,
                operations=self._operations(),
                roots=kept.roots,
                fetcher=self._fetcher(told),
                offline=self.offline,
                jobs=jobs,
                sandbox=sandbox,
                spawning=spawning or Spawning(),
                keep_sandboxes=keep_sandboxes,
                verbose_failures=verbose_failures,
                listener=told,
                cancel=token,
                few_sources=True,
            ) as engine:
                engine.recorder = Recorder(self.output_base, None, None, kept.request, engine.store)
                build = Rebuild(stale, kept, change, engine, self.output_base, told, token, started, started_ns)
                try:
                    return build.run(details=details)
                except DamagedError:
                    return None

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

        told = serial(listener)
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
