"""Questions: the methods of a Workspace that tell something about targets, actions and files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Unpack

from rulesengine.errors import EXIT_QUERY_FAILED, LabelError, LoadingError, QueryError
from rulesengine.model.ports import Listener
from rulesengine.values import evolve
from rulesengine.workspace.calls import Calls, serial, union
from rulesengine.workspace.cancel import CancelToken

if TYPE_CHECKING:
    from rulesengine.lint.finding import Finding
    from rulesengine.loading import Loader
    from rulesengine.model.label import Label
    from rulesengine.query import QueryResult
    from rulesengine.query.actions import QueriedActions
    from rulesengine.reference.entries import FileReference
    from rulesengine.workspace.affected import Affected
    from rulesengine.workspace.analyzed import AnalyzedTarget, ConfiguredResult
    from rulesengine.workspace.explanation import Explanation
    from rulesengine.workspace.how import HowToAnalyse
    from rulesengine.workspace.picture import Picture


class Questions(Calls):
    """What can be asked without building.  See Workspace, which it is a part of."""

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
        from rulesengine.query import evaluate
        from rulesengine.workspace.targets import LoadedTargets

        with self._call(cancel) as token:
            targets = LoadedTargets(
                self._loader(serial(listener), token), package, implicit, token, tools=tools, keep_going=keep_going
            )
            try:
                result = evaluate(expression, targets, universe=universe, strict_tests=strict_tests)
            except (LabelError, LoadingError, QueryError) as fault:
                fault.exit_code = EXIT_QUERY_FAILED
                raise
            return evolve(result, faults=tuple(targets.faults))

    def cquery(self, expression: str, **how: Unpack[HowToAnalyse]) -> ConfiguredResult:
        """Evaluate a query over targets as they are in a configuration: after select(), transitions and toolchains.

        how: see HowToAnalyse.  Raises UsageError, LoadingError, AnalysisError.
        """
        from rulesengine.workspace.analysing import ask

        with self._analysing(expression, how, asking=True) as (question, graph):
            return ask(question, graph)

    def aquery(self, expression: str, **how: Unpack[HowToAnalyse]) -> QueriedActions:
        """The actions of the targets that a query stands for.

        how: see HowToAnalyse; with keep_going, the `faults` of the list say what was left out.
        Raises UsageError, LoadingError, AnalysisError.
        """
        from rulesengine.workspace.analysing import actions_of

        with self._analysing(expression, how, asking=True) as (question, graph):
            return actions_of(question, graph)

    def analyze(self, *patterns: str, **how: Unpack[HowToAnalyse]) -> tuple[AnalyzedTarget, ...]:
        """What rules make of targets, without running anything: providers, outputs, actions.

        patterns: as `build` takes them.  how: see HowToAnalyse.  Raises UsageError, LoadingError, AnalysisError.
        """
        from rulesengine.workspace.analysing import analysed_targets

        with self._analysing(union(patterns), how) as (question, graph):
            return analysed_targets(question, graph)

    def explain(self, *patterns: str, **how: Unpack[HowToAnalyse]) -> Explanation:
        """Whether a build of targets would do anything now, and why each of their actions last ran.

        patterns: as `build` takes them.  how: see HowToAnalyse.  Raises UsageError, LoadingError, AnalysisError.
        """
        from rulesengine.workspace.analysing import analyse
        from rulesengine.workspace.foretelling import explain_targets
        from rulesengine.workspace.question import Question

        told = serial(how.get("listener"))
        question = Question.of(union(patterns), how)
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

        told = serial(listener)
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
            with self._analysing(union(patterns), how) as (_, analysed):
                return picture_of_actions(analysed, " ".join(patterns))
        union(patterns)
        told = serial(how.get("listener"))
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
            loader = self._loader(serial(listener), token)
            return list(lint(loader, find_files(loader, words, directory or self.root), wanted))

    def fix(
        self,
        *words: str,
        warnings: Sequence[str] = (),
        directory: str = "",
        listener: Listener | None = None,
        cancel: CancelToken | None = None,
    ) -> dict[str, int]:
        """Change files so that those of lint()'s findings go away that can be put right in one way only: names that
        are loaded and not used, `/` of whole numbers, `native.` in BUILD files.  How many, by file.  Raises UsageError.
        """
        from rulesengine.lint.files import find_files
        from rulesengine.lint.fixing import fix
        from rulesengine.lint.warnings import chosen

        wanted = chosen(warnings)
        with self._call(cancel) as token:
            loader = self._loader(serial(listener), token)
            return fix(loader, find_files(loader, words, directory or self.root), wanted)

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
            loader = self._loader(serial(listener), token)
            labels = [loader.label(word) for word in words if word.startswith("@")]
            mine = [word for word in words if not word.startswith("@")]
            if mine or not labels:
                found = find_files(loader, mine, directory or self.root)
                labels += [one.label for one in found if one.kind == "bzl"]
            return [read_file(loader, label) for label in labels]
