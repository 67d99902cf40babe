"""Memory of an analysis, in processes of their own: what each further target costs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PER_TARGET = 14 * 1024
"""Bytes: label, source file, action, providers and configured target (9 KiB measured)."""

_BZL = """\
Info = provider(fields = ["files"])

def _impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.run_shell(
        inputs = ctx.files.srcs + ctx.files.deps,
        outputs = [out],
        command = "cat > " + out.path,
    )
    return [
        DefaultInfo(files = depset([out])),
        Info(files = depset([out], transitive = [dep[Info].files for dep in ctx.attr.deps])),
    ]

r = rule(implementation = _impl, attrs = {"srcs": attr.label_list(allow_files = True), "deps": attr.label_list()})
"""
_ANALYSE = """\
import resource, sys
from rulesengine.analysis import Analyzer, platform_of
from rulesengine.loading import Loader
from rulesengine.ops.registry import operation_key

loader = Loader(sys.argv[1], None, operation_key)
labels = loader.resolve(["//..."])
analysis = Analyzer(loader).analyze(labels, platform_of(loader, "linux/amd64", ()))
assert len(analysis.graph.actions) == len(labels) == int(sys.argv[2])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


def _peak(root: Path, packages: int) -> int:
    root.mkdir()
    (root / "MODULE.bazel").write_text("")
    (root / "BUILD").write_text("")
    (root / "defs.bzl").write_text(_BZL)
    for package in range(packages):
        directory = root / f"p{package}"
        directory.mkdir()
        lines = ['load("//:defs.bzl", "r")']
        for number in range(100):
            (directory / f"s{number}").write_text("")
            deps = f'":t{number - 1}"' if number % 10 else ""
            lines.append(f'r(name = "t{number}", srcs = ["s{number}"], deps = [{deps}])')
        (directory / "BUILD").write_text("\n".join(lines) + "\n")
    done = subprocess.run(
        [sys.executable, "-c", _ANALYSE, str(root), str(100 * packages)], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


def test_a_target_costs_a_few_kilobytes(tmp_path: Path) -> None:
    small, large = _peak(tmp_path / "small", 5), _peak(tmp_path / "large", 30)
    assert (large - small) / 2500 < PER_TARGET
