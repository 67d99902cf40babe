"""Visibility in all its forms (https://bazel.build/concepts/visibility)."""

from __future__ import annotations

import pytest

from rulesengine.errors import VisibilityError
from tests.spaces import Space

GROUPS = """
package_group(name = "friends", packages = ["//a/...", "-//a/secret", "//c"])
package_group(name = "all", packages = ["//..."])
package_group(name = "pub", packages = ["public"])
package_group(name = "none", packages = ["private"])
package_group(name = "more", includes = [":friends"], packages = ["//d"])
package_group(name = "loop", includes = [":loop", ":friends"])
"""


@pytest.mark.parametrize(
    ("visibility", "allowed", "refused"),
    [
        ([], [], ["a"]),
        (["//visibility:private"], ["lib"], ["a", "lib/sub", ""]),
        (["//visibility:public"], ["a", "lib", ""], []),
        (["//a:__pkg__"], ["a"], ["a/b", "ab"]),
        (["//a:__subpackages__"], ["a", "a/b", "a/b/c"], ["ab", "c"]),
        (["//:__subpackages__"], ["a", "", "c/d"], []),
        (["//:__pkg__"], [""], ["a"]),
        (["//a:__pkg__", "//c:__pkg__"], ["a", "c"], ["d"]),
        ([":friends"], ["a", "a/b", "c"], ["a/secret", "c/d", "d"]),
        (["//lib:friends"], ["a"], ["d"]),
        ([":all"], ["a", "", "d"], []),
        ([":pub"], ["a", "d"], []),
        ([":none"], [], ["a"]),
        ([":more"], ["a", "c", "d"], ["a/secret", "e"]),
        ([":loop"], ["a"], ["d"]),
        (["//visibility:private", "//a:__pkg__"], ["a"], ["c"]),
    ],
)
def test_forms(space: Space, visibility: list[str], allowed: list[str], refused: list[str]) -> None:
    space.write("lib/BUILD", GROUPS + f'filegroup(name = "x", visibility = {visibility!r})\n'.replace("'", '"'))
    for package in {*allowed, *refused} - {"lib"}:
        space.write(f"{package}/BUILD" if package else "BUILD", 'filegroup(name = "y", srcs = ["//lib:x"])\n')
    for package in set(allowed) - {"lib"}:
        space.target(f"//{package}:y")
    for package in refused:
        fault = space.error(f"//{package}:y")
        assert isinstance(fault, VisibilityError)
        assert fault.location is not None and fault.location.path.endswith("BUILD")


def test_the_default_is_private_and_the_own_package_sees_all(space: Space) -> None:
    space.files(
        {
            "a/BUILD": 'filegroup(name = "x")\nfilegroup(name = "y", srcs = [":x"])\n',
            "b/BUILD": 'filegroup(name = "z", srcs = ["//a:x"])\n',
        }
    )
    space.target("//a:y")
    assert isinstance(space.error("//b:z"), VisibilityError)


def test_files(space: Space) -> None:
    space.files(
        {
            "a/BUILD": 'exports_files(["shut"], visibility = ["//visibility:private"])\nexports_files(["open"])\n',
            "a/shut": "",
            "a/open": "",
            "b/BUILD": 'filegroup(name = "x", srcs = ["//a:open"])\nfilegroup(name = "y", srcs = ["//a:shut"])\n',
        }
    )
    space.target("//b:x")
    assert isinstance(space.error("//b:y"), VisibilityError)


def test_an_alias_needs_to_see_what_it_names_and_lends_its_own_visibility(space: Space) -> None:
    space.files(
        {
            "a/BUILD": ('filegroup(name = "x", visibility = ["//b:__pkg__"])\nfilegroup(name = "hidden")\n'),
            "b/BUILD": (
                'alias(name = "x", actual = "//a:x", visibility = ["//visibility:public"])\n'
                'alias(name = "bad", actual = "//a:hidden", visibility = ["//visibility:public"])\n'
            ),
            "c/BUILD": 'filegroup(name = "x", srcs = ["//b:x"])\nfilegroup(name = "bad", srcs = ["//b:bad"])\n',
        }
    )
    space.target("//c:x")
    assert isinstance(space.error("//c:bad"), VisibilityError)


def test_implicit_dependencies_of_a_rule_are_not_the_users_business(space: Space) -> None:
    space.files(
        {
            "lib/BUILD": 'filegroup(name = "tool")\n',
            "lib/d.bzl": (
                "def _impl(ctx):\n    return []\n"
                'thing = rule(implementation = _impl, attrs = {"_tool": attr.label(default = "//lib:tool")})\n'
            ),
            "a/BUILD": 'load("//lib:d.bzl", "thing")\nthing(name = "x")\n',
        }
    )
    space.target("//a:x")
