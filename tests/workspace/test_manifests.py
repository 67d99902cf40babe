"""The manifests that stand with a program's runfiles: there, right and the same after every kind of build."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

_RULES = """
def _impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.write(out, "#!/bin/sh\\n", is_executable = True)
    return [DefaultInfo(executable = out, runfiles = ctx.runfiles(ctx.files.data, root_symlinks = {
        name: ctx.files.data[0] for name in ctx.attr.names
    }))]

prog = rule(
    implementation = _impl,
    attrs = {"data": attr.label_list(allow_files = True), "names": attr.string_list()},
    executable = True,
)
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "a").mkdir(parents=True)
    (root / "MODULE.bazel").write_text('module(name = "m")\n')
    (root / "a/d.bzl").write_text(_RULES)
    (root / "a/BUILD").write_text('load(":d.bzl", "prog")\n\nprog(name = "p", data = ["x.txt"])\n')
    (root / "a/x.txt").write_text("x\n")
    return root


def build(root: Path, *words: str) -> str:
    """A build in a process of its own, as only such a one keeps an index; what it says."""
    done = subprocess.run(
        [sys.executable, "-m", "rulesengine", "--ignore_all_rc_files", "-C", str(root), *(words or ("build", "//a:p"))],
        env={
            **os.environ,
            "PYBUILD_CACHE": str(root.parent / "cache"),
            "PYTHONPATH": str(Path(__file__).parents[2]),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


def check(root: Path, *places: str) -> None:
    """Both manifests name these places, and each line leads to its file."""
    beside = root / "pybuild-bin/a/p.runfiles_manifest"
    text = beside.read_text()
    assert (root / "pybuild-bin/a/p.runfiles/MANIFEST").read_text() == text
    lines = dict(line.split(" ", 1) for line in text.splitlines())
    assert sorted(lines) == sorted((*places, "_main/a/p", "_repo_mapping"))
    assert all(Path(path).is_file() and os.path.isabs(path) for path in lines.values())
    assert (
        (root / "pybuild-bin/a/p.repo_mapping").read_text() == ",m,_main\n" == Path(lines["_repo_mapping"]).read_text()
    )


def test_after_each_kind_of_build(root: Path) -> None:
    build(root)
    check(root, "_main/a/x.txt")
    assert "0 run" in build(root)
    check(root, "_main/a/x.txt")
    (root / "a/x.txt").write_text("changed\n")  # sources alone: no loading
    build(root)
    check(root, "_main/a/x.txt")
    assert (root / "pybuild-bin/a/p.runfiles/_main/a/x.txt").read_text() == "changed\n"
    for name in ("p.runfiles/MANIFEST", "p.runfiles_manifest", "p.repo_mapping"):
        path = root / "pybuild-bin/a" / name
        path.unlink()
        path.write_text("edited\n")
        build(root)
        check(root, "_main/a/x.txt")
    (root / "a/BUILD").write_text(
        'load(":d.bzl", "prog")\n\nprog(name = "p", data = ["x.txt", "y.txt"], names = ["r"])\n'
    )
    (root / "a/y.txt").write_text("y\n")
    build(root)
    check(root, "_main/a/x.txt", "_main/a/y.txt", "r")
    build(root, "build", "--check_up_to_date", "//a:p")


def test_names_with_spaces_are_written_as_bazel_does(root: Path) -> None:
    (root / "a/BUILD").write_text(
        'load(":d.bzl", "prog")\n\nprog(name = "p", data = ["x.txt"], names = ["s t", "b\\\\c", "s\\\\ u"])\n'
    )
    build(root)
    tree = os.path.realpath(root / "pybuild-bin/a") + "/p.runfiles"
    lines = (root / "pybuild-bin/a/p.runfiles_manifest").read_text().replace(tree, "TREE").splitlines()
    assert lines == [
        "_main/a/p TREE/_main/a/p",
        "_main/a/x.txt TREE/_main/a/x.txt",
        "_repo_mapping TREE/_repo_mapping",
        "b\\c TREE/b\\c",
        " s\\st TREE/s t",
        " s\\b\\su TREE/s\\b u",
    ]


def test_they_go_with_their_target(root: Path) -> None:
    build(root)
    (root / "a/BUILD").write_text('load(":d.bzl", "prog")\n\nprog(name = "q", data = ["x.txt"])\n')
    build(root, "build", "//a:all")
    assert sorted(os.listdir(root / "pybuild-bin/a")) == ["q", "q.repo_mapping", "q.runfiles", "q.runfiles_manifest"]


def test_what_a_rule_puts_there_itself_stays(root: Path) -> None:
    (root / "a/BUILD").write_text(
        'load(":d.bzl", "prog")\n\nprog(name = "p", data = ["x.txt"], names = ["MANIFEST"])\n'
    )
    build(root)
    assert (root / "pybuild-bin/a/p.runfiles/MANIFEST").read_text() == "x\n"
    (root / "a/x.txt").write_text("changed\n")
    build(root)
    assert (root / "pybuild-bin/a/p.runfiles/MANIFEST").read_text() == "changed\n"
    assert not (root / "pybuild-bin/a/p.runfiles_manifest").exists()
