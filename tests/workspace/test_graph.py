"""graph: pictures of targets and actions."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rulesengine.errors import UsageError
from rulesengine.workspace import Workspace
from rulesengine.workspace.layered import layered
from rulesengine.workspace.picture import Node, Picture

BUILD = """
filegroup(name = "files", srcs = ["x&y.txt"])
genrule(name = "g", srcs = [":files"], outs = ["g.txt"], cmd = "cat $(SRCS) > $@")
genrule(name = "h", srcs = [":g", ":g.txt"], outs = ["h.txt"], cmd = "cat $(SRCS) > $@")
config_setting(name = "c", define_values = {"a": "b"})
filegroup(name = "s", srcs = select({":c": [":h"], "//conditions:default": [":g"]}))
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    root = tmp_path / "root"
    (root / "a").mkdir(parents=True)
    (root / "MODULE.bazel").write_text("")
    (root / "a/BUILD").write_text(BUILD)
    (root / "a/x&y.txt").write_text("x")
    return Workspace(root, cache=tmp_path / "cache")


def test_targets_and_actions(workspace: Workspace) -> None:
    picture = workspace.graph("//a:s")
    assert [one.name for one in picture.nodes] == ["//a:s", "//a:h", "//a:g", "//a:files", "//a:x&y.txt", "//a:g.txt"]
    assert ("//a:s", "//a:g") in picture.edges
    assert ("//a:g.txt", "//a:g") in picture.edges
    assert "//a:c" in [one.name for one in workspace.graph("//a:s", conditions=True).nodes]
    actions = workspace.graph("//a:h", actions=True)
    assert [(one.text, one.kind) for one in actions.nodes] == [("a/h.txt", "Genrule"), ("a/g.txt", "Genrule")]
    assert len(actions.edges) == 1
    with pytest.raises(UsageError):
        workspace.graph()


def test_forms(workspace: Workspace) -> None:
    picture = workspace.graph("//a:s")
    document = ET.fromstring(picture.render("svg"))
    shown = [one.text for one in document.iter("{http://www.w3.org/2000/svg}text")]
    assert {one.name for one in picture.nodes} <= set(shown)
    page = picture.render("html")
    assert page.count("<svg ") == 1
    assert not re.search(r"""(src|href)\s*=|@import|url\((?!#)|https?://(?!www\.w3\.org/2000/svg)""", page)
    value = json.loads(picture.render("json"))
    assert len(value["nodes"]) == len(picture.nodes)
    assert {(one["from"], one["to"]) for one in value["edges"]} == set(picture.edges)
    assert picture.render("dot").startswith("digraph {")
    with pytest.raises(UsageError, match="unknown output"):
        picture.render("png")
    assert picture.render("svg") == picture.render("svg")


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.integers(1, 40).flatmap(
        lambda count: st.tuples(
            st.just(count), st.sets(st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)), max_size=120)
        )
    )
)
def test_nothing_lies_over_another(made: tuple[int, set[tuple[int, int]]]) -> None:
    """Whatever the graph (circles too): boxes do not overlap, and lines of graphs without circles lead rightwards."""
    count, pairs = made
    names = [f"n{number}" for number in range(count)]
    edges = [(names[one], names[other]) for one, other in sorted(pairs) if one != other]
    widths = {name: 20.0 + 7 * (number % 5) for number, name in enumerate(names)}
    layout = layered(names, edges, widths, 24.0)
    assert set(layout.places) == set(names)
    for one in names:
        for other in names:
            if one < other:
                (x0, y0), (x1, y1) = layout.places[one], layout.places[other]
                apart = x0 + widths[one] <= x1 or x1 + widths[other] <= x0 or abs(y0 - y1) >= 24
                assert apart, (one, other)
    if all(int(one[1:]) < int(other[1:]) for one, other in edges):
        for start, end in edges:
            assert layout.places[start][0] + widths[start] < layout.places[end][0]
    assert set(layout.lines) == set(edges)


def test_an_empty_picture() -> None:
    assert ET.fromstring(Picture("none", (), ()).svg()).tag.endswith("svg")
    assert "one" in Picture("one", (Node("one", "one", "x rule"),), ()).svg()
