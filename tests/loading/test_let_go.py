"""What failed to load holds nothing for ever."""

from __future__ import annotations

import gc
import weakref

import pytest

from rulesengine.errors import RulesEngineError
from rulesengine.loading import Loader
from tests.spaces import Space


def _failed(space: Space) -> weakref.ref[Loader]:
    loader = space.loader()
    with pytest.raises(RulesEngineError):
        loader.package("", "a")
    return weakref.ref(loader)


@pytest.mark.parametrize("text", ["fail(1)", "x = 1 + {}", "y(", "load(':none.bzl', 'z')"])
def test_a_loader_with_a_package_that_failed(space: Space, text: str) -> None:
    space.write("a/d.bzl", f"def x():\n    pass\n\n{text}\n")
    space.write("a/BUILD", 'load(":d.bzl", "x")\n')
    loader = _failed(space)
    gc.collect()
    assert loader() is None
