"""Workspace as a library: places, the link, taking turns, cancelling, threads, typed results."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from rulesengine.errors import ExecutionError, InterruptedBuild, UsageError, WorkspaceBusyError, WorkspaceError
from rulesengine.model.events import ActionStarted, Event, Message, WaitingForWorkspace
from rulesengine.workspace import CancelToken, Workspace, link
from rulesengine.workspace.exclusive import exclusive
from rulesengine.workspace.host import host_platform
from rulesengine.workspace.places import default_cache, find_root

BUILD = """
genrule(name = "g", srcs = ["x.txt"], outs = ["out"], cmd = "cat $< > $@")
genrule(name = "slow", outs = ["slow.out"], cmd = "sleep 30; touch $@")
genrule(name = "bad", outs = ["bad.out"], cmd = "exit 3")
alias(name = "other", actual = ":g")
filegroup(name = "source", srcs = ["x.txt"])
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "a").mkdir(parents=True)
    (root / "MODULE.bazel").write_text("")
    (root / "a/BUILD").write_text(BUILD)
    (root / "a/x.txt").write_text("x\n")
    return root


@pytest.fixture
def workspace(root: Path, tmp_path: Path) -> Workspace:
    return Workspace(root / "a", cache=tmp_path / "cache")


def test_typed_results(workspace: Workspace, root: Path, capfd: pytest.CaptureFixture[str]) -> None:
    result = workspace.build("//a:g", "//a:other", "//a:source")
    assert result.ok
    assert (result.actions, result.actions_run, result.actions_cached, result.actions_failed) == (1, 1, 0, 0)
    assert [one.label for one in result.targets] == ["//a:g", "//a:other", "//a:source"]
    (output,) = result.targets[0].outputs
    assert output.path == str(root / "pybuild-bin/a/out")
    assert Path(output.path).read_text() == "x\n"
    assert (output.name, output.size, output.directory, output.image) == ("a/out", 2, False, None)
    assert result.targets[1].outputs == (output,)
    assert result.targets[2].outputs[0].path == str(root / "a/x.txt")
    assert workspace.build("//a:g").actions_run == 0
    assert capfd.readouterr() == ("", "")


def test_failures(workspace: Workspace) -> None:
    with pytest.raises(ExecutionError, match="exit code 3"):
        workspace.build("//a:g", "//a:bad")
    result = workspace.build("//a:bad", "//a:g", keep_going=True)
    assert not result.ok
    assert [one.failed for one in result.targets] == [True, False]
    assert [one.label for one in result.errors] == ["//a:bad"]
    with pytest.raises(UsageError, match="no target"):
        workspace.build()
    with pytest.raises(UsageError, match="jobs is 0"):
        workspace.build("//a:g", jobs=0)


def test_another_platform_has_outputs_of_its_own(workspace: Workspace) -> None:
    here = workspace.build("//a:g", platform="linux/s390x").targets[0]
    assert here.configuration == "linux-s390x"
    assert "linux-s390x" in os.path.realpath(here.outputs[0].path)
    default = workspace.build("//a:g").targets[0]
    assert default.configuration == host_platform().mnemonic
    assert os.readlink(Path(workspace.root) / "pybuild-bin").endswith(f"/pybuild-out/{default.configuration}/bin")


def test_cancelling(workspace: Workspace) -> None:
    started = threading.Event()

    def listen(event: Event) -> None:
        if isinstance(event, ActionStarted):
            started.set()

    caught: list[BaseException] = []

    def build() -> None:
        try:
            workspace.build("//a:slow", listener=listen)
        except InterruptedBuild as fault:
            caught.append(fault)

    thread = threading.Thread(target=build)
    thread.start()
    assert started.wait(30)
    begun = time.monotonic()
    workspace.cancel()
    thread.join(10)
    assert time.monotonic() - begun < 5
    assert len(caught) == 1
    assert workspace.build("//a:g").ok
    token = CancelToken()
    token.cancel()
    with pytest.raises(InterruptedBuild):
        workspace.build("//a:g", cancel=token)


def test_two_threads(workspace: Workspace, root: Path, tmp_path: Path) -> None:
    second = tmp_path / "second"
    (second / "a").mkdir(parents=True)
    for name in ("MODULE.bazel", "a/BUILD", "a/x.txt"):
        (second / name).write_bytes((root / name).read_bytes())
    other = Workspace(second, cache=workspace.cache)
    digests: list[str] = []

    def build(one: Workspace) -> None:
        digests.append(str(one.build("//a:g").targets[0].outputs[0].digest))

    threads = [threading.Thread(target=build, args=(one,)) for one in (workspace, workspace, other, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(digests) == 4
    assert len(set(digests)) == 1


def test_taking_turns(tmp_path: Path) -> None:
    path = str(tmp_path / "base/lock")
    token = CancelToken()
    events: list[Event] = []
    with exclusive(path, wait=True, cancel=token, listener=events.append):
        with pytest.raises(WorkspaceBusyError), exclusive(path, wait=False, cancel=token, listener=None):
            raise AssertionError
        waiting = CancelToken()
        threading.Timer(0.2, waiting.cancel).start()
        with pytest.raises(InterruptedBuild), exclusive(path, wait=True, cancel=waiting, listener=events.append):
            raise AssertionError
    assert events == [WaitingForWorkspace(os.getpid())]
    with exclusive(path, wait=False, cancel=token, listener=None):
        pass


# ---- places ---------------------------------------------------------------------


def test_the_root_is_found_upwards(root: Path, tmp_path: Path) -> None:
    (root / "a/b/c").mkdir(parents=True)
    assert find_root(str(root / "a/b/c")) == str(root)
    with pytest.raises(WorkspaceError, match=r"no MODULE\.bazel in") as caught:
        find_root(str(tmp_path))
    assert caught.value.exit_code == 2
    with pytest.raises(WorkspaceError, match="no such directory"):
        find_root(str(tmp_path / "missing"))


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"PYBUILD_CACHE": "/c", "XDG_CACHE_HOME": "/x", "HOME": "/h"}, "/c"),
        ({"XDG_CACHE_HOME": "/x", "HOME": "/h"}, "/x/pybuild"),
        ({"XDG_CACHE_HOME": "relative", "HOME": "/h"}, "/h/.cache/pybuild"),
        ({"PYBUILD_CACHE": "", "HOME": "/h"}, "/h/.cache/pybuild"),
    ],
)
def test_the_cache_and_where_the_front_looks_for_its_index(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], expected: str
) -> None:
    from rulesengine.cli.entry import noop_directory

    for name in ("PYBUILD_CACHE", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert default_cache(environment) == expected
    assert noop_directory() == expected + "/noop"


def test_the_users_own_pybuild_bin_is_left_alone(workspace: Workspace, root: Path) -> None:
    mine = root / "pybuild-bin"
    for make in (mine.mkdir, lambda: mine.write_text("mine"), lambda: mine.symlink_to("a")):
        make()
        events: list[Event] = []
        result = workspace.build("//a:g", listener=events.append)
        warnings = [one.text for one in events if isinstance(one, Message) and one.level == "warning"]
        assert len([text for text in warnings if "which is left alone" in text]) == 1
        assert Path(result.targets[0].outputs[0].path).read_text() == "x\n"
        assert not link.remove(str(root))
        assert os.path.lexists(mine)
        if mine.is_dir() and not mine.is_symlink():
            mine.rmdir()
        else:
            mine.unlink()
    assert workspace.build("//a:g").link == str(mine)
    workspace.clean()
    assert not os.path.lexists(mine)


def test_links_are_made_left_or_taken_away(workspace: Workspace, root: Path) -> None:
    shown = root / "pybuild-bin"
    (output,) = workspace.build("//a:g", links="ignore").targets[0].outputs
    assert not shown.is_symlink()
    assert Path(output.path).read_text() == "x\n"
    workspace.build("//a:g")
    assert shown.is_symlink()
    workspace.build("//a:g", links="ignore")
    assert shown.is_symlink()
    workspace.build("//a:g", links="clean")
    assert not shown.is_symlink()


def test_the_links_are_called_as_is_asked_for(workspace: Workspace, root: Path) -> None:
    (output,) = workspace.build("//a:g", symlink_prefix="made/by-").targets[0].outputs
    assert Path(output.path).is_relative_to(root / "made/by-bin")
    assert Path(output.path).read_text() == "x\n"
    assert (root / "made/by-bin").is_symlink()
    assert not (root / "pybuild-bin").is_symlink()
    workspace.build("//a:g", symlink_prefix="made/by-", links="clean")
    assert not (root / "made/by-bin").is_symlink()
    workspace.build("//a:g", symlink_prefix="/")
    assert [one.name for one in root.iterdir() if one.is_symlink()] == []


def test_the_callers_environment_reaches_actions_that_ask(
    workspace: Workspace, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "a/BUILD").write_text('genrule(name = "e", outs = ["e.out"], cmd = "echo $${GIVEN-none} > $@")\n')
    for value in ("one", "two"):
        monkeypatch.setenv("GIVEN", value)
        result = workspace.build("//a:e", action_env=["GIVEN"])
        assert Path(result.targets[0].outputs[0].path).read_text() == f"{value}\n"
        assert result.looked_at is None  # else the no-op index would not see the next value
    assert Path(workspace.build("//a:e").targets[0].outputs[0].path).read_text() == "none\n"
