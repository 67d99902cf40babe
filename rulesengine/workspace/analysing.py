"""Analysing: loading and analysis without execution, for `cquery` and `aquery`."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from rulesengine.analysis import Analysis, Analyzer, ConfiguredTarget, platform_of
from rulesengine.analysis.edges import Edges
from rulesengine.analysis.settings import settings as chosen_settings
from rulesengine.loading import Loader
from rulesengine.model.ports import Cancellation, Listener
from rulesengine.query.evaluate import Evaluation, QueryResult, words_of
from rulesengine.query.parser import Call, parse
from rulesengine.workspace.configured_targets import ConfiguredNode, ConfiguredTargets
from rulesengine.workspace.host import host_platform
from rulesengine.workspace.targets import LoadedTargets


@frozen
class Question:
    """A query about configured targets.  universe: patterns to analyse; empty: those that the expression names.

    The rest is as Workspace.build takes it.
    """

    expression: str
    package: str = ""
    universe: str = ""
    platform: str | None = None
    settings: tuple[str, ...] = ()
    defines: tuple[str, ...] = ()
    compilation_mode: str = "fastbuild"
    keep_going: bool = False
    implicit: bool = True
    tools: bool = True


def analyse(question: Question, loader: Loader, listener: Listener, cancel: Cancellation) -> ConfiguredTargets:
    """Analyse what an expression is about.  Raises UsageError, LoadingError, AnalysisError."""
    tree = parse(question.expression)
    patterns = question.universe.split(",") if question.universe else words_of(tree)
    loaded = LoadedTargets(loader, question.package, question.implicit, cancel)
    top, execution = (
        platform_of(
            loader,
            platform,
            chosen_settings(
                loader,
                flags=question.settings,
                defines=question.defines,
                compilation_mode=question.compilation_mode,
                package=question.package,
            ),
        )
        for platform in (question.platform or str(host_platform()), str(host_platform()))
    )
    labels = list(dict.fromkeys(label for pattern in patterns for label in loaded.resolve(pattern)))
    labels = [one for one in labels if loaded.target(one).kind != "package_group"]
    analyzer = Analyzer(loader, listener)
    analysis = analyzer.analyze(labels, top, exec_configuration=execution, keep_going=question.keep_going)
    loader.save()
    return ConfiguredTargets(
        loaded, Edges(analyzer), analysis, top, execution, implicit=question.implicit, tools=question.tools
    )


def ask(question: Question, graph: ConfiguredTargets) -> QueryResult[ConfiguredNode]:
    """Evaluate the expression over what was analysed."""
    tree = parse(question.expression)
    found = Evaluation(graph, question.universe).value(tree, {})
    return QueryResult(tuple(found), graph, isinstance(tree, Call) and tree.name == "somepath")


def files_of(graph: ConfiguredTargets, nodes: Sequence[ConfiguredNode]) -> list[str]:
    """`--output=files`: execution paths of default outputs (of a source file: its own)."""
    out: dict[str, None] = {}
    for node in nodes:
        found: ConfiguredTarget | None = graph.analysed(node)
        for file in found.files if found is not None else ():
            out[file.path] = None
    return list(out)


__all__ = ["Analysis", "Question", "analyse", "ask", "files_of"]
