"""Execution directories that are used again hold nothing of the action before, whatever it did and however fast."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rulesengine.execution.exec_root import ExecRoots

DIRECTORIES = frozenset({"in", "out", "out/bin", "out/bin/pkg"})


def roots_below(directory: Path) -> ExecRoots:
    names = itertools.count()
    return ExecRoots(lambda: str(directory / f"r{next(names)}"))


def everything(root: str) -> set[str]:
    return {
        os.path.relpath(os.path.join(above, name), root)
        for above, below, files in os.walk(root)
        for name in (*below, *files)
    }


def look(root: str) -> list[tuple[int, list[str], list[str]]]:
    """What an action could learn of the one before."""
    out = []
    for path in ("", *sorted(DIRECTORIES)):
        here = os.path.join(root, path)
        out.append((os.stat(here).st_mode, sorted(os.listdir(here)), os.listxattr(here)))
    return out


def swap(root: str) -> None:
    os.rename(f"{root}/in", f"{root}/x")
    os.mkdir(f"{root}/in")
    Path(f"{root}/in/planted").write_text("x")


def plant(root: str) -> None:
    Path(f"{root}/out/bin/planted").write_text("x")


def deep(root: str) -> None:
    os.makedirs(f"{root}/out/a/b")


def mode(root: str) -> None:
    os.chmod(f"{root}/out", 0o700)


def mark(root: str) -> None:
    os.setxattr(f"{root}/out/bin", "user.x", b"x")


def rotate(root: str) -> None:
    os.rename(f"{root}/out/bin", f"{root}/kept")
    os.rename(f"{root}/in", f"{root}/out/bin")
    os.rename(f"{root}/kept", f"{root}/in")


def nothing(root: str) -> None:
    """Do nothing."""


DEEDS: list[Callable[[str], None]] = [swap, plant, deep, mode, mark, rotate, nothing]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(DEEDS), st.sampled_from([0.0, 0.0, 0.06])), min_size=1, max_size=12),
)
def test_nothing_is_left(
    tmp_path_factory: pytest.TempPathFactory, deeds: list[tuple[Callable[[str], None], float]]
) -> None:
    roots = roots_below(tmp_path_factory.mktemp("roots"))
    first = None
    for deed, pause in deeds:
        root = roots.take(DIRECTORIES)
        assert everything(root) == DIRECTORIES
        seen = look(root)
        first = first or seen
        assert seen == first
        time.sleep(pause)  # with it a directory may be known to be clean by its time alone
        deed(root)
        roots.give_back(root, DIRECTORIES, reuse=True)


def test_directories_that_nobody_touches_are_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    roots = roots_below(tmp_path)
    read: list[str] = []
    real = os.scandir

    def scandir(path: str) -> object:
        read.append(path)
        return real(path)

    monkeypatch.setattr("rulesengine.execution.exec_root.os.scandir", scandir)
    for _ in range(3):
        root = roots.take(DIRECTORIES)
        Path(f"{root}/in/file").write_text("x")
        read.clear()
        roots.give_back(root, DIRECTORIES, reuse=True)
        time.sleep(0.06)
    assert read == [f"{root}/in/"]
