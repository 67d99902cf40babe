"""Mutated BUILD and .bzl files: only our own errors come out, each with words a person can use."""

# ruff: noqa: E501 - Starlark programs stand here as data
from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rulesengine.analysis import Analyzer
from rulesengine.errors import InternalError, RulesEngineError
from tests.loading.test_errors import INTERNALS
from tests.spaces import AMD64, Space

BZL = '''
"""Doc."""
load(":other.bzl", "helper", h2 = "helper")

MyInfo = provider(doc = "d", fields = ["value", "files"])

def _impl(ctx):
    args = ctx.actions.args()
    args.add("-o", ctx.outputs.out)
    args.add_all("--srcs", ctx.files.srcs, format_each = "<%s>", map_each = lambda f: f.basename)
    values = [dep[MyInfo].value for dep in ctx.attr.deps if MyInfo in dep]
    for target, text in ctx.attr.keyed.items():
        values.append("%s=%s" % (target.label, text))
    ctx.actions.run(
        outputs = [ctx.outputs.out],
        inputs = depset(ctx.files.srcs, transitive = [dep.files for dep in ctx.attr.deps]),
        executable = op("tool"),
        arguments = [args, ctx.expand_location(ctx.attr.text, ctx.attr.srcs)],
        env = {"A": str(ctx.attr.level)},
        mnemonic = "Thing",
    )
    return [
        DefaultInfo(files = depset([ctx.outputs.out]), runfiles = ctx.runfiles(ctx.files.srcs)),
        MyInfo(value = ",".join(values) + ctx.label.name, files = depset(ctx.files.srcs)),
        OutputGroupInfo(all = depset([ctx.outputs.out])),
    ]

def _move(settings, attr):
    return {"//command_line_option:platforms": "linux/" + attr.arch}

move = transition(implementation = _move, inputs = [], outputs = ["//command_line_option:platforms"])

thing = rule(
    implementation = _impl,
    attrs = {
        "srcs": attr.label_list(allow_files = [".txt", ".c"]),
        "deps": attr.label_list(providers = [MyInfo], cfg = move),
        "keyed": attr.label_keyed_string_dict(allow_files = True),
        "text": attr.string(default = "x", values = ["x", "y"]),
        "arch": attr.string(default = "arm64"),
        "level": attr.int(),
        "out": attr.output(mandatory = True),
    },
    provides = [MyInfo],
)

def macro(name, srcs = [], *args, **kwargs):
    thing(name = name, srcs = srcs + native.glob(["*.txt"], exclude = ["no*"]), out = name + ".out", **kwargs)
    native.filegroup(name = name + "_all", srcs = [":" + name], tags = ["manual"])
    return helper(name, *args)
'''
OTHER = '''
def helper(name, *args):
    """Doc."""
    x = {k: [v] for k, v in enumerate(args)}
    if not x:
        return struct(name = name, n = len(x))
    return json.encode_indent(x)
'''
BUILD = """
load(":defs.bzl", "MyInfo", "macro", "thing")

package(default_visibility = ["//visibility:public"])

exports_files(["a.txt"], visibility = ["//b:__subpackages__"])

config_setting(name = "arm", constraint_values = ["@platforms//cpu:aarch64"])

package_group(name = "friends", packages = ["//a/...", "-//c"])

macro(name = "m", srcs = ["a.c"], deps = [":t"])

thing(
    name = "t",
    srcs = select({":arm": ["a.txt"], "//conditions:default": ["a.c"]}) + ["b.txt"],
    keyed = {"a.txt": "one", ":arm": "two"},
    text = "y",
    level = 3,
    out = "t.out",
    visibility = [":friends"],
)

genrule(
    name = "g",
    srcs = glob(["**/*.c"]),
    outs = ["g.out"],
    cmd = "cat $(SRCS) $(locations :g_in) > $@; echo $$HOME",
    tools = [":g_in"],
)

filegroup(name = "g_in", srcs = ["a.txt"], testonly = False)

alias(name = "al", actual = select({"//conditions:default": ":g_in"}))

[filegroup(name = "n%d" % n, srcs = [":n%d" % (n + 1)] if n < 3 else []) for n in range(4)]
"""
FILES = {"a/defs.bzl": BZL, "a/other.bzl": OTHER, "a/BUILD": BUILD}
WORDS = [
    "", "(", ")", "[", "]", "{", "}", ",", ":", "=", "==", ".", "*", "**", "%", "+", "-", "/", "|", "\n", "    ", "\t", '"', "'",
    "None", "True", "3", "-1", "2.5", "1e400", '""', '"x"', "'//a:b'", '":t"', "[]", "{}", "()", "[None]", '{"a": 1}', "{1: 2}",
    "ctx", "ctx.attr", "ctx.label", "ctx.files", "ctx.actions", "depset([1])", "depset()", "struct()", "struct(a = 1)",
    "Label(':x')", "select({})", "select({'//conditions:default': None})", "select(1)", "lambda x: x", "lambda *a, **k: a",
    "provider()", "MyInfo", "DefaultInfo", "DefaultInfo()", "rule", "thing", "attr", "attr.label()", "attr.string", "print", "fail",
    "fail('no')", "len", "str", "range(5)", "range(10000000)", "not ", "in", "for x in y", "if x", "else", "def f():", "return",
    "pass", "break", "load", "native", "native.glob", "glob(['*'])", "glob(3)", "existing_rules()", "existing_rule([])",
    "native.existing_rule(None)", "package_name()", "package()", "exports_files(3)", "exports_files([3])", "package_group(name = 3)",
    "json.decode('[')", "json.encode(ctx)", "json.encode(print)", "json.indent(3)", "set([[]])", "set(3)", "repr(ctx)", "str(ctx.attr)",
    "dir(ctx)", "hasattr(ctx, 3)", "getattr(ctx, 'x')", "ctx.runfiles([3])", "ctx.actions.args().add_all(3)", "op('x')", "op(3)",
    "ctx.actions.declare_file(3)", "ctx.actions.declare_file('')", "ctx.actions.write(3, 3)", "ctx.actions.fetch()",
    "transition(implementation = None, inputs = None, outputs = 3)", "rule(implementation = 3, attrs = 3)", "rule(implementation = print)",
    "rule(implementation = _impl, attrs = {'x': attr.label(default = 3)})", "rule(implementation = _impl, attrs = {'x': attr.int(values = [[]])})",
    "rule(implementation = _impl, outputs = {'a': '../%{name}'})", "attr.label(default = 'a b//')", "attr.string(doc = 3)",
    "attr.label(allow_files = 3)", "attr.label(providers = 3)", "attr.label(providers = [3])", "attr.label(cfg = 3)", "provider(fields = 3)",
    "provider(init = 3)", "config.string()", "platform_common.PlatformInfo(label = 3)", "visibility('public')", "Label(3)", "Label('a b//c')",
    "native.package_relative_label(3)", "native.read_json(3)", "native.read_json('/etc/passwd')", "native.filegroup(name = 'q', srcs = 3)",
    "\x00", "\ufeff", "é", "🎉", "\r", "\x0c", "\\", "\\\n", "#", '"""', "0x", "1__0", "$", "?", "@", "~", "^", "&", "!", ";",
    "class", "import", "yield", "async", "while", "try", "raise", "f''", "r''", "b''", "x += 1", "x[0] = 1", "del x", "a if b else c",
]  # fmt: skip
MUTATION = st.tuples(
    st.sampled_from(sorted(FILES)), st.floats(0, 1), st.sampled_from([0, 1, 3, 7, 7, 7, 7]), st.sampled_from(WORDS)
)


def mutate(text: str, at: float, length: int, word: str) -> str:
    """Replace some characters, or a whole token when `length` is over 6, by a word."""
    start = int(at * (len(text) - 1))
    end = start + length
    if length > 6:
        while start and (text[start - 1].isalnum() or text[start - 1] in "_."):
            start -= 1
        end = start
        while end < len(text) and (text[end].isalnum() or text[end] in "_."):
            end += 1
    return text[:start] + word + text[end:]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(MUTATION, min_size=0, max_size=3))
@example([])
@example([("a/BUILD", 0.0, 0, "existing_rule([])")])
@example([("a/BUILD", 0.0, 0, "op(3)")])
@example([("a/other.bzl", 0.0, 0, "json.indent(3)")])
@example([("a/other.bzl", 0.0, 0, "json.decode(3, default = 1)")])
@example([("a/defs.bzl", 0.0, 0, "op([])")])
def test_only_our_errors_come_out(mutations: list[tuple[str, float, int, str]]) -> None:
    files = dict(FILES)
    for path, at, length, word in mutations:
        files[path] = mutate(files[path], at, length, word)
    with tempfile.TemporaryDirectory() as directory:
        space = Space(Path(directory)).files(files)
        for name in ("a.txt", "b.txt", "a.c"):
            space.write(f"a/{name}", "")
        try:
            loader = space.loader()
            analysis = Analyzer(loader).analyze(loader.resolve(["//a:*"]), AMD64, keep_going=True)
            faults: list[RulesEngineError] = analysis.errors
            for target in analysis.targets:
                assert target.files is not None
        except RulesEngineError as fault:
            faults = [fault]
    if not mutations:
        assert faults == []
    for found in faults:
        shown = str(found)
        assert not isinstance(found, InternalError), shown
        assert found.exit_code in (1, 2), shown
        head = shown.split("\n")[0]
        assert not INTERNALS.search(head.replace("__pkg__", "").replace("__subpackages__", "")) or "__" in str(files), (
            shown
        )
        assert found.location is not None or found.label is not None, shown
