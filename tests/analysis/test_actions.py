"""ctx.actions.*: what a rule declares becomes the action graph."""

# ruff: noqa: E501 - Starlark programs stand here as data
from __future__ import annotations

import pytest

from rulesengine.errors import AnalysisError
from rulesengine.model.action import Action
from tests.spaces import Space, argv, define, rule, short

BIN = "pybuild-out/linux-amd64/bin/a"


def actions(space: Space, body: str, attrs: str = "", build: str = 'thing(name = "x")') -> list[Action]:
    """The actions of a rule whose implementation declares `o` and then does `body`."""
    ending = "return [DefaultInfo(files = depset([o]))]"
    define(space, rule(f'o = ctx.actions.declare_file("o")\nargs = ctx.actions.args()\n{body}\n{ending}', attrs), build)
    return [one for one in space.analysis("//a:x").graph.actions if one.owner == "//a:x"]


def arguments(space: Space, calls: str) -> list[str]:
    """The command line of `calls` on one Args object; f, g are source files."""
    space.write("a/f.c", "")
    space.write("a/g.h", "")
    [made] = actions(
        space,
        f"f, g = ctx.files.srcs\n{calls}\nctx.actions.run(outputs = [o], inputs = [f, g], executable = '/bin/x', arguments = [args])",
        '"srcs": attr.label_list(allow_files = True)',
        'thing(name = "x", srcs = ["f.c", "g.h"])',
    )
    return argv(made)[1:]


@pytest.mark.parametrize(
    ("calls", "expected"),
    [
        ('args.add("-x")', ["-x"]),
        ('args.add("-o", o)', ["-o", f"{BIN}/o"]),
        ("args.add(f)", ["a/f.c"]),
        ('args.add("--in", f, format = "@%s")', ["--in", "@a/f.c"]),
        ('args.add(f, format = "--in=%s")', ["--in=a/f.c"]),
        ('args.add("v", format = "-%s-")', ["-v-"]),
        ("args.add(3)", ["3"]),
        ("args.add(ctx.label)", ["//a:x"]),
        ('args.add("-a").add("-b")', ["-a", "-b"]),
        ("args.add_all([f, g])", ["a/f.c", "a/g.h"]),
        ("args.add_all(depset([f, g]))", ["a/f.c", "a/g.h"]),
        ('args.add_all("--srcs", [f, g])', ["--srcs", "a/f.c", "a/g.h"]),
        ('args.add_all("--srcs", [])', []),
        ('args.add_all("--srcs", [], omit_if_empty = False)', ["--srcs"]),
        ('args.add_all([f, g], before_each = "-i")', ["-i", "a/f.c", "-i", "a/g.h"]),
        ('args.add_all([f, g], format_each = "-I%s")', ["-Ia/f.c", "-Ia/g.h"]),
        ('args.add_all(["a", "b", "a"], uniquify = True)', ["a", "b"]),
        ('args.add_all(["a"], terminate_with = "--")', ["a", "--"]),
        ('args.add_all([], terminate_with = "--")', []),
        ("args.add_all([f, g], map_each = lambda x: x.basename)", ["f.c", "g.h"]),
        ("args.add_all([f, g], map_each = lambda x: None if x == f else x.extension)", ["h"]),
        ("args.add_all([f], map_each = lambda x: [x.basename, x.extension])", ["f.c", "c"]),
        ('args.add_all([f], map_each = lambda x: x.basename, format_each = "<%s>")', ["<f.c>"]),
        ('args.add_joined([f, g], join_with = ",")', ["a/f.c,a/g.h"]),
        ('args.add_joined("--all", [f, g], join_with = ":")', ["--all", "a/f.c:a/g.h"]),
        (
            'args.add_joined([f, g], join_with = ",", format_each = "<%s>", format_joined = "[%s]")',
            ["[<a/f.c>,<a/g.h>]"],
        ),
        ('args.add_joined(["a", "a"], join_with = ",", uniquify = True)', ["a"]),
        ('args.add_joined("--all", [], join_with = ",")', []),
        ('args.add_joined([f, g], join_with = " ", map_each = lambda x: x.basename)', ["f.c g.h"]),
        ('args.use_param_file("@%s")\nargs.add("few")', ["few"]),
    ],
)
def test_args(space: Space, calls: str, expected: list[str]) -> None:
    assert arguments(space, calls) == expected


def test_parameter_files(space: Space) -> None:
    made = actions(
        space,
        "args.use_param_file('@%s', use_always = True)\nargs.add_all(['a b', \"c'd\", 'e'])\nargs.add('-o', o)\n"
        "more = ctx.actions.args().add('last')\n"
        "ctx.actions.run(outputs = [o], executable = '/bin/x', arguments = ['first', args, more])",
    )
    file, action = made
    assert argv(action) == ["/bin/x", "first", f"@{BIN}/o-0.params", "last"]
    assert file.outputs[0] in list(action.inputs)
    assert argv(file)[:6] == [
        "rulesengine-op", "write@0", "--executable", "false", "--content", f"'a b'\n'c'\\''d'\ne\n-o\n{BIN}/o\n",
    ]  # fmt: skip
    [_, big] = actions(
        space,
        "args.use_param_file('%s')\nargs.set_param_file_format('multiline')\nargs.add_all([str(n) for n in range(9000)])\n"
        "ctx.actions.run(outputs = [o], executable = '/bin/x', arguments = [args])",
    )
    assert argv(big) == ["/bin/x", f"{BIN}/o-0.params"]


def test_run(space: Space) -> None:
    space.write("a/f", "")
    [made] = actions(
        space,
        "ctx.actions.run(\n    outputs = [o], inputs = depset(ctx.files.srcs), executable = op('tar'), arguments = ['x'],\n"
        "    mnemonic = 'Pack', progress_message = 'Packing %{label} to %{output}', env = {'B': '2', 'A': '1'},\n"
        "    execution_requirements = {'no-cache': '', 'timeout': '30'},\n)",
        '"srcs": attr.label_list(allow_files = True)',
        'thing(name = "x", srcs = ["f"])',
    )
    assert argv(made) == ["rulesengine-op", "tar@0", "x"]
    assert (made.op, made.mnemonic, made.describe()) == ("tar@0", "Pack", "Packing //a:x to a/o")
    assert made.environment == (("A", "1"), ("B", "2"))
    assert (made.cacheable, made.network, made.timeout) == (False, False, 30)
    assert [file.path for file in made.inputs] == ["a/f"]
    assert made.configuration == "linux-amd64"


def test_run_shell(space: Space) -> None:
    [made] = actions(
        space,
        "ctx.actions.run_shell(outputs = [o], command = 'echo $1', arguments = ['y'], use_default_shell_env = True)",
    )
    assert argv(made) == ["/bin/bash", "-c", "echo $1", "", "y"]
    assert dict(made.environment)["PATH"]
    [made] = actions(space, "ctx.actions.run_shell(outputs = [o], command = 'true')")
    assert argv(made) == ["/bin/bash", "-c", "true"] and made.environment == ()


def test_write_template_symlink_and_fetch(space: Space) -> None:
    [made] = actions(space, "ctx.actions.write(o, 'text', is_executable = True)")
    assert argv(made)[1:] == ["write@0", "--executable", "true", "--content", "text", "--out", f"{BIN}/o"]
    [made] = actions(space, "args.add('a').add('b')\nctx.actions.write(o, args)")
    assert argv(made)[5] == "a\nb\n"
    space.write("a/t", "")
    file = ('"t": attr.label(allow_single_file = True)', 'thing(name = "x", t = "t")')
    [made] = actions(
        space, "ctx.actions.expand_template(template = ctx.file.t, output = o, substitutions = {'A': 'b'})", *file
    )
    assert made.mnemonic == "TemplateExpand" and '{"A":"b"}' in argv(made) and [f.path for f in made.inputs] == ["a/t"]
    [made] = actions(space, "ctx.actions.symlink(output = o, target_file = ctx.file.t)", *file)
    assert argv(made)[1:] == ["copy@0", "--from", "a/t", "--out", f"{BIN}/o"]
    digest = "0" * 64
    [made] = actions(
        space, f"ctx.actions.fetch(output = o, sha256 = '{digest}', size = 7, kind = 'debian', path = 'pool/x.deb')"
    )
    assert made.pinned[0][1].hash == digest and made.pinned[0][1].size == 7 and made.network
    with pytest.raises(AnalysisError, match="not a SHA-256"):
        actions(space, "ctx.actions.fetch(output = o, sha256 = 'zz', size = 7, kind = 'debian', path = 'x')")


def test_inputs_of_every_shape(space: Space) -> None:
    for name in ("f", "g", "h"):
        space.write(f"a/{name}", "")
    body = (
        "dep = ctx.attr.srcs[0]\n"
        "ctx.actions.run(outputs = [o], executable = '/bin/x', inputs = [ctx.files.srcs[0], depset([ctx.files.srcs[1]])],"
        " tools = [ctx.attr.srcs[2]])"
    )
    [made] = actions(
        space, body, '"srcs": attr.label_list(allow_files = True)', 'thing(name = "x", srcs = ["f", "g", "h"])'
    )
    assert {file.path for file in made.inputs} == {"a/f", "a/g", "a/h"}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("ctx.actions.run(outputs = [], executable = '/bin/x')", "'outputs' may not be empty"),
        (
            "ctx.actions.run(outputs = ['o'], executable = '/bin/x')",
            "at index 0 of outputs, got element of type string, want File",
        ),
        ("ctx.actions.run(outputs = [o], executable = 3)", "want 'File, string, or FilesToRunProvider'"),
        (
            "ctx.actions.run(outputs = [o], executable = '/bin/x', inputs = ['f'])",
            "at index 0 of inputs, got element of type string, want File",
        ),
        ("ctx.actions.run(outputs = [o], executable = '/bin/x', env = {'A': 1})", "got dict<string, int> for 'env'"),
        ("ctx.actions.run(outputs = [o], executable = '/bin/x', arguments = [None])", "arguments instead of NoneType"),
        ("ctx.actions.run(outputs = [o], executable = '/bin/x', execution_requirements = {'timeout': 'x'})", "timeout"),
        ("ctx.actions.write(o, 3)", "want 'string or Args'"),
        ("args.add([1])", "vectorized arguments"),
        ("args.add(None)", "an argument is"),
        ("ctx.actions.write(o, 'a')\nctx.actions.write(o, 'b')", "file 'a/o' is made by two actions"),
        ("ctx.actions.declare_directory('o')", "a file and as a directory"),
        ("ctx.actions.declare_file('/o')", "not a path inside the package"),
        ("ctx.actions.declare_file('')", "not a path inside the package"),
        ("ctx.actions.do_nothing(mnemonic = 'A')\nctx.actions.do_nothing(mnemonic = 'B')", "made by two actions"),
        ("ctx.actions.symlink(output = o, target_path = 'x')", "be declared as a symlink"),
        ("ctx.actions.run(outputs = [o], executable = 'x', exec_group = 'g')", "non-existent exec group 'g'"),
        ("pass", "no generating action: a/o"),
    ],
)
def test_refused(space: Space, body: str, message: str) -> None:
    with pytest.raises(AnalysisError, match=message) as caught:
        actions(space, body)
    assert caught.value.location is not None


def test_expand_location_and_make_variables(space: Space) -> None:
    define(
        space,
        rule(
            """
print(ctx.expand_location("$(location :f) $(execpath f) $(rootpath //a:f) $(locations :two) $(rlocationpath :o)", ctx.attr.deps))
print(ctx.expand_make_variables("cmd", "$(TARGET_CPU) $(X) $$(Y) $@", {"X": "1", "@": "out"}))
return []
""",
            '"deps": attr.label_list(allow_files = True)',
        ),
        'filegroup(name = "two", srcs = ["f", "g"])\ngenrule(name = "r", outs = ["o"], cmd = "touch $@")\n'
        'thing(name = "x", deps = ["f", ":two", ":o"])',
    )
    space.write("a/f", "")
    space.write("a/g", "")
    assert space.prints("//a:x") == ["a/f a/f a/f a/f a/g _main/a/o", "amd64 1 $(Y) out"]


# ---- genrule, filegroup, sh_* -----------------------------------------------------


def test_genrule(space: Space) -> None:
    space.files(
        {
            "a/BUILD": (
                'genrule(\n    name = "x", srcs = ["f", ":grp"], outs = ["o", "d/p"], tools = ["t.sh"],\n'
                '    cmd = "$(location t.sh) $(SRCS) $(locations :grp) > $(location o); echo $$HOME $(OUTS) $(@D) $(RULEDIR)",\n'
                '    tags = ["no-cache", "requires-network"], message = "Making",\n)\n'
                'genrule(name = "one", srcs = ["f"], outs = ["q"], cmd = "cp $< $@ # $^ $(@D)")\n'
                'filegroup(name = "grp", srcs = ["g", "h"])\n'
            ),
            **{f"a/{name}": "" for name in ("f", "g", "h", "t.sh")},
        }
    )
    graph = space.analysis("//a:x", "//a:one").graph
    made, one = sorted(graph.actions, key=lambda action: action.owner, reverse=True)
    assert argv(made)[2] == (
        f"set -euo pipefail; a/t.sh a/f a/g a/h a/g a/h > {BIN}/o; echo $HOME {BIN}/o {BIN}/d/p {BIN} {BIN}"
    )
    assert {file.path for file in made.inputs} == {"a/f", "a/g", "a/h", "a/t.sh"}
    assert (made.cacheable, made.network, made.describe()) == (False, True, "Making")
    assert argv(one)[2] == f"set -euo pipefail; cp a/f {BIN}/q # a/f {BIN}"


def test_shell_tools_bring_their_runfiles(space: Space) -> None:
    space.files(
        {
            "a/BUILD": (
                'sh_library(name = "lib", srcs = ["lib.sh"], data = ["lib.dat"])\n'
                'sh_binary(name = "tool", srcs = ["t.sh"], deps = [":lib"], data = ["t.dat"], env = {"K": "v"})\n'
                'genrule(name = "x", outs = ["o"], cmd = "$(location :tool) > $@", tools = [":tool"])\n'
                'sh_test(name = "test", srcs = ["t.sh"], size = "small", timeout = "short")\n'
            ),
            **{f"a/{name}": "" for name in ("lib.sh", "lib.dat", "t.sh", "t.dat")},
        }
    )
    [made] = [one for one in space.analysis("//a:x").graph.actions if one.owner == "//a:x"]
    assert {file.short_path for file in made.inputs} == {
        *("a/tool", "a/t.sh", "a/lib.sh", "a/lib.dat", "a/t.dat", "a/tool.runfiles")
    }
    tool = space.target("//a:tool")
    assert tool.executable is not None and tool.executable.short_path == "a/tool"
    assert tool.environment == {"K": "v"}
    assert space.target("//a:test").target.rule is not None
    assert space.target("//a:test").target.rule.test  # type: ignore[union-attr]


def test_filegroup_output_groups_and_runfiles(space: Space) -> None:
    define(
        space,
        rule(
            'a, b = ctx.actions.declare_file("p"), ctx.actions.declare_file("q")\n'
            "ctx.actions.run(outputs = [a, b], executable = '/bin/true')\n"
            "return [DefaultInfo(files = depset([a])), OutputGroupInfo(extra = depset([b]))]"
        ),
        'thing(name = "x")\nfilegroup(name = "plain", srcs = [":x"])\n'
        'filegroup(name = "extra", srcs = [":x"], output_group = "extra", data = ["BUILD"])',
    )
    assert short(space.target("//a:plain")) == ["a/p"]
    assert short(space.target("//a:extra")) == ["a/q"]
    assert [file.short_path for file in space.target("//a:extra").runfiles] == ["a/BUILD"]
