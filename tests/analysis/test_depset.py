"""depset in Starlark and its mirror in Python agree, in every order, with each other and with a plain walk."""

# ruff: noqa: E501 - Starlark programs stand here as data
from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rulesengine.model.depset import Depset
from tests.spaces import Space, define, rule

ORDERS = ("default", "postorder", "preorder", "topological")
SHAPES = st.lists(
    st.tuples(st.lists(st.integers(0, 9), max_size=3), st.lists(st.integers(0, 100), max_size=3)),
    min_size=1,
    max_size=7,
)


@given(st.lists(st.tuples(SHAPES, st.sampled_from(ORDERS)), min_size=1, max_size=10))
@settings(max_examples=25, deadline=None)
def test_starlark_and_python_agree(cases: list[tuple[list[tuple[list[int], list[int]]], str]]) -> None:
    body = """
for shape, order in json.decode(CASES):
    nodes = []
    for direct, children in shape:
        nodes.append(depset(direct, order = order, transitive = [nodes[c % len(nodes)] for c in children] if nodes else []))
    print(json.encode(nodes[-1].to_list()))
return []
"""
    with tempfile.TemporaryDirectory() as directory:
        space = Space(Path(directory))
        define(space, rule(body, before=f"CASES = {json.dumps(json.dumps(cases))}\n"))
        said = [json.loads(line) for line in space.prints("//a:x")]
    for (shape, order), found in zip(cases, said, strict=True):
        nodes: list[Depset[int]] = []
        for direct, children in shape:
            nodes.append(Depset(direct, [nodes[c % len(nodes)] for c in children] if nodes else [], order))
        assert nodes[-1].to_list() == found


def test_a_million_paths_are_walked_once(space: Space) -> None:
    define(
        space,
        rule(
            """
d = depset([0])
for n in range(1, 200):
    d = depset([n], transitive = [d, d, d])
print(len(d.to_list()), d.to_list()[0])
return []
"""
        ),
    )
    assert space.prints("//a:x") == ["200 0"]


def test_files_of_actions_are_the_depsets_files(space: Space) -> None:
    for name in "abcd":
        space.write(f"a/{name}", "")
    define(
        space,
        rule(
            """
a, b, c, d = ctx.files.srcs
low = depset([d])
top = depset([a], transitive = [depset([b], transitive = [low]), depset([c], transitive = [low])], order = "postorder")
o = ctx.actions.declare_file("o")
ctx.actions.run(outputs = [o], inputs = top, executable = "/bin/x")
print([f.basename for f in top.to_list()])
return [DefaultInfo(files = depset([o]))]
""",
            '"srcs": attr.label_list(allow_files = True)',
        ),
        'thing(name = "x", srcs = ["a", "b", "c", "d"])',
    )
    assert space.prints("//a:x") == ['["d", "b", "c", "a"]']
    [action] = space.analysis("//a:x").graph.actions
    assert [file.path for file in action.inputs] == ["a/d", "a/b", "a/c", "a/a"]


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("depset(3)", "takes a list"),
        ("depset('abc')", "takes a list"),
        ("depset(depset([1]))", "transitive"),
        ("depset([1], order = 'random')", "invalid order"),
        ("depset([1], transitive = [[2]])", "takes depsets"),
        ("depset([[1]]).to_list()", "unhashable"),
        ("depset([1], transitive = 3)", "not iterable"),
        ("depset([1]) + [2]", "unsupported binary operation"),
        ("[x for x in depset([1])]", "not iterable"),
    ],
)
def test_refused(space: Space, expression: str, message: str) -> None:
    define(space, rule(f"x = {expression}\nreturn []"))
    fault = space.error("//a:x")
    assert message in str(fault)
    assert fault.location is not None and fault.location.path == "a/d.bzl"
