"""explain TARGET: up to date, what would run and why, why it last ran; what the history keeps and what not."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from rulesengine.errors import UsageError
from rulesengine.workspace import Workspace

BZL = """
def _impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.run_shell(
        outputs = [out], inputs = ctx.files.srcs, command = "cat %s > %s" % (ctx.files.srcs[0].path, out.path),
        env = {"MODE": ctx.attr.mode, "MY_TOKEN": ctx.attr.token},
    )
    return [DefaultInfo(files = depset([out]))]

cat = rule(implementation = _impl, attrs = {
    "srcs": attr.label_list(allow_files = True), "mode": attr.string(default = "a"), "token": attr.string(),
})
"""
BUILD = """
load(":d.bzl", "cat")
cat(name = "low", srcs = ["x.txt"])
cat(name = "high", srcs = [":low"])
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "a").mkdir(parents=True)
    for path, text in {"MODULE.bazel": "", "a/BUILD": BUILD, "a/d.bzl": BZL, "a/x.txt": "x\n"}.items():
        (root / path).write_text(text)
    return root


@pytest.fixture
def workspace(root: Path, tmp_path: Path) -> Workspace:
    return Workspace(root, cache=tmp_path / "cache")


def history(workspace: Workspace) -> Path:
    return Path(workspace.output_base, "history")


def causes(workspace: Workspace, label: str = "//a:high") -> list[tuple[str, str]]:
    return [(one.kind, one.what) for one in workspace.explain(label).causes]


def test_first_builds_and_edits(workspace: Workspace, root: Path) -> None:
    found = workspace.explain("//a:high")
    assert found.status == "//a:high is not up to date: 2 actions would run"
    assert [one.kind for one in found.causes] == ["first"]
    workspace.build("//a:high")
    assert workspace.explain("//a:high").status == "//a:high is up to date: nothing would run"
    (root / "a/x.txt").write_text("y\n")
    assert causes(workspace) == [("source", "a/x.txt")]
    assert "2 actions would run" in workspace.explain("//a:high").status
    workspace.build("//a:high")
    found = workspace.explain("//a:high")
    assert "up to date" in found.status
    assert "ran in build 2" in found.changes[0].note
    assert causes(workspace) == [("source", "a/x.txt")]
    (root / "a/x.txt").write_text("x\n")
    found = workspace.explain("//a:high")
    assert found.status == "//a:high is not up to date: nothing would run, 2 results would come from the cache"


@pytest.mark.parametrize(
    ("path", "edit", "wanted"),
    [
        ("a/BUILD", ('"low", ', '"low", mode = "b", '), ("environment", "MODE")),
        ("a/d.bzl", ('"cat %s', '"cat  %s'), ("rule", "cat, implemented in a/d.bzl")),
    ],
)
def test_other_causes(
    workspace: Workspace, root: Path, path: str, edit: tuple[str, str], wanted: tuple[str, str]
) -> None:
    workspace.build("//a:high")
    text = (root / path).read_text()
    (root / path).write_text(text.replace(*edit))
    assert wanted in causes(workspace, "//a:low")
    workspace.build("//a:high")
    assert wanted in causes(workspace, "//a:low")


def test_the_cache_is_lost(workspace: Workspace, tmp_path: Path) -> None:
    workspace.build("//a:low")
    shutil.rmtree(tmp_path / "cache/ac")
    assert causes(workspace, "//a:low") == [("cache", "")]


def test_an_output_is_edited(workspace: Workspace, root: Path) -> None:
    workspace.build("//a:low")
    output = root / "pybuild-bin/a/low.txt"
    output.chmod(0o644)
    text = output.read_text()
    output.unlink()
    output.write_text(text + "by hand\n")
    assert ("output", "a/low.txt") in causes(workspace, "//a:low")
    workspace.build("//a:low")
    assert "up to date: nothing" in workspace.explain("//a:low").status


def test_a_build_without_news_writes_nothing(workspace: Workspace) -> None:
    workspace.build("//a:high")
    before = history(workspace).read_bytes(), os.stat(history(workspace)).st_mtime_ns
    workspace.build("//a:high")
    assert (history(workspace).read_bytes(), os.stat(history(workspace)).st_mtime_ns) == before


def test_credentials_stay_out(workspace: Workspace, root: Path) -> None:
    text = BUILD.replace('"low", ', '"low", token = "s3cr3t-value", mode = "http://me:pa55word@company.test/", ')
    (root / "a/BUILD").write_text(text)
    workspace.build("//a:low")
    kept = history(workspace).read_bytes()
    assert b"//a:low" in kept
    assert b"s3cr3t" not in kept
    assert b"pa55word" not in kept


def test_a_workspace_without_history(workspace: Workspace) -> None:
    with pytest.raises(UsageError, match="no history"):
        workspace.explain_digest("abcdef", "fedcba")
    workspace.build("//a:low")
    history(workspace).write_bytes(b"rubbish\n" * 100)
    with pytest.raises(UsageError, match="no history"):
        workspace.explain_digest("abcdef", "fedcba")
    assert "would run" in workspace.explain("//a:high").status
