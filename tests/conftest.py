"""What holds for all tests: a worker that has run thousands of them stays small."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.memory import let_go


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Iterator[None]:
    """After each test."""
    yield
    let_go()
