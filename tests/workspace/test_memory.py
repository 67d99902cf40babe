"""A program that builds again and again does not grow: what a build loaded goes with it."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import pytest

from rulesengine.loading import Loader, loader
from rulesengine.workspace import Workspace


def test_what_was_loaded_is_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[weakref.ref[Loader]] = []
    original = loader.Loader.__init__

    def noted(self: Loader, *arguments: object, **named: object) -> None:
        original(self, *arguments, **named)  # type: ignore[arg-type]
        made.append(weakref.ref(self))

    monkeypatch.setattr(loader.Loader, "__init__", noted)
    (tmp_path / "MODULE.bazel").write_text("")
    (tmp_path / "BUILD").write_text('genrule(name = "g", outs = ["o"], cmd = "echo > $@")\n')
    workspace = Workspace(tmp_path, cache=tmp_path / "cache")
    for _ in range(3):
        workspace.build("//...", execute=False)
        workspace.query("//...")
    gc.collect()
    assert len(made) == 6
    assert [one for one in made if one() is not None] == []
