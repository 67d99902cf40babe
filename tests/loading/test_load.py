"""load(): one module a label, whatever the path; private names; deep chains; what a file sees."""

from __future__ import annotations

import pytest

from rulesengine.errors import LoadingError
from rulesengine.model.label import Label
from tests.spaces import Space


def test_a_provider_is_one_whatever_the_path_it_was_loaded_by(space: Space) -> None:
    space.files(
        {
            "MODULE.bazel": 'module(name = "demo")\n',
            "lib/BUILD": "",
            "lib/info.bzl": 'MyInfo = provider(fields = ["value"])\n',
            "a/one.bzl": (
                'load("//lib:info.bzl", "MyInfo")\n'
                "def _impl(ctx):\n    return [MyInfo(value = ctx.label.name)]\n"
                "make = rule(implementation = _impl)\n"
            ),
            "a/two.bzl": (
                'load("@demo//lib:info.bzl", Info = "MyInfo")\n'
                "def _impl(ctx):\n"
                "    print(ctx.attr.dep[Info].value, Info in ctx.attr.dep)\n"
                "    return []\n"
                'take = rule(implementation = _impl, attrs = {"dep": attr.label(providers = [Info])})\n'
            ),
            "a/BUILD": (
                'load(":one.bzl", "make")\nload("//a:two.bzl", "take")\n'
                'make(name = "x")\ntake(name = "y", dep = ":x")\n'
            ),
        }
    )
    assert space.prints("//a:y") == ["x True"]


def test_a_module_is_evaluated_once(space: Space) -> None:
    space.files(
        {
            "a/BUILD": 'load(":one.bzl", "x")\nload(":two.bzl", "y")\n',
            "b/BUILD": 'load("//a:one.bzl", "x")\n',
            "a/one.bzl": 'load(":two.bzl", "y")\nprint("one")\nx = y\n',
            "a/two.bzl": 'print("two")\ny = 1\n',
        }
    )
    assert space.prints("//...") == ["two", "one"]


def test_names_that_are_loaded_cannot_be_loaded_from_the_loader(space: Space) -> None:
    space.files(
        {
            "a/BUILD": 'load(":two.bzl", "x")\n',
            "a/one.bzl": "x = 1\n",
            "a/two.bzl": 'load(":one.bzl", "x")\n',
        }
    )
    assert "does not contain symbol 'x'" in str(space.error("//a:all"))


def test_a_chain_of_2000_loads(space: Space) -> None:
    count = 2000
    for number in range(count):
        space.write(f"a/f{number}.bzl", f'load(":f{number + 1}.bzl", y = "x")\nx = y + 1\n')
    space.write(f"a/f{count}.bzl", "x = 0\n")
    space.write("a/BUILD", 'load(":f0.bzl", "x")\nfilegroup(name = "n%d" % x)\n')
    assert space.resolve("//a:all") == [f"//a:n{count}"]


def test_a_long_cycle_is_shown_whole(space: Space) -> None:
    for number in range(500):
        space.write(f"a/f{number}.bzl", f'load(":f{(number + 1) % 500}.bzl", "x")\n')
    space.write("a/BUILD", 'load(":f0.bzl", "x")\n')
    fault = space.error("//a:all")
    assert "goes round in a circle" in str(fault)
    assert len(fault.notes) == 501


def test_a_diamond_is_no_cycle(space: Space) -> None:
    space.files(
        {
            "a/BUILD": 'load(":b.bzl", "b")\nload(":c.bzl", "c")\nfilegroup(name = "n%d" % (b + c))\n',
            "a/b.bzl": 'load(":d.bzl", "d")\nb = d\n',
            "a/c.bzl": 'load(":d.bzl", "d")\nc = d\n',
            "a/d.bzl": "d = 2\n",
        }
    )
    assert space.resolve("//a:all") == ["//a:n4"]


def test_labels_in_a_bzl_file_are_relative_to_it(space: Space) -> None:
    space.files(
        {
            "lib/BUILD": 'exports_files(["data.txt"])\n',
            "lib/data.txt": "",
            "lib/defs.bzl": (
                "def _impl(ctx):\n"
                "    print(ctx.file._data.path, ctx.attr.given.label, Label(':near'), Label('//other:x').package)\n"
                "    return []\n"
                "thing = rule(implementation = _impl, attrs = {\n"
                '    "_data": attr.label(default = ":data.txt", allow_single_file = True),\n'
                '    "given": attr.label(default = Label(":data.txt"), allow_files = True),\n'
                "})\n"
            ),
            "a/BUILD": 'load("//lib:defs.bzl", "thing")\nthing(name = "x")\n',
        }
    )
    assert space.prints("//a:x") == ["lib/data.txt @@//lib:data.txt @@//lib:near other"]


def test_a_local_override_is_a_repository(space: Space) -> None:
    space.files(
        {
            "MODULE.bazel": 'bazel_dep(name = "other")\nlocal_path_override(module_name = "other", path = "third")\n',
            "third/MODULE.bazel": "",
            "third/p/BUILD": 'filegroup(name = "x", srcs = ["f"], visibility = ["//visibility:public"])\n',
            "third/p/f": "",
            "third/p/defs.bzl": "def macro(name):\n    native.filegroup(name = name, srcs = [Label('//p:x')])\n",
            "a/BUILD": 'load("@other//p:defs.bzl", "macro")\nmacro(name = "y")\n',
        }
    )
    found = space.target("//a:y")
    assert [file.path for file in found.files] == ["external/other/p/f"]
    assert space.resolve("//...") == ["//a:y", "//third/p:x"]  # as for Bazel, unless .bazelignore names it
    space.write(".bazelignore", "third\n")
    assert space.resolve("//...") == ["//a:y"]
    assert space.resolve("@other//...") == ["@other//p:x"]


def test_shadowing_builtins_is_allowed(space: Space) -> None:
    space.files(
        {
            "a/BUILD": 'load(":d.bzl", filegroup = "mine")\nfilegroup(name = "x")\n',
            "a/d.bzl": "def mine(name):\n    native.filegroup(name = name + '_mine')\n",
        }
    )
    assert space.resolve("//a:all") == ["//a:x_mine"]


def test_private_rules_and_macros_work(space: Space) -> None:
    space.files(
        {
            "a/BUILD": 'load(":d.bzl", "macro")\nmacro(name = "x")\n',
            "a/d.bzl": (
                "def _impl(ctx):\n    return []\n_hidden = rule(implementation = _impl)\n"
                "def macro(name, **kwargs):\n    _hidden(name = name, **kwargs)\n"
            ),
        }
    )
    loader = space.loader()
    target = loader.target(Label("", "a", "x"))
    assert target.rule_name == "_hidden"
    assert str(target.location) == "a/BUILD:2:1"
    assert target.stack == ("a/BUILD:2", "a/d.bzl:5")


def test_modules_are_asked_for_by_label(space: Space) -> None:
    space.files({"a/BUILD": "", "a/d.bzl": "x = 1\n"})
    loader = space.loader()
    module = loader.bzl(loader.label("//a:d.bzl"))
    assert loader.bzl(loader.label("@@//a:d.bzl")) is module
    with pytest.raises(LoadingError, match="no such file"):
        loader.bzl(loader.label("//a:e.bzl"))


def test_what_was_looked_at_is_tracked(space: Space) -> None:
    space.files({"a/BUILD": 'load(":d.bzl", "x")\nfilegroup(name = "g", srcs = glob(["*.c"]))\n', "a/d.bzl": "x = 1\n"})
    loader = space.loader()
    loader.package("", "a")
    root = str(space.root)
    tracked = {path.removeprefix(root + "/"): kind for path, kind in loader.tracked.items() if path.startswith(root)}
    assert tracked == {
        ".bazelignore": "absent",
        "MODULE.bazel": "file",
        "REPO.bazel": "absent",
        "a/BUILD.bazel": "absent",
        "a/BUILD": "file",
        "a/d.bzl": "file",
        "a": "directory",
    }
