"""query in memory: a graph written down, and what each function answers; the parser's mistakes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rulesengine.errors import Location, NoSuchTargetError, QueryError, UsageError
from rulesengine.model.label import Label
from rulesengine.model.rule import AttributeSchema, Rule
from rulesengine.model.target import Target
from rulesengine.query import evaluate, parse
from rulesengine.query.parser import Binary, Call, Let, SetOf, Word

LIBRARY = Rule(
    "library",
    "//:x.bzl",
    0,
    {
        "deps": AttributeSchema("label_list"),
        "srcs": AttributeSchema("label_list", allow_files=True),
        "size": AttributeSchema("string"),
        "alwayslink": AttributeSchema("bool", default=False),
    },
)
TEST = Rule("lib_test", "//:x.bzl", 1, {"deps": AttributeSchema("label_list")}, test=True)
SUITE = Rule("test_suite", "//:x.bzl", 2, {"tests": AttributeSchema("label_list")})


class Memory:
    """A TargetGraph of what it is given."""

    def __init__(self, *targets: Target) -> None:
        self.targets = {one.label: one for one in targets}

    def resolve(self, pattern: str) -> Sequence[Label]:
        if pattern.endswith("..."):
            return [label for label, one in self.targets.items() if one.kind == "rule"]
        label = Label.parse(pattern)
        self.target(label)
        return [label]

    def target(self, label: Label) -> Target:
        if label not in self.targets:
            raise NoSuchTargetError(f"no target {label}")
        return self.targets[label]

    def values(self, node: Label) -> Mapping[str, Any]:
        return self.target(node).attributes

    def place(self, node: Label) -> Location:
        return self.target(node).location or Location(node.path, 1, 1)

    in_configurations = False

    def configuration(self, node: Label) -> None:
        return

    def label(self, node: Label) -> Label:
        return node

    def named(self, node: Label, attribute: str) -> Sequence[Label]:
        if attribute == "_implicit_tests":
            unwanted = {tag[1:] for tag in self.target(node).tags}
            beside = [self.targets[one] for one in self.siblings(node)]
            return [one.label for one in beside if one.rule is TEST and not unwanted & set(one.tags)]
        return list(dict.fromkeys(one for _, one in self.target(node).labels(attribute)))

    def build_files(self, node: Label) -> Sequence[Label]:
        return [self.build_file(node), *(self.build_file(one) for one in self.load_files(node))]

    def build_files_of(self, fragments: Sequence[str], universe: Sequence[Label]) -> Sequence[Label]:
        return [
            self.build_file(one)
            for one in universe
            if {self.build_file(one).path, *(file.path for file in self.load_files(one))} & set(fragments)
        ]

    def conditions(self, node: Label) -> Mapping[Label, Sequence[str]]:
        return {}

    def dependencies(self, label: Label) -> Sequence[Label]:
        return list(dict.fromkeys(one for _, one in self.target(label).labels()))

    def siblings(self, label: Label) -> Sequence[Label]:
        return [one for one in self.targets if one.package == label.package]

    def build_file(self, label: Label) -> Label:
        return label.sibling("BUILD")

    def load_files(self, label: Label) -> Sequence[Label]:
        return [Label("", "", "x.bzl")]

    def visible(self, source: Label, label: Label) -> bool:
        return source.package == label.package or "//visibility:public" in self.target(label).visibility

    def check(self) -> None:
        return


def library(name: str, *deps: str, rule: Rule = LIBRARY, **more: object) -> Target:
    label = Label.parse(name)
    return Target(
        label,
        "rule",
        rule,
        {"deps": list(deps), **more},
        Location(f"{label.package}/BUILD", 3, 1),
        ("//visibility:public",),
    )


GRAPH = Memory(
    library("//a:top", "//a:left", "//a:right"),
    library("//a:left", "//b:base", size="small", tags=["x", "y"]),
    library("//a:right", "//b:base", alwayslink=True),
    library(
        "//a:choice",
        deps=[{"select__": [["//b:on", ["//a:left"]], ["//conditions:default", ["//a:right"]]], "error__": ""}],
    ),
    library("//b:base", srcs=["//b:f.txt"]),
    library("//b:on"),
    Target(Label.parse("//b:f.txt"), "source"),
    Target(Label.parse("//b:gen"), "generated", generator=Label.parse("//b:base")),
    library("//t:small", "//a:top", rule=TEST, size="small"),
    library("//t:big", "//b:base", rule=TEST, tags=["slow"]),
    Target(Label.parse("//t:all_tests"), "rule", SUITE, {}),
    Target(Label.parse("//t:quick"), "rule", SUITE, {"tags": ["-slow"]}),
    Target(Label.parse("//t:named"), "rule", SUITE, {"tests": ["//t:big", "//t:quick"]}),
)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("//a:top", "//a:top"),
        ("deps(//a:top)", "//a:left //a:right //a:top //b:base //b:f.txt"),
        ("deps(//a:top, 0)", "//a:top"),
        ("deps(//a:top, 1)", "//a:left //a:right //a:top"),
        ("deps(//a:choice, 1)", "//a:choice //a:left //a:right //b:on"),
        ("deps(//b:gen)", "//b:base //b:f.txt //b:gen"),
        ("rdeps(//a/..., //b:base, 1)", "//a:left //a:right //b:base //t:big"),
        ("rdeps(//a:top, //b:base)", "//a:left //a:right //a:top //b:base"),
        ("rdeps(//a:left, //a:right)", ""),
        ("allpaths(//a:top, //b:f.txt)", "//a:left //a:right //a:top //b:base //b:f.txt"),
        ("somepath(//a:top, //b:f.txt)", "//a:left //a:top //b:base //b:f.txt"),
        ("somepath(//b:base, //a:top)", ""),
        ("same_pkg_direct_rdeps(//b:base)", "//b:gen"),
        ('kind("library rule", //a/...)', "//a:choice //a:left //a:right //a:top //b:base //b:on"),
        ("kind('source file', deps(//a:top))", "//b:f.txt"),
        ("kind('^generated', siblings(//b:on))", "//b:gen"),
        ("attr(size, small, //a/...)", "//a:left //t:small"),
        (r"attr(tags, '[\[ ]y[,\]]', //a/...)", "//a:left"),
        (
            "attr(alwayslink, 0, //a:all + //a/...)".replace("//a:all + ", ""),
            "//a:choice //a:left //a:top //b:base //b:on",
        ),
        ("attr(name, '^ri', //a/...)", "//a:right"),
        ("attr(deps, '//b:base', //a/...)", "//a:left //a:right //t:big"),
        ("filter('^//b', deps(//a:top))", "//b:base //b:f.txt"),
        ("labels(srcs, //b:base)", "//b:f.txt"),
        ("labels(deps, //a:choice)", "//a:left //a:right"),
        ("tests(//t:all_tests)", "//t:big //t:small"),
        ("tests(//t:quick)", "//t:small"),
        ("tests(//t:named)", "//t:big //t:small"),
        ("tests(//a:top)", ""),
        ("siblings(//b:on)", "//b:base //b:f.txt //b:gen //b:on"),
        ("buildfiles(//a:top)", "//:BUILD //:x.bzl //a:BUILD"),
        ("loadfiles(//a:top)", "//:x.bzl"),
        ("visible(//a:top, deps(//a:top))", "//a:left //a:right //a:top //b:base"),
        ("some(deps(//a:top))", "//a:top"),
        ("some(deps(//a:top), 2)", "//a:left //a:top"),
        ("set(//a:top //b:on)", "//a:top //b:on"),
        ("set()", ""),
        ("//a:top + //b:on", "//a:top //b:on"),
        ("deps(//a:top) - //a:top", "//a:left //a:right //b:base //b:f.txt"),
        ("deps(//a:left) ^ deps(//a:right)", "//b:base //b:f.txt"),
        ("deps(//a:top) except deps(//a:left) union //b:on", "//a:right //a:top //b:on"),
        ("deps(//a:top) except (deps(//a:left) union //b:on)", "//a:right //a:top"),
        ("//a:top intersect //b:on", ""),
        ("let x = deps(//a:left) in $x - //a:left", "//b:base //b:f.txt"),
        ("let x = //a:left in let y = $x in deps($y, 1) ^ $x", "//a:left"),
    ],
)
def test_answers(query: str, expected: str) -> None:
    result = evaluate(query, GRAPH)
    text = result.render(order="auto") if "files" not in query and "somepath" not in query else None
    assert " ".join(sorted(str(one) for one in result.labels)) == expected
    assert text is None or text == "".join(f"{one}\n" for one in expected.split())


def test_somepath_is_a_path_in_order() -> None:
    labels = evaluate("somepath(//a:top, //b:f.txt)", GRAPH).labels
    assert [str(one) for one in labels] == ["//a:top", "//a:left", "//b:base", "//b:f.txt"]


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("dps(//a)", "there is no function 'dps'\n  dps(//a)\n  ^\n  hint: did you mean 'deps'"),
        ("deps(//a", "query: deps() goes on with ',' or ')' here\n  deps(//a\n          ^"),
        ("deps(//a, x)", "expected a number, not 'x'"),
        ("deps(//a, 1, 2)", "takes 2 arguments at most"),
        ("//a //b", "'//b' follows a whole expression"),
        ("kind(//a)", "kind() goes on with ',' here"),
        ("'//a", "a quote that is never closed"),
        ("//a +", "an expression is missing"),
        ("(//a", "')' is missing"),
        ("let 1x = //a in //b", "'1x' is not a name"),
        ("", "an expression is missing"),
        ("(" * 300 + "//a" + ")" * 300, "nests deeper"),
        ("//a ? //b", "cannot read '?'"),
    ],
)
def test_mistakes(query: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        evaluate(query, GRAPH)
    assert says in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("$x", "$x is not defined"),
        ("kind('(', //a:top)", "is not a regular expression"),
        ("some(set())", "some() of nothing"),
    ],
)
def test_queries_without_an_answer(query: str, says: str) -> None:
    with pytest.raises(QueryError) as caught:
        evaluate(query, GRAPH)
    assert says in str(caught.value)
    assert caught.value.exit_code == 1


def test_the_tree() -> None:
    assert parse("a-b - c") == Binary("except", Word("a-b"), Word("c"))
    assert parse("a + b ^ c") == Binary("intersect", Binary("union", Word("a"), Word("b")), Word("c"))
    assert parse("let x = a in $x") == Let("x", Word("a"), Word("$x"))
    assert parse("set('b c' d)") == SetOf(("b c", "d"))
    assert parse("deps('let', 3)") == Call("deps", (Word("let"), 3))


def test_forms() -> None:
    result = evaluate("deps(//a:top)", GRAPH)
    assert result.render("label_kind").splitlines()[-1] == "source file //b:f.txt"
    assert result.render("location").splitlines()[0] == "a/BUILD:3:1: library rule //a:left"
    assert result.render("package") == "a\nb\n"
    assert result.render("minrank").splitlines() == [
        "0 //a:top", "1 //a:left", "1 //a:right", "2 //b:base", "3 //b:f.txt",
    ]  # fmt: skip
    graph = result.render("graph")
    assert '  "//a:top" -> "//a:left"\n' in graph
    assert graph.startswith("digraph mygraph {\n")
    assert [one["label"] for one in json.loads(result.render("json"))] == [
        str(x) for x in sorted(result.labels, key=str)
    ]
    assert evaluate("//a:left", GRAPH).render("build") == (
        '# a/BUILD:3:1\nlibrary(\n  name = "left",\n  deps = ["//b:base"],\n  size = "small",\n'
        '  tags = ["x", "y"],\n)\n'
    )
    assert "select({" in evaluate("//a:choice", GRAPH).render("build")
    with pytest.raises(UsageError, match="did you mean 'label'"):
        result.render("lable")


@given(st.sets(st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(lambda pair: pair[0] < pair[1]), max_size=30))
def test_against_networkx(edges: set[tuple[int, int]]) -> None:
    names = [f"//n:{number}" for number in range(10)]
    memory = Memory(
        *(library(name, *(names[b] for a, b in sorted(edges) if a == number)) for number, name in enumerate(names))
    )
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_nodes_from(range(10))
    graph.add_edges_from(edges)

    def numbers(query: str) -> set[int]:
        return {int(one.name) for one in evaluate(query, memory).labels}

    assert numbers("deps(//n:0)") == {0, *nx.descendants(graph, 0)}
    assert numbers("rdeps(//n/..., //n:9)") == {9, *nx.ancestors(graph, 9)}
    between = {0, *nx.descendants(graph, 0)} & {9, *nx.ancestors(graph, 9)}
    assert numbers("allpaths(//n:0, //n:9)") == between
    path = evaluate("somepath(//n:0, //n:9)", memory).labels
    assert bool(path) == bool(between)
    if path:
        assert len(path) - 1 == nx.shortest_path_length(graph, 0, 9)
    for line in evaluate("deps(//n:0)", memory).render("maxrank").splitlines():
        rank, label = line.split()
        number = int(label.rpartition(":")[2])
        assert int(rank) == max((len(p) - 1 for p in nx.all_simple_paths(graph, 0, number)), default=0)


def test_the_text_format_holds_what_the_json_mapping_does() -> None:
    from rulesengine.query.text_format import text_format

    found = {"results": [{"target": {"type": "RULE", "ruleInput": ['//a:"x"', "é"], "nodep": False}, "id": 3}, {}]}
    assert text_format(found) == (
        'results {\n  target {\n    type: RULE\n    rule_input: "//a:\\"x\\""\n    rule_input: "é"\n    nodep: false\n'
        "  }\n  id: 3\n}\nresults {\n}\n"
    )
