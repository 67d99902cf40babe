"""affected --since: never too few targets, whatever is edited, and not absurdly many."""

from __future__ import annotations

import os
import random
import subprocess
from pathlib import Path

import pytest

from rulesengine.errors import UsageError, WorkspaceError
from rulesengine.workspace import Workspace

BZL = """
load("//rules:more.bzl", "WORD")

def _impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    args = ["--out", out.path]
    for file in ctx.files.srcs + ctx.files.deps:
        args += ["--from", file.path]
    note = ctx.actions.declare_file(ctx.label.name + ".note")
    ctx.actions.write(note, WORD)
    args += ["--from", note.path]
    ctx.actions.run(
        outputs = [out], inputs = ctx.files.srcs + ctx.files.deps + [note], executable = op("concat"), arguments = args,
    )
    return [DefaultInfo(files = depset([out]))]

cat = rule(
    implementation = _impl,
    attrs = {"srcs": attr.label_list(allow_files = True), "deps": attr.label_list(), "_extra": attr.label(
        default = "//rules:extra.txt", allow_single_file = True)},
)

def many(names, **kwargs):
    for name in names:
        cat(name = name, **kwargs)
"""

FILES = {
    "MODULE.bazel": "",
    "rules/BUILD": 'exports_files(["extra.txt"])\n',
    "rules/extra.txt": "extra\n",
    "rules/defs.bzl": BZL,
    "rules/more.bzl": 'WORD = "word\\n"\n',
    "a/BUILD": 'load("//rules:defs.bzl", "cat")\n'
    'cat(name = "one", srcs = ["x.txt"], visibility = ["//visibility:public"])\n'
    'cat(name = "all", srcs = glob(["*.md"], allow_empty = True))\n',
    "a/x.txt": "x\n",
    "a/y.md": "y\n",
    "b/BUILD": 'load("//rules:defs.bzl", "many")\nmany(native.read_json("names.json"), deps = ["//a:one"])\n'
    'genrule(name = "plain", outs = ["plain.txt"], cmd = "echo plain > $@")\n',
    "b/names.json": '["p", "q"]\n',
    "c/BUILD": 'filegroup(name = "files", srcs = ["data.txt"])\nfilegroup(name = "above", srcs = [":files"])\n',
    "c/data.txt": "data\n",
}


def git(root: Path, *words: str) -> str:
    environment = {
        **os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null",
        "GIT_AUTHOR_NAME": "n", "GIT_AUTHOR_EMAIL": "n@company.test",
        "GIT_COMMITTER_NAME": "n", "GIT_COMMITTER_EMAIL": "n@company.test",
    }  # fmt: skip
    return subprocess.run(["git", *words], cwd=root, check=True, capture_output=True, text=True, env=environment).stdout


def commit(root: Path) -> str:
    git(root, "add", "-A")
    git(root, "commit", "-qm", "now", "--allow-empty")
    return git(root, "rev-parse", "HEAD").strip()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    for path, text in FILES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    (root / ".gitignore").write_text("pybuild-*\n")
    git(root, "init", "-q")
    commit(root)
    return root


@pytest.fixture
def workspace(root: Path, tmp_path: Path) -> Workspace:
    return Workspace(root, cache=tmp_path / "cache")


def labels(workspace: Workspace, since: str = "HEAD") -> list[str]:
    return [one.label for one in workspace.affected(since).targets]


EVERY = ["//a:all", "//a:one", "//b:p", "//b:plain", "//b:q", "//c:above", "//c:files"]


@pytest.mark.parametrize(
    ("path", "text", "wanted"),
    [
        ("a/x.txt", "other\n", ["//a:one", "//b:p", "//b:q"]),
        ("a/new.md", "new\n", ["//a:all"]),
        ("a/y.md", None, ["//a:all"]),
        ("a/unused.txt", "unused\n", []),
        ("a/BUILD", "# a comment\n" + FILES["a/BUILD"], []),
        ("a/BUILD", FILES["a/BUILD"].replace('"x.txt"]', '"x.txt", "y.md"]'), ["//a:one", "//b:p", "//b:q"]),
        ("rules/more.bzl", 'WORD = "other\\n"\n', ["//a:all", "//a:one", "//b:p", "//b:q"]),
        ("rules/more.bzl", '# why\nWORD = "word\\n"  # because\n', []),
        ("rules/extra.txt", "more\n", ["//a:all", "//a:one", "//b:p", "//b:q"]),
        ("b/names.json", '["p", "r"]\n', ["//b:r"]),
        ("c/data.txt", None, ["//c:above", "//c:files"]),
        ("MODULE.bazel", 'module(name = "m")\n', EVERY),
        ("MODULE.bazel", "# nothing\n", []),
        ("README", "read me\n", []),
    ],
)  # fmt: skip
def test_one_edit(workspace: Workspace, root: Path, path: str, text: str | None, wanted: list[str]) -> None:
    if text is None:
        (root / path).unlink()
    else:
        (root / path).write_text(text)
    assert labels(workspace) == wanted
    git(root, "add", "-A")  # staged is changed too
    assert labels(workspace) == wanted
    commit(root)
    assert labels(workspace) == []
    assert labels(workspace, "HEAD~1") == wanted


def test_kinds_tests_and_reasons(workspace: Workspace, root: Path) -> None:
    (root / "c/BUILD").write_text(
        FILES["c/BUILD"] + 'genrule(name = "g", srcs = [":files"], outs = ["g.txt"], cmd = "cp $< $@")\n'
    )
    (root / "c/data.txt").write_text("other\n")
    found = workspace.affected("HEAD", kind="genrule")
    assert [(one.label, one.kind, one.reason) for one in found.targets] == [("//c:g", "genrule rule", "new")]
    assert found.changed == ("c/BUILD", "c/data.txt")
    assert workspace.affected("HEAD", tests=True).targets == ()
    assert [one.label for one in workspace.affected("HEAD", "//a/...").targets] == []
    reasons = {one.label: one.reason for one in workspace.affected("HEAD").targets}
    assert reasons["//c:files"] == "it depends on //c:data.txt"


def test_what_cannot_be_compared(workspace: Workspace, root: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such revision"):
        workspace.affected("nowhere")
    shallow = tmp_path / "shallow"
    commit(root)
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{root}", str(shallow))
    with pytest.raises(UsageError, match="no such revision") as raised:
        Workspace(shallow, cache=tmp_path / "cache").affected("HEAD~1")
    assert "shallow" in str(raised.value)
    bare = tmp_path / "bare"
    bare.mkdir()
    (bare / "MODULE.bazel").touch()
    with pytest.raises(WorkspaceError, match="no git repository"):
        Workspace(bare, cache=tmp_path / "cache").affected("HEAD")


def outputs(workspace: Workspace) -> dict[str, str]:
    """Digests of what a build makes of each target; nothing for one that fails."""
    result = workspace.build("//...", keep_going=True)
    return {
        one.label: " ".join(str(output.digest) for output in one.outputs) for one in result.targets if not one.failed
    }


@pytest.mark.parametrize("seed", range(4))
def test_never_too_few(workspace: Workspace, root: Path, seed: int) -> None:
    """Random edits: every target whose outputs differ between builds of the two trees is named."""
    chance = random.Random(seed)
    edits = [
        ("a/x.txt", "x"), ("a/n1.md", "n"), ("a/y.md", "y"), ("rules/extra.txt", "e"), ("c/data.txt", "d"),
        ("rules/more.bzl", None), ("b/names.json", None), ("a/BUILD", None), ("a/n1.md", ""), ("c/BUILD", None),
    ]  # fmt: skip
    before = outputs(workspace)
    base = git(root, "rev-parse", "HEAD").strip()
    for step in range(4):
        for path, text in chance.sample(edits, 2):
            file = root / path
            if text == "":
                file.unlink(missing_ok=True)
            elif text is not None:
                file.write_text(f"{text} {chance.random()}\n")
            elif path.endswith("more.bzl"):
                file.write_text(f'WORD = "{chance.random()}"\n')
            elif path.endswith("json"):
                file.write_text(chance.choice(['["p"]\n', '["p", "q", "z"]\n', '["q"]\n']))
            elif path == "a/BUILD":
                file.write_text(FILES[path].replace('"x.txt"]', chance.choice(['"x.txt", "y.md"]', '"x.txt"]'])))
            else:
                file.write_text(FILES[path] + chance.choice(["", "# note\n", 'filegroup(name = "late")\n']))
        if step == 1:
            commit(root)
        now = outputs(workspace)
        named = set(labels(workspace, base))
        differ = {label for label, digests in now.items() if before.get(label) != digests}
        assert differ <= named, (seed, step, differ - named)
