from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rulesengine.model.depset import Depset

ORDERS = ("default", "postorder", "preorder", "topological")
# A DAG: node i has direct elements and children with smaller numbers.
DAGS = st.lists(
    st.tuples(st.lists(st.integers(0, 12), max_size=3), st.lists(st.integers(0, 100), max_size=3)),
    min_size=1,
    max_size=8,
)


def build(shape: list[tuple[list[int], list[int]]], order: str) -> Depset[int]:
    nodes: list[Depset[int]] = []
    for direct, children in shape:
        below = [nodes[child % len(nodes)] for child in children] if nodes else []
        nodes.append(Depset(direct, below, order))
    return nodes[-1]


def plain(node: Depset[int], order: str) -> list[int]:
    """The model: walk everything, keep the first occurrence (topological: the last)."""

    def walk(one: Depset[int]) -> list[int]:
        below = [value for child in one.transitive for value in walk(child)]
        return list(one.direct) + below if order in ("preorder", "topological") else below + list(one.direct)

    if order != "topological":
        return list(dict.fromkeys(walk(node)))
    return list(reversed(dict.fromkeys(reversed(walk(node)))))


@given(DAGS)
def test_pre_and_postorder_are_those_of_a_plain_walk(shape: list[tuple[list[int], list[int]]]) -> None:
    for order in ("default", "postorder", "preorder"):
        made = build(shape, order)
        assert made.to_list() == plain(made, order)


@given(DAGS, st.sampled_from(ORDERS))
def test_every_value_once(shape: list[tuple[list[int], list[int]]], order: str) -> None:
    made = build(shape, order)
    assert sorted(made.to_list()) == sorted(set(plain(made, "preorder")))
    assert list(made) == made.to_list()


@given(st.lists(st.lists(st.integers(0, 100), max_size=3), min_size=1, max_size=8))
def test_topological_puts_parents_before_children(shape: list[list[int]]) -> None:
    nodes: list[Depset[int]] = []
    for number, children in enumerate(shape):
        below = [nodes[child % len(nodes)] for child in children] if nodes else []
        nodes.append(Depset([number], below, "topological"))
    found = nodes[-1].to_list()
    for number, node in enumerate(nodes):
        if number in found:
            assert all(found.index(number) < found.index(child.direct[0]) for child in node.transitive)


def test_documented_orders() -> None:
    """The example of Bazel's documentation of depset."""
    d = Depset(["d"])
    b, c = Depset(["b"], [d]), Depset(["c"], [d])
    assert Depset(["a"], [b, c], "postorder").to_list() == ["d", "b", "c", "a"]
    assert Depset(["a"], [b, c], "preorder").to_list() == ["a", "b", "d", "c"]
    assert Depset(["a"], [b, c], "topological").to_list() == ["a", "b", "c", "d"]


def test_deep_and_shared_graphs_are_quick() -> None:
    node: Depset[int] = Depset([0])
    for number in range(1, 20_000):
        node = Depset([number], [node, node])
    assert node.to_list() == list(range(20_000))
