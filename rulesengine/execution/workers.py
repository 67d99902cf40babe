"""Workers: threads that run what they are given.

As concurrent.futures has them, but that nobody waits for what a single job gives: to import that module, and logging
with it, takes as long as to run three small actions.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

_Job = Callable[[], object]


class Workers:
    """Up to `most` threads, started as they are needed."""

    def __init__(self, most: int, name: str) -> None:
        self._most = most
        self._name = name
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._threads: list[threading.Thread] = []

    def submit(self, job: _Job) -> None:
        """Run a job, which raises nothing, as soon as a thread is free."""
        self._jobs.put(job)
        if not self._idle.acquire(blocking=False) and len(self._threads) < self._most:
            thread = threading.Thread(target=self._run, name=f"{self._name}_{len(self._threads)}")
            self._threads.append(thread)
            thread.start()

    def close(self) -> None:
        """Wait for all jobs, and end the threads."""
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while True:
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                self._idle.release()
                job = self._jobs.get()
            if job is None:
                return
            job()
            del job  # while this thread waits, it holds nothing
