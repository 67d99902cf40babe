"""The executor: what runs, what is taken from the cache, what is recovered, and how it fails."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rulesengine.errors import (
    ExecutionError,
    HashMismatchError,
    InterruptedBuild,
    MissingInputError,
    StoreError,
)
from rulesengine.model.action import ActionGraph
from rulesengine.model.artifact import Artifact, Value
from rulesengine.model.digest import Digest
from rulesengine.model.events import ActionFinished, ActionsPlanned, ActionStarted
from rulesengine.model.ports import OpContext
from tests.execution.bench import Bench, fetch_action, graph_of, made, mix, op_action, shell


def chain(bench: Bench) -> tuple[ActionGraph, list[Artifact]]:
    a, b = bench.write("a", "A"), bench.write("b", "B")
    x, y, z = made("x"), made("y"), made("z")
    return graph_of(op_action("mix", [a], [x]), op_action("mix", [b], [y]), op_action("mix", [x, y], [z])), [x, y, z]


def test_runs_once_then_takes_everything_from_the_cache(bench: Bench) -> None:
    graph, (_, _, z) = chain(bench)
    first = bench.build(graph, z)
    assert (first.run, first.cached) == (3, 0)
    assert bench.bytes_of(first.values[z]) == mix("0", [mix("0", [b"A"]), mix("0", [b"B"])])
    bench.reopen()
    second = bench.build(graph, z)
    assert (second.run, second.cached, bench.ran) == (0, 3, [])
    assert second.values[z] == first.values[z]


def test_one_changed_source_reruns_only_what_depends_on_it(bench: Bench) -> None:
    graph, (_, y, z) = chain(bench)
    bench.build(graph, z)
    bench.write("b", "B2")
    result = bench.build(graph, z)
    assert (result.run, result.cached) == (2, 1)
    assert sorted(bench.ran) == sorted([y.mapped_path, z.mapped_path])


def test_early_cutoff_an_output_that_comes_out_the_same_stops_the_change(bench: Bench) -> None:
    a = bench.write("a", "one\ntwo\n")
    first, last = made("first"), made("last")
    graph = graph_of(shell(f"head -1 a > {first.path}", [a], [first]), op_action("mix", [first], [last]))
    bench.build(graph, last)
    bench.write("a", "one\nthree\n")
    result = bench.build(graph, last)
    assert (result.run, result.cached) == (1, 1)


def test_only_what_the_request_needs_is_run_and_counted(bench: Bench) -> None:
    graph, (x, _, _) = chain(bench)
    result = bench.build(graph, x)
    assert (result.run, result.cached, bench.ran) == (1, 0, [x.mapped_path])


def test_the_same_conversion_for_six_platforms_is_one_action(bench: Bench) -> None:
    a = bench.write("a", "all")
    outs = [made("layer", f"linux_{number}") for number in range(6)]
    graph = graph_of(*[op_action("mix", [a], [out]) for out in outs])
    result = bench.build(graph, *outs)
    assert (result.run, result.cached, len(bench.ran)) == (1, 0, 1), "counted once, too"
    assert len({result.values[out].digest for out in outs}) == 1


def test_artifacts_that_mapping_would_confuse_keep_their_real_paths(bench: Bench) -> None:
    one, two, both = made("x", "k8"), made("x", "arm"), made("both")
    graph = graph_of(
        op_action("mix", [], [one], "--salt", "1"),
        op_action("mix", [], [two], "--salt", "2"),
        op_action("mix", [one, two], [both]),
    )
    result = bench.build(graph, both)
    assert bench.bytes_of(result.values[both]) == mix("0", [mix("10", []), mix("20", [])])


def test_events_tell_the_whole_story(bench: Bench) -> None:
    graph, (_, _, z) = chain(bench)
    bench.build(graph, z)
    assert [event for event in bench.events if isinstance(event, ActionsPlanned)] == [ActionsPlanned(3)]
    assert len([event for event in bench.events if isinstance(event, ActionStarted)]) == 3
    finished = [event for event in bench.events if isinstance(event, ActionFinished)]
    assert [event.cached for event in finished] == [False] * 3
    assert all(event.seconds > 0 for event in finished)
    bench.events.clear()
    bench.build(graph, z)
    finished = [event for event in bench.events if isinstance(event, ActionFinished)]
    assert [(event.cached, event.seconds) for event in finished] == [(True, 0.0)] * 3


def test_a_tree_is_assembled_by_digest_and_recovered_when_a_member_is_lost(bench: Bench) -> None:
    a = bench.write("a", "A")
    x, tree, out = made("x"), made("tree", tree=True), made("out")
    graph = graph_of(op_action("mix", [a], [x]), op_action("pack", [x], [tree]), op_action("unpack", [tree], [out]))
    first = bench.build(graph, out)
    expected = bench.bytes_of(first.values[out])
    assert expected == b"x=" + mix("0", [b"A"])
    os.unlink(bench.blob_path(first.values[x]))  # member of the tree
    os.unlink(bench.blob_path(first.values[out]))
    again = bench.build(graph, out)
    assert bench.bytes_of(again.values[out]) == expected
    assert (again.run, again.cached) == (2, 1)  # the tree itself is still known to be right


# ---- pinned outputs ----------------------------------------------------------


def test_a_pinned_file_is_not_fetched_while_its_dependents_are_cached(bench: Bench) -> None:
    deb = made("deb")
    layer = made("layer")
    data = b"a package"
    bench.remote[Digest.of(data)] = data
    graph = graph_of(fetch_action(data, deb), op_action("mix", [deb], [layer]))
    first = bench.build(graph, layer)
    assert (first.run, first.cached, len(bench.fetched)) == (2, 0, 1)
    os.unlink(bench.store.path(Digest.of(data)))
    second = bench.build(graph, layer)
    assert (second.run, second.cached, bench.fetched) == (0, 2, [])
    os.unlink(bench.blob_path(first.values[layer]))
    third = bench.build(graph, layer)
    assert (third.run, third.cached, len(bench.fetched)) == (2, 0, 1)
    fourth_graph = graph_of(fetch_action(data, deb), op_action("mix", [deb], [layer], "--salt", "new"))
    fourth = bench.build(fourth_graph, layer)  # the bytes are there: no network
    assert (fourth.run, fourth.cached, bench.fetched) == (1, 1, [])


def test_a_pinned_file_that_is_asked_for_is_fetched(bench: Bench) -> None:
    deb = made("deb")
    bench.remote[Digest.of(b"pkg")] = b"pkg"
    result = bench.build(graph_of(fetch_action(b"pkg", deb)), deb)
    assert (result.run, bench.bytes_of(result.values[deb])) == (1, b"pkg")


@pytest.mark.parametrize("wrong", [b"PKG", b"pkg and more"])
def test_a_server_that_gives_other_bytes_is_refused(bench: Bench, wrong: bytes) -> None:
    deb = made("deb")
    bench.remote[Digest.of(b"pkg")] = wrong
    with pytest.raises(HashMismatchError, match="pinned"):
        bench.build(graph_of(fetch_action(b"pkg", deb)), deb)


def test_an_operation_without_network_cannot_fetch(bench: Bench) -> None:
    deb = made("deb")
    digest = Digest.of(b"pkg")
    bench.remote[digest] = b"pkg"
    action = op_action("fetch", [], [deb], "--sha256", digest.hash, "--size", "3")
    with pytest.raises(ExecutionError, match="may not reach the network"):
        bench.build(graph_of(action), deb)
    assert bench.fetched == []


# ---- damage ------------------------------------------------------------------


def _flip(path: str) -> None:
    os.chmod(path, 0o600)
    data = bytearray(Path(path).read_bytes())
    if data:
        data[len(data) // 2] ^= 1
    else:  # what was truncated before
        data += b"x"
    Path(path).write_bytes(data)


def _truncate(path: str) -> None:
    os.chmod(path, 0o600)
    os.truncate(path, os.path.getsize(path) // 2)


def _extend(path: str) -> None:
    os.chmod(path, 0o600)
    with open(path, "ab") as file:
        file.write(b"x")


@pytest.mark.parametrize("damage", [_flip, _truncate, _extend, os.unlink])
@pytest.mark.parametrize("which", [0, 1, 2])
def test_damaged_blobs_are_made_again(bench: Bench, damage: object, which: int) -> None:
    graph, artifacts = chain(bench)
    z = artifacts[2]
    first = bench.build(graph, z)
    expected = bench.bytes_of(first.values[z])
    damage(bench.blob_path(first.values[artifacts[which]]))  # type: ignore[operator]
    bench.reopen()
    # Another action wants the damaged blob, and the old request is made again.
    w = made("w")
    graph.add(op_action("mix", artifacts, [w]))
    second = bench.build(graph, w, z)
    assert bench.bytes_of(second.values[z]) == expected
    assert bench.bytes_of(second.values[w]) == mix("0", [bench.bytes_of(second.values[one]) for one in artifacts])
    assert second.run >= 2


@pytest.mark.parametrize("damage", [_flip, _truncate, _extend, os.unlink])
def test_a_damaged_source_blob_is_stored_again(bench: Bench, damage: object) -> None:
    a = bench.write("a", "some source text")
    x, y = made("x"), made("y")
    bench.build(graph_of(op_action("mix", [a], [x])), x)
    damage(bench.store.path(Digest.of(b"some source text")))  # type: ignore[operator]
    bench.reopen()
    result = bench.build(graph_of(op_action("mix", [a], [y], "--salt", "2")), y)
    assert bench.bytes_of(result.values[y]) == mix("20", [b"some source text"])


def test_a_cached_action_copies_no_source(bench: Bench) -> None:
    a = bench.write("a", "big")
    x = made("x")
    graph = graph_of(op_action("mix", [a], [x]))
    bench.build(graph, x)
    os.unlink(bench.store.path(Digest.of(b"big")))
    assert bench.build(graph, x).cached == 1
    assert not bench.store.has(Digest.of(b"big"))


def test_a_store_that_loses_everything_is_given_up(bench: Bench) -> None:
    graph, (_, _, z) = chain(bench)

    def lose(context: OpContext) -> None:
        for digest in bench.store.blobs():
            if digest.size == 64:
                os.unlink(bench.store.path(digest))

    bench.hook = lose
    with pytest.raises(StoreError, match="again and again"):
        bench.build(graph, z, jobs=1)


# ---- failures ----------------------------------------------------------------


def test_a_failing_command_says_what_it_printed(bench: Bench) -> None:
    out = made("out")
    action = shell("echo oh dear >&2; exit 3", [], [out])
    with pytest.raises(ExecutionError) as caught:
        bench.build(graph_of(action), out)
    assert "exit code 3" in str(caught.value) and "oh dear" in str(caught.value)
    assert "//t:sh" in str(caught.value) and "/bin/sh -c" not in str(caught.value)
    with pytest.raises(ExecutionError, match=r"/bin/sh -c 'echo oh dear >&2; exit 3'"):
        bench.build(graph_of(action), out, verbose_failures=True)


def test_a_killed_command_names_the_signal(bench: Bench) -> None:
    out = made("out")
    with pytest.raises(ExecutionError, match="SIGSEGV"):
        bench.build(graph_of(shell("kill -SEGV $$", [], [out])), out)


def test_an_operation_that_makes_nothing_or_too_much(bench: Bench) -> None:
    one, two = made("one"), made("two")
    with pytest.raises(ExecutionError, match=r"did not make its output .*two"):
        bench.build(graph_of(op_action("nothing", [], [one, two])), one)
    action = op_action("mix", [], [one])
    undeclared = op_action("mix", [], [one], "--out", "pybuild-out/any/bin/other")
    assert bench.build(graph_of(action), one).run == 1
    with pytest.raises(ExecutionError, match="not a declared output"):
        bench.build(graph_of(undeclared), one)


def test_an_operation_sees_declared_inputs_only(bench: Bench) -> None:
    bench.write("secret", "!")
    out = made("out")
    with pytest.raises(ExecutionError, match="'secret' is not a declared input"):
        bench.build(graph_of(op_action("mix", [], [out], "--in", "secret")), out)


def test_an_operation_that_raises_something_foreign(bench: Bench) -> None:
    out = made("out")

    def burst(context: OpContext) -> None:
        raise ZeroDivisionError("boom")

    bench.hook = burst
    with pytest.raises(ExecutionError, match="ZeroDivisionError: boom"):
        bench.build(graph_of(op_action("mix", [], [out])), out)


def test_an_unknown_operation_or_version(bench: Bench) -> None:
    out = made("out")
    with pytest.raises(ExecutionError, match="there is no operation frob@1"):
        bench.build(graph_of(op_action("frob", [], [out])), out)


def test_a_missing_source_names_who_wants_it(bench: Bench) -> None:
    from tests.execution.bench import source

    out = made("out")
    with pytest.raises(MissingInputError) as caught:
        bench.build(graph_of(op_action("mix", [source("gone")], [out])), out)
    assert "gone" in str(caught.value) and "No such file" in str(caught.value) and out.path in str(caught.value)


def test_keep_going_makes_what_it_can(bench: Bench) -> None:
    bad, after, good = made("bad"), made("after"), made("good")
    graph = graph_of(
        shell("exit 1", [], [bad]), op_action("mix", [bad], [after]), op_action("mix", [], [good])
    )  # fmt: skip
    result = bench.run(graph, after, good, keep_going=True)
    assert (result.run, result.cached, len(result.failed), result.skipped) == (1, 0, 1, 1)
    assert good in result.values and after not in result.values


def test_the_first_failure_stops_what_has_not_begun(bench: Bench) -> None:
    bad = made("bad")
    later = [made(f"later{number}") for number in range(20)]
    graph = graph_of(
        shell("exit 1", [], [bad]),
        *[
            shell(f"sleep 0.05; : > {one.path}", [bad] if number > 10 else [], [one])
            for number, one in enumerate(later)
        ],
    )
    result = bench.run(graph, bad, *later, jobs=1)
    assert len(result.failed) == 1
    assert result.run < 11
    assert result.run + result.cached + len(result.failed) + result.skipped == 21


def test_a_running_command_is_stopped_by_anothers_failure(bench: Bench) -> None:
    bad, slow = made("bad"), made("slow")
    graph = graph_of(shell("sleep 0.3; exit 1", [], [bad]), shell(f"sleep 30; : > {slow.path}", [], [slow]))
    began = time.monotonic()
    result = bench.run(graph, bad, slow, jobs=2)
    assert time.monotonic() - began < 10
    assert (len(result.failed), result.skipped) == (1, 1)


def test_a_circle_of_actions_is_shown(bench: Bench) -> None:
    one, two = made("one"), made("two")
    graph = graph_of(op_action("mix", [two], [one]), op_action("mix", [one], [two]))
    with pytest.raises(ExecutionError, match="circle"):
        bench.build(graph, one)


def test_an_artifact_that_nobody_makes(bench: Bench) -> None:
    with pytest.raises(ExecutionError, match="no action makes"):
        bench.build(ActionGraph(), made("x"))


def test_non_cacheable_actions_run_each_time(bench: Bench) -> None:
    out = made("out")
    graph = graph_of(op_action("mix", [], [out], cacheable=False))
    assert [bench.build(graph, out).run for _ in range(2)] == [1, 1]


# ---- cancellation ------------------------------------------------------------


class Flag:
    """A Cancellation that a test sets."""

    def __init__(self) -> None:
        self.event = threading.Event()

    def check(self) -> None:
        if self.event.is_set():
            raise InterruptedBuild("stopped by the test")


def test_cancelling_kills_commands_promptly_and_the_next_build_resumes(bench: Bench) -> None:
    quick, slow = made("quick"), made("slow")
    marker = "slept-31.4"
    graph = graph_of(
        shell(f"echo quick > {quick.path}", [], [quick]),
        shell(f"sh -c 'sleep 31.4; : {marker}' & sleep 31.4; cat {quick.path} > {slow.path}", [quick], [slow]),
    )
    flag = Flag()
    threading.Timer(1.0, flag.event.set).start()
    began = time.monotonic()
    with pytest.raises(InterruptedBuild):
        bench.build(graph, slow, cancel=flag)
    assert time.monotonic() - began < 5
    time.sleep(0.2)
    for process in os.listdir("/proc"):
        with contextlib.suppress(OSError):
            assert marker not in Path(f"/proc/{process}/cmdline").read_text()
    bench.reopen()
    after = graph_of(graph.makers[quick], shell(f"cat {quick.path} > {slow.path}", [quick], [slow]))
    result = bench.build(after, slow)
    assert (result.run, result.cached) == (1, 1)


def test_cancelling_stops_an_operation_at_its_next_step(bench: Bench) -> None:
    out = made("out")
    flag = Flag()

    def endless(context: OpContext) -> None:
        flag.event.set()
        while True:
            context.check()
            time.sleep(0.01)

    bench.hook = endless
    with pytest.raises(InterruptedBuild):
        bench.build(graph_of(op_action("mix", [], [out])), out, cancel=flag)


# ---- random graphs against the plain definition ------------------------------


@st.composite
def graphs(draw: st.DrawFn) -> list[list[int]]:
    """For each action the indices of its inputs: -1 … -3 are sources, others earlier actions."""
    size = draw(st.integers(1, 8))
    return [draw(st.lists(st.integers(-3, number - 1), max_size=3, unique=True)) for number in range(size)]


def correct_build(shape: list[list[int]], sources: list[str]) -> list[bytes]:
    """The executable specification: every action, in order, from scratch."""
    made_so_far: list[bytes] = []
    for number, inputs in enumerate(shape):
        parts = [made_so_far[one] if one >= 0 else sources[-one - 1].encode() for one in inputs]
        made_so_far.append(mix(f"{number}-0", parts))
    return made_so_far


def _graph(bench: Bench, shape: list[list[int]], texts: list[str]) -> tuple[ActionGraph, list[Artifact]]:
    sources = [bench.write(f"s{number}", text) for number, text in enumerate(texts)]
    outs = [made(f"o{number}") for number in range(len(shape))]
    graph = graph_of(
        *[
            op_action(
                "mix", [outs[one] if one >= 0 else sources[-one - 1] for one in inputs], [outs[number]],
                "--salt", f"{number}-",
            )
            for number, inputs in enumerate(shape)
        ]
    )  # fmt: skip
    return graph, outs


STEPS = st.one_of(
    st.tuples(st.just("edit"), st.integers(0, 2), st.sampled_from("abcd")),
    st.tuples(st.just("damage"), st.integers(0, 7), st.sampled_from("ftu")),
    st.tuples(st.just("nothing"), st.just(0), st.just("")),
)


def _play(bench: Bench, shape: list[list[int]], steps: list[tuple[str, int, str]], jobs: int) -> None:
    """Edits and damage, a build after each; every build must equal the definition."""
    texts = ["a", "b", "c"]
    graph, outs = _graph(bench, shape, texts)
    for what, index, detail in [("nothing", 0, ""), *steps]:
        if what == "edit":
            texts[index] = detail
            graph, outs = _graph(bench, shape, texts)
        elif what == "damage":
            blobs = sorted(bench.store.blobs())
            if blobs:
                path = bench.store.path(blobs[index % len(blobs)])
                {"f": _flip, "t": _truncate, "u": os.unlink}[detail](path)
            bench.reopen()
        result = bench.build(graph, *outs, jobs=jobs)
        assert [bench.bytes_of(result.values[out]) for out in outs] == correct_build(shape, texts)
        assert result.run + result.cached == len(shape)
        if what == "nothing":
            assert len(bench.ran) == len(set(bench.ran)) == result.run


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(graphs(), st.lists(STEPS, max_size=3), st.integers(1, 3))
def test_any_history_gives_what_a_build_from_scratch_gives(
    shape: list[list[int]], steps: list[tuple[str, int, str]], jobs: int
) -> None:
    root = tempfile.mkdtemp()
    bench = Bench(Path(root))
    try:
        _play(bench, shape, steps, jobs)
    finally:
        bench.close()
        shutil.rmtree(root)


class ForgetfulCache:
    """A wrong cache: keyed by less than the whole action (as if inputs were left out of the key)."""

    def __init__(self) -> None:
        self._entries: dict[int, bytes] = {}

    def get(self, action: Digest) -> bytes | None:
        return self._entries.get(int(action.hash[0], 16) % 2)

    def put_all(self, results: Mapping[Digest, bytes]) -> None:
        for action, result in results.items():
            self._entries[int(action.hash[0], 16) % 2] = result


class StaleSources:
    """Wrong sources: an edit is never noticed."""

    def __init__(self, bench: Bench) -> None:
        self._real = bench.sources
        self._first: dict[Artifact, Value] = {}

    def value(self, artifact: Artifact) -> Value:
        return self._first.setdefault(artifact, self._real.value(artifact))

    def path(self, artifact: Artifact) -> str:
        return self._real.path(artifact)

    def provide(self, artifact: Artifact, value: Value) -> None:
        if self._real.value(artifact) == value:
            self._real.provide(artifact, value)


def test_the_specification_catches_stale_sources(bench: Bench) -> None:
    stale = StaleSources(bench)
    bench.given_sources = stale
    with pytest.raises(AssertionError):
        _play(bench, [[-1], [0]], [("edit", 0, "d")], 1)


def test_the_specification_catches_a_cache_with_too_small_a_key(tmp_path: Path) -> None:
    bench = Bench(tmp_path, cache=ForgetfulCache())
    with pytest.raises((AssertionError, ExecutionError)):
        _play(bench, [[-1], [-1, 0], [1]], [("edit", 0, letter) for letter in "abcdabcd"], 1)
    bench.close()


@pytest.mark.parametrize("small", [0, 10_000])
def test_order_is_the_same_with_and_without_networkx(small: int, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    from rulesengine.execution import plan

    monkeypatch.setattr(plan, "SMALL", small)
    outs = [made(f"o{number}") for number in range(40)]
    actions = [op_action("mix", [outs[below] for below in {number // 2, number // 3} if below < number], [outs[number]])
               for number in range(1, 40)]  # fmt: skip
    first = op_action("mix", [bench.write("a", "text")], [outs[0]])
    made_plan = plan.make_plan(graph_of(first, *actions), [outs[-1], outs[20]])
    place = {task.index: number for number, task in enumerate(made_plan.tasks)}
    for task in made_plan.tasks:
        for waiter in task.waiters:
            assert place[task.index] < place[waiter.index]
            assert task.priority > waiter.priority
    digraph = plan.action_digraph(made_plan.tasks)
    assert digraph.number_of_nodes() == len(made_plan.tasks)
    assert digraph.number_of_edges() == sum(len(task.waiters) for task in made_plan.tasks)


@pytest.mark.parametrize("small", [0, 10_000])
def test_a_circle_is_shown_with_and_without_networkx(small: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from rulesengine.execution import plan

    monkeypatch.setattr(plan, "SMALL", small)
    one, two, three = made("one"), made("two"), made("three")
    graph = graph_of(op_action("mix", [two], [one]), op_action("mix", [one], [two]), op_action("mix", [two], [three]))
    with pytest.raises(ExecutionError, match="in a circle"):
        plan.make_plan(graph, [three])


def test_a_failed_command_shows_all_it_wrote(bench: Bench) -> None:
    out = made("out")
    with pytest.raises(ExecutionError) as caught:
        bench.build(graph_of(shell("echo told; echo complained >&2; exit 3", [], [out])), out)
    text = str(caught.value)
    assert text.index("told") < text.index("complained")
    assert "exit code 3" in text
