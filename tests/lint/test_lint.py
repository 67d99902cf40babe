"""What lint finds, by a small file for each kind of finding; the line of the fault ends in `# here`."""

from __future__ import annotations

from pathlib import Path

import pytest

from rulesengine.errors import UsageError
from rulesengine.lint.builtins import signatures, stub
from rulesengine.lint.warnings import NAMES, WARNINGS, chosen
from rulesengine.workspace import Workspace

# fmt: off
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
    ("load-file", "p/BUILD"): 'load("//:none.bzl", "x")  # here\n\nx()\n',
    ("load-symbol", "p/BUILD"): 'load("//:lib.bzl", "usde")  # here\n\nusde()\n',
    (
        "attribute-unknown",
        "p/BUILD",
    ): 'genrule(\n    name = "x",\n    outs = ["y"],\n    comand = "",  # here\n    cmd = "",\n)\n',
    ("attribute-missing", "p/BUILD"): 'genrule(  # here\n    name = "x",\n    cmd = "",\n)\n',
    ("attribute-type", "p/BUILD"): 'filegroup(\n    name = "x",\n    srcs = "BUILD",  # here\n)\n',
    ("label-missing", "p/BUILD"): 'filegroup(\n    name = "x",\n    srcs = [\n        "//q:y",  # here\n    ],\n)\n',
    (
        "duplicated-name",
        "p/BUILD",
    ): 'filegroup(name = "x")\n\ngenrule(\n    name = "x",  # here\n    outs = ["y"],\n    cmd = "",\n)\n',
    ("positional-args", "p/BUILD"): 'filegroup("x")  # here\n',
    (
        "docstring-args",
        "a.bzl",
    ): 'def f(x):\n    """F.\n\n    Args:\n      x: a number\n      y: gone  # here\n    """\n    return x\n',
    ("docstring-missing", "a.bzl"): '"""A."""\n\ndef f(x):  # here\n    return x\n',
    ("type", "a.bzl"): 'X = 1\n\ndef f():\n    return "x".joyn([X])  # here\n',
    ("syntax", "p/BUILD"): 'filegroup(name = "x"))  # here\n',
}
# fmt: on


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
    off = "" if name == "docstring-missing" else ",-docstring-missing"
    found = workspace(tmp_path, **{file: text}).lint("//...", file, warnings=["all" + off])
    found = [one for one in found if one.location.path == file]
    assert [(one.warning, one.location.path, one.location.line) for one in found if one.warning == name] == [
        (name, file, line)
    ]
    assert found[0].location.column > 0
    assert {one.warning for one in found} - {name, "unused-parameter"} == set()
    assert text.split("\n")[line - 1] in found[0].location.excerpt


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


def test_every_warning_has_a_file_that_shows_it() -> None:
    assert {name for name, _ in ONE_EACH} == set(NAMES.values())


def test_the_table_is_sorted() -> None:
    names = [one.name for one in WARNINGS]
    assert names == sorted(names)


# ---- what other files define --------------------------------------------------

_RULES = '''"""Rules."""

MyInfo = provider(fields = ["a", "b"])

def _impl(ctx):
    return [MyInfo(a = ctx.attr.mode, c = 1)]  # field

_mine = rule(
    implementation = _impl,
    attrs = {
        "deps": attr.label_list(),
        "mode": attr.string(values = ["fast", "slow"], mandatory = True),
        "table": attr.string_dict(),
        "times": attr.int(),
    },
)

mine = _mine

def macro(name, size, *, kind = 1):
    """A macro."""
    mine(name = name, mode = "fast", times = size, table = {"x": str(kind)})
'''

_CALLS = """\
load("//:all.bzl", "macro", renamed = "mine")

renamed(
    name = "a",
    mode = "fats",  # mode
    table = ["x"],  # table
    times = "3",  # times
)

renamed(
    name = "b",
    deps = [
        ":a",
        ":c",
        ":aa",  # target
        "@elsewhere//:x",
        3,  # element
    ],
    mode = "fast",
    moed = "fast",  # unknown
)

renamed(name = "c")  # mandatory

macro(
    name = "d",
    size = 1,
    kin = 2,  # parameter
)

macro(name = "e")  # argument

renamed(
    name = "f",
    mode = select({"//conditions:default": "fast"}),
    tags = ["manual"],
    visibility = ["//visibility:public"],
)
"""


def test_calls_are_checked_against_what_they_call(tmp_path: Path) -> None:
    reexport = 'load("//:rules.bzl", _mine = "mine", _macro = "macro")\n\nmine = _mine\nmacro = _macro\n'
    made = workspace(tmp_path, **{"rules.bzl": _RULES, "all.bzl": reexport, "BUILD": _CALLS})
    lines = _CALLS.split("\n")
    found = {lines[one.location.line - 1].partition("# ")[2]: one for one in made.lint("BUILD")}
    assert {mark: one.warning for mark, one in found.items()} == {
        "mode": "attribute-type",
        "table": "attribute-type",
        "times": "attribute-type",
        "element": "attribute-type",
        "unknown": "attribute-unknown",
        "mandatory": "attribute-missing",
        "parameter": "attribute-unknown",
        "argument": "attribute-missing",
    }
    assert found["mode"].text == "mine: attribute 'mode' is 'fast' or 'slow', not 'fats'"
    assert found["unknown"].text == "mine has no attribute 'moed'; did you mean 'mode'?"
    assert [one.text for one in made.lint("rules.bzl")] == ["MyInfo has no field 'c'; its fields: a, b"]


def test_a_target_that_a_package_does_not_have(tmp_path: Path) -> None:
    text = 'filegroup(\n    name = "a",\n    srcs = ["//p:exist"],\n)\n'
    made = workspace(tmp_path, **{"BUILD": text, "p/BUILD": 'filegroup(name = "exists")\n'})
    [found] = made.lint("BUILD")
    assert (found.warning, found.location.line) == ("label-missing", 3)
    assert "did you mean" in found.text


def test_files_and_patterns(tmp_path: Path) -> None:
    made = workspace(tmp_path, **{"BUILD": 'print("")\n', "p/BUILD": 'print("")\n', "p/q/a.bzl": "x = y\n"})
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner/MODULE.bazel").touch()
    (tmp_path / "inner/BUILD").write_text("nothing\n")

    def paths(*words: str, directory: str = "") -> list[str]:
        return [one.location.path for one in made.lint(*words, directory=directory)]

    assert paths() == paths("//...") == ["BUILD", "p/BUILD", "p/q/a.bzl"]
    assert paths("//p/...") == paths("p") == ["p/BUILD", "p/q/a.bzl"]
    assert paths("//p") == ["p/BUILD", "p/q/a.bzl"]
    assert paths("p/q/a.bzl", "BUILD") == ["BUILD", "p/q/a.bzl"]
    assert paths("a.bzl", directory=str(tmp_path / "p/q")) == ["p/q/a.bzl"]
    with pytest.raises(UsageError, match="no such file") as caught:
        paths("BULD")
    assert caught.value.hint == "did you mean 'BUILD'?"


@pytest.mark.parametrize(
    ("call", "warning", "says"),
    [
        ("rule(implementaton = f)", "attribute-unknown", "did you mean 'implementation'?"),
        ("rule(attrs = {})", "attribute-missing", "rule() needs 'implementation'"),
        ("attr.string(defualt = 1)", "attribute-unknown", "attr.string() has no parameter 'defualt'"),
        ("attr.label('x')", "attribute-unknown", "takes 0 positional arguments, not 1"),
        ("depset([], 'default', [])", "attribute-unknown", "takes 2 positional arguments, not 3"),
        ("transition(inputs = [], outputs = [])", "attribute-missing", "needs 'implementation'"),
        ("lambda ctx: ctx.actions.write(contents = 1, output = 2)", "attribute-unknown", "did you mean 'content'"),
        ("depset(3)[0] or [len(3)]", None, ""),
        ("rule(implementation = f, attrs = [1])", "type", "got `list"),
        ("1 == 'x' or f(1) != 2", None, ""),
        ("(lambda attr: attr.string(x = 1))(f)", None, ""),
    ],
)
def test_builtins_are_called_as_they_are_defined(call: str, warning: str | None, says: str, tmp_path: Path) -> None:
    text = f"def f(ctx):\n    return ctx\n\ndef g():\n    return {call}\n"
    found = [one for one in workspace(tmp_path, **{"a.bzl": text}).lint() if one.warning != "type" or warning == "type"]
    assert all(one.location.line == 5 for one in found)
    assert bool(found) == bool(warning)
    assert not warning or any(one.warning == warning and says in one.text for one in found)


def test_the_stub_knows_what_the_prelude_defines() -> None:
    known = signatures()
    assert {"rule", "provider", "depset", "select", "transition"} <= set(known)
    assert {"attr.string", "attr.label_list", "ctx.actions.run", "ctx.actions.declare_file"} <= set(known)
    text = stub(["rule", "depset", "native"])
    assert "def depset(direct: typing.Any = None, order: None | str = 'default', *" in text
    assert "native = any__()" in text
