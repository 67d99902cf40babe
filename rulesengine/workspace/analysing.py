"""Analysing: loading and analysis without execution, for `cquery` and `aquery`."""

from __future__ import annotations

from itertools import chain

from rulesengine.analysis import Analyzer
from rulesengine.analysis.edges import Edges
from rulesengine.loading import Loader
from rulesengine.model.ports import Cancellation, Listener
from rulesengine.query.actions import ActionFilter, QueriedAction, QueriedActions
from rulesengine.query.evaluate import Evaluation, checked_pattern, functions_of, words_of
from rulesengine.query.parser import Call, parse
from rulesengine.query.surroundings import Surroundings
from rulesengine.workspace.analyzed import AnalyzedTarget, ConfiguredResult
from rulesengine.workspace.configurations import configurations
from rulesengine.workspace.configured_targets import ConfiguredTargets
from rulesengine.workspace.question import Question
from rulesengine.workspace.targets import LoadedTargets


def analyse(
    question: Question, loader: Loader, listener: Listener, cancel: Cancellation, *, asking: bool = False
) -> ConfiguredTargets:
    """Analyse what an expression is about.  Raises UsageError, LoadingError, AnalysisError.

    asking: it is a query's: what would only stand in the way of making targets is no error, as for Bazel.
    """
    tree = parse(question.expression)
    patterns = question.universe.split(",") if question.universe else words_of(tree)
    loader.asking = asking
    loaded = LoadedTargets(
        loader, question.package, question.implicit, cancel, keep_going=question.keep_going, whole=asking
    )
    top, execution = configurations(loader, question)
    labels = list(dict.fromkeys(label for pattern in patterns for label in loaded.resolve(pattern)))
    labels = [one for one in labels if loaded.target(one).kind != "package_group"]
    analyzer = Analyzer(loader, listener, asking=asking)
    analysis = analyzer.analyze(
        labels,
        top,
        exec_configuration=execution,
        keep_going=question.keep_going,
        by_pattern=set(labels) if asking else (),
    )
    loader.save()
    return ConfiguredTargets(
        loaded,
        Edges(analyzer, top),
        analysis,
        top,
        execution,
        implicit=question.implicit,
        tools=question.tools,
        asked=labels,
    )


def ask(question: Question, graph: ConfiguredTargets) -> ConfiguredResult:
    """Evaluate the expression over what was analysed."""
    tree = parse(question.expression)
    found = Evaluation(graph, question.universe).value(tree, {})
    return ConfiguredResult(tuple(found), graph, isinstance(tree, Call) and tree.name == "somepath", graph.faults)


def actions_of(question: Question, graph: ConfiguredTargets) -> QueriedActions:
    """`aquery`: the actions of the targets that the expression stands for, in the order of analysis.

    mnemonic(), inputs() and outputs() stand outermost and say which of these actions.  Raises UsageError.
    """
    tree = parse(question.expression)
    wanted: dict[str, list[str]] = {"mnemonic": [], "inputs": [], "outputs": []}
    while isinstance(tree, Call) and tree.name in wanted:
        pattern, inner = tree.arguments
        assert isinstance(pattern, str)
        assert not isinstance(inner, str | int)
        wanted[tree.name].append(checked_pattern(pattern))
        tree = inner
    which = ActionFilter(tuple(wanted["mnemonic"]), tuple(wanted["inputs"]), tuple(wanted["outputs"]))
    # As Bazel: a target that others want in further configurations (a tool) is shown in these, too.
    one_only = not functions_of(tree).isdisjoint(("config", "somepath"))
    owners: dict[tuple[str, str], str] = {}
    for node in Evaluation(graph, question.universe).value(tree, {}):
        target = graph.target(node)
        if target.rule is not None:
            owners[str(node.label), node.mnemonic if one_only else ""] = target.rule_name
    declared = graph.analysis.graph
    around = Surroundings.of(declared.actions, graph.analysis.own_files)
    found = (
        QueriedAction(action, owners[action.owner, action.configuration if one_only else ""], around)
        for action in chain(declared.actions, declared.beside or ())
        if (action.owner, action.configuration if one_only else "") in owners and which.takes(action)
    )
    return QueriedActions(found, graph.faults)


def analysed_targets(question: Question, graph: ConfiguredTargets) -> tuple[AnalyzedTarget, ...]:
    """What analysis made of the targets that the expression stands for, in its order."""
    found = [
        (node, graph.analysed(node))
        for node in Evaluation(graph, question.universe).value(parse(question.expression), {})
    ]
    known = {(str(one.label), one.configuration.mnemonic): one for _, one in found if one is not None}
    actions: dict[tuple[str, str], list[QueriedAction]] = {key: [] for key in known}
    around = Surroundings.of(graph.analysis.graph.actions, graph.analysis.own_files)
    for action in graph.analysis.graph.actions:
        key = (action.owner, action.configuration)
        if key in actions:
            actions[key].append(QueriedAction(action, known[key].target.rule_name, around))
    return tuple(
        AnalyzedTarget.of(str(node.label), one, actions[str(one.label), one.configuration.mnemonic])
        for node, one in found
        if one is not None
    )


__all__ = ["actions_of", "analyse", "analysed_targets", "ask"]
