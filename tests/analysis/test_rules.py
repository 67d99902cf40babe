"""rule(), attr.*, provider(), ctx: what a rule implementation sees and what it may return."""

# ruff: noqa: E501 - Starlark programs stand here as data
from __future__ import annotations

import pytest

from rulesengine.errors import AnalysisError, AttributeValueError, RulesEngineError
from tests.spaces import Space, argv, define, rule, short

# ---- attributes ---------------------------------------------------------------

ATTRIBUTES = (
    '"string": attr.string(), "string_d": attr.string(default = "d"), "int": attr.int(), "int_d": attr.int(default = 7), '
    '"bool": attr.bool(), "label": attr.label(allow_files = True), "label_list": attr.label_list(allow_files = True), '
    '"string_list": attr.string_list(), "int_list": attr.int_list(), "string_dict": attr.string_dict(), '
    '"string_list_dict": attr.string_list_dict(), "output": attr.output(), "output_list": attr.output_list(), '
    '"keyed": attr.label_keyed_string_dict(allow_files = True), "labels": attr.string_keyed_label_dict(allow_files = True)'
)


def test_defaults_of_every_kind(space: Space) -> None:
    define(
        space,
        rule(
            """
a = ctx.attr
print(a.name, [a.string, a.string_d, a.int, a.int_d, a.bool, a.label, a.label_list, a.string_list, a.int_list])
print(a.string_dict, a.string_list_dict, a.output, a.output_list, a.keyed.items(), a.labels, a.tags, a.testonly)
return []
""",
            ATTRIBUTES,
        ),
    )
    assert space.prints("//a:x") == [
        'x ["", "d", 0, 7, False, None, [], [], []]',
        "{} {} None [] [] {} [] False",
    ]


def test_values_of_every_kind(space: Space) -> None:
    define(
        space,
        rule(
            """
a = ctx.attr
print(a.string, a.int, a.bool, a.label.label, [t.label.name for t in a.label_list], a.string_list, a.int_list)
print(a.string_dict, a.string_list_dict, a.output, a.output_list)
print([(t.label.name, text) for t, text in a.keyed.items()], {k: t.label.name for k, t in a.labels.items()})
print([f.path for f in ctx.files.label_list], [f.short_path for f in ctx.files.keyed], ctx.outputs.output.short_path)
print([f.basename for f in ctx.outputs.output_list], a.tags, a.visibility)
for f in ctx.outputs.output_list + [ctx.outputs.output]:
    ctx.actions.write(f, "")
return []
""",
            ATTRIBUTES,
        ),
        """
exports_files(["f", "g"])
thing(
    name = "x", string = "s", int = -3, bool = 1, label = "f", label_list = ["f", ":g"], string_list = ["a"],
    int_list = [1, 2], string_dict = {"z": "v", "a": "w"}, string_list_dict = {"k": ["v", "w"], "b": []}, output = "o", output_list = ["p", "d/q"],
    keyed = {"f": "one", ":g": "two"}, labels = {"z": "f", "a": "g"}, tags = ["t"], visibility = ["//visibility:public"],
)
""",
    )
    space.write("a/f", "")
    space.write("a/g", "")
    assert space.prints("//a:x") == [
        's -3 True @@//a:f ["f", "g"] ["a"] [1, 2]',
        '{"z": "v", "a": "w"} {"k": ["v", "w"], "b": []} @@//a:o [Label("//a:p"), Label("//a:d/q")]',
        '[("f", "one"), ("g", "two")] {"z": "f", "a": "g"}',
        '["a/f", "a/g"] ["a/f", "a/g"] a/o',
        '["p", "q"] ["t"] [Label("//visibility:public")]',
    ]


WRONG = [
    ("string", "3"), ("string", "['a']"), ("string", "None or 3"), ("int", "'3'"), ("int", "True"), ("int", "3000000000"),
    ("bool", "'yes'"), ("bool", "2"), ("label", "['f']"), ("label", "3"), ("label", "'a b//c'"), ("label_list", "'f'"),
    ("label_list", "[3]"), ("label_list", "['f', 'f']"), ("label_list", "{'f': 'g'}"), ("string_list", "'a'"),
    ("string_list", "[1]"), ("int_list", "['1']"), ("int_list", "[True]"), ("string_dict", "['a']"),
    ("string_dict", "{'a': 1}"), ("string_dict", "{1: 'a'}"), ("string_list_dict", "{'a': 'b'}"),
    ("string_list_dict", "{'a': [1]}"), ("output", "['o']"), ("output", "'//b:o'"), ("output_list", "'o'"),
    ("output_list", "['o', 'o']"), ("output_list", "[3]"), ("keyed", "['f']"), ("keyed", "{'f': 3}"),
    ("keyed", "{'f': 'a', ':f': 'b'}"), ("labels", "{'a': 3}"), ("labels", "'f'"), ("string", "print"),
    ("output", "select({'//conditions:default': 'o'})"), ("string", "select({'//conditions:default': 3})"),
    ("string", "1.5"), ("string", "struct(a = 1)"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_wrong_values(space: Space, name: str, value: str) -> None:
    define(space, rule("return []", ATTRIBUTES), f'thing(\n    name = "x",\n    {name} = {value},\n)')
    space.write("a/f", "")
    fault = space.error("//a:x")
    assert fault.location is not None and fault.location.path == "a/BUILD" and fault.location.line in (2, 4)
    assert name in str(fault)


@pytest.mark.parametrize(
    ("schema", "value", "good"),
    [
        ('attr.string(values = ["a", "b"])', '"a"', True),
        ('attr.string(values = ["a", "b"])', '"c"', False),
        ("attr.int(values = [1, 2])", "2", True),
        ("attr.int(values = [1, 2])", "3", False),
        ("attr.string_list(allow_empty = False)", '["a"]', True),
        ("attr.string_list(allow_empty = False)", "[]", False),
        ("attr.label_list(allow_empty = False)", "[]", False),
        ("attr.string_dict(allow_empty = False)", "{}", False),
        ("attr.label(allow_files = True)", '"f.txt"', True),
        ("attr.label(allow_files = False)", '"f.txt"', False),
        ("attr.label()", '"f.txt"', False),
        ('attr.label(allow_files = [".txt"])', '"f.txt"', True),
        ('attr.label(allow_files = [".c"])', '"f.txt"', False),
        ('attr.label_list(allow_files = [".c", ".txt"])', '["f.txt"]', True),
        ("attr.label(allow_single_file = True)", '"f.txt"', True),
        ('attr.label(allow_single_file = [".c"])', '"f.txt"', False),
        ("attr.label(allow_single_file = True)", '":two"', False),
        ("attr.label(allow_single_file = True)", '":one"', True),
        ('attr.label_list(allow_files = [".c"])', '[":one"]', False),
        ('attr.label_list(allow_files = [".txt"])', '[":one"]', True),
        ("attr.label(mandatory = True)", "None", False),
        ("attr.string(mandatory = True)", '""', True),
    ],
)
def test_what_an_attribute_takes(space: Space, schema: str, value: str, good: bool) -> None:
    build = f'filegroup(name = "one", srcs = ["f.txt"])\nfilegroup(name = "two", srcs = ["f.txt", "g"])\nthing(name = "x", v = {value})'
    define(space, rule("return []", f'"v": {schema}'), build)
    space.write("a/f.txt", "")
    space.write("a/g", "")
    if good:
        space.target("//a:x")
    else:
        assert isinstance(space.error("//a:x"), RulesEngineError)


def test_file_objects(space: Space) -> None:
    define(
        space,
        rule(
            """
f = ctx.file.src
print(f.path, f.short_path, f.basename, f.dirname, f.extension, f.is_source, f.is_directory, f.root.path == "", f.owner)
o = ctx.actions.declare_file("d/o.tar.gz")
print(o.path, o.short_path, o.basename, o.dirname, o.extension, o.is_source, o.root.path, o.owner)
t = ctx.actions.declare_directory("tree")
print(t.is_directory, t.path, [o, f])
s = ctx.actions.declare_file("side", sibling = o)
print(s.short_path, {o: 1}[o], o == s, type(o))
ctx.actions.run(outputs = [o, t, s], executable = "/bin/true")
return [DefaultInfo(files = depset([o]))]
""",
            '"src": attr.label(allow_single_file = True)',
        ),
        'thing(name = "x", src = "sub/f.txt")',
    )
    space.write("a/sub/f.txt", "")
    assert space.prints("//a:x") == [
        "a/sub/f.txt a/sub/f.txt f.txt a/sub txt True False True @@//a:sub/f.txt",
        "pybuild-out/linux-amd64/bin/a/d/o.tar.gz a/d/o.tar.gz o.tar.gz pybuild-out/linux-amd64/bin/a/d gz False pybuild-out/linux-amd64/bin @@//a:x",
        "True pybuild-out/linux-amd64/bin/a/tree [<generated file a/d/o.tar.gz>, <source file a/sub/f.txt>]",
        "a/d/side 1 False File",
    ]


def test_the_rest_of_ctx(space: Space) -> None:
    define(
        space,
        rule(
            """
print(ctx.label, ctx.label.package, ctx.label.name, ctx.label.repo_name == "", ctx.workspace_name, ctx.build_file_path)
print(ctx.bin_dir.path, ctx.var["TARGET_CPU"], ctx.var["BINDIR"], ctx.target_platform.name, ctx.features)
return []
"""
        ),
    )
    assert space.prints("//a:x", platform="linux/arm64") == [
        "@@//a:x a x True _main a/BUILD",
        "pybuild-out/linux-arm64-v8/bin arm64 pybuild-out/linux-arm64-v8/bin linux/arm64/v8 []",
    ]


# ---- providers ----------------------------------------------------------------


def test_provider_fields_init_and_membership(space: Space) -> None:
    define(
        space,
        rule(
            """
raw = RawInfo(anything = 1)
counted = CountInfo(2, extra = 3)
print(raw.anything, counted.total, hasattr(counted, "extra"), MakeCount(total = 9).total)
print(str(counted), type(counted), counted == CountInfo(5), CountInfo(1) != CountInfo(2))
for dep in ctx.attr.deps:
    print(RawInfo in dep, CountInfo in dep, dep[CountInfo].total, DefaultInfo in dep)
return [raw, counted]
""",
            '"deps": attr.label_list()',
            before=(
                "RawInfo = provider()\n"
                "def _init(n, extra = 0):\n    return {'total': n + extra}\n"
                'CountInfo, MakeCount = provider(doc = "d", fields = {"total": "sum"}, init = _init)\n'
            ),
        ),
        'thing(name = "x", deps = [":y"])\nthing(name = "y")',
    )
    assert space.prints("//a:x") == [
        "1 5 False 9",
        "struct(total = 5) struct True True",
        "1 5 False 9",
        "struct(total = 5) struct True True",
        "True True 5 True",
    ]
    assert set(space.target("//a:x").providers) == {"DefaultInfo", "RawInfo", "CountInfo"}


def test_required_providers(space: Space) -> None:
    before = "A = provider()\nB = provider()\n"
    give = (
        "def _give(ctx):\n    return [p() for p in ([A] if 'a' in ctx.attr.what else []) + ([B] if 'b' in ctx.attr.what else [])]\n"
        'give = rule(implementation = _give, attrs = {"what": attr.string()})\n'
    )
    cases = [
        ("[A]", "a", True), ("[A]", "b", False), ("[A, B]", "a", False), ("[A, B]", "ab", True),
        ("[[A], [B]]", "a", True), ("[[A], [B]]", "b", True), ("[[A], [B]]", "", False), ("[]", "", True),
    ]  # fmt: skip
    for providers, what, good in cases:
        space.write("a/d.bzl", before + give + rule("return []", f'"dep": attr.label(providers = {providers})'))
        space.write(
            "a/BUILD",
            f'load(":d.bzl", "give", "thing")\ngive(name = "g", what = "{what}")\nthing(name = "x", dep = ":g")\n',
        )
        if good:
            space.target("//a:x")
        else:
            assert "does not have mandatory providers" in str(space.error("//a:x"))


def test_advertised_providers_must_be_returned(space: Space) -> None:
    define(space, rule("return []", more=", provides = [A]", before="A = provider()\n"))
    assert "advertises A" in str(space.error("//a:x"))


def test_default_info(space: Space) -> None:
    define(
        space,
        rule(
            """
a, b = ctx.actions.declare_file("a"), ctx.actions.declare_file("b")
ctx.actions.run(outputs = [a, b], executable = "/bin/true")
return [
    DefaultInfo(files = depset([a]), runfiles = ctx.runfiles([b]).merge(ctx.runfiles(ctx.files.data)).merge_all([])),
    OutputGroupInfo(extra = depset([b]), listed = [a, b]),
    RunEnvironmentInfo(environment = {"K": "v"}),
]
""",
            '"data": attr.label_list(allow_files = True)',
        ),
        'thing(name = "x", data = ["f"])',
    )
    space.write("a/f", "")
    found = space.target("//a:x")
    assert short(found) == ["a/a"]
    assert {file.short_path for file in found.runfiles} == {"a/b", "a/f"}
    assert {name: [f.short_path for f in files] for name, files in found.output_groups.items()} == {
        "extra": ["a/b"],
        "listed": ["a/a", "a/b"],
    }
    assert found.environment == {"K": "v"}
    assert found.executable is None


def test_declared_outputs_are_the_default_files(space: Space) -> None:
    define(
        space,
        rule(
            'for f in [ctx.outputs.out, ctx.outputs.made] + ctx.outputs.outs:\n    ctx.actions.write(f, "")',
            '"out": attr.output(), "outs": attr.output_list()',
            ', outputs = {"made": "%{name}.made"}',
        ),
        'thing(name = "x", out = "o", outs = ["p"])',
    )
    assert short(space.target("//a:x")) == ["a/o", "a/p", "a/x.made"]
    assert short(space.target("//a:x.made")) == ["a/x.made"]
    assert short(space.target("//a:p")) == ["a/p"]


def test_executable_rules(space: Space) -> None:
    define(
        space,
        rule(
            """
out = ctx.actions.declare_file(ctx.label.name + ".sh")
ctx.actions.write(out, "#!/bin/sh", is_executable = True)
print(ctx.outputs.executable.short_path)
return [DefaultInfo(executable = out)]
""",
            more=", executable = True",
        ),
        'thing(name = "x", args = ["a"], env = {"K": "v"})',
    )
    found = space.target("//a:x")
    assert found.executable is not None and found.executable.short_path == "a/x.sh"
    assert short(found) == ["a/x.sh"]
    assert found.executable in list(found.runfiles)


# ---- generated files, testonly, cfg --------------------------------------------


def test_generated_files_are_dependencies(space: Space) -> None:
    space.write(
        "a/BUILD",
        'genrule(name = "g", outs = ["o", "p"], cmd = "touch $(OUTS)")\nfilegroup(name = "x", srcs = [":o"])\n'
        'genrule(name = "h", srcs = ["p"], outs = ["q"], cmd = "cp $< $@")\n',
    )
    assert short(space.target("//a:x")) == ["a/o"]
    found = space.analysis("//a:q")
    [action] = [one for one in found.graph.actions if one.owner == "//a:h"]
    assert [file.short_path for file in action.inputs] == ["a/p"]
    assert space.target("//a:o").dependencies[0][0].name == "g"


def test_testonly(space: Space) -> None:
    space.write(
        "a/BUILD",
        'filegroup(name = "t", testonly = True)\nfilegroup(name = "ok", testonly = True, srcs = [":t"])\n'
        'filegroup(name = "bad", srcs = [":t"])\nsh_test(name = "test", srcs = ["s.sh"], data = [":t"])\n',
    )
    space.write("a/s.sh", "")
    space.target("//a:ok")
    space.target("//a:test")
    assert isinstance(space.error("//a:bad"), AttributeValueError)


def test_tools_are_built_for_the_machine_that_runs_them(space: Space) -> None:
    space.write(
        "a/BUILD",
        'genrule(name = "tool", outs = ["t"], cmd = "touch $@", executable = True)\n'
        'genrule(name = "x", srcs = [":data"], outs = ["o"], cmd = "$(location :tool) > $@", tools = [":tool"])\n'
        'genrule(name = "data", outs = ["d"], cmd = "touch $@")\n',
    )
    found = space.analysis("//a:x", platform="linux/arm64", exec_platform="linux/amd64")
    [action] = [one for one in found.graph.actions if one.owner == "//a:x"]
    assert sorted(file.path for file in action.inputs) == [
        "pybuild-out/linux-amd64-exec/bin/a/t",
        "pybuild-out/linux-amd64-exec/bin/a/t.runfiles",
        "pybuild-out/linux-arm64-v8/bin/a/d",
    ]
    assert "pybuild-out/linux-amd64-exec/bin/a/t" in argv(action)[2]


def test_no_attribute_is_called_name(space: Space) -> None:
    define(space, rule("return []", '"name": attr.string()'))
    assert "name" in str(space.error("//a:x"))


def test_struct_has_no_to_json(space: Space) -> None:
    define(space, rule("print(struct(a = 1).to_json())\nreturn []"))
    assert "no field or method 'to_json'" in str(space.error("//a:x"))
    define(space, rule("print(json.encode(struct(b = [1, None], a = {'z': 1.5, 'k': True})))\nreturn []"))
    assert space.prints("//a:x") == ['{"a":{"k":true,"z":1.5},"b":[1,null]}']


def test_json(space: Space) -> None:
    define(
        space,
        rule(
            """
print(json.encode_indent({"b": [1, {}], "a": [], "c": {"d": "x:[,"}}, prefix = "#", indent = "  "))
print(json.indent('[1,[2]]'), json.decode('{"a": [1, 2.5, null, true]}'), json.decode("x", default = 7))
return []
"""
        ),
    )
    assert space.prints("//a:x") == [
        '{\n#  "a": [],\n#  "b": [\n#    1,\n#    {}\n#  ],\n#  "c": {\n#    "d": "x:[,"\n#  }\n#}',
        '[\n\t1,\n\t[\n\t\t2\n\t]\n] {"a": [1, 2.5, None, True]} 7',
    ]


def test_fail_and_print(space: Space) -> None:
    define(space, rule('print("a", 1, ctx.label, sep = "-")\nfail("x", ctx.label, 3, sep = "+")'))
    fault = space.error("//a:x")
    assert isinstance(fault, AnalysisError)
    assert "x+@@//a:x+3" in fault.message


def test_labels_are_equal_and_keys(space: Space) -> None:
    define(
        space,
        rule(
            """
table = {Label("//a:x"): 1, Label(":y"): 2}
print(table[ctx.label], table[Label("//a:y")], Label("@@//a:x") == ctx.label, ctx.label in [Label("//a:x")])
print(Label("//a:x").same_package_label("z"), Label("//a:x").relative("//b:c"), ctx.label.workspace_root == "")
print(sorted([str(l) for l in table]), "%s" % Label("@platforms//os:linux"))
return []
"""
        ),
    )
    assert space.prints("//a:x") == [
        "1 2 True True",
        "@@//a:z @@//b:c True",
        '["@@//a:x", "@@//a:y"] @@platforms//os:linux',
    ]


def test_a_test_says_how_its_action_is_to_run(space: Space) -> None:
    space.write(
        "a/defs.bzl",
        "def _impl(ctx):\n"
        '    out = ctx.actions.declare_file("x.sh")\n'
        '    ctx.actions.write(out, "", is_executable = True)\n'
        '    return [DefaultInfo(executable = out), testing.ExecutionInfo({"requires-network": ""})]\n\n'
        "x_test = rule(implementation = _impl, test = True)\n",
    )
    space.write("a/BUILD", 'load(":defs.bzl", "x_test")\nx_test(name = "x_test")\n')
    assert space.target("//a:x_test").requirements == ("requires-network",)
