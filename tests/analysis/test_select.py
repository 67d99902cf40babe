"""select(): conditions, specificity, defaults, aliases, concatenation (https://bazel.build/docs/configurable-attributes)."""

# ruff: noqa: E501 - Starlark programs stand here as data
from __future__ import annotations

import pytest

from rulesengine.errors import AnalysisError
from tests.spaces import Space, short

CONDITIONS = """
config_setting(name = "linux", constraint_values = ["@platforms//os:linux"])
config_setting(name = "arm64", constraint_values = ["@platforms//cpu:aarch64"])
config_setting(name = "linux_arm64", constraint_values = ["@platforms//os:linux", "@platforms//cpu:arm64"])
config_setting(name = "opt", values = {"compilation_mode": "opt"})
config_setting(name = "fast", values = {"compilation_mode": "fastbuild"})
config_setting(name = "never", define_values = {"x": "y"})
alias(name = "also_arm64", actual = ":arm64")
"""


@pytest.fixture
def chooser(space: Space) -> Space:
    for name in "abcdefgh":
        space.write(f"p/{name}", "")
    return space


def chosen(space: Space, expression: str, platform: str) -> list[str]:
    space.write("p/BUILD", CONDITIONS + f'filegroup(name = "x", srcs = {expression})\n')
    return [path.removeprefix("p/") for path in short(space.target("//p:x", platform))]


@pytest.mark.parametrize(
    ("expression", "amd64", "arm64"),
    [
        ('select({":arm64": ["a"], "//conditions:default": ["b"]})', ["b"], ["a"]),
        ('select({"@platforms//cpu:aarch64": ["a"], "@platforms//cpu:x86_64": ["b"]})', ["b"], ["a"]),
        ('select({"@platforms//cpu:arm64": ["a"], "//conditions:default": ["b"]})', ["b"], ["a"]),
        ('select({":also_arm64": ["a"], "//conditions:default": ["b"]})', ["b"], ["a"]),
        ('select({":linux": ["a"], ":linux_arm64": ["b"]})', ["a"], ["b"]),
        ('select({":linux": ["a"], "//conditions:default": ["b"]})', ["a"], ["a"]),
        ('select({":linux": ["a"], ":arm64": ["a"]})', ["a"], ["a"]),
        ('select({":opt": ["a"], ":fast": ["b"]})', ["b"], ["b"]),
        ('select({":never": ["a"], "//conditions:default": []})', [], []),
        ('["a"] + select({":arm64": ["b"], "//conditions:default": ["c"]})', ["a", "c"], ["a", "b"]),
        (
            'select({":arm64": ["a"], "//conditions:default": []}) + ["b"] + select({":linux": ["c", "d"]}) + ["e"]',
            ["b", "c", "d", "e"],
            ["a", "b", "c", "d", "e"],
        ),
        ('select({":arm64": None, "//conditions:default": ["a"]})', ["a"], []),
    ],
)
def test_choices(chooser: Space, expression: str, amd64: list[str], arm64: list[str]) -> None:
    assert chosen(chooser, expression, "linux/amd64") == amd64
    assert chosen(chooser, expression, "linux/arm64") == arm64


def test_ambiguity_is_an_error_only_where_the_values_differ(chooser: Space) -> None:
    chosen(chooser, 'select({":linux": ["a"], ":arm64": ["b"]})', "linux/amd64")
    with pytest.raises(AnalysisError, match="several conditions"):
        chosen(chooser, 'select({":linux": ["a"], ":arm64": ["b"]})', "linux/arm64")


def test_every_kind_of_attribute(space: Space) -> None:
    space.files(
        {
            "p/d.bzl": (
                "def _impl(ctx):\n"
                "    a = ctx.attr\n"
                "    print(a.text, a.number, a.flag, a.table, a.texts, a.dep.label.name if a.dep else None)\n"
                "    return []\n"
                "thing = rule(implementation = _impl, attrs = {\n"
                '    "text": attr.string(default = "none"), "number": attr.int(), "flag": attr.bool(),\n'
                '    "table": attr.string_dict(), "texts": attr.string_list(), "dep": attr.label(),\n'
                "})\n"
            ),
            "p/BUILD": (
                'load(":d.bzl", "thing")\n' + CONDITIONS + 'filegroup(name = "one")\nfilegroup(name = "two")\n'
                "def_ = '//conditions:default'\n"
                "thing(\n"
                '    name = "x",\n'
                '    text = select({":arm64": "a", def_: None}),\n'
                '    number = select({":arm64": 1, def_: 2}),\n'
                '    flag = select({":arm64": True, def_: False}),\n'
                '    table = select({":arm64": {"k": "1"}, def_: {"k": "2"}}),\n'
                '    texts = ["x"] + select({":arm64": ["y"], def_: []}),\n'
                '    dep = select({":arm64": ":one", def_: ":two"}),\n'
                ")\n"
            ),
        }
    )
    assert space.prints("//p:x") == ['none 2 False {"k": "2"} ["x"] two']
    assert space.prints("//p:x", platform="linux/arm64") == ['a 1 True {"k": "1"} ["x", "y"] one']


def test_platform_targets(space: Space) -> None:
    space.files(
        {
            "p/BUILD": (
                CONDITIONS
                + 'constraint_setting(name = "libc")\nconstraint_value(name = "musl", constraint_setting = ":libc")\n'
                'platform(name = "base", constraint_values = ["@platforms//os:linux", "@platforms//cpu:x86_64"])\n'
                'platform(name = "alpine", parents = [":base"], constraint_values = [":musl"])\n'
                'platform(name = "arm", parents = [":base"], constraint_values = ["@platforms//cpu:aarch64"])\n'
                'genrule(name = "x", outs = select({":musl": "a", "//conditions:default": "b"}) and ["o"], cmd = "")\n'
                'filegroup(name = "y", srcs = select({":musl": ["a"], ":arm64": ["b"], "//conditions:default": ["c"]}))\n'
            ),
            "p/a": "",
            "p/b": "",
            "p/c": "",
        }
    )
    assert short(space.target("//p:y", "//p:base")) == ["p/c"]
    assert short(space.target("//p:y", "//p:alpine")) == ["p/a"]
    assert short(space.target("//p:y", "//p:arm")) == ["p/b"]
    found = space.target("//p:y", "//p:arm").configuration
    assert str(found.platform) == "linux/arm64/v8"
    assert found.mnemonic == "linux-arm64-v8"
    assert space.target("//p:y", "//p:alpine").configuration.mnemonic != "linux-amd64"


def test_shipped_platforms(space: Space) -> None:
    space.write("p/BUILD", 'filegroup(name = "x")\n')
    for name, expected in (
        ("linux_amd64", "linux/amd64"),
        ("linux_arm64", "linux/arm64/v8"),
        ("linux_arm_v7", "linux/arm/v7"),
        ("linux_s390x", "linux/s390x"),
        ("linux_ppc64le", "linux/ppc64le"),
        ("linux_riscv64", "linux/riscv64"),
        ("linux_386", "linux/386"),
    ):
        found = space.target("//p:x", f"@rulesengine//platforms:{name}").configuration
        assert str(found.platform) == expected
        assert found == space.target("//p:x", expected).configuration


def test_build_settings_are_conditions(space: Space) -> None:
    space.files(
        {
            "p/d.bzl": (
                "def _impl(ctx):\n    return []\n"
                "flag = rule(implementation = _impl, build_setting = config.string(flag = True))\n"
                "def _to(settings, attr):\n    return {'//p:mode': attr.mode}\n"
                "set_mode = transition(implementation = _to, inputs = [], outputs = ['//p:mode'])\n"
                "def _group(ctx):\n    return [DefaultInfo(files = depset(ctx.files.dep))]\n"
                "with_mode = rule(implementation = _group, attrs = {\n"
                '    "mode": attr.string(), "dep": attr.label(cfg = set_mode, allow_files = True)})\n'
            ),
            "p/BUILD": (
                'load(":d.bzl", "flag", "with_mode")\n'
                'flag(name = "mode", build_setting_default = "small")\n'
                'config_setting(name = "big", flag_values = {":mode": "big"})\n'
                'config_setting(name = "small", flag_values = {":mode": "small"})\n'
                'filegroup(name = "x", srcs = select({":big": ["a"], ":small": ["b"]}))\n'
                'with_mode(name = "y", mode = "big", dep = ":x")\n'
                'with_mode(name = "z", mode = "small", dep = ":x")\n'
            ),
            "p/a": "",
            "p/b": "",
        }
    )
    assert short(space.target("//p:x")) == ["p/b"]
    assert short(space.target("//p:y")) == ["p/a"]
    assert short(space.target("//p:z")) == ["p/b"]


def test_aliases_choose_too(space: Space) -> None:
    space.files(
        {
            "p/BUILD": (
                CONDITIONS + 'filegroup(name = "one", srcs = ["a"])\nfilegroup(name = "two", srcs = ["b"])\n'
                'alias(name = "x", actual = select({":arm64": ":one", "//conditions:default": ":two"}))\n'
                'alias(name = "xx", actual = ":x")\nfilegroup(name = "y", srcs = [":xx"])\n'
            ),
            "p/a": "",
            "p/b": "",
        }
    )
    assert short(space.target("//p:y")) == ["p/b"]
    assert short(space.target("//p:y", "linux/arm64")) == ["p/a"]
    assert str(space.target("//p:xx").label) == "//p:two"
