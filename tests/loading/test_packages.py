"""BUILD files: package(), macros, native, exports_files, patterns over packages."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rulesengine.errors import LabelError, LoadingError, NoSuchPackageError, NoSuchTargetError
from rulesengine.model.label import Label
from tests.spaces import Space

MACROS = """
def macro(name, **kwargs):
    native.filegroup(name = name, **kwargs)
    return name

def where():
    print(native.package_name(), native.repository_name(), native.repo_name(), native.module_name())
    print(native.package_relative_label(":x"), native.package_relative_label("//q:y"))

def rules():
    print(native.existing_rule("x")["kind"], native.existing_rule("x")["srcs"], native.existing_rule("nothing"))
    print(sorted(native.existing_rules().keys()))
"""


def test_the_root_package_and_build_bazel_first(space: Space) -> None:
    space.files(
        {
            "BUILD": 'filegroup(name = "old")\n',
            "BUILD.bazel": 'filegroup(name = "x")\n',
            "a/b/BUILD": 'filegroup(name = "y")\n',
        }
    )
    assert space.resolve("//:all") == ["//:x"]
    assert space.resolve("//...") == ["//:x", "//a/b:y"]


def test_native_in_macros(space: Space) -> None:
    space.files(
        {
            "MODULE.bazel": 'module(name = "demo")\n',
            "a/m.bzl": MACROS,
            "a/f": "",
            "a/BUILD": (
                'load(":m.bzl", "macro", "rules", "where")\nmacro(name = "x", srcs = ["f"])\nwhere()\nrules()\n'
                'print(package_name(), existing_rule("x")["name"], [r for r in existing_rules()])\n'
            ),
        }
    )
    assert space.prints("//a:x") == [
        "a @  demo",
        "@@//a:x @@//q:y",
        'filegroup (":f",) None',
        '["x"]',
        'a x ["x"]',
    ]


def test_package_defaults(space: Space) -> None:
    space.files(
        {
            "a/BUILD": (
                'package(default_visibility = ["//b:__pkg__"], default_testonly = True)\n'
                'filegroup(name = "x")\nfilegroup(name = "y", visibility = ["//visibility:public"], testonly = False)\n'
            )
        }
    )
    loader = space.loader()
    x, y = (loader.target(Label("", "a", name)) for name in ("x", "y"))
    assert (x.visibility, x.testonly) == (("//b:__pkg__",), True)
    assert (y.visibility, y.testonly) == (("//visibility:public",), False)


def test_package_is_about_what_comes_before_it_too(space: Space) -> None:
    space.write(
        "a/BUILD",
        'filegroup(name = "x")\nfilegroup(name = "y", visibility = [])\npackage(default_visibility = ["//b"])\n',
    )
    loader = space.loader()
    x, y = (loader.target(Label("", "a", name)) for name in ("x", "y"))
    assert (x.visibility, y.visibility) == (("//b:b",), ())


def test_exports_files(space: Space) -> None:
    space.files(
        {
            "a/BUILD": 'exports_files(["f", "d/g"], visibility = ["//b:__pkg__"])\nexports_files(["h"])\n',
            "a/f": "",
            "a/d/g": "",
            "a/h": "",
            "a/i": "",
        }
    )
    package = space.loader().package("", "a")
    assert package.target("f").kind == "source"
    assert package.target("d/g").visibility == ("//b:__pkg__",)
    assert package.target("h").visibility == ("//visibility:public",)
    with pytest.raises(NoSuchTargetError, match="exports_files"):
        package.target("i")
    with pytest.raises(NoSuchTargetError):
        package.target("j")


def test_the_build_file_itself_is_a_target(space: Space) -> None:
    space.write("a/BUILD", "")
    assert space.loader().package("", "a").target("BUILD").kind == "source"


PATTERNS = {
    "BUILD": 'filegroup(name = "root")\n',
    "a/BUILD": (
        'filegroup(name = "a")\nfilegroup(name = "m", tags = ["manual"])\n'
        'genrule(name = "g", srcs = ["f"], outs = ["o"], cmd = "")\n'
    ),
    "a/f": "",
    "a/b/BUILD": 'filegroup(name = "all")\nfilegroup(name = "z")\n',
    "c/BUILD": 'filegroup(name = "c")\n',
    "c/.hidden/BUILD": 'filegroup(name = "h")\n',
    "nested/MODULE.bazel": "",
    "nested/BUILD": 'filegroup(name = "no")\n',
    "ignored/BUILD": 'filegroup(name = "no")\n',
    ".bazelignore": "# comment\nignored/\n",
}


@pytest.mark.parametrize(
    ("patterns", "package", "expected"),
    [
        (["//..."], "", ["//:root", "//a:a", "//a:g", "//a/b:all", "//a/b:z", "//c:c", "//c/.hidden:h", "//nested:no"]),
        (["//a/..."], "", ["//a:a", "//a:g", "//a/b:all", "//a/b:z"]),
        (["//a:all"], "", ["//a:a", "//a:g"]),
        (["//a/b:all"], "", ["//a/b:all"]),
        (["//a:m"], "", ["//a:m"]),
        (["//a"], "", ["//a:a"]),
        (["//a:f"], "", ["//a:f"]),
        (["//a:o"], "", ["//a:o"]),
        (["//:root"], "", ["//:root"]),
        (["//a:a", "//c", "//a:a"], "", ["//a:a", "//c:c"]),
        (["//...", "-//a/..."], "", ["//:root", "//c:c", "//c/.hidden:h", "//nested:no"]),
        (["//...", "-//a/...", "//a:g"], "", ["//:root", "//c:c", "//c/.hidden:h", "//nested:no", "//a:g"]),
        (["//a:all", "-//a:a"], "", ["//a:g"]),
        (["//c", "-//a:a"], "", ["//c:c"]),
        ([":a"], "a", ["//a:a"]),
        (["a"], "", ["//a:a"]),
        (["a"], "a", ["//a:a"]),
        (["b:z"], "a", ["//a/b:z"]),
        (["..."], "a", ["//a:a", "//a:g", "//a/b:all", "//a/b:z"]),
        (["b/..."], "a", ["//a/b:all", "//a/b:z"]),
        (["a/f"], "", ["//a:f"]),
        (["@//c"], "", ["//c:c"]),
        (["//nested/..."], "", ["//nested:no"]),
    ],
)
def test_patterns(space: Space, patterns: list[str], package: str, expected: list[str]) -> None:
    space.files(PATTERNS)
    assert space.resolve(*patterns, package=package) == expected


def test_walk_leaves_out_what_builds_put_there(space: Space, tmp_path_factory: pytest.TempPathFactory) -> None:
    space.files({f"{one}/BUILD": 'filegroup(name = "f")' for one in (".git", "a/.git", ".cache/w", "out", "real/x")})
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "pybuild-out/c/bin").mkdir(parents=True)
    (elsewhere / "pybuild-out/c/bin/BUILD").write_text('filegroup(name = "f")')
    (elsewhere / "BUILD").write_text('filegroup(name = "f")')
    links = {"pybuild-bin": elsewhere / "pybuild-out/c/bin", "mine-bin": elsewhere / "pybuild-out/c/bin"}
    links |= {"bazel-space": elsewhere, "outer": elsewhere, "bazel-real": space.root / "real"}
    links |= {"real/up": space.root, "real/round": Path("round"), "real/none": Path("nowhere/x")}
    for name, target in links.items():
        (space.root / name).symlink_to(target)
    loader = space.loader()
    loader.sources.caches = frozenset([str(space.root.resolve() / ".cache")])
    assert loader.packages() == ["a/.git", "bazel-real/x", "out", "outer", "outer/pybuild-out/c/bin", "real/x"]
    (space.root / "real/DONT_FOLLOW_SYMLINKS_WHEN_TRAVERSING_THIS_DIRECTORY_VIA_A_RECURSIVE_TARGET_PATTERN").touch()
    (space.root / "real/again").symlink_to("x")
    assert "real/again" not in space.loader().packages()
    assert loader.tracked[str(space.root / "real/nowhere")] == "directory"


def test_directories_that_no_package_is_named_by(space: Space) -> None:
    """As for Bazel, there is none in them."""
    for name in ("c:d", "n\nl", "\udcff", "\udcff/ok", "...", "ok", "a b", "~x"):
        os.makedirs(space.root / name)
        (space.root / name / "BUILD").write_text("")
    assert space.loader().packages() == ["a b", "ok", "~x"]


def test_bazelignore_is_normal(space: Space) -> None:
    space.files(
        {f"{name}/BUILD": "" for name in ("a", "b", "c", "d/e")} | {".bazelignore": "./a/\n x/../b \n#c\nd/e/\n"}
    )
    assert space.loader().packages() == ["c"]
    space.write(".bazelignore", "/a\n")
    assert space.loader().packages() == ["a", "b", "c", "d/e"]  # it is no directory of the workspace


def test_a_package_that_comes_below_is_noticed(space: Space) -> None:
    """Where it would be is tracked, or its directory, where glob() has listed that."""
    space.files({"a/BUILD": 'filegroup(name = "g", srcs = ["d/e/f"])', "a/d/e/f": ""})
    space.files({"b/BUILD": 'filegroup(name = "g", srcs = glob(["d/**"]))', "b/d/e/f": ""})
    loader = space.loader()
    loader.package("", "a")
    loader.package("", "b")
    names = ("a/d/BUILD", "a/d/e/BUILD.bazel", "b/d/BUILD", "b/d/e/")
    kinds = [loader.tracked.get(f"{space.root}/{name}") for name in names]
    assert kinds == ["absent", "absent", None, "directory"]
    space.write("a/d/BUILD", "")
    with pytest.raises(LoadingError, match="'//a:d/e/f' is in the package //a/d"):
        space.loader().package("", "a")


def test_wildcards_of_files(space: Space) -> None:
    space.files(PATTERNS)
    assert set(space.resolve("//a:*")) == {"//a:a", "//a:g", "//a:o"}
    assert space.resolve("//a:all-targets") == space.resolve("//a:*")


@pytest.mark.parametrize(
    ("pattern", "error"),
    [
        ("//no", NoSuchPackageError),
        ("//no/...", NoSuchPackageError),
        ("//a:no", NoSuchTargetError),
        ("no", NoSuchTargetError),
        ("@no//a", NoSuchPackageError),
        ("//a:b:c", LabelError),
        ("-//no:x", NoSuchPackageError),
    ],
)
def test_patterns_for_nothing(space: Space, pattern: str, error: type[Exception]) -> None:
    space.files(PATTERNS)
    if pattern == "-//no:x":
        assert space.resolve("//c", pattern) == ["//c:c"]
        return
    with pytest.raises(error):
        space.resolve(pattern)


def test_a_broken_package_fails_the_same_way_again(space: Space) -> None:
    space.files({"a/BUILD": "x = 1 / \n"})
    loader = space.loader()
    texts = set()
    for _ in range(2):
        with pytest.raises(LoadingError) as caught:
            loader.package("", "a")
        texts.add(str(caught.value))
    assert len(texts) == 1


def test_outputs_are_targets_with_the_visibility_of_their_rule(space: Space) -> None:
    space.write("a/BUILD", 'genrule(name = "x", outs = ["o", "d/p"], cmd = "", visibility = ["//visibility:public"])\n')
    package = space.loader().package("", "a")
    assert package.target("d/p").generator == Label("", "a", "x")
    assert package.target("o").visibility == ("//visibility:public",)


def test_json_files_are_read_and_tracked(space: Space) -> None:
    space.files(
        {
            "a/m.bzl": 'def names():\n    return native.read_json("list.json") or []\n',
            "a/BUILD": 'load(":m.bzl", "names")\n[filegroup(name = n) for n in names()]\n',
        }
    )
    assert space.resolve("//a:all") == []
    space.write("a/list.json", '["one", "two"]')
    loader = space.loader()
    assert [str(label) for label in loader.resolve(["//a:all"])] == ["//a:one", "//a:two"]
    assert loader.tracked[str(space.root / "a/list.json")] == "file"
    space.write("a/list.json", "[")
    assert "a/list.json:1" in str(space.error("//a:all"))


def test_common_attributes_are_checked(space: Space) -> None:
    space.write("a/BUILD", 'filegroup(name = "x", tags = "manual")\n')
    assert "expected a list of strings for attribute 'tags'" in str(space.error("//a:x"))


def test_none_stands_for_not_given(space: Space) -> None:
    space.write("a/BUILD", 'filegroup(name = "x", srcs = None, tags = None, visibility = None)\n')
    assert space.loader().target(Label("", "a", "x")).attributes == {}
