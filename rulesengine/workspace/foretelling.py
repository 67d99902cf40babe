"""`explain TARGET…`: what a build would do now and why, and why the last results came about."""

from __future__ import annotations

import os

from rulesengine.execution import DiskActionCache, LocalStore, WorkspaceSources
from rulesengine.execution.foresight import Foreseen, Foresight
from rulesengine.execution.plan import make_plan
from rulesengine.loading import Loader
from rulesengine.model.artifact import OUTPUT_ROOT, Artifact
from rulesengine.model.ports import Cancellation
from rulesengine.workspace.configured_targets import ConfiguredTargets
from rulesengine.workspace.explaining import last_runs
from rulesengine.workspace.explanation import Cause, Change, Explanation
from rulesengine.workspace.groups import Groups
from rulesengine.workspace.outputs import Outputs
from rulesengine.workspace.past import Past, Run
from rulesengine.workspace.recording import Recorder
from rulesengine.workspace.status import Status

PENDING = "?"
"""The value of an output that is not there yet."""


def explain_targets(
    graph: ConfiguredTargets, loader: Loader, cache: str, output_base: str, cancel: Cancellation
) -> Explanation:
    """Explain every target that was asked for and analysed.  Raises StoreError, InterruptedBuild, ExecutionError."""
    targets = [one for one in graph.analysis.targets if one.target.kind == "rule" or not one.target.rule]
    names = {(str(one.label), one.configuration.mnemonic) for one in targets}
    wanted = list(dict.fromkeys(file for one in targets for file in Groups().made(one)))
    Status("", "").add_to(graph.analysis.graph, loader.root, loader.operations("write"))
    past = Past.read(output_base)
    store = LocalStore(cache)
    actions = DiskActionCache(cache)
    try:
        sources = WorkspaceSources(loader.roots, store, os.path.join(output_base, "stat"))
        foresight = Foresight(store, actions, sources, cancel)
        foreseen = foresight.of(make_plan(graph.analysis.graph, wanted))
        recorder = Recorder(output_base, loader, graph.analysis, {}, store)
        running, taken = _foretell(past, recorder, foreseen, foresight)
        edited = [] if running or taken else _edited(Outputs(output_base, store), wanted, foresight)
    finally:
        actions.close()
        store.close()
    changes = last_runs(past, loader.root, names)
    labels = ", ".join(sorted({label for label, _ in names})[:3]) + (" …" if len({one for one, _ in names}) > 3 else "")
    are = "is" if len({label for label, _ in names}) == 1 else "are"
    if running:
        status = f"{labels} {are} not up to date: {len(running)} action{'s' * (len(running) != 1)} would run"
    elif taken:
        status = f"{labels} {are} not up to date: nothing would run, {taken} results would come from the cache"
    elif edited:
        status = f"{labels} {are} not up to date: outputs would be put right"
    else:
        status = f"{labels} {are} up to date: nothing would run"
    return Explanation((*edited, *changes), status)


def _foretell(past: Past, recorder: Recorder, foreseen: list[Foreseen], foresight: Foresight) -> tuple[set[str], int]:
    """Add to the past what a build would do now; (outputs of actions that would run, how many would be taken)."""
    running: set[str] = set()
    taken = 0
    news = []
    for one in foreseen:
        path = one.task.action.outputs[0].path
        last = past.runs.get(path, [])[-1:]
        if one.state == "cached":
            key = recorder.key(one.task)
            if last and last[0].key == key:
                continue
            news.append(one)
            taken += not one.task.is_pinned
        else:
            news.append(one)
            running.add(recorder.key(one.task) or path)
    if not news:
        return running, taken
    number, build, lines = recorder.foretold([one.task for one in news], foresight.values)
    past.foretell(number, build)
    for one, line in zip(news, lines, strict=True):
        outputs = {file.path: PENDING for file in one.task.action.outputs} if one.state != "cached" else line["outputs"]
        past.add(Run(number, line, dict(outputs), one.state != "cached", False, pending=one.state))
    return running, taken


def _below(path: str) -> str:
    """An output's path without its configuration."""
    return path.split("/", 3)[-1]


def _edited(outputs: Outputs, wanted: list[Artifact], foresight: Foresight) -> list[Change]:
    """Delivered outputs that somebody changed since."""
    out = []
    for artifact in wanted:
        value = foresight.values.get(artifact)
        if artifact.is_source or value is None or not artifact.path.startswith(OUTPUT_ROOT):
            continue
        found = outputs.edited(artifact, value)
        if found:
            shown = _below(artifact.path)
            causes = tuple(Cause("output", os.path.join(shown, name) if name else shown) for name in found)
            out.append(Change(f"delivery of {artifact.owner}", artifact.owner, shown, causes=causes))
    return out
