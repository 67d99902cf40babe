"""glob() against Bazel's documentation, and against a plain model."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rulesengine.errors import LoadingError
from rulesengine.loading.glob import check_pattern, glob, matches
from tests.spaces import Space

TREE = [
    "a.c", "b.h", ".hidden.c", "x.txt", "d/a.c", "d/.git/c.c", "d/e/b.c", "d/e/.x", "sub/BUILD", "sub/s.c", "sub/t/u.c",
    "other/BUILD.bazel", "other/o.c", "dir.c/f",
]  # fmt: skip


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in TREE:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("")
    (tmp_path / "BUILD").write_text("")
    return tmp_path


def found(tree: Path, *include: str, exclude: tuple[str, ...] = (), directories: bool = False) -> list[str]:
    return glob(str(tree), list(include), list(exclude), not directories, lambda _: None)


@pytest.mark.parametrize(
    ("include", "expected"),
    [
        (["*.c"], ["a.c"]),
        ([".*.c"], [".hidden.c"]),
        (["*"], [".hidden.c", "BUILD", "a.c", "b.h", "x.txt"]),
        (["**/*.c"], ["a.c", "d/.git/c.c", "d/a.c", "d/e/b.c"]),
        (["d/**"], ["d/.git/c.c", "d/a.c", "d/e/.x", "d/e/b.c"]),
        (["d/**/*.c"], ["d/.git/c.c", "d/a.c", "d/e/b.c"]),
        (["**/e/*"], ["d/e/.x", "d/e/b.c"]),
        (["d/*"], ["d/a.c"]),
        (["a.c", "nothing", "*.c"], ["a.c"]),
        (["sub/*.c", "sub/**", "other/*", "**/s.c"], []),
        ([], []),
    ],
)
def test_patterns(tree: Path, include: list[str], expected: list[str]) -> None:
    assert found(tree, *include) == expected


def test_exclude_and_directories(tree: Path) -> None:
    assert found(tree, "**/*.c", exclude=("d/**",)) == ["a.c"]
    assert found(tree, "**", exclude=("**/*.c", "BUILD", "**/.*")) == ["b.h", "dir.c/f", "x.txt"]
    assert found(tree, "*", directories=True) == [".hidden.c", "BUILD", "a.c", "b.h", "d", "dir.c", "x.txt"]
    assert found(tree, "*.c", directories=True) == ["a.c", "dir.c"]


def test_sub_packages_end_a_glob_whatever_the_depth(tree: Path) -> None:
    (tree / "d/e/BUILD").write_text("")
    assert found(tree, "d/**") == ["d/.git/c.c", "d/a.c"]
    assert found(tree, "d/e/*.c") == []
    assert found(tree, "d/*", directories=True) == ["d/.git", "d/a.c"]


def test_links_are_followed_but_not_into_output_directories(tree: Path) -> None:
    (tree / "link.c").symlink_to("a.c")
    (tree / "linked").symlink_to("d")
    (tree / "pybuild-bin").symlink_to("d")
    (tree / "bazel-out").symlink_to("d")
    assert found(tree, "*.c") == ["a.c", "link.c"]
    assert found(tree, "linked/*.c") == ["linked/a.c"]
    assert found(tree, "pybuild-bin/*", "bazel-out/*") == []


@pytest.mark.parametrize("pattern", ["", "/a", "a//b", "../a", "a/..", "./a", "a**", "**a/b", 3, None])
def test_refused(pattern: object) -> None:
    with pytest.raises(LoadingError):
        check_pattern(pattern)


def test_listed_directories_are_reported(tree: Path) -> None:
    seen: list[str] = []
    glob(str(tree), ["d/*.c"], [], True, seen.append)
    assert {os.path.relpath(path, tree) for path in seen} >= {".", "d"}
    seen.clear()
    glob(str(tree), ["*.c"], [], True, seen.append)
    assert [os.path.relpath(path, tree) for path in seen] == ["."]


def test_a_question_mark_is_refused_in_what_is_included(tree: Path) -> None:
    with pytest.raises(LoadingError, match="stands for nothing"):
        found(tree, "?.c")


def test_a_link_to_nowhere_is_no_file_and_its_place_is_watched(tree: Path) -> None:
    (tree / "gone.c").symlink_to("later/gone.c")
    (tree / "round.c").symlink_to("round.c")
    seen: list[str] = []
    assert glob(str(tree), ["*.c"], [], True, seen.append) == ["a.c"]
    assert str(tree / "later") in seen


_SEGMENTS = st.sampled_from(["a", "b", "*", "**", "a*", "?", ".a", "*.c"])
_PARTS = st.sampled_from(["a", "b", "ab", ".a", "x.c", ".x.c"])


def model(pattern: list[str], path: list[str]) -> bool:
    """Plain recursion over segments."""
    if not pattern:
        return not path
    if pattern[0] == "**":
        return any(model(pattern[1:], path[skip:]) for skip in range(len(path) + 1))
    if not path:
        return False
    hidden = pattern[0][0] in "*?" and pattern[0] != "*" and path[0].startswith(".")
    text = "".join("[^/]*" if c == "*" else "[^/]" if c == "?" else re.escape(c) for c in pattern[0])
    return not hidden and re.fullmatch(text, path[0]) is not None and model(pattern[1:], path[1:])


@given(st.lists(_SEGMENTS, min_size=1, max_size=5), st.lists(_PARTS, min_size=1, max_size=5))
@settings(max_examples=500)
def test_matching_is_that_of_the_model(pattern: list[str], path: list[str]) -> None:
    assert matches(pattern, path) == model(pattern, path)


def test_many_double_stars_are_not_exponential() -> None:
    assert not matches(["**", "a"] * 30 + ["b"], ["a"] * 200)


def test_in_a_build_file(space: Space) -> None:
    space.files(
        {
            "a/BUILD": (
                'filegroup(name = "x", srcs = glob(["*.c", "d/**"], exclude = ["b.c"]) + ["z.txt"])\n'
                'load(":m.bzl", "macro")\nmacro()\n'
            ),
            "a/m.bzl": 'def macro():\n    native.filegroup(name = "y", srcs = native.glob(["*.c"]))\n',
            "a/a.c": "",
            "a/b.c": "",
            "a/d/e": "",
            "a/z.txt": "",
        }
    )
    assert space.attribute("//a:x", "srcs") == ["//a:a.c", "//a:d/e", "//a:z.txt"]
    assert space.attribute("//a:y", "srcs") == ["//a:a.c", "//a:b.c"]


def test_a_name_that_is_no_text_is_told(space: Space) -> None:
    space.write("a/BUILD", 'filegroup(name = "x", srcs = glob(["*"]))\n')
    with open(os.fsencode(space.root / "a") + b"/\xff.c", "w"):
        pass
    assert "\\xff.c" in str(space.error("//a:x"))
