"""Rules that BUILD files make: their functions are found again in a second evaluation."""

from __future__ import annotations

import pytest

from rulesengine.errors import LoadingError
from rulesengine.loading.again_texts import functions
from tests.spaces import Space

_HARNESS = """
def checked(name, check):
    def implementation(ctx):
        return [AnalysisTestResultInfo(success = True, message = check(ctx))]

    testing.analysis_test(name = name, implementation = implementation)

def fine(name):
    checked(name, lambda ctx: "")
"""


def test_a_function_made_at_the_top_level_by_another_one_says_so(space: Space) -> None:
    """It holds the first evaluation's `testing`."""
    space.write("a/h.bzl", _HARNESS + "\ndef made(check):\n    return lambda name: checked(name, check)\n")
    space.write("a/d.bzl", 'load(":h.bzl", "made")\n\ntest = made(lambda ctx: "")\n')
    space.write("a/BUILD", 'load(":d.bzl", "test")\n\ntest(name = "x")\n')
    fault = space.error("//a:x")
    assert isinstance(fault, LoadingError)
    assert "by a function that a .bzl file made while it was loaded" in fault.message
    assert fault.hint is not None and "def" in fault.hint


def test_files_that_make_no_tests_are_evaluated_once(space: Space) -> None:
    space.write("a/h.bzl", _HARNESS)
    space.write("a/e.bzl", 'print("e")\n\nX = provider()\n')
    space.write(
        "a/d.bzl",
        'load(":h.bzl", "checked")\nload(":e.bzl", "X")\n\nprint("d")\nMine = provider()\n\n'
        "def test(name):\n    checked(name, lambda ctx: ctx.label.name + str(X == Mine))\n",
    )
    space.write("a/BUILD", 'load(":d.bzl", "test")\n\n[test(name = "x%d" % n) for n in range(3)]\n')
    assert sorted(space.prints("//a:all")) == ["d", "e"]


def test_an_error_leaves_the_other_tests(space: Space) -> None:
    space.write("a/h.bzl", _HARNESS)
    space.write("a/BUILD", 'load(":d.bzl", "test")\n\n[test(name = "x%d" % n) for n in range(5)]\n')
    space.write(
        "a/d.bzl",
        'load(":h.bzl", "checked")\n\ndef _check(ctx):\n'
        '    if ctx.label.name in ("x1", "x4"):\n        fail("it is " + ctx.label.name)\n    return ""\n\n'
        "def test(name):\n    checked(name, _check)\n",
    )
    from rulesengine.analysis import Analyzer
    from tests.spaces import AMD64

    loader = space.loader()
    done = Analyzer(loader).analyze(loader.resolve(["//a:all"]), AMD64, keep_going=True)
    assert [one.label.name for one in done.targets] == ["x0", "x2", "x3"]
    assert sorted(one.message for one in done.errors) == ["it is x1", "it is x4"]
    assert {str(one.location) for one in done.errors} == {"a/d.bzl:5:9"}


def test_a_second_evaluation_sees_the_tests_before(space: Space) -> None:
    """Further tests may depend on them: native.existing_rules() holds the same as the first time."""
    space.write("a/h.bzl", _HARNESS)
    space.write(
        "a/d.bzl",
        'load(":h.bzl", "checked")\n\ndef test(name):\n    seen = native.existing_rules().keys()\n'
        '    checked(name, lambda ctx: " ".join(seen))\n\n'
        'def more():\n    [test("n_" + one) for one in native.existing_rules() if one.startswith("t")]\n'
        '    if native.existing_rule("t1")["kind"] != "t1":\n        test("u")\n',
    )
    space.write("a/BUILD", 'load(":d.bzl", "more", "test")\n\ntest("t1")\nmore()\ntest("t2")\n')
    from rulesengine.analysis import Analyzer
    from tests.spaces import AMD64

    loader = space.loader()
    done = Analyzer(loader).analyze(loader.resolve(["//a:all"]), AMD64, keep_going=True)
    assert [one.message for one in done.errors] == []
    assert {one.label.name for one in done.targets} >= {"t1", "n_t1", "t2"}


def test_what_is_printed_is_printed_once(space: Space) -> None:
    """But for what the tests themselves print, which run in further evaluations, one for each that fails."""
    space.write("a/h.bzl", _HARNESS)
    space.write(
        "a/d.bzl",
        'load(":h.bzl", "checked")\n\ndef _check(ctx):\n    print("in " + ctx.label.name)\n'
        '    if ctx.label.name == "x1":\n        fail("no")\n    return ""\n\n'
        'def test(name):\n    print("making " + name)\n    checked(name, _check)\n    print("made " + name)\n',
    )
    space.write("a/BUILD", 'load(":d.bzl", "test")\n\n[test(name = "x%d" % n) for n in range(3)]\nprint("end")\n')
    from rulesengine.analysis import Analyzer
    from rulesengine.model.events import Message
    from tests.spaces import AMD64

    loader = space.loader()
    done = Analyzer(loader).analyze(loader.resolve(["//a:all"]), AMD64, keep_going=True)
    assert [one.message for one in done.errors] == ["no"]
    found = [event.text for event in space.events if isinstance(event, Message)]
    first = [f"{what} x{n}" for n in range(3) for what in ("making", "made")]
    assert found[: len(first) + 1] == [*first, "end"]
    assert sorted(set(found[len(first) + 1 :])) == ["in x0", "in x1", "in x2"]


def test_evaluation_ends_after_the_last_test_that_is_wanted(space: Space) -> None:
    """What follows it may take long, and says nothing of it."""
    space.write("a/h.bzl", _HARNESS)
    space.write(
        "a/BUILD",
        'load(":h.bzl", "fine")\n\nfine("x")\nfine("y")\n[glob([str(n)], allow_empty = True) for n in range(5)]\n',
    )
    from rulesengine.analysis import Analyzer
    from tests.spaces import AMD64

    loader = space.loader()
    labels = loader.resolve(["//a:x"])
    seen: list[str] = []
    loader.sources.listed = seen.append  # type: ignore[method-assign, assignment]  # what glob() tells of
    assert len(Analyzer(loader).analyze(labels, AMD64).targets) == 1
    assert seen == []


def test_tests_that_are_not_made_again_fail(space: Space) -> None:
    """Where something is not the same each time, no test may run another one's function."""
    space.write("a/h.bzl", _HARNESS)
    space.write(
        "a/BUILD",
        'load(":h.bzl", "fine")\n\n[fine(one[:-4]) for one in glob(["*.txt"])]\n',
    )
    for name in "ac":
        space.write(f"a/{name}.txt", "")
    from rulesengine.analysis import Analyzer
    from tests.spaces import AMD64

    loader = space.loader()
    labels = loader.resolve(["//a:all"])
    space.write("a/b.txt", "")
    (space.root / "a/a.txt").unlink()
    done = Analyzer(loader).analyze(labels, AMD64, keep_going=True)
    assert [one.message for one in done.errors] == ["the BUILD file makes b instead of a when it is evaluated again"]


@pytest.mark.parametrize(
    ("action", "wrong"),
    [
        ('ctx.actions.write(out, "x", mnemonic = ("Foo",))', "'mnemonic' got value of type 'tuple'"),
        (
            "ctx.actions.symlink(output = out, target_file = ctx.file.src, progress_message = 5)",
            "'progress_message' got value of type 'int'",
        ),
        (
            (
                'ctx.actions.write(out, "x"); return [DefaultInfo(runfiles = ctx.runfiles(files = [out])), '
                "RunEnvironmentInfo(environment = {}, inherited_environment = [_impl])]"
            ),
            "RunEnvironmentInfo.inherited_environment is a string, not function",
        ),
    ],
)
def test_what_has_a_wrong_type_is_its_own_target_s_fault(space: Space, action: str, wrong: str) -> None:
    """Actions are made late, and all targets of a wave say in one text what they are: neither may hide who it was."""
    space.write("a/s", "")
    space.write(
        "a/d.bzl",
        f"def _impl(ctx):\n    out = ctx.actions.declare_file(ctx.label.name)\n    {action}\n\n"
        'def _good(ctx):\n    ctx.actions.write(ctx.actions.declare_file(ctx.label.name), "")\n\n'
        'bad = rule(_impl, attrs = {"src": attr.label(allow_single_file = True)})\ngood = rule(_good)\n',
    )
    space.write(
        "a/BUILD", 'load(":d.bzl", "bad", "good")\n\ngood(name = "g")\nbad(name = "b", src = "s")\ngood(name = "h")\n'
    )
    from rulesengine.analysis import Analyzer
    from tests.spaces import AMD64

    loader = space.loader()
    done = Analyzer(loader).analyze(loader.resolve(["//a:all"]), AMD64, keep_going=True)
    assert [one.label.name for one in done.targets] == ["g", "h"]
    assert len(done.errors) == 1 and wrong in done.errors[0].message


def test_what_stays_of_a_text_stays_in_its_place() -> None:
    text = (
        'X = provider()\nY = [\n    1,\n    "é",\n]; Z = rule(\n    f\n)\n_all = []\n\n'
        "def f(a = Y):\n    return a\n\n_all.append(f)\nZ2 = {}\nZ2.update(made())\ng = lambda x: made(x)\n"
    )
    kept = functions(text, text)
    assert [len(line.encode()) for line in kept.split("\n")] == [len(line.encode()) for line in text.split("\n")]
    assert " ".join(kept.split()) == (
        '0 Y = [ 1, "é", ]; 0 _all = [] def f(a = Y): return a _all.append(f) 0 0 g = lambda x: made(x)'
    )
