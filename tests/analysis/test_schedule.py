"""Schedule: waves, failures and circles, on plain numbers."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rulesengine.analysis.schedule import BATCH, Schedule
from rulesengine.errors import AnalysisError, CycleError, RulesEngineError


class Sums:
    """The value of a key is one more than the sum of what it needs; keys in `bad` fail."""

    def __init__(self, needs: dict[int, list[int]], bad: frozenset[int] = frozenset()) -> None:
        self.needs = needs
        self.bad = bad
        self.waves: list[list[int]] = []
        self.failing: list[list[int]] = []
        self.schedule: Schedule[int, int, tuple[int, int]] = Schedule(
            self.begin, self.work, self.circle, lambda _, keys: self.failing.append(keys), lambda _: None
        )

    def begin(self, key: int) -> Generator[list[int] | tuple[int, int], Any, int]:
        missing = [one for one in self.needs[key] if one not in self.schedule.done]
        if missing:
            yield missing
        total: int = yield (key, sum(self.schedule.done[one] for one in self.needs[key]))
        return total

    def work(self, items: list[tuple[int, int]]) -> Iterator[int | RulesEngineError]:
        self.waves.append([key for key, _ in items])
        for key, below in items:
            yield AnalysisError(f"{key} is bad") if key in self.bad else below + 1

    @staticmethod
    def circle(keys: list[int]) -> RulesEngineError:
        return CycleError(" ".join(map(str, keys)))


def test_what_is_ready_runs_together() -> None:
    sums = Sums({0: [1, 2], 1: [3], 2: [3], 3: []})
    sums.schedule.run([0], keep_going=False)
    assert sums.schedule.done[0] == 5
    assert sums.waves == [[3], [1, 2], [0]]


def test_batches_have_an_end() -> None:
    sums = Sums({one: [] for one in range(3 * BATCH)})
    sums.schedule.run(list(sums.needs), keep_going=False)
    assert [len(wave) for wave in sums.waves] == [BATCH, BATCH, BATCH]


def test_chains_of_thousands() -> None:
    sums = Sums({0: [], **{one: [one - 1] for one in range(1, 20_000)}})
    sums.schedule.run([19_999], keep_going=False)
    assert sums.schedule.done[19_999] == 20_000


def test_the_way_to_what_failed() -> None:
    sums = Sums({0: [1], 1: [2], 2: [], 3: [2], 4: []}, frozenset({2}))
    sums.schedule.run([0, 3, 4], keep_going=True)
    assert sums.failing == [[0, 1, 2]]
    assert {key: str(fault.message) for key, fault in sums.schedule.failed.items()} == dict.fromkeys(
        (0, 1, 2, 3), "2 is bad"
    )
    assert sums.schedule.done == {4: 1}
    with pytest.raises(AnalysisError, match="2 is bad"):
        sums.schedule.run([3], keep_going=False)


def test_a_circle_is_shown_alone() -> None:
    sums = Sums({0: [1], 1: [2], 2: [3], 3: [1], 4: []})
    sums.schedule.run([0, 4], keep_going=True)
    assert sums.schedule.failed[0].message == "1 2 3"
    assert sums.schedule.done == {4: 1}


@given(st.lists(st.lists(st.integers(0, 11), max_size=4), min_size=12, max_size=12), st.frozensets(st.integers(0, 11)))
def test_as_plain_recursion(needs: list[list[int]], bad: frozenset[int]) -> None:
    """Every key has the value, or fails, as a recursive definition says; nothing is worked out twice."""
    table = {key: list(dict.fromkeys(one)) for key, one in enumerate(needs)}

    def value(key: int, above: frozenset[int]) -> int | None:
        if key in above:
            return None
        below = [value(one, above | {key}) for one in table[key]]
        if key in bad or None in below:
            return None
        return 1 + sum(one for one in below if one is not None)

    sums = Sums(table, bad)
    sums.schedule.run(list(table), keep_going=True)
    for key in table:
        wanted = value(key, frozenset())
        assert sums.schedule.done.get(key) == wanted
        assert (key in sums.schedule.failed) == (wanted is None)
    worked = [key for wave in sums.waves for key in wave]
    assert len(worked) == len(set(worked))
