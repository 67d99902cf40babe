"""Which action begins when: resources, exclusive actions, the longest chain first, what is known of earlier builds."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from rulesengine.analysis.requirements import resources_of
from rulesengine.errors import AnalysisError
from rulesengine.execution.durations import LONG, Durations
from rulesengine.execution.plan import make_plan, weigh
from rulesengine.execution.resources import CPU, MEMORY, OPERATIONS, TESTS, Resources
from rulesengine.model.action import Action, TestRun
from rulesengine.model.events import ActionFinished, ActionStarted
from rulesengine.model.label import Label
from tests.execution.bench import Bench, graph_of, made, op_action, shell


def most_at_a_time(bench: Bench) -> int:
    running = most = 0
    for event in bench.events:
        if isinstance(event, ActionStarted):
            running += 1
        elif isinstance(event, ActionFinished) and not event.cached:
            running -= 1
        most = max(most, running)
    return most


def naps(count: int, **rest: object) -> tuple[list[Action], list[object]]:
    outs = [made(f"nap{number}") for number in range(count)]
    return [shell(f"sleep 0.05; echo {out.path} > {out.path}", [], [out], **rest) for out in outs], list(outs)


@pytest.mark.parametrize(
    "amounts, needed, most",
    [
        ({}, (("cpu", 1.0),), 4),
        ({CPU: 4}, (("cpu", 2.0),), 2),
        ({CPU: 4}, (("cpu", 3.0),), 1),
        ({CPU: 4}, (("cpu", 9.0),), 1),
        ({MEMORY: 1000}, (("memory", 500.0),), 2),
        ({"gpu": 1}, (("gpu", 1.0),), 1),
    ],
)
def test_what_runs_at_a_time_shares_what_there_is(
    bench: Bench, amounts: dict[str, float], needed: tuple[tuple[str, float], ...], most: int
) -> None:
    actions, outs = naps(8, resources=needed)
    bench.build(graph_of(*actions), *outs, jobs=4, resources=Resources({CPU: 4, **amounts}))  # type: ignore[arg-type]
    assert most_at_a_time(bench) <= most
    if most > 1:
        assert most_at_a_time(bench) > 1


def test_tests_have_a_limit_of_their_own() -> None:
    resources = Resources({CPU: 8}, tests=1)
    test = op_action("mix", [], [made("t")], test=TestRun("t"))
    other = op_action("mix", [], [made("o")])
    assert resources.take(test)
    assert not resources.take(test)
    assert resources.take(other)
    resources.give_back(test)
    assert resources.take(test)
    assert TESTS not in dict(test.resources)


def test_operations_are_as_many_as_processors_while_commands_may_wait() -> None:
    resources = Resources({CPU: 4, OPERATIONS: 2})
    operation, command = op_action("mix", [], [made("o")]), shell("", [], [made("c")])
    assert [resources.take(operation) for _ in range(3)] == [True, True, False]
    assert [resources.take(command) for _ in range(3)] == [True, True, False]


def test_an_exclusive_action_runs_alone(bench: Bench) -> None:
    actions, outs = naps(4)
    alone = made("alone")
    exclusive = shell(f"sleep 0.1; echo > {alone.path}", [], [alone], exclusive=True)
    bench.build(graph_of(exclusive, *actions), alone, *outs, jobs=4)  # type: ignore[arg-type]
    running: set[int] = set()
    begun = None
    for event in bench.events:
        if isinstance(event, ActionStarted):
            if event.message.endswith("alone"):
                assert not running
                begun = event.id
            assert begun is None or event.id == begun
            running.add(event.id)
        elif isinstance(event, ActionFinished):
            running.discard(event.id)
            begun = None if event.id == begun else begun
    assert any(isinstance(event, ActionStarted) and event.message.endswith("alone") for event in bench.events)


def test_a_large_action_is_not_passed_for_ever(bench: Bench) -> None:
    actions, outs = naps(80)
    large = made("large")
    graph = graph_of(shell(f"echo > {large.path}", [], [large], resources=(("cpu", 2.0),)), *actions)
    bench.build(graph, large, *outs, jobs=2, resources=Resources({CPU: 2}))  # type: ignore[arg-type]
    started = [event.message for event in bench.events if isinstance(event, ActionStarted)]
    assert started.index(f"Shell {large.short_path}") < 60


def test_the_longest_chain_begins_first_by_measured_seconds(bench: Bench, tmp_path: Path) -> None:
    path = str(tmp_path / "durations")
    outs = [made(name) for name in ("quick", "first", "slow", "after")]
    quick, first, slow, after = outs
    actions = [
        op_action("mix", [], [quick]),
        op_action("mix", [quick], [first]),
        op_action("mix", [], [slow], "--salt", "s"),
        op_action("mix", [], [after], "--salt", "a"),
    ]
    order: list[str] = []
    for seconds in (0.0, 5.0):
        known = Durations(path)
        known.note(actions[3], seconds)
        known.note(actions[2], seconds / 2)
        known.save()
        bench.events.clear()
        bench.executor(jobs=1, durations=Durations(path)).execute(graph_of(*actions), outs)
        order = [event.message for event in bench.events if isinstance(event, ActionStarted)]
        if seconds:
            break
        assert order[0] == "Mix quick"  # two are longer than one
        bench.close()
        for left in ("cache", "stat"):
            shutil.rmtree(tmp_path / left, ignore_errors=True)
        bench.open()
    assert order[:2] == ["Mix after", "Mix slow"]
    expected = {event.message: event.expected for event in bench.events if isinstance(event, ActionStarted)}
    assert expected["Mix after"] == 5.0


def test_durations_keep_what_is_long_and_bear_any_file(tmp_path: Path) -> None:
    path = tmp_path / "durations"
    action, other = op_action("mix", [], [made("a")]), op_action("mix", [], [made("b")])
    one = Durations(str(path))
    one.note(action, LONG * 2)
    one.note(other, LONG / 2)
    one.save()
    assert json.loads(path.read_text()) == {action.outputs[0].path: LONG * 2}
    before = path.stat().st_mtime_ns
    two = Durations(str(path))
    two.note(action, LONG * 2.2)
    two.save()
    assert path.stat().st_mtime_ns == before
    for text in ("", "[]", '{"a": "b"', '{"x": null, "y": -1}', "\0"):
        path.write_text(text)
        assert Durations(str(path)).seconds(action) < LONG
    Durations(str(tmp_path / "no/such/place")).save()


def test_weights_add_up_along_the_chain() -> None:
    a, b, c = made("a"), made("b"), made("c")
    graph = graph_of(op_action("mix", [], [a]), op_action("mix", [a], [b]), op_action("mix", [b], [c]))
    plan = make_plan(graph, [c])
    weigh(plan.tasks, lambda action: 2.0 if action.outputs[0] is b else 1.0)
    assert [task.priority for task in plan.tasks] == [4.0, 3.0, 1.0]


def test_requirements() -> None:
    label = Label.parse("//p:t")
    assert resources_of({"local": ""}, label) == (("cpu", 1.0),)
    assert resources_of(["cpu:3", "resources:gpu:2", "resources:memory:100.5"], label) == (
        ("cpu", 3.0), ("gpu", 2.0), ("memory", 100.5),
    )  # fmt: skip
    for wrong in ("cpu:x", "cpu:-1", "resources:gpu", "resources::1", "cpu:inf"):
        with pytest.raises(AnalysisError, match="how much"):
            resources_of([wrong], label)
