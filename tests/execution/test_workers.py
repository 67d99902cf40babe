"""Threads that run jobs: all of them, no more than so many at a time, no more threads than needed."""

from __future__ import annotations

import threading
import time
from functools import partial

from hypothesis import given, settings
from hypothesis import strategies as st

from rulesengine.execution.workers import Workers


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 4), st.lists(st.sampled_from([0.0, 0.001]), max_size=20))
def test_every_job_runs_once_and_never_too_many_at_a_time(most: int, jobs: list[float]) -> None:
    guard = threading.Lock()
    running = peak = 0
    done: list[int] = []

    def job(number: int, seconds: float) -> None:
        nonlocal running, peak
        with guard:
            running += 1
            peak = max(peak, running)
        time.sleep(seconds)
        with guard:
            running -= 1
            done.append(number)

    before = threading.active_count()
    workers = Workers(most, "job")
    for number, seconds in enumerate(jobs):
        workers.submit(partial(job, number, seconds))
    workers.close()
    assert sorted(done) == list(range(len(jobs)))
    assert peak <= most
    assert threading.active_count() == before


def test_jobs_run_side_by_side() -> None:
    together = threading.Barrier(3, timeout=10)
    workers = Workers(3, "job")
    for _ in range(3):
        workers.submit(together.wait)
    workers.close()
    assert not together.broken


def test_a_thread_that_is_free_is_used_again() -> None:
    names: set[str] = set()
    workers = Workers(4, "job")
    for _ in range(5):
        done = threading.Event()

        def job(done: threading.Event = done) -> None:
            names.add(threading.current_thread().name)
            done.set()

        workers.submit(job)
        done.wait(10)
        time.sleep(0.02)  # until it waits again
    workers.close()
    assert names == {"job_0"}
