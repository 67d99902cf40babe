"""Materialised outputs: right whatever was there before."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rulesengine.execution import LocalStore
from rulesengine.model.artifact import Artifact, FileValue, TreeValue, Value
from rulesengine.model.directory import Member, TreeFile, TreeLink, build_tree
from rulesengine.workspace import CancelToken
from rulesengine.workspace.outputs import Outputs

FILE = Artifact("pybuild-out/c/bin/p/file")
TREE = Artifact("pybuild-out/c/bin/p/tree", is_directory=True)


class Base:
    def __init__(self, directory: Path) -> None:
        self.store = LocalStore(str(directory / "cache"))
        self.path = directory / "base"
        self.cancel = CancelToken()

    def file(self, data: bytes, *, executable: bool = False) -> FileValue:
        return FileValue(self.store.put(data), executable)

    def tree(self, files: dict[str, str]) -> TreeValue:
        members: dict[str, Member] = {}
        for name, text in files.items():
            members[name] = TreeLink(text[1:]) if text.startswith("@") else TreeFile(self.store.put(text.encode()))
        return TreeValue(build_tree(members, self.store.put))

    def deliver(self, *pairs: tuple[Artifact, Value], owner: str = "//p:t c") -> list[Artifact]:
        return Outputs(str(self.path), self.store).deliver({owner: pairs}, self.cancel)[1]

    def at(self, artifact: Artifact) -> Path:
        return self.path / artifact.path

    def listing(self, artifact: Artifact) -> dict[str, str]:
        root = self.at(artifact)
        out = {}
        for path in sorted(root.rglob("*")):
            name = str(path.relative_to(root))
            if path.is_symlink():
                out[name] = "@" + os.readlink(path)
            elif path.is_file():
                out[name] = path.read_text()
        return out


@pytest.fixture
def base(tmp_path: Path) -> Base:
    return Base(tmp_path)


def test_read_only_hard_links(base: Base) -> None:
    value = base.file(b"x")
    runs = base.file(b"#!/bin/sh\n", executable=True)
    script = Artifact("pybuild-out/c/bin/p/run")
    assert base.deliver((FILE, value), (script, runs)) == []
    assert base.at(FILE).stat().st_ino == os.stat(base.store.path(value.digest)).st_ino
    assert base.at(FILE).stat().st_mode & 0o777 == 0o444
    assert base.at(script).stat().st_mode & 0o777 == 0o555


def test_stale_outputs_vanish_and_those_of_others_stay(base: Base) -> None:
    other = Artifact("pybuild-out/c/bin/p/other")
    base.deliver((other, base.file(b"o")), owner="//p:o c")
    base.deliver((FILE, base.file(b"x")), (TREE, base.tree({"a/b": "1"})))
    base.deliver((FILE, base.file(b"y")))
    assert sorted(os.listdir(base.at(FILE).parent)) == ["file", "other"]
    base.deliver()
    assert os.listdir(base.at(FILE).parent) == ["other"]


def test_a_file_becomes_a_tree_and_back(base: Base) -> None:
    place = Artifact("pybuild-out/c/bin/p/x", is_directory=True)
    inside = Artifact("pybuild-out/c/bin/p/x/y")
    base.deliver((place, base.file(b"f")))
    base.deliver((place, base.tree({"a": "1"})))
    assert base.listing(place) == {"a": "1"}
    base.deliver((inside, base.file(b"i")))
    assert base.listing(place) == {"y": "i"}
    base.deliver((place, base.file(b"f")))
    assert base.at(place).read_bytes() == b"f"


SPOILS: dict[str, Callable[[Path], object]] = {
    "nothing": lambda root: None,
    "edited": lambda root: _replace(root / "d/one", "edited"),
    "edited, size kept": lambda root: _replace(root / "d/one", "i"),
    "removed": lambda root: (root / "d/one").unlink(),
    "added": lambda root: (root / "d/extra").write_text("e"),
    "a directory added": lambda root: (root / "d/e/f").mkdir(parents=True),
    "a link turned": lambda root: _instead(root / "link").symlink_to("/etc"),
    "a file made a directory": lambda root: _instead(root / "two").mkdir(),
    "a directory made a file": lambda root: _instead(root / "d").write_text(""),
    "a directory made a link": lambda root: _instead(root / "d").symlink_to("/tmp"),
    "mode changed": lambda root: (root / "two").chmod(0o644),
    "all removed": shutil.rmtree,
}


def _instead(path: Path) -> Path:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
    return path


def _replace(path: Path, text: str) -> None:
    path.unlink()
    path.write_text(text)


@pytest.mark.parametrize("record", [True, False], ids=["record", "no record"])
@pytest.mark.parametrize("spoil", SPOILS)
def test_edits_by_hand_are_repaired(base: Base, spoil: str, record: bool) -> None:
    files = {"d/one": "1", "two": "2", "link": "@d/one"}
    value = base.tree(files)
    base.deliver((TREE, value))
    SPOILS[spoil](base.at(TREE))
    if not record:
        (base.path / "outputs.json").write_text("{")
    assert base.deliver((TREE, value)) == []
    assert base.listing(TREE) == files
    assert (base.at(TREE) / "two").stat().st_mode & 0o777 == 0o444
    assert not any(path.is_dir() and not any(path.iterdir()) for path in base.at(TREE).rglob("*"))


def test_an_edit_in_place_reaches_the_store_and_is_found_out(base: Base) -> None:
    value = base.file(b"right")
    base.deliver((FILE, value))
    base.at(FILE).chmod(0o644)
    base.at(FILE).write_bytes(b"wrong")
    base.store = LocalStore(base.store.root)
    assert base.deliver((FILE, value)) == [FILE]  # lost: its action has to run again
    value = base.file(b"right")
    assert base.deliver((FILE, value)) == []
    assert base.at(FILE).read_bytes() == b"right"


def test_untouched_outputs_are_not_written_again(base: Base) -> None:
    value = base.tree({"a": "1", "b/c": "2"})
    base.deliver((TREE, value))
    before = {path: path.lstat() for path in base.at(TREE).rglob("*")}
    base.deliver((TREE, value))
    assert {path: path.lstat() for path in base.at(TREE).rglob("*")} == before


names = st.sampled_from(["a", "b", "a/x", "b/x", "a/x/y", "c"])
trees = st.dictionaries(names, st.sampled_from(["1", "2", "@a", "@../z"]), max_size=4).filter(
    lambda files: not any(one != two and two.startswith(one + "/") for one in files for two in files)
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(trees, min_size=1, max_size=4))
def test_any_tree_after_any_other(tmp_path: Path, steps: list[dict[str, str]]) -> None:
    base = Base(tmp_path)
    for files in steps:
        assert base.deliver((TREE, base.tree(files))) == []
        assert base.listing(TREE) == files
