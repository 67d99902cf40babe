from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rulesengine.errors import LabelError
from rulesengine.model.pattern import TargetPattern

# text, directory -> kind, repo, package, name, files, negative
# https://bazel.build/run/build#specifying-build-targets
CASES = [
    ("//foo/bar:wiz", "", "single", "", "foo/bar", "wiz", False, False),
    ("//foo/bar", "", "single", "", "foo/bar", "bar", False, False),
    ("//foo/bar:all", "", "package", "", "foo/bar", "all", False, False),
    ("//foo/bar:all-rules", "", "package", "", "foo/bar", "all-rules", False, False),
    ("//foo/bar:*", "", "package", "", "foo/bar", "*", True, False),
    ("//foo/bar:all-targets", "", "package", "", "foo/bar", "all-targets", True, False),
    ("//foo/...", "", "recursive", "", "foo", "", False, False),
    ("//foo/...:all", "", "recursive", "", "foo", "", False, False),
    ("//foo/...:*", "", "recursive", "", "foo", "", True, False),
    ("//foo/...:all-targets", "", "recursive", "", "foo", "", True, False),
    ("//...", "", "recursive", "", "", "", False, False),
    ("//:all", "", "package", "", "", "all", False, False),
    ("//:x", "", "single", "", "", "x", False, False),
    ("@r//foo:x", "", "single", "r", "foo", "x", False, False),
    ("@r//...", "", "recursive", "r", "", "", False, False),
    ("@r//foo:all", "", "package", "r", "foo", "all", False, False),
    ("@r", "", "single", "r", "", "r", False, False),
    (":foo", "a/b", "single", "", "a/b", "foo", False, False),
    (":all", "a/b", "package", "", "a/b", "all", False, False),
    ("bar:wiz", "foo", "single", "", "foo/bar", "wiz", False, False),
    ("bar:wiz", "", "single", "", "bar", "wiz", False, False),
    ("bar/...", "foo", "recursive", "", "foo/bar", "", False, False),
    ("...", "foo", "recursive", "", "foo", "", False, False),
    ("...:all", "foo", "recursive", "", "foo", "", False, False),
    ("bar/...:all", "foo", "recursive", "", "foo/bar", "", False, False),
    ("bar", "foo", "single", "", "foo", "bar", False, False),
    ("-//foo/...", "", "recursive", "", "foo", "", False, True),
    ("-//foo:x", "", "single", "", "foo", "x", False, True),
    ("-:x", "foo", "single", "", "foo", "x", False, True),
    ("-foo", "", "single", "", "", "foo", False, True),
]


@pytest.mark.parametrize("case", CASES, ids=[f"{case[0]} in {case[1]}" for case in CASES])
def test_parse(case: tuple[str, str, str, str, str, str, bool, bool]) -> None:
    text, directory, kind, repo, package, name, files, negative = case
    pattern = TargetPattern.parse(text, directory)
    assert (pattern.kind, pattern.repo, pattern.package, pattern.files, pattern.negative) == (
        kind, repo, package, files, negative,
    )  # fmt: skip
    assert pattern.name == name or kind == "recursive"
    assert pattern.text == text


@pytest.mark.parametrize(
    "text", ["", "-", "/foo", "//foo/...:x", "//.../foo", "//foo//bar", "//foo:", "//", "//foo/..../x/.", "//a:b:c"]
)
def test_refused(text: str) -> None:
    with pytest.raises(LabelError):
        TargetPattern.parse(text)


@given(st.text(alphabet="/:.@-*a b", max_size=10), st.sampled_from(["", "a", "a/b"]))
def test_any_text_is_a_pattern_or_a_label_error(text: str, directory: str) -> None:
    with contextlib.suppress(LabelError):
        TargetPattern.parse(text, directory)
