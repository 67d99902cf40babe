"""What a build tells the no-op index and the rebuild: what it read, and its action graph."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence

from rulesengine.errors import RulesEngineError
from rulesengine.execution.sources import WorkspaceSources
from rulesengine.loading import Loader
from rulesengine.model.action import ActionGraph
from rulesengine.model.artifact import Artifact
from rulesengine.workspace.capturing import Captured, capture
from rulesengine.workspace.engine import Executed
from rulesengine.workspace.request import Request, described


def read_and_absent(
    loader: Loader, sources: WorkspaceSources, graph: ActionGraph, wanted: Iterable[Artifact]
) -> tuple[frozenset[str], frozenset[str]]:
    """The paths of files and directories that were read, and of those that were looked for and are not there."""
    read: set[str] = set()
    absent: set[str] = set()
    for path, kind in loader.tracked.items():
        (absent if kind == "absent" else read).add(path)
    for artifact in _sources_of(graph, wanted):
        path = sources.path(artifact)
        read.add(path)
        if os.path.isdir(path):
            read.update(_below(path))
    return frozenset(read), frozenset(absent)


def kept_graph(
    loader: Loader,
    sources: WorkspaceSources,
    graph: ActionGraph,
    wanted: Sequence[Artifact],
    delivered: Iterable[Artifact],
    targets: Iterable[tuple[str, str, Sequence[Artifact]]],
    executed: Executed,
    place: tuple[str, str],
    request: Request,
) -> Captured | None:
    """What is needed to build again after a change of sources alone; None where it cannot be written down.

    targets: label, configuration and files of each.  place: the `bin` directory, and the link that leads to it.
    """

    def stands(label: str) -> tuple[str, int, int] | None:
        try:
            found = loader.target(loader.label(label)).location
        except RulesEngineError:
            return None
        return None if found is None else (found.path, found.line, found.column)

    return capture(
        makers=graph.makers,
        wanted=wanted,
        delivered=delivered,
        targets=targets,
        values=executed.values,
        path=sources.path,
        read=loader.sources.contents,
        listed=[path for path, kind in loader.tracked.items() if kind == "directory"],
        places=stands,
        roots={"": loader.root, **loader.repositories.roots},
        place=place,
        total=executed.run + executed.cached,
        request=described(request),
    )


def _sources_of(graph: ActionGraph, wanted: Iterable[Artifact]) -> set[Artifact]:
    """The source artifacts that the wanted ones are made of."""
    out: set[Artifact] = set()
    seen: set[int] = set()
    stack = list(wanted)
    visited: set[Artifact] = set()
    while stack:
        artifact = stack.pop()
        if artifact in visited:
            continue
        visited.add(artifact)
        maker = graph.makers.get(artifact)
        if maker is None:
            if artifact.is_source:
                out.add(artifact)
            continue
        if id(maker) not in seen:
            seen.add(id(maker))
            stack += maker.inputs.to_list()
    return out


def _below(directory: str) -> Iterator[str]:
    for here, directories, files in os.walk(directory, followlinks=False):
        for name in (*directories, *files):
            yield os.path.join(here, name)
