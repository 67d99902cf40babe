"""One build: loading, analysis, execution and delivery, in this order, each room called in one place."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

from rulesengine.analysis import Analysis, Analyzer, ConfiguredTarget
from rulesengine.errors import ExecutionError, Location, LostBlobError, RulesEngineError
from rulesengine.execution.test_runner import TestNotRunError
from rulesengine.loading import Loader
from rulesengine.model.action import ActionGraph
from rulesengine.model.artifact import OUTPUT_ROOT, Artifact, FileValue, LinkValue, Value
from rulesengine.model.aspect import Applied
from rulesengine.model.directory import TreeFile
from rulesengine.model.events import PatternsResolved, PhaseStarted, TargetCompleted
from rulesengine.model.label import Label
from rulesengine.model.pattern import TargetPattern
from rulesengine.model.platform import Configuration
from rulesengine.model.ports import Cancellation, Listener
from rulesengine.values import define, evolve, field, frozen
from rulesengine.workspace import link, replay
from rulesengine.workspace.configurations import configurations
from rulesengine.workspace.engine import Engine, Executed
from rulesengine.workspace.groups import Groups
from rulesengine.workspace.keeping_graph import kept_graph, read_and_absent
from rulesengine.workspace.layout import describe
from rulesengine.workspace.manifests import with_manifests
from rulesengine.workspace.outputs import Members, Outputs
from rulesengine.workspace.places import PREFIX
from rulesengine.workspace.programs import Beside, beside, program
from rulesengine.workspace.recording import Recorder
from rulesengine.workspace.request import Request, described
from rulesengine.workspace.result import BuildResult, LookedAt, Output, Program, TargetResult
from rulesengine.workspace.telling import Telling, as_program
from rulesengine.workspace.test_options import passes
from rulesengine.workspace.test_report import TestResult
from rulesengine.workspace.testing import Testing
from rulesengine.workspace.told import told_completed, told_configured

_DELIVERY_ATTEMPTS = 3


@frozen
class _Place:
    """The top-level configuration's `bin` directory, and `pybuild-bin` where that leads to it."""

    directory: str
    shown: str


@define
class Build:
    """A build under way.  Used once, by one thread."""

    loader: Loader
    engine: Engine
    outputs: Outputs
    output_base: str
    listener: Listener
    cancel: Cancellation
    errors: list[RulesEngineError] = field(factory=list)
    testing: Testing | None = None
    started: float = field(factory=time.monotonic)
    started_ns: int = field(factory=time.time_ns)
    root_listing: bytes = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Look at the workspace's root before the links that a build puts there (link.py)."""
        self.root_listing = replay.listing(self.loader.root, PREFIX)

    def run(self, request: Request) -> BuildResult:
        """Raises the first error, unless request.keep_going."""
        labels = self._resolve(request)
        if request.tag_filters:
            labels = [one for one in labels if passes({*self.loader.target(one).tags}, request.tag_filters)]
        if self.testing is not None:
            labels = self.testing.select(labels)
        elif any(self.loader.target(label).rule_name == "test_suite" for label in labels):
            from rulesengine.workspace.test_options import TestOptions

            labels = Testing(self.loader, TestOptions()).select(labels)  # as Bazel: a suite stands for its tests
        if request.details:
            self.listener(PatternsResolved(request.patterns, tuple(str(label) for label in labels)))
        self.cancel.check()
        configuration, execution = configurations(self.loader, request)
        self.listener(PhaseStarted("analysis", f"{len(labels)} target" + ("s" if len(labels) != 1 else "")))
        analyzer = Analyzer(self.loader, self.listener)
        analyzer.toolchains.debug = request.toolchain_debug
        analysis = analyzer.analyze(
            labels,
            configuration,
            exec_configuration=execution,
            keep_going=request.keep_going,
            by_pattern=self._by_pattern(labels, request),
            aspects=self._aspects(request),
        )
        self.loader.save()
        self.cancel.check()
        self.errors += [one for one in analysis.errors if one not in self.errors]
        left_out = {one.label for one in analysis.skipped}
        skipped = tuple(
            TargetResult(str(one.label), one.configuration.mnemonic, skipped=one.incompatible.reason)
            for one in analysis.skipped
            if one.incompatible is not None
        )
        asked = self._asked([label for label in labels if label not in left_out] if left_out else labels, analysis)
        if request.details:
            for label, one in asked:
                self.listener(told_configured(label, one))
        if not request.execute:
            targets = tuple(TargetResult(str(label), one.configuration.mnemonic) for label, one in asked)
            return BuildResult((*targets, *skipped), elapsed=time.monotonic() - self.started, errors=tuple(self.errors))
        if self.testing is not None:
            wrapper = self.testing.wrapped_by(request.package)
            if wrapper is not None:
                made = analyzer.analyze([wrapper], configuration, exec_configuration=execution)
                self.testing.wrapper = made.targets[0]
            self.testing.declare(asked, analysis)
        return self._execute(request, asked, analysis, configuration, skipped)

    # ---- loading --------------------------------------------------------------

    def _resolve(self, request: Request) -> list[Label]:
        self.listener(PhaseStarted("loading", " ".join(request.patterns)))
        return self.loader.resolve(request.patterns, request.package, self.errors if request.keep_going else None)

    def _by_pattern(self, labels: list[Label], request: Request) -> set[Label]:
        """The labels that no pattern names by itself: those of wildcards."""
        single = [one for one in request.patterns if TargetPattern.parse(one, request.package).kind == "single"]
        if not single:
            return set(labels)
        named: set[Label] = set()
        for one in single:
            if not one.startswith("-"):
                with suppress(RulesEngineError):  # said when the patterns were resolved
                    named.update(self.loader.resolve([one], request.package))
        return set(labels) - named

    def _aspects(self, request: Request) -> Sequence[Applied]:
        if not request.aspects:
            return ()
        from rulesengine.analysis.requested import requested_aspects

        return requested_aspects(self.loader, request.aspects, request.aspects_parameters, request.package)

    @staticmethod
    def _asked(labels: list[Label], analysis: Analysis) -> list[tuple[Label, ConfiguredTarget]]:
        """Analysed targets under the labels they were asked for by (an alias keeps its own)."""
        if len(labels) == len(analysis.targets):
            return list(zip(labels, analysis.targets, strict=True))
        return [(one.label, one) for one in analysis.targets]

    # ---- execution and delivery -----------------------------------------------

    def _execute(
        self,
        request: Request,
        asked: list[tuple[Label, ConfiguredTarget]],
        analysis: Analysis,
        configuration: Configuration,
        skipped: tuple[TargetResult, ...],
    ) -> BuildResult:
        graph = analysis.graph
        with_programs = beside(asked, analysis)
        wanted = list(dict.fromkeys(file for _, one in asked for file in request.groups.made(one)))
        wanted += [file for files in with_programs.values() for file in files]
        request.status.add_to(graph, self.loader.root, self.loader.operations("write"))
        self.engine.recorder = Recorder(self.output_base, self.loader, analysis, described(request), self.engine.store)
        telling = self._telling(request, asked, with_programs, configuration)
        run = cached = failed = 0
        executed = Executed({})
        members: dict[Artifact, Members] = {}
        for attempt in range(_DELIVERY_ATTEMPTS):
            try:
                executed = self._make(request, graph, wanted)
            except RulesEngineError as fault:
                self._locate(fault)
                raise
            for error in executed.errors:
                self._locate(error)
            run, cached, failed = (
                (executed.run, executed.cached, executed.failed)
                if not attempt
                else (run + executed.run, max(cached - executed.run, 0), executed.failed)
            )
            self.cancel.check()
            if attempt == 0:
                self.errors += executed.errors
                self.listener(PhaseStarted("delivery"))
            deliveries = self._deliveries(request.groups, asked, executed.values, with_programs)
            if request.only_check:
                self._check_tree(request, deliveries)
                if self.errors:
                    break
            every = with_manifests(deliveries, graph, self.output_base, self.engine.store.put)
            members, lost = self.outputs.deliver(every, self.cancel, self._vanished)
            if not lost:
                break
        else:
            raise LostBlobError(
                f"the cache keeps losing {lost[0].path}", hint="check the disk, or name another cache with --disk_cache"
            )
        place = self._place(request, configuration)
        targets = tuple(
            self._target(label, one, request.groups, executed.values, members, place)
            if all(file in executed.values for file in with_programs.get(one, ()))
            else TargetResult(str(label), one.configuration.mnemonic, failed=True)
            for label, one in asked
        )
        if request.program:
            targets = tuple(
                target if target.failed else evolve(target, program=self._program(one, with_programs, analysis))
                for target, (_, one) in zip(targets, asked, strict=True)
            )
        if request.details:
            for target, (label, one) in zip(targets, asked, strict=True):
                if telling is None or (label, one.configuration.mnemonic) not in telling.told:
                    self.listener(told_completed(target, one, request.groups))
        tested: tuple[TestResult, ...] = ()
        if self.testing is not None:
            shown = self._testlogs(request, configuration)
            tested = self.testing.results(executed.values, self.engine.store.read, members, shown)
        failed_labels = self._failed_labels(request, asked)
        looked_at = None
        # What a command says may change, and so may the caller's environment.
        if not self.errors and not request.status.command and not request.inherits:
            links = self.outputs.links(members)
            if os.path.islink(place.shown):
                links.append((place.shown, place.directory))
            looked_at = LookedAt(
                self.started_ns,
                *read_and_absent(self.loader, self.engine.sources, graph, wanted),
                tuple(self.outputs.signatures(members)),
                tuple(links),
                steady=((self.loader.root, self.root_listing),),
            )
            # A rebuild delivers what actions give, so it is not for programs that only stand as such.
            bare = any(value is not executed.values.get(file) for pairs in deliveries.values() for file, value in pairs)
            if self.testing is None and not request.program and not skipped and not bare:
                results = [(str(label), one.configuration.mnemonic, request.groups.files(one)) for label, one in asked]
                places = (place.directory, place.shown)
                kept = kept_graph(
                    *(self.loader, self.engine.sources, graph, wanted, [one for one in members if one in graph.makers]),
                    *(results, executed, places, request),
                )
                looked_at = evolve(looked_at, replay=kept)
        return BuildResult(
            (*targets, *failed_labels, *skipped),
            run,
            cached,
            failed,
            time.monotonic() - self.started,
            tuple(self.errors),
            place.shown,
            self.engine.fetched,
            tested,
            looked_at,
        )

    def _link(self, request: Request, name: str, directory: str) -> str:
        """Make the link that leads to a directory of outputs, or see to what else was asked for; where to look then."""
        name = request.symlink_prefix + name
        return link.follow(request.links, self.loader.root, directory, self.listener, name)

    def _place(self, request: Request, configuration: Configuration) -> _Place:
        directory = os.path.join(self.output_base, OUTPUT_ROOT, configuration.mnemonic, "bin")
        os.makedirs(directory, exist_ok=True)
        return _Place(directory, self._link(request, "bin", directory))

    def _testlogs(self, request: Request, configuration: Configuration) -> str:
        """Where logs of tests are shown to be."""
        logs = os.path.join(self.output_base, OUTPUT_ROOT, configuration.mnemonic, "testlogs")
        os.makedirs(logs, exist_ok=True)
        return self._link(request, "testlogs", logs)

    def _telling(
        self,
        request: Request,
        asked: list[tuple[Label, ConfiguredTarget]],
        with_programs: Beside,
        configuration: Configuration,
    ) -> Telling | None:
        """Who tells of targets and tests while the build goes on; None where nobody is to."""
        if not request.details or request.only_check:
            return None
        place = self._place(request, configuration)
        telling = Telling(self.outputs, self.engine.store, self.listener, self.cancel)
        for label, one in asked:

            def target(
                values: Mapping[Artifact, Value] | None,
                members: Mapping[Artifact, Members],
                label: Label = label,
                one: ConfiguredTarget = one,
            ) -> TargetCompleted:
                result = TargetResult(str(label), one.configuration.mnemonic, failed=True)
                if values is not None:
                    result = self._target(label, one, request.groups, values, members, place)
                return told_completed(result, one, request.groups)

            files = (*request.groups.made(one), *with_programs.get(one, ()))
            telling.add_target(label, one, files, target)
        if self.testing is not None:
            telling.add_tests(self.testing, self._testlogs(request, configuration))
        self.engine.watch(telling.groups)
        return telling

    def _check_tree(self, request: Request, deliveries: Mapping[str, Sequence[tuple[Artifact, Value]]]) -> None:
        """Where nothing may be made: see that the output tree is as it should be."""
        for artifact in self.outputs.stale(deliveries):
            self.errors.append(
                ExecutionError(
                    f"{artifact.root_relative_path} is not up to date in the output tree",
                    label=artifact.owner or None,
                    hint="build without --check_up_to_date",
                )
            )
            if not request.keep_going:
                raise self.errors[0]

    def _vanished(self, owner: str) -> bool:
        """Whether the target of a key of `_deliveries` is no more."""
        try:
            return self.loader.vanished(Label.parse(owner.partition(" ")[0]))
        except RulesEngineError:
            return False

    def _make(self, request: Request, graph: ActionGraph, wanted: list[Artifact]) -> Executed:
        """Make the artifacts, and run the tests: those that may together with the build, then the others."""
        if self.testing is None:
            return self.engine.execute(graph, wanted, keep_going=request.keep_going)
        first, *alone = self.testing.rounds()
        done = self.engine.execute(graph, [*wanted, *first], keep_going=request.keep_going, check=False)
        for more in alone:
            if done.failed and not request.keep_going:
                break
            one = self.engine.execute(graph, more, keep_going=request.keep_going, check=False)
            done = Executed(
                {**done.values, **one.values},
                done.run + one.run,
                done.cached + max(one.cached - done.run - done.cached, 0),
                done.failed + one.failed,
                (*done.errors, *one.errors),
            )
        # A test that was not started is told by its status.
        errors = tuple(error for error in done.errors if not isinstance(error, TestNotRunError))
        return evolve(done, errors=errors)

    def _locate(self, fault: RulesEngineError) -> None:
        """Say where the target stands whose action failed."""
        if fault.location is not None or fault.label is None:
            return
        try:
            place = self.loader.target(self.loader.label(fault.label)).location
        except RulesEngineError:
            return
        if place is not None:
            # Without the excerpt: the BUILD file is not what went wrong.
            fault.location = Location(place.path, place.line, place.column)

    def _failed_labels(self, request: Request, asked: list[tuple[Label, ConfiguredTarget]]) -> Iterator[TargetResult]:
        known = {str(label) for label, _ in asked}
        for fault in self.errors:
            if fault.label is not None and fault.label in request.patterns and fault.label not in known:
                yield TargetResult(fault.label, "", failed=True)

    def _deliveries(
        self,
        groups: Groups,
        asked: list[tuple[Label, ConfiguredTarget]],
        values: Mapping[Artifact, Value],
        with_programs: Beside,
    ) -> dict[str, Sequence[tuple[Artifact, Value]]]:
        out: dict[str, Sequence[tuple[Artifact, Value]]] = {}
        if self.testing is not None:
            out.update(self.testing.deliveries(values))
        for _, one in asked:
            files = [file for file in groups.made(one) if not file.is_source]
            pairs = [
                (file, as_program(values[file]) if file == one.executable else values[file])
                for file in (*files, *with_programs.get(one, ()))
                if file in values
            ]
            if pairs:
                out[f"{one.label} {one.configuration.mnemonic}"] = pairs
        return out

    def _target(
        self,
        label: Label,
        one: ConfiguredTarget,
        groups: Groups,
        values: Mapping[Artifact, Value],
        members: Mapping[Artifact, Members],
        place: _Place,
    ) -> TargetResult:
        outputs = []
        if any(file not in values for file in groups.made(one)):
            return TargetResult(str(label), one.configuration.mnemonic, failed=True)
        for file in groups.files(one):
            value = values.get(file)
            if value is None:
                return TargetResult(str(label), one.configuration.mnemonic, failed=True)
            if file.is_source:
                path = self.engine.sources.path(file)
            else:
                path = os.path.join(self.output_base, file.path)
                if path.startswith(place.directory + "/"):
                    path = place.shown + path[len(place.directory) :]
            outputs.append(self._output(file, value, path, members.get(file, {})))
        return TargetResult(str(label), one.configuration.mnemonic, tuple(outputs))

    def _program(self, one: ConfiguredTarget, with_programs: Beside, analysis: Analysis) -> Program:
        source = self.engine.sources.path(one.files[0]) if one.files and one.files[0].is_source else ""
        return program(one, with_programs.get(one, ()), analysis, self.output_base, self.loader.root, source)

    def _output(self, file: Artifact, value: Value, path: str, members: Members) -> Output:
        name = file.root_relative_path
        if isinstance(value, FileValue):
            return Output(name, path, value.digest, value.digest.size, executable=value.executable)
        if isinstance(value, LinkValue):
            return Output(name, path, value.digest, value.digest.size)
        size = sum(member.digest.size for member in members.values() if isinstance(member, TreeFile))
        image = describe(members, self.engine.store.read)
        return Output(name, path, value.digest, size, directory=True, image=image)
