"""Transitions: a rule's own, an attribute's, split by list and by dict."""

# ruff: noqa: E501 - Starlark programs stand here as data
from __future__ import annotations

import pytest

from tests.spaces import Space, short

PLATFORMS = "//command_line_option:platforms"

LIB = f"""
def _leaf(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(out, ctx.target_platform.name)
    print(ctx.label.name, ctx.target_platform.name)
    return [DefaultInfo(files = depset([out]))]

leaf = rule(implementation = _leaf, attrs = {{"deps": attr.label_list()}})

def _files(ctx):
    return [DefaultInfo(files = depset(ctx.files.deps + ctx.files.plain))]

def _arm(settings, attr):
    return {{"{PLATFORMS}": "linux/arm64"}}

arm = transition(implementation = _arm, inputs = [], outputs = ["{PLATFORMS}"])
on_arm = rule(implementation = _files, cfg = arm, attrs = {{
    "deps": attr.label_list(), "plain": attr.label_list(), "platform": attr.string()}})
dep_on_arm = rule(implementation = _files, attrs = {{"deps": attr.label_list(cfg = arm), "plain": attr.label_list()}})

def _by_attr(settings, attr):
    return {{"{PLATFORMS}": attr.platform}}

by_attr = rule(
    implementation = _files,
    cfg = transition(implementation = _by_attr, inputs = ["{PLATFORMS}"], outputs = ["{PLATFORMS}"]),
    attrs = {{"deps": attr.label_list(), "plain": attr.label_list(), "platform": attr.string()}},
)

def _many(settings, attr):
    return [{{"{PLATFORMS}": p}} for p in attr.platforms]

def _named(settings, attr):
    return {{p: {{"{PLATFORMS}": p}} for p in attr.platforms}}

def _show(ctx):
    for key, value in ctx.split_attr.dep.items():
        print(key, value.label.name, [f.path for f in value.files.to_list()])
    print(len(ctx.attr.dep), len(ctx.files.dep))
    return [DefaultInfo(files = depset(ctx.files.dep))]

def _split(function):
    return rule(implementation = _show, attrs = {{
        "platforms": attr.string_list(),
        "dep": attr.label(cfg = transition(implementation = function, inputs = [], outputs = ["{PLATFORMS}"])),
    }})

by_list = _split(_many)
by_dict = _split(_named)
"""


@pytest.fixture
def lib(space: Space) -> Space:
    space.write("a/d.bzl", LIB)
    return space


def build(space: Space, text: str) -> Space:
    names = "by_attr, by_dict, by_list, dep_on_arm, leaf, on_arm"
    space.write("a/BUILD", f'load(":d.bzl", {", ".join(repr(n) for n in names.split(", "))})\n{text}'.replace("'", '"'))
    return space


def paths(space: Space, label: str) -> list[str]:
    return [file.path.removeprefix("pybuild-out/") for file in space.target(label).files]


def test_a_rules_own_transition(lib: Space) -> None:
    build(lib, 'on_arm(name = "x", deps = [":l"])\nleaf(name = "l")\n')
    assert paths(lib, "//a:x") == ["linux-arm64-v8/bin/a/l.txt"]
    assert str(lib.target("//a:x").configuration.platform) == "linux/arm64/v8"


def test_two_ways_into_one_configuration_are_one_target(lib: Space) -> None:
    build(
        lib,
        'on_arm(name = "x", deps = [":l"])\nleaf(name = "l")\nby_attr(name = "y", platform = "linux/s390x", plain = [":x"])\n'
        'filegroup(name = "z", srcs = [":x", ":y"])\n',
    )
    assert paths(lib, "//a:z") == ["linux-arm64-v8/bin/a/l.txt"]
    assert len(lib.analysis("//a:z").graph.actions) == 1


def test_an_attributes_transition_leaves_the_others_alone(lib: Space) -> None:
    build(lib, 'dep_on_arm(name = "x", deps = [":l"], plain = [":l"])\nleaf(name = "l")\n')
    assert paths(lib, "//a:x") == ["linux-arm64-v8/bin/a/l.txt", "linux-amd64/bin/a/l.txt"]


def test_a_transition_reads_attributes(lib: Space) -> None:
    build(lib, 'by_attr(name = "x", platform = "//a:p", deps = [":l"])\nleaf(name = "l")\n'
          'platform(name = "p", constraint_values = ["@platforms//os:linux", "@platforms//cpu:s390x"])\n')  # fmt: skip
    assert paths(lib, "//a:x") == ["linux-s390x/bin/a/l.txt"]


def test_split_by_list_and_by_dict(lib: Space) -> None:
    build(
        lib,
        'by_list(name = "x", platforms = ["linux/amd64", "linux/arm/v7"], dep = ":l")\n'
        'by_dict(name = "y", platforms = ["linux/amd64", "linux/arm/v7"], dep = ":l")\nleaf(name = "l")\n',
    )
    both = ["linux-amd64/bin/a/l.txt", "linux-arm-v7/bin/a/l.txt"]
    assert paths(lib, "//a:x") == both
    assert lib.prints("//a:x")[-3:] == [
        '0 l ["pybuild-out/linux-amd64/bin/a/l.txt"]',
        '1 l ["pybuild-out/linux-arm-v7/bin/a/l.txt"]',
        "2 2",
    ]
    assert lib.prints("//a:y")[-3:-1] == [
        'linux/amd64 l ["pybuild-out/linux-amd64/bin/a/l.txt"]',
        'linux/arm/v7 l ["pybuild-out/linux-arm-v7/bin/a/l.txt"]',
    ]
    assert paths(lib, "//a:y") == both


def test_every_configured_target_is_analysed_once(lib: Space) -> None:
    leaves = "".join(f'leaf(name = "l{n}", deps = [":l{n - 1}"])\n' for n in range(1, 20))
    build(
        lib,
        leaves + 'leaf(name = "l0")\nby_list(name = "x", platforms = ["linux/amd64", "linux/s390x"], dep = ":l19")\n'
        'by_list(name = "y", platforms = ["linux/amd64"], dep = ":l19")\n',
    )
    said = [line for line in lib.prints("//a:x", "//a:y") if line.startswith("l")]
    assert len(said) == len(set(said)) == 40


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("3", "a transition returns a dict"),
        ("{'//command_line_option:other': 1}", "not among its outputs"),
        (f"{{'{PLATFORMS}': 3}}", "not to one platform"),
        (f"{{'{PLATFORMS}': ['linux/amd64', 'linux/arm']}}", "not to one platform"),
        (f"{{'{PLATFORMS}': 'linux/amd46'}}", "unknown architecture"),
        (f"{{'{PLATFORMS}': '//a:x'}}", "not a platform"),
        (f"[{{'{PLATFORMS}': 'linux/amd64'}}, {{'{PLATFORMS}': 'linux/arm'}}]", "exactly one result"),
        ("attr.nothing", "no field or method 'nothing'"),
        ("fail('not today')", "not today"),
    ],
)
def test_wrong_answers(space: Space, answer: str, message: str) -> None:
    space.write(
        "a/d.bzl",
        f"def _t(settings, attr):\n    return {answer}\ndef _impl(ctx):\n    return []\n"
        f"thing = rule(implementation = _impl, cfg = transition(implementation = _t, inputs = [], outputs = ['{PLATFORMS}']))\n",
    )
    space.write("a/BUILD", 'load(":d.bzl", "thing")\nthing(name = "x")\n')
    fault = space.error("//a:x")
    assert message in str(fault)
    assert "//a:x" in str(fault)
    assert fault.location is not None


def test_generated_files_of_a_transitioned_rule(lib: Space) -> None:
    space = lib
    space.write(
        "a/e.bzl",
        'load(":d.bzl", "arm")\n'
        "def _impl(ctx):\n    ctx.actions.write(ctx.outputs.out, '')\n"
        'made = rule(implementation = _impl, cfg = arm, attrs = {"out": attr.output()})\n',
    )
    space.write("a/BUILD", 'load(":e.bzl", "made")\nmade(name = "x", out = "o")\nfilegroup(name = "y", srcs = ["o"])\n')
    assert short(space.target("//a:y")) == ["a/o"]
    assert space.target("//a:y").files[0].path == "pybuild-out/linux-arm64-v8/bin/a/o"
