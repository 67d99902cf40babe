"""A thousand genrules from an empty cache, each in a sandbox, against Bazel with its own sandbox."""

from __future__ import annotations

import itertools
import statistics
from pathlib import Path

from benchmarks import peers
from benchmarks.measure import Cost, Report, environment, medians, of_process, pybuild

PER_PACKAGE = 100


def write(root: Path, targets: int) -> None:
    """A workspace of so many genrules that have nothing to do with one another."""
    root.mkdir(parents=True)
    (root / "MODULE.bazel").write_text('module(name = "sandboxed")\n')
    for package in range(targets // PER_PACKAGE):
        directory = root / f"p{package:03}"
        directory.mkdir()
        lines = []
        for number in range(PER_PACKAGE):
            (directory / f"s{number}.txt").write_text(f"source {package} {number}\n")
            lines.append(
                f'genrule(\n    name = "t{number}",\n    srcs = ["s{number}.txt"],\n    outs = ["t{number}.txt"],\n'
                '    cmd = "cat $(SRCS) > $@",\n)\n'
            )
        (directory / "BUILD").write_text("\n".join(lines))


def run(directory: Path, report: Report, quick: bool) -> None:
    """Wall of the whole process, and our CPU for each action; Bazel's server is warm and has analysed all before."""
    targets = 200 if quick else 1_000
    root = directory / "ws"
    write(root, targets)
    fresh = itertools.count()

    def once(strategy: str) -> Cost:
        # Not one that was just emptied: for five seconds ext4 looks past each file that was removed when it makes one.
        cache = directory / f"cache{next(fresh)}"
        words = [*pybuild(), "-C", str(root), "build", f"--spawn_strategy={strategy}", "//..."]
        return of_process(words, environment=environment(cache))

    times = 1 if quick else 3
    ours, local = medians(times, lambda: once("sandboxed"), lambda: once("local"))
    for name, cost in (("sandboxed", ours), ("local", local)):
        report.line(
            f"{targets:,} genrules {name}: {cost.wall:.2f} s wall, {cost.cpu:.2f} s CPU with children;"
            f" {cost.cpu / targets * 1e3:.1f} ms CPU an action"
        )
    with peers.bazel(root, sandboxes=True) as bazel:
        if bazel is None:
            report.line("Bazel is not set up here: scripts/bazel does it")
            return
        for strategy, cost in (("linux-sandbox", ours), ("standalone", local)):
            build = ["build", f"--spawn_strategy={strategy}", f"--genrule_strategy={strategy}", "--nostamp", "//..."]
            bazel.seconds(["info"], build)
            taken, used = [], []
            for _ in range(times):
                bazel.seconds(["clean"])
                before = bazel.server_cpu()
                taken += bazel.seconds(build)
                used.append(bazel.server_cpu() - before)
            theirs = statistics.median(taken)
            goal = 0.2 if strategy == "linux-sandbox" and not quick else None
            what = f"of Bazel with {strategy}, its server warm and all analysed"
            report.ratio(f"wall, {strategy}", cost.wall, theirs, what, goal=goal)
            report.ratio(f"CPU, {strategy}", cost.cpu, statistics.median(used), "of Bazel's server and its children")
            if strategy == "linux-sandbox":
                cold = [bazel.seconds(["clean"], ["shutdown"], build)[-1] for _ in range(times)]
                cold_start = statistics.median(cold)
                report.ratio("wall, both from nothing", cost.wall, cold_start, "of Bazel's cold start", goal=goal)
