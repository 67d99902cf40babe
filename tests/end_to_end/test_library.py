"""`from rulesengine import Workspace`: typed results, quiet, and safe to use from several threads."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rulesengine import Workspace
from rulesengine.errors import InterruptedBuild, NoSuchTargetError, RulesEngineError, WorkspaceError
from tests.end_to_end.command import PLATFORMS, STATIC, Pybuild, copy_workspace
from tests.end_to_end.conftest import Hello


@pytest.fixture
def workspace(hello: Hello, pybuild: Pybuild, tmp_path: Path) -> Workspace:
    return Workspace(copy_workspace(hello.root, tmp_path / "copy"), cache=pybuild.cache, output_base=tmp_path / "out")


@pytest.mark.live
def test_typed_results_and_silence(hello: Hello, workspace: Workspace, capfd: pytest.CaptureFixture[str]) -> None:
    before = (os.getcwd(), dict(os.environ), signal.getsignal(signal.SIGINT), threading.active_count(), os.umask(0o22))
    os.umask(before[-1])
    result = workspace.build(STATIC)
    assert result.ok
    (target,) = result.targets
    assert target.label == STATIC
    image = target.image
    assert image is not None
    assert str(image.digest) == hello.digest
    assert [one.platform for one in image.platforms] == list(PLATFORMS)
    assert all(one.size > 100_000 for one in image.platforms)
    assert Path(target.outputs[0].path, "index.json").is_file()
    assert (result.actions_run, result.actions_failed, result.errors) == (0, 0, ())
    assert result.actions_cached == hello.build.summary.actions
    # No output, and nothing of the process's own changed (DESIGN 2.8).
    assert capfd.readouterr() == ("", "")
    after = (os.getcwd(), dict(os.environ), signal.getsignal(signal.SIGINT), threading.active_count(), os.umask(0o22))
    os.umask(after[-1])
    assert after == before


@pytest.mark.live
def test_two_threads_and_one_workspace(hello: Hello, workspace: Workspace) -> None:
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(workspace.build, [STATIC, "//base:all"]))
    assert all(one.ok for one in results)
    digests = {
        str(target.image.digest) for one in results for target in one.targets if target.image and target.label == STATIC
    }
    assert digests == {hello.digest}


@pytest.mark.live
def test_two_threads_and_two_workspaces(hello: Hello, pybuild: Pybuild, tmp_path: Path) -> None:
    """From one cache, cold, at once: no action is lost and none is made wrong."""

    def build(name: str) -> str:
        root = copy_workspace(hello.root, tmp_path / name)
        image = Workspace(root, cache=tmp_path / "cache").build(STATIC).targets[0].image
        assert image is not None
        return str(image.digest)

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(build, ["one", "two"])) == [hello.digest] * 2


@pytest.mark.live
def test_errors_are_typed(workspace: Workspace, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(NoSuchTargetError) as caught:
        workspace.build("//base:sttaic")
    assert caught.value.exit_code == 1
    assert caught.value.hint is not None
    assert "static" in caught.value.hint
    with pytest.raises(WorkspaceError):
        Workspace(tmp_path)
    with pytest.raises(RulesEngineError):
        workspace.build()
    assert capfd.readouterr() == ("", "")


def test_cancelling_from_another_thread(tmp_path: Path) -> None:
    (tmp_path / "MODULE.bazel").write_text("")
    (tmp_path / "BUILD").write_text('genrule(name = "slow", outs = ["slow.txt"], cmd = "sleep 30 > $@")\n')
    workspace = Workspace(tmp_path, cache=tmp_path / "cache")
    threading.Timer(1.0, workspace.cancel).start()
    started = time.monotonic()
    with pytest.raises(InterruptedBuild):
        workspace.build("//:slow")
    assert time.monotonic() - started < 10
    workspace.build("//:slow", execute=False)


def test_import_costs_little_and_starts_nothing() -> None:
    """What is slow to import is imported where it is used (DESIGN 7)."""
    code = "import sys, rulesengine; from rulesengine import Workspace; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert not loaded & {"networkx", "urllib3", "pysequoia", "zstandard", "diskcache", "sqlite3", "google", "starlark"}
