"""Runfiles: which file an executable finds at which path of its runfiles tree."""

from __future__ import annotations

from collections.abc import Iterable

from rulesengine.analysis.expansion import MAIN_REPOSITORY
from rulesengine.model.artifact import Artifact
from rulesengine.model.label import Label
from rulesengine.model.platform import Configuration
from rulesengine.values import frozen

REPO_MAPPING = "_repo_mapping"
"""The file in a tree's root that says under which name one repository knows another."""

SUFFIX = ".runfiles"
"""An executable's tree stands beside it under its name and this."""


@frozen
class Runfiles:
    """What a rule said of its executable's runfiles, not yet laid out.

    files: the number of a depset, or paths; own: that of the rule's default outputs.
    symlinks: path below the main repository's directory -> execution path.
    root_symlinks: path below the tree's root -> execution path.
    """

    owner: Label
    configuration: Configuration
    files: int | list[str]
    own: int | list[str]
    symlinks: tuple[tuple[str, str], ...] = ()
    root_symlinks: tuple[tuple[str, str], ...] = ()


def runfiles_path(artifact: Artifact) -> str:
    """Where a file stands in a runfiles tree: `_main/PACKAGE/NAME`, `REPO/PACKAGE/NAME`."""
    short = artifact.short_path
    return short[3:] if short.startswith("../") else f"{MAIN_REPOSITORY}/{short}"


def lay_out(
    files: Iterable[Artifact],
    symlinks: Iterable[tuple[str, Artifact]],
    root_symlinks: Iterable[tuple[str, Artifact]],
) -> dict[str, Artifact]:
    """Path in the tree -> file, in the order of paths.

    As Bazel has it: of two files at one path the later counts, links first, then files, then root links; what would
    lie below a file is left out.
    """
    out = {_normal(f"{MAIN_REPOSITORY}/{path}"): file for path, file in symlinks}
    out.update((runfiles_path(file), file) for file in files)
    out.update((_normal(path), file) for path, file in root_symlinks)
    return {path: out[path] for path in sorted(out) if path and not _below_a_file(path, out)}


def _below_a_file(path: str, out: dict[str, Artifact]) -> bool:
    above = path.rpartition("/")[0]
    while above:
        if above in out:
            return True
        above = above.rpartition("/")[0]
    return False


def _normal(path: str) -> str:
    """`_main/../other/x` is `other/x`."""
    done: list[str] = []
    for part in path.split("/"):
        if part == ".." and done:
            done.pop()
        elif part not in ("", "."):
            done.append(part)
    return "/".join(done)
