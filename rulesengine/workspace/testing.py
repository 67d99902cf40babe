"""Testing: what `test` adds to a build: which targets are tests, their runs as actions, what came of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence

from rulesengine.analysis import Analysis, ConfiguredTarget
from rulesengine.errors import NoSuchTargetError, UsageError
from rulesengine.execution.test_runner import ATTEMPTS, FILES, LOG, OUTCOME, REPORT, Outcome
from rulesengine.loading import Loader
from rulesengine.model.artifact import Artifact, Value
from rulesengine.model.digest import Digest
from rulesengine.model.directory import TreeFile
from rulesengine.model.events import ActionFinished, Event
from rulesengine.model.label import Label
from rulesengine.model.target import Target
from rulesengine.values import define, field
from rulesengine.workspace.outputs import Members
from rulesengine.workspace.test_actions import TestAction, is_exclusive, test_actions
from rulesengine.workspace.test_options import TestOptions, names_target, size_of
from rulesengine.workspace.test_report import NO_STATUS, RunOfTest, TestResult


@define
class Testing:
    """The tests of one build.

    labels: the tests to run, in order.  runs: what was declared for each.  skipped: those not for this platform.
    wrapper: what --run_under names, where that is a target.
    """

    __test__ = False

    loader: Loader
    options: TestOptions
    labels: list[Label] = field(factory=list)
    runs: list[tuple[Label, ConfiguredTarget, list[TestAction]]] = field(factory=list)
    skipped: set[Label] = field(factory=set)
    wrapper: ConfiguredTarget | None = None
    _cached: dict[tuple[str, str], bool] = field(factory=dict)

    # ---- which --------------------------------------------------------------------

    def select(self, labels: Sequence[Label]) -> list[Label]:
        """What to build for these labels: suites replaced by their tests; notes the tests that the filters want."""
        out: dict[Label, None] = {}
        tests: dict[Label, None] = {}
        for label in labels:
            for one, target in self._expanded(label, set()):
                if target.rule is not None and target.rule.test:
                    wanted = self.options.wants(target)
                    if wanted:
                        tests[one] = None
                    if wanted or not self.options.build_only:
                        out[one] = None
                elif not self.options.build_only:
                    out[one] = None
        self.labels = list(tests)
        return list(out)

    def _expanded(self, label: Label, seen: set[Label]) -> Iterator[tuple[Label, Target]]:
        """A suite's tests; any other label is itself."""
        target = self.loader.target(label)
        if target.rule_name != "test_suite":
            yield label, target
            return
        seen.add(label)
        named = [self.loader.canonical(found) for _, found in target.labels("tests")]
        for one in named or self._all_tests(label):
            if one in seen:
                continue
            try:
                member = self.loader.target(one)
            except NoSuchTargetError as fault:
                fault.notes = (*fault.notes, f"{label} names it in attribute 'tests'")
                raise
            if member.rule_name == "test_suite":
                yield from self._expanded(one, seen)
            elif _in_suite(member, set(target.tags) - {"manual"}):
                yield one, member

    def _all_tests(self, label: Label) -> list[Label]:
        package = self.loader.package(label.repo, label.package)
        return [
            one.label
            for one in package.rule_targets()
            if one.rule is not None and one.rule.test and "manual" not in one.tags
        ]

    def wrapped_by(self, package: str) -> Label | None:
        """The target of --run_under, where it names one.  Raises UsageError, LoadingError."""
        under = self.options.run_under
        if not under or not names_target(under[0]):
            return None
        found = self.loader.resolve([under[0]], package)
        if len(found) != 1:
            raise UsageError(f"--run_under={under[0]} is {len(found)} targets, not one")
        return found[0]

    # ---- their actions ---------------------------------------------------------------

    def declare(self, asked: Sequence[tuple[Label, ConfiguredTarget]], analysis: Analysis) -> None:
        """Add the tests' actions to the graph.  Raises AnalysisError."""
        wanted = set(self.labels)
        self.skipped = {one.label for one in analysis.skipped}
        for label, one in asked:
            if label in wanted:
                self.runs.append((label, one, test_actions(one, analysis, self.options, self.wrapper)))

    def rounds(self) -> list[list[Artifact]]:
        """What to ask for in one execution after the other: all tests that may run at once, then each that must not."""
        together: list[Artifact] = []
        alone: list[list[Artifact]] = []
        each = self.options.one_at_a_time or self.options.stream is not None
        for _, one, runs in self.runs:
            single = each or is_exclusive(one.label, self.loader)
            for run in runs:
                if single:
                    alone.append(list(run.action.outputs))
                else:
                    together += run.action.outputs
        return [together, *alone]

    def listening(self, listener: Callable[[Event], None]) -> Callable[[Event], None]:
        """A listener that also notes which tests were cached."""

        def tell(event: Event) -> None:
            if isinstance(event, ActionFinished) and event.mnemonic == "TestRunner":
                self._cached[event.owner, event.message] = event.cached
            listener(event)

        return tell

    # ---- what came of them --------------------------------------------------------------

    def deliveries(self, values: Mapping[Artifact, Value]) -> dict[str, Sequence[tuple[Artifact, Value]]]:
        """What to put into the output tree, by owner."""
        out: dict[str, Sequence[tuple[Artifact, Value]]] = {}
        for label, one, runs in self.runs:
            pairs = [
                (file, values[file])
                for run in runs
                for file in run.action.outputs
                if file in values and os.path.basename(file.path) != OUTCOME
            ]
            if pairs:
                out[f"{label} {one.configuration.mnemonic} test"] = pairs
        return out

    def results(
        self,
        values: Mapping[Artifact, Value],
        read: Callable[[Digest], bytes],
        members: Mapping[Artifact, Members],
        directory: str,
    ) -> tuple[TestResult, ...]:
        """How each test went.  read: a blob of the store.  directory: where the logs of all are."""
        declared = {label: (one, runs) for label, one, runs in self.runs}
        out = []
        for label in self.labels:
            if label not in declared:
                skipped = label in self.skipped
                out.append(TestResult(str(label), (), built=skipped, skipped=skipped))
                continue
            one, runs = declared[label]
            found = tuple(self.run_of(run, values, read, members, directory) for run in runs)
            built = all(file in values for file in one.files) and all(file in values for file in runs[0].action.inputs)
            out.append(TestResult(str(label), found, built))
        return tuple(out)

    def run_of(
        self,
        run: TestAction,
        values: Mapping[Artifact, Value],
        read: Callable[[Digest], bytes],
        members: Mapping[Artifact, Members],
        directory: str,
    ) -> RunOfTest:
        """How one run went; the parameters are those of results()."""
        outcome_file = run.output(OUTCOME)
        value = values.get(outcome_file) if outcome_file is not None else None
        if value is None:
            return RunOfTest(NO_STATUS, run.shard, run.run)
        outcome = Outcome.decode(read(value.digest))

        def path(name: str) -> str:
            file = run.output(name)
            if file is None or (file.is_directory and not _files(members.get(file, {}))):
                return ""
            return os.path.join(directory, file.root_relative_path)

        return RunOfTest(
            outcome.status,
            run.shard,
            run.run,
            self._cached.get((run.action.owner, run.action.describe()), False),
            outcome.seconds,
            outcome.exit_code,
            path(LOG),
            path(REPORT),
            path(FILES),
            path(ATTEMPTS),
        )


def _files(members: Members) -> bool:
    return any(isinstance(member, TreeFile) for member in members.values())


def _in_suite(target: Target, wanted: set[str]) -> bool:
    """The rule of test_suite(tags): all plain (or +) tags, none of the - ones; a test's size is a tag."""
    tags = {*target.tags, size_of(target)}
    return all((tag[1:] not in tags) if tag.startswith("-") else (tag.removeprefix("+") in tags) for tag in wanted)
