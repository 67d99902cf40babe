"""What holds for all tests: a worker that has run thousands of them stays small; examples have no deadline."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.memory import let_go

# No deadline for an example: how long one takes says more of what else the machine does than of what is tested.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Iterator[None]:
    """After each test."""
    yield
    let_go()
