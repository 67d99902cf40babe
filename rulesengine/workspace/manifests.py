"""Manifests: the lists that stand with a runfiles tree in the output tree, for programs that look there.

They name absolute paths, so no action makes or reads them: they are written where outputs are delivered.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise

from rulesengine.analysis.runfiles import REPO_MAPPING, SUFFIX
from rulesengine.model.action import ActionGraph
from rulesengine.model.artifact import Artifact, FileValue, Value
from rulesengine.model.digest import Digest
from rulesengine.workspace.outputs import MANIFEST, Delivery

_BESIDE = "_manifest"
"""What follows the tree's own name."""
_MAPPING = ".repo_mapping"


def with_manifests(
    deliveries: Mapping[str, Delivery], graph: ActionGraph, base: str, put: Callable[[bytes], Digest]
) -> dict[str, Delivery]:
    """Deliveries, and for each runfiles tree among them its manifest, within it and beside it, and its repository
    mapping beside it.  base: the absolute path of the output base.  put: keeps bytes in the store."""
    return {
        owner: [*pairs, *(one for tree, _ in pairs for one in _lists(tree, graph, base, put))]
        for owner, pairs in deliveries.items()
    }


def _lists(
    tree: Artifact, graph: ActionGraph, base: str, put: Callable[[bytes], Digest]
) -> Iterator[tuple[Artifact, Value]]:
    action = graph.makers.get(tree) if tree.is_directory and tree.path.endswith(SUFFIX) else None
    if action is None or action.mnemonic != "RunfilesTree":
        return
    words = [one for one in action.arguments if isinstance(one, str)]
    places = [word for before, word in pairwise(words) if before == "--path"]
    text = next((word for before, word in pairwise(words) if before == "--text"), "")
    if any(place.partition("/")[0] == MANIFEST for place in places):
        return  # the rule says itself what is there
    root = os.path.join(base, tree.path)
    lines = [_line(place, f"{root}/{place}") for place in sorted((*places, REPO_MAPPING))]
    listed = FileValue(put("".join(lines).encode()))
    mapping = FileValue(put(text.encode()))
    beside = {f"{tree.path}/{MANIFEST}": listed, tree.path + _BESIDE: listed}
    beside[tree.path.removesuffix(SUFFIX) + _MAPPING] = mapping
    for path, value in beside.items():
        artifact = Artifact(path, tree.owner)
        if artifact not in graph.makers:
            yield artifact, value


def _line(place: str, path: str) -> str:
    """A reader splits at the first space.  Where that or a line's end would mislead it, Bazel (since 7.4) begins the
    line with a space and writes \\s, \\n and \\b (a backslash) in the place, the latter two in the path.
    """
    if " " in place or "\n" in place + path:
        place, path = (one.replace("\\", "\\b").replace("\n", "\\n") for one in (place, path))
        spaceless = place.replace(" ", "\\s")
        return f" {spaceless} {path}\n"
    return f"{place} {path}\n"
