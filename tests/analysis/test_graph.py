"""The walk over dependencies: depth, cycles, each target once, --keep_going, cancellation."""

# ruff: noqa: E501 - Starlark programs stand here as data
from __future__ import annotations

import signal
import threading
import time

import pytest

from rulesengine.analysis import Analyzer
from rulesengine.errors import CycleError, InterruptedBuild, RulesEngineError
from rulesengine.loading import Loader
from rulesengine.model.events import Message, Progress
from tests.spaces import AMD64, Space, define, rule, short


def test_thousands_deep(space: Space) -> None:
    count = 3000
    space.write(
        "a/BUILD",
        f'[filegroup(name = "f%d" % n, srcs = [":f%d" % (n + 1)]) for n in range({count})]\n'
        f'filegroup(name = "f{count}", srcs = ["last"])\n',
    )
    space.write("a/last", "")
    assert short(space.target("//a:f0")) == ["a/last"]


def test_a_cycle_thousands_long(space: Space) -> None:
    count = 2000
    space.write(
        "a/BUILD", f'[filegroup(name = "f%d" % n, srcs = [":f%d" % ((n + 1) % {count})]) for n in range({count})]\n'
    )
    fault = space.error("//a:f0")
    assert isinstance(fault, CycleError)
    assert len(fault.notes) == count + 1


def test_cycles_through_outputs_aliases_and_select(space: Space) -> None:
    space.write(
        "a/BUILD",
        'genrule(name = "x", srcs = [":z"], outs = ["o"], cmd = "")\n'
        'alias(name = "y", actual = select({"//conditions:default": ":o"}))\nfilegroup(name = "z", srcs = [":y"])\n',
    )
    fault = space.error("//a:x")
    assert isinstance(fault, CycleError)
    assert [note.split()[0] for note in fault.notes] == ["//a:x", "//a:z", "//a:y", "//a:o", "//a:x"]


def test_a_cycle_outside_of_what_was_asked_for_is_shown_alone(space: Space) -> None:
    space.write(
        "a/BUILD",
        'filegroup(name = "top", srcs = [":x"])\nfilegroup(name = "x", srcs = [":y"])\nfilegroup(name = "y", srcs = [":x"])\n',
    )
    assert [note.split()[0] for note in space.error("//a:top").notes[:3]] == ["//a:x", "//a:y", "//a:x"]


def test_a_branch_that_is_not_taken_is_no_cycle(space: Space) -> None:
    space.write(
        "a/BUILD",
        'filegroup(name = "x", srcs = select({"@platforms//cpu:aarch64": [":y"], "//conditions:default": []}))\n'
        'filegroup(name = "y", srcs = [":x"])\n',
    )
    space.target("//a:y")
    assert isinstance(space.error("//a:y", platform="linux/arm64"), CycleError)


def test_each_target_is_analysed_once(space: Space) -> None:
    define(
        space,
        rule("print(ctx.label.name)\nreturn []", '"deps": attr.label_list()'),
        '[thing(name = "t%d" % n, deps = [":t%d" % m for m in range(n)]) for n in range(12)]',
    )
    said = space.prints("//a:t11", "//a:t3")
    assert sorted(said) == sorted({f"t{n}" for n in range(12)})


def test_keep_going_reports_what_failed_and_makes_the_rest(space: Space) -> None:
    space.write(
        "a/BUILD",
        'filegroup(name = "good")\nfilegroup(name = "bad", srcs = ["//no:x"])\nfilegroup(name = "needs", srcs = [":bad"])\n'
        'filegroup(name = "other", srcs = ["//nope:x"])\n',
    )
    loader = space.loader()
    analysis = Analyzer(loader).analyze(loader.resolve(["//a:all"]), AMD64, keep_going=True)
    assert [target.label.name for target in analysis.targets] == ["good"]
    assert len(analysis.errors) == 2
    assert "needed by" not in str(analysis.errors[1])


def test_progress_is_told(space: Space) -> None:
    space.write("a/BUILD", 'filegroup(name = "x")\n')
    events: list[object] = []
    loader = Loader(str(space.root), events.append)
    Analyzer(loader, events.append).analyze(loader.resolve(["//a:x"]), AMD64)
    assert [event.phase for event in events if isinstance(event, Progress)] == ["loading", "analysis"]
    assert not [event for event in events if isinstance(event, Message)]


class Flag:
    """A Cancellation."""

    def __init__(self) -> None:
        self.stopped = False

    def check(self) -> None:
        if self.stopped:
            raise InterruptedBuild("stopped")


ENDLESS = "def spin():\n    x = 0\n    for i in range(2000000000):\n        x += 1\n    return x\n"


@pytest.mark.parametrize("where", ["build", "bzl", "rule"])
def test_an_endless_loop_is_stopped_promptly(space: Space, where: str) -> None:
    if where == "rule":
        define(space, ENDLESS + rule("spin()\nreturn []"))
    else:
        space.write("a/s.bzl", ENDLESS + ("spin()\n" if where == "bzl" else ""))
        space.write("a/BUILD", 'load(":s.bzl", "spin")\nspin()\nfilegroup(name = "x")\n')
    flag = Flag()

    def stop() -> None:
        flag.stopped = True

    timer = threading.Timer(0.3, stop)
    timer.start()
    started = time.monotonic()
    with pytest.raises(InterruptedBuild):
        loader = Loader(str(space.root), cancel=flag)
        Analyzer(loader).analyze(loader.resolve(["//a:x"]), AMD64)
    assert time.monotonic() - started < 5
    timer.cancel()


def test_ctrl_c_gets_through(space: Space) -> None:
    space.write("a/s.bzl", ENDLESS + "spin()\n")
    space.write("a/BUILD", 'load(":s.bzl", "spin")\n')

    class Interrupt(BaseException):  # as KeyboardInterrupt
        pass

    def handler(*_: object) -> None:
        raise Interrupt

    loader = Loader(str(space.root), cancel=Flag())
    previous = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        with pytest.raises(Interrupt):
            loader.package("", "a")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def test_analysis_checks_between_targets(space: Space) -> None:
    space.write("a/BUILD", 'filegroup(name = "x")\n')
    flag = Flag()
    loader = space.loader()
    analyzer = Analyzer(loader, cancel=flag)
    labels = loader.resolve(["//a:x"])
    flag.stopped = True
    with pytest.raises(InterruptedBuild):
        analyzer.analyze(labels, AMD64)


def test_the_same_error_again(space: Space) -> None:
    space.write("a/BUILD", 'filegroup(name = "x", srcs = ["//no:y"])\nfilegroup(name = "z", srcs = [":x"])\n')
    loader = space.loader()
    analyzer = Analyzer(loader)
    texts = []
    for name in ("x", "x", "z"):
        with pytest.raises(RulesEngineError) as caught:
            analyzer.analyze([loader.label(f"//a:{name}")], AMD64)
        texts.append(str(caught.value))
    assert texts[0] == texts[1]
