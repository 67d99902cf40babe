"""`rulesengine-op` on plain files gives the same bytes as the executor over the store."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from rulesengine.errors import MissingInputError, RulesEngineError, UsageError
from rulesengine.execution import Executor, LocalRunner, LocalStore, OpRunner, WorkspaceSources
from rulesengine.model.action import OP_EXECUTABLE, Action, ActionGraph, PathArgument
from rulesengine.model.artifact import Artifact, FileValue
from rulesengine.model.depset import Depset
from rulesengine.model.digest import Digest
from rulesengine.model.directory import TreeFile, TreeLink, walk_tree
from rulesengine.ops import command
from rulesengine.ops.registry import operation_key, operations

Listing = dict[str, tuple[str, bool] | str | None]


class NoCache:
    """An action cache that forgets."""

    def get(self, action: Digest) -> bytes | None:
        return None

    def put_all(self, results: Mapping[Digest, bytes]) -> None:
        return None


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    root = tmp_path / "ws"
    (root / "tree" / "sub" / "empty").mkdir(parents=True)
    (root / "tree" / "sub" / "f").write_text("in a tree")
    (root / "tree" / "run").write_text("#!/bin/sh\n")
    (root / "tree" / "run").chmod(0o755)
    os.symlink("sub/f", root / "tree" / "link")
    (root / "a").write_text("text of A, {NAME}\n")
    (root / "b").write_bytes(bytes(range(256)) * 100)
    return root


def over_the_store(root: Path, name: str, arguments: Sequence[str | Artifact], *outs: Artifact) -> Listing:
    store = LocalStore(root.parent / "cache")
    used = [one for one in arguments if isinstance(one, Artifact) and one.is_source]
    rendered = [PathArgument(one) if isinstance(one, Artifact) else one for one in arguments]
    action = Action("//t", name, (OP_EXECUTABLE, operation_key(name), *rendered), Depset(used), outs)
    graph = ActionGraph()
    graph.add(action)
    sources = WorkspaceSources({"": str(root)}, store)
    executor = Executor(store, NoCache(), sources, OpRunner(store, operations()), LocalRunner(store))
    result = executor.execute(graph, outs)
    result.check()
    listing: Listing = {}
    for out in outs:
        value = result.values[out]
        if isinstance(value, FileValue):
            listing[out.path] = (value.digest.hash, value.executable)
            continue
        for path, member in walk_tree(value.digest, store.read):
            if isinstance(member, TreeFile):
                listing[f"{out.path}/{path}"] = (member.digest.hash, member.executable)
            else:
                listing[f"{out.path}/{path}"] = member.target if isinstance(member, TreeLink) else None
    store.close()
    return listing


def over_files(root: Path, name: str, arguments: Sequence[str | Artifact], *outs: Artifact) -> Listing:
    words = [one.path if isinstance(one, Artifact) else one for one in arguments]
    command.run([operation_key(name), *words], str(root))
    listing: Listing = {}
    for out in outs:
        made = root / out.path
        for path in sorted(made.rglob("*")) if made.is_dir() else [made]:
            shown = str(path.relative_to(root))
            if path.is_symlink():
                listing[shown] = os.readlink(path)
            elif path.is_file():
                listing[shown] = (Digest.of(path.read_bytes()).hash, bool(path.stat().st_mode & 0o100))
            elif not any(path.iterdir()):
                listing[shown] = None
    return listing


A, B = Artifact("a", is_source=True), Artifact("b", is_source=True)
TREE = Artifact("tree", is_source=True, is_directory=True)
RUN = Artifact("tree/run", is_source=True)
OUT = Artifact("pybuild-out/k8/bin/out")
OUT_TREE = Artifact("pybuild-out/k8/bin/out", is_directory=True)


@pytest.mark.parametrize(
    "name, arguments, out",
    [
        ("write", ["--content", "hello\n", "--executable", "true", "--out", OUT], OUT),
        ("copy", ["--from", B, "--out", OUT], OUT),
        ("copy", ["--from", RUN, "--out", OUT], OUT),
        ("copy", ["--from", TREE, "--out", OUT_TREE], OUT_TREE),
        ("concat", ["--from", A, "--from", B, "--from", A, "--out", OUT], OUT),
        ("expand_template", ["--template", A, "--substitutions", '{"{NAME}": "x"}', "--out", OUT], OUT),
    ],
)
def test_both_contexts_give_the_same_bytes(
    inputs: Path, name: str, arguments: Sequence[str | Artifact], out: Artifact
) -> None:
    stored = over_the_store(inputs, name, arguments, out)
    assert stored
    assert over_files(inputs, name, arguments, out) == stored


def test_a_layer_is_the_same_in_both_contexts(inputs: Path) -> None:
    flags: list[str | Artifact] = [
        "--entry", '{"path": "etc/b", "mode": 384}', "--source", B,
        "--entry", '{"path": "opt", "type": "tree"}', "--source", TREE,
    ]  # fmt: skip
    outs = [Artifact(f"pybuild-out/k8/bin/{name}") for name in ("layer", "metadata", "entries")]
    for out in outs:
        flags += ["--" + out.path.rpartition("/")[2], out]
    stored = over_the_store(inputs, "tar_layer", flags, *outs)
    assert len(stored) == 3
    assert over_files(inputs, "tar_layer", flags, *outs) == stored


def test_a_copied_tree_has_the_digest_of_its_input(inputs: Path) -> None:
    store = LocalStore(inputs.parent / "cache")
    sources = WorkspaceSources({"": str(inputs)}, store)
    value = sources.value(TREE)
    graph = ActionGraph()
    graph.add(
        Action(
            "//t",
            "Copy",
            (OP_EXECUTABLE, operation_key("copy"), "--from", PathArgument(TREE), "--out", PathArgument(OUT_TREE)),
            Depset([TREE]),
            (OUT_TREE,),
        )
    )
    executor = Executor(store, NoCache(), sources, OpRunner(store, operations()), LocalRunner(store))
    assert executor.execute(graph, [OUT_TREE]).values[OUT_TREE] == value
    store.close()


def test_the_command_itself(inputs: Path) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join(one for one in (os.getcwd(), os.environ.get("PYTHONPATH", "")) if one)
        return subprocess.run(
            [sys.executable, "-m", "rulesengine.ops.command", *arguments],
            cwd=inputs, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": path},
        )  # fmt: skip

    done = run(operation_key("write"), "--content", "x", "--out", "deep/er/out")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (inputs / "deep/er/out").read_text() == "x"
    done = run("write@0", "--content", "x", "--out", "o")
    assert done.returncode == 2 and "same version" in done.stderr
    done = run("copy", "--from", "gone", "--out", "o")
    assert done.returncode == 1 and "gone" in done.stderr and "Traceback" not in done.stderr
    done = run()
    assert done.returncode == 2 and "usage" in done.stderr and "tar_layer" in done.stderr


def test_errors_of_the_library_call(inputs: Path) -> None:
    with pytest.raises(UsageError, match="usage"):
        command.run([])
    with pytest.raises(MissingInputError):
        command.run(["concat", "--from", "gone", "--out", "o"], str(inputs))
    assert not (inputs / "o").exists()
    with pytest.raises(RulesEngineError, match="this worker cannot fetch"):
        command.run(
            ["fetch", "--sha256", "0" * 64, "--size", "1", "--kind", "http", "--path", "p", "--out", "o"], str(inputs)
        )
