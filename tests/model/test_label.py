from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rulesengine.errors import LabelError
from rulesengine.model.label import Label


@pytest.mark.parametrize(
    ("text", "repo", "package", "name"),
    [
        ("//a/b:c", "", "a/b", "c"),
        ("//a/b", "", "a/b", "b"),
        ("//a", "", "a", "a"),
        ("//:c", "", "", "c"),
        (":c", "", "here/x", "c"),
        ("c", "", "here/x", "c"),
        ("sub/c.txt", "", "here/x", "sub/c.txt"),
        ("@r//a:c", "r", "a", "c"),
        ("@@r//a:c", "r", "a", "c"),
        ("@r//a", "r", "a", "a"),
        ("@r", "r", "", "r"),
        ("@@r", "r", "", "r"),
        ("@//a:c", "", "a", "c"),
        ("@@//a:c", "", "a", "c"),
        ("//a:b/c", "", "a", "b/c"),
        ("//a:.", "", "a", "."),
        ("//a:..b", "", "a", "..b"),
        ("//a:b c", "", "a", "b c"),
        ("//a:x+y=z,@~#$%", "", "a", "x+y=z,@~#$%"),
        ("//a:Főtanúsítvány.crt", "", "a", "Főtanúsítvány.crt"),
        ("//a b/c-d_e.f:g", "", "a b/c-d_e.f", "g"),
        ("//a/.b:c", "", "a/.b", "c"),
    ],
)
def test_parse(text: str, repo: str, package: str, name: str) -> None:
    assert Label.parse(text, package="here/x") == Label(repo, package, name)


@pytest.mark.parametrize(
    "text",
    [
        "", "//", "/a:b", "//a:", "//a/:b", "//a//b:c", "///a:b", "//a:b:c", "//a:/b", "//a:b/", "//a:b//c", "//a:../b",
        "//a:b/../c", "//a:./b", "//a:b/./c", "//a:..", "//a/../b:c", "//a/.:c", "//...:c", "//a/...", "//a\\b:c",
        "//a:b\\c", "//a:b\n", "//a\x7f:b", "//ü:b", "@a b//c:d", "a:b", ":a:b", ":",
    ],
)  # fmt: skip
def test_refused(text: str) -> None:
    with pytest.raises(LabelError) as caught:
        Label.parse(text, package="here")
    assert repr(text) in str(caught.value)


def test_relative_labels_need_a_package() -> None:
    with pytest.raises(LabelError, match="must start with '//'"):
        Label.parse(":b", package=None)


def test_relative_labels_stay_in_their_repository() -> None:
    assert Label.parse(":b", repo="r", package="p") == Label("r", "p", "b")
    assert Label.parse("//q:b", repo="r", package="p") == Label("r", "q", "b")
    assert Label.parse("@//q:b", repo="r", package="p") == Label("", "q", "b")


_NAMES = st.from_regex(r"[A-Za-z0-9_+=,@~ -][A-Za-z0-9_.+=,@~ -]{0,8}", fullmatch=True).filter(lambda s: s.strip("."))
_PATHS = st.lists(_NAMES, max_size=3).map("/".join)


@given(st.sampled_from(["", "r", "rules_x~1.0"]), _PATHS, st.lists(_NAMES, min_size=1, max_size=3).map("/".join))
def test_text_is_parsed_back(repo: str, package: str, name: str) -> None:
    label = Label(repo, package, name)
    assert Label.parse(str(label)) == label
    assert Label.parse("@" + str(label) if repo else str(label)) == label
    assert label.path == (f"{package}/{name}" if package else name)
    assert str(label).startswith(label.package_id + ":")
    assert label.sibling("z") == Label(repo, package, "z")


@given(st.text(max_size=12))
def test_any_text_is_a_label_or_a_label_error(text: str) -> None:
    try:
        label = Label.parse(text, package="here")
    except LabelError:
        return
    assert Label.parse(str(label)) == label
