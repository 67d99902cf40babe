"""A monorepo to measure: packages of 100 targets, 70 of a rule of its own and 30 genrules, one source each."""

from __future__ import annotations

from pathlib import Path

PER_PACKAGE = 100
CHANGED = "p0003/s55.txt"
"""A source: three actions depend on it."""

_SHELL = """\
    ctx.actions.run_shell(
        inputs = depset(ctx.files.srcs + ctx.files.deps),
        outputs = [out],
        command = "cat \\"$@\\" > %s" % out.path,
        arguments = [file.path for file in ctx.files.srcs + ctx.files.deps],
        mnemonic = "Combine",
    )
"""
_OPERATION = """\
    arguments = ctx.actions.args()
    arguments.add_all(ctx.files.srcs + ctx.files.deps, before_each = "--from").add("--out", out)
    ctx.actions.run(
        inputs = depset(ctx.files.srcs + ctx.files.deps),
        outputs = [out],
        executable = op("concat"),
        arguments = [arguments],
        mnemonic = "Combine",
    )
"""
_RULES = """\
CombineInfo = provider(fields = ["files"])

def _combine_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
@ACTION@    files = depset([out], transitive = [dep[CombineInfo].files for dep in ctx.attr.deps])
    return [DefaultInfo(files = depset([out])), CombineInfo(files = files)]

combine = rule(
    implementation = _combine_impl,
    attrs = {
        "srcs": attr.label_list(allow_files = True),
        "deps": attr.label_list(providers = [CombineInfo]),
    },
)
"""


def dependencies(package: int, number: int) -> list[tuple[int, int]]:
    """The targets that a target needs: two before it in its package, one of an earlier package."""
    first = number - number % 10
    found = [(package, one) for one in (first - 1, number - 1) if one >= 0 and one % 10 < 7 and one != number]
    if package and number % 10 == 0:
        found.append((package // 2, number))
    return found


def output(package: int, number: int) -> str:
    """The file that a target makes, from the package's directory on."""
    return f"p{package:04}/t{number}.txt"


def write(root: Path, targets: int, *, inside: bool = False) -> None:
    """Write a workspace of so many targets (a multiple of 100).

    inside: all are of the rule, and its action runs inside pybuild (an operation): nothing is started to build them.
    """
    root.mkdir(parents=True)
    (root / "MODULE.bazel").write_text('module(name = "monorepo")\n')
    (root / "rules").mkdir()
    (root / "rules" / "BUILD").write_text("")
    (root / "rules" / "defs.bzl").write_text(_RULES.replace("@ACTION@", _OPERATION if inside else _SHELL))
    for package in range(targets // PER_PACKAGE):
        directory = root / f"p{package:04}"
        directory.mkdir()
        lines = ['load("//rules:defs.bzl", "combine")\n\npackage(default_visibility = ["//visibility:public"])\n']
        for number in range(PER_PACKAGE):
            (directory / f"s{number}.txt").write_text(f"source {package} {number}\n")
            lines.append(_target(package, number, inside))
        (directory / "BUILD").write_text("\n".join(lines))


def _target(package: int, number: int, inside: bool) -> str:
    needed = [
        f":t{one}" if other == package else f"//p{other:04}:t{one}" for other, one in dependencies(package, number)
    ]
    if inside or number % 10 < 7:
        deps = "".join(f'\n        "{one}",' for one in needed)
        return f'combine(\n    name = "t{number}",\n    srcs = ["s{number}.txt"],\n' + (
            f"    deps = [{deps}\n    ],\n)\n" if deps else ")\n"
        )
    sources = "".join(f'\n        "{one}",' for one in [f"s{number}.txt", *needed])
    return (
        f'genrule(\n    name = "t{number}",\n    srcs = [{sources}\n    ],\n    outs = ["t{number}.txt"],\n'
        '    cmd = "cat $(SRCS) > $@",\n)\n'
    )


def write_ninja(root: Path, targets: int) -> None:
    """Write `build.ninja` beside the BUILD files: an edge for each target, with the same inputs; outputs in `out/`."""
    lines = ["rule cat", "  command = cat $in > $out", ""]
    for package in range(targets // PER_PACKAGE):
        for number in range(PER_PACKAGE):
            lines.append(f"build out/{output(package, number)}: cat {ninja_inputs(package, number)}")
    (root / "build.ninja").write_text("\n".join([*lines, ""]))


def ninja_inputs(package: int, number: int) -> str:
    """The inputs of an edge, as its command names them."""
    return " ".join([f"p{package:04}/s{number}.txt", *(f"out/{output(*one)}" for one in dependencies(package, number))])
