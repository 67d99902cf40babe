"""What lint finds, by a small file for each kind of finding; the line of the fault ends in `# here`."""

from __future__ import annotations

from pathlib import Path

import pytest

from rulesengine.errors import UsageError
from rulesengine.lint.warnings import NAMES, WARNINGS, chosen
from rulesengine.workspace import Workspace

ONE_EACH = {
    ("unused-load", "a.bzl"): 'load("//:lib.bzl", "used", "other")  # here\n\nX = used\n',
    ("undefined-name", "a.bzl"): "def f():\n    return [undefined]  # here\n",
    ("unused-variable", "a.bzl"): "def f():\n    x = 1  # here\n    return 2\n",
    ("redefined-name", "a.bzl"): "X = 1\nX = 2  # here\n",
    ("shadowed-builtin", "a.bzl"): "len = 3  # here\n",
    ("unreachable", "a.bzl"): "def f():\n    return 1\n    f()  # here\n",
    ("return-value", "a.bzl"): "def f(x):  # here\n    if x:\n        return 1\n",
    ("uninitialized", "a.bzl"): "def f(x):\n    if x:\n        y = 1\n    return y  # here\n",
    ("duplicated-key", "a.bzl"): 'X = {\n    "a": 1,\n    "a": 2,  # here\n}\n',
    ("integer-division", "a.bzl"): "def f(x):\n    return x / 2  # here\n",
    ("ctx-actions", "a.bzl"): 'def f(ctx):\n    return ctx.new_file("x")  # here\n',
    ("depset-iteration", "a.bzl"): "def f(x):\n    d = depset(x)\n    return [y for y in d]  # here\n",
    ("depset-union", "a.bzl"): "def f(x):\n    d = depset(x)\n    return d + x  # here\n",
    ("depset-items", "a.bzl"): "def f(x):\n    return depset(items = x)  # here\n",
    ("string-iteration", "a.bzl"): 'X = [c for c in "abc"]  # here\n',
    ("string-escape", "a.bzl"): 'X = "a\\d"  # here\n',
    ("mutable-default", "a.bzl"): "def f(x = []):\n    x.append(1)  # here\n    return x\n",
    ("no-effect", "a.bzl"): "def f(x):\n    x == 1  # here\n",
    ("print", "a.bzl"): 'def f(x):\n    print("x", x)  # here\n',
    ("unused-parameter", "a.bzl"): "def f(x):  # here\n    return 1\n",
    ("load-on-top", "a.bzl"): 'X = 1\nload("//:lib.bzl", "used")  # here\n\nY = used\n',
    ("native-build", "p/BUILD"): 'native.filegroup(name = "x")  # here\n',
    ("constant-glob", "p/BUILD"): 'filegroup(\n    name = "x",\n    srcs = glob(["BUILD"]),  # here\n)\n',
    ("package-on-top", "p/BUILD"): 'filegroup(name = "x")\npackage(default_testonly = True)  # here\n',
    ("syntax", "p/BUILD"): 'filegroup(name = "x"))  # here\n',
}


def workspace(root: Path, **files: str) -> Workspace:
    """A workspace with `lib.bzl` and these files."""
    base = {"MODULE.bazel": 'module(name = "m")\n', "BUILD": "", "lib.bzl": "used = 1\n\nother = 2\n"}
    for name, text in {**base, **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Workspace(root, cache=root / ".cache")


@pytest.mark.parametrize(("name", "file"), ONE_EACH)
def test_each_kind_is_found_at_its_line(name: str, file: str, tmp_path: Path) -> None:
    text = ONE_EACH[name, file]
    line = next(number for number, content in enumerate(text.split("\n"), 1) if "# here" in content)
    found = workspace(tmp_path, **{file: text}).lint(warnings=["all,-docstring-missing"])
    assert [(one.warning, one.location.path, one.location.line) for one in found if one.warning == name] == [
        (name, file, line)
    ]
    assert found[0].location.column > 0
    assert {one.warning for one in found} - {name, "unused-parameter"} == set()


@pytest.mark.parametrize("tool", ["lint", "buildifier"])
def test_comments_switch_findings_off(tool: str, tmp_path: Path) -> None:
    text = f'load("//:lib.bzl", "other")  # {tool}: disable=load\n\n# {tool}: disable=print, no-effect\nprint("x")\n'
    assert workspace(tmp_path, **{"p/BUILD": text}).lint() == []


def test_a_comment_is_for_its_own_statement_only(tmp_path: Path) -> None:
    text = '# lint: disable=print\nprint("x")\nprint("y")\n'
    assert [one.location.line for one in workspace(tmp_path, BUILD=text).lint()] == [3]


def test_warnings_are_chosen() -> None:
    default = chosen([])
    assert "unused-load" in default
    assert "unused-parameter" not in default
    assert chosen(["+unused-parameter"]) == default | {"unused-parameter"}
    assert chosen(["-load", "-print"]) == default - {"unused-load", "print"}
    assert chosen(["print"]) == {"print"}
    assert chosen(["all"]) == set(NAMES.values())
    assert chosen(["all,-print"]) == chosen(["all"]) - {"print"}
    with pytest.raises(UsageError, match="'prnt'") as caught:
        chosen(["prnt"])
    assert caught.value.hint == "did you mean 'print'?"


def test_the_table_is_sorted() -> None:
    names = [one.name for one in WARNINGS]
    assert names == sorted(names)
