"""Rewriting: what Bazel takes and starlark-pyo3 does not; lines stay, columns are mapped back."""

# ruff: noqa: E501 - Starlark programs stand here as data
from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rulesengine.loading.rewrite import rewrite
from rulesengine.loading.standins import Kind
from tests.spaces import Space

KINDS: list[Kind] = ["", "bzl", "build", "sets"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = dep.label", 'x = dot__(dep, "label")'),
        ("x = dep.files.to_list()", 'x = dot__(dep, "files").to_list()'),
        ("x = dep.label.name", 'x = dot__(dep, "label").name'),
        ("x = ctx.attr.dep.files", 'x = dot__(ctx.attr.dep, "files")'),
        ("x = ctx.label", "x = ctx.label"),
        ("x = ctx.files.srcs", "x = ctx.files.srcs"),
        ("x = (a or b).files", 'x = dot__((a or b), "files")'),
        ("x = f(a.label, b.label)", 'x = f(dot__(a, "label"), dot__(b, "label"))'),
        ("x = a.files.b.files", 'x = dot__(dot__(a, "files").b, "files")'),
        ("x = {d.label: 1 for d in ds}", 'x = {dot__(d, "label"): 1 for d in ds}'),
        ("x = dep[MyInfo].value", "x = provider__(dep, MyInfo).value"),
        ("x = dep[_MyInfo]", "x = provider__(dep, _MyInfo)"),
        ("x = dep[lib.MyInfo]", "x = provider__(dep, lib.MyInfo)"),
        ("x = deps[0][MyInfo]", "x = provider__(deps[0], MyInfo)"),
        ("x = dep[MyInfo].dep[OtherInfo]", "x = provider__(provider__(dep, MyInfo).dep, OtherInfo)"),
        ("x = table[KEY]", "x = table[KEY]"),
        ("dep[MyInfo] = 1", "dep[MyInfo] = 1"),
        ("f(*args, b = 1)", "f(b = 1, *args)"),
        ("f(a, *args, b = 1, c = 2)", "f(a, b = 1, c = 2, *args)"),
        ("f(a, *args, b = 1, **kw)", "f(a, b = 1, *args, **kw)"),
        ("f(*[1, 2], b = 1)", "f(b = 1, *[1, 2])"),
        ("f(*dep.files, b = 1)", 'f(b = 1, *dot__(dep, "files"))'),
        ("f(*args)", "f(*args)"),
        ("f(a = 1, *args)", "f(a = 1, *args)"),
        ('x = "%s" % label', 'x = mod__("%s" , label)'),
        ('x = "%s %s" % (label, 1)', 'x = mod__("%s %s" , (label, 1))'),
        ('x = ("%s" + y) % dep.label', 'x = mod__(("%s" + y) , dot__(dep, "label"))'),
        ('x = "{}".format(label)', 'x = format__("{}", label)'),
        ('x = "{a}".format(a = label.name)', 'x = format__("{a}", a = label.name)'),
        ("label = 7 % 3", "label = 7 % 3"),
        ('x = "50%"', 'x = "50%"'),
        ('x = "é" + dep.label.name  # é', 'x = "é" + dot__(dep, "label").name  # é'),
    ],
)
def test_rewrite(text: str, expected: str) -> None:
    assert rewrite(text).text == expected
    assert rewrite(text).original == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("s.add(1)", 'dot__(s, "add")(1)'),
        ("x = [a for a in s if a in t]", "x = [a for a in names__(s) if a in names__(t)]"),
        ("x = [len(s), max(s), max(1, s)]", "x = [len(names__(s)), max(names__(s)), max(1, s)]"),
        ("a, b = s", "a, b = names__(s)"),
        ("f(*s, b = not c)", "f(b = not filled__(c), *names__(s))"),
        ("x = a - b", "x = sub__(a , b)"),
        ("x = a-(b)", "x = sub__(a,(b))"),
        ("x = len(a) - 1", "x = len(names__(a)) - 1"),
        ("s |= t", "s = change__(s, or__, t)"),
        ('d["k"] &= t', 'change_item__(d, "k", band__,   t)'),
        ("x = a < b", "x = ordered__(a) < b"),
        ("x = 1 if (a or b == 2) else c", "x = 1 if (filled__(a) or b == 2) else c"),
        ("x = a or b or c", "x = filled__(a) or filled__(b) or c"),
        ("x = a and 1", "x = (a if empty__(a) else 1)"),
        ("x = (f()) and b or 1", "x = (filled__(f())) and filled__(b) or 1"),
        ("x = a == 1 and f() and c", "x = a == 1 and and__( f() , lambda: c)"),
        ("x = any([a.b for a in s])", "x = any([filled__(a.b) for a in names__(s)])"),
        ("x = all(s) and bool(s)", "x = all(each__(s)) and bool(filled__(s))"),
        ("x = a == b and not c", "x = a == b and not filled__(c)"),
        ("x = [f for f in ctx.files.srcs if f.x > 1]", "x = [f for f in ctx.files.srcs if f.x > 1]"),
        ("x = 1 if ctx.attr.y and len([]) and str(z) else 2", "x = 1 if ctx.attr.y and len([]) and str(z) else 2"),
    ],
)
def test_stand_ins(text: str, expected: str) -> None:
    """Sets and depsets are structs here."""
    made = rewrite(text, "bzl")
    assert made.text == expected
    ast.parse(made.text)


def test_stand_ins_of_build_files() -> None:
    assert rewrite("x = [a for a in s if a]", "build").text == "x = [a for a in s if filled__(a)]"
    assert rewrite("x = [a for a in s]", "sets").text == "x = [a for a in names__(s)]"
    assert rewrite("x = set([a for a in s])", "build").text == "x = set([a for a in names__(s)])"
    assert rewrite("x = f() and 1", "build").text == "x = f() and 1"  # a BUILD file has no functions


def test_several_lines() -> None:
    text = 'x = (\n    "%s"\n    # 100%\n    % label\n)\ny = (\n    dep\n).files\n'
    made = rewrite(text).text
    assert made.count("\n") == text.count("\n")
    assert "mod__(" in made and 'dot__((\n    dep\n), "files")' in made
    ast.parse(made)


_PIECES = st.sampled_from(
    ["a and f() and b", "not d", "a - b", "g() and 1", "len(s)", "1 if t else u", "dep.label", "dep[MyInfo].x", "a.files", '"%s" % label', '"{}".format(owner)', "f(*a, b = c.files)", "é(1)", "ctx.label"]
)  # fmt: skip


@given(st.lists(_PIECES, min_size=1, max_size=5), st.sampled_from([" + ", ", ", " or "]))
def test_columns_are_mapped_back(pieces: list[str], joint: str) -> None:
    """Names that only stand once are found in the author's text where they are in the parsed one."""
    text = "x = f(" + joint.join(f"n{number}, {piece}" for number, piece in enumerate(pieces)) + ")"
    made = rewrite(text, "bzl")
    ast.parse(made.text)
    for number in range(len(pieces)):
        parsed = made.text.index(f"n{number}") + 1  # a bracket of ours may follow
        assert made.original_column(1, parsed) == text.index(f"n{number}") + 1
    assert made.original_column(1, 1) == 1
    assert made.original_column(1, len(made.text) + 1) == len(text) + 1


@given(st.text(alphabet='abc.%*()[]"\n, =#label', max_size=60))
def test_any_text_keeps_its_lines(text: str) -> None:
    for kind in KINDS:
        assert rewrite(text, kind).text.count("\n") == text.count("\n")


def test_errors_point_at_the_authors_columns(space: Space) -> None:
    space.files(
        {
            "a/d.bzl": (
                "def _impl(ctx):\n"
                "    x = [ctx.attr.dep.label.name, ctx.attr.dep.files, undefined]\n"
                "    return []\n"
                'thing = rule(implementation = _impl, attrs = {"dep": attr.label(allow_files = True)})\n'
            ),
            "a/BUILD": "",
        }
    )
    space.write("a/BUILD", 'load(":d.bzl", "thing")\nthing(name = "x", dep = "BUILD")\n')
    fault = space.error("//a:x")
    assert str(fault.location) == "a/d.bzl:2:55"
    assert fault.location is not None
    assert fault.location.excerpt.split("\n")[1].endswith(" ^^^^^^^^^")


def test_what_was_rewritten_works(space: Space) -> None:
    space.files(
        {
            "a/d.bzl": (
                "def show(*args, **kwargs):\n    print(args, kwargs)\n\n"
                "def _impl(ctx):\n"
                "    dep = ctx.attr.dep\n"
                "    show(1, *[2, 3], b = dep.label.name)\n"
                '    print("%s|%s" % (ctx.label, dep.label), "%s" % ctx.label, "%d%%" % 7, "{} {x}".format(ctx.label, x = 1))\n'
                "    print(str(ctx.label), [ctx.label], repr(ctx.label), type(ctx.label), type(dep), type(dep.files))\n"
                "    print(dep.label.same_package_label('q'), dep.label.relative('//r:s'), dep.files.to_list())\n"
                "    s = set([1])\n    s.add(2)\n    s.discard(1)\n    print(sorted(s.union([5])), 2 in s, len(s), bool(set()))\n"
                "    return []\n"
                'thing = rule(implementation = _impl, attrs = {"dep": attr.label(allow_files = True)})\n'
            ),
            "a/f.txt": "",
            "a/BUILD": 'load(":d.bzl", "thing")\nthing(name = "x", dep = "f.txt")\n',
        }
    )
    assert space.prints("//a:x") == [
        '(1, 2, 3) {"b": "f.txt"}',
        "@@//a:x|@@//a:f.txt @@//a:x 7% @@//a:x 1",
        '@@//a:x [Label("//a:x")] Label("//a:x") Label Target depset',
        "@@//a:q @@//r:s [<source file a/f.txt>]",
        "[2, 5] True 1 False",
    ]
