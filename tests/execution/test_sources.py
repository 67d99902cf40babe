"""Sources: digests are remembered only as long as they are certain."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from rulesengine.errors import MissingInputError
from rulesengine.execution import LocalStore, StatCache, WorkspaceSources
from rulesengine.execution.stat_cache import GRANULARITY
from rulesengine.model.artifact import Artifact, FileValue, TreeValue
from rulesengine.model.digest import Digest
from rulesengine.model.directory import TreeFile, TreeLink, walk_tree


def source(path: str, *, directory: bool = False) -> Artifact:
    return Artifact(path, owner="//p:t", is_source=True, is_directory=directory)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "ws").mkdir()
    return tmp_path / "ws"


def sources(tmp_path: Path, stats: StatCache | str | None = None, **repositories: str) -> WorkspaceSources:
    return WorkspaceSources({"": str(tmp_path / "ws"), **repositories}, LocalStore(tmp_path / "cache"), stats)


def test_files_are_digested_and_stored_only_on_demand(tmp_path: Path, root: Path) -> None:
    (root / "a").write_text("A")
    (root / "run.sh").write_text("#!")
    (root / "run.sh").chmod(0o755)
    tree = sources(tmp_path)
    value = tree.value(source("a"))
    assert value == FileValue(Digest.of(b"A"), executable=False)
    assert tree.value(source("run.sh")) == FileValue(Digest.of(b"#!"), executable=True)
    store = LocalStore(tmp_path / "cache")
    assert not store.has(Digest.of(b"A"))
    tree.provide(source("a"), value)
    assert store.read(Digest.of(b"A")) == b"A"


def test_other_repositories(tmp_path: Path, root: Path) -> None:
    (tmp_path / "other" / "p").mkdir(parents=True)
    (tmp_path / "other" / "p" / "f").write_text("F")
    tree = sources(tmp_path, other=str(tmp_path / "other"))
    assert tree.value(source("external/other/p/f")).digest == Digest.of(b"F")
    with pytest.raises(MissingInputError, match="no repository @gone"):
        tree.value(source("external/gone/p/f"))


def test_a_directory_is_a_tree(tmp_path: Path, root: Path) -> None:
    (root / "d" / "sub").mkdir(parents=True)
    (root / "d" / "empty").mkdir()
    (root / "d" / "sub" / "f").write_text("F")
    (root / "outside").write_text("O")
    os.symlink("sub/f", root / "d" / "inner")
    os.symlink("../outside", root / "d" / "outer")
    tree = sources(tmp_path)
    artifact = source("d", directory=True)
    value = tree.value(artifact)
    assert isinstance(value, TreeValue)
    tree.provide(artifact, value)
    store = LocalStore(tmp_path / "cache")
    assert dict(walk_tree(value.digest, store.read)) == {
        "sub/f": TreeFile(Digest.of(b"F")),
        "inner": TreeLink("sub/f"),
        "outer": TreeFile(Digest.of(b"O")),
        "empty": None,
    }
    assert store.has(Digest.of(b"F")) and store.has(Digest.of(b"O"))
    (root / "d" / "sub" / "f").write_text("G")
    assert tree.value(artifact) != value


def test_missing_and_special_files(tmp_path: Path, root: Path) -> None:
    tree = sources(tmp_path)
    with pytest.raises(MissingInputError, match="No such file") as caught:
        tree.value(source("gone"))
    assert "//p:t" in str(caught.value) and str(root / "gone") in str(caught.value)
    os.mkfifo(root / "fifo")
    with pytest.raises(MissingInputError, match="neither a file nor a directory"):
        tree.value(source("fifo"))


def _age(path: Path, seconds: float = 60) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


def test_an_old_file_is_read_once(tmp_path: Path, root: Path) -> None:
    (root / "a").write_text("A")
    later = time.time_ns() + 2 * GRANULARITY
    stats = StatCache(str(tmp_path / "stat"), now=lambda: later)
    first = sources(tmp_path, stats)
    first.value(source("a"))
    first.save()
    again = sources(tmp_path, StatCache(str(tmp_path / "stat"), now=lambda: later))
    seen = os.stat(root / "a")
    known = again._stats.get(str(root / "a"), seen)
    assert known == Digest.of(b"A")


def test_a_file_written_just_now_is_never_trusted(tmp_path: Path, root: Path) -> None:
    """Same size, same inode, same times, other bytes: git calls it racy."""
    path = root / "a"
    path.write_text("A")
    tree = sources(tmp_path, str(tmp_path / "stat"))
    assert tree.value(source("a")).digest == Digest.of(b"A")
    before = os.stat(path)
    with open(path, "r+") as file:
        file.write("B")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert tree.value(source("a")).digest == Digest.of(b"B")


@pytest.mark.parametrize("change", ["content", "mode", "replaced", "restored times"])
def test_a_change_of_a_trusted_file_is_noticed(tmp_path: Path, root: Path, change: str) -> None:
    path = root / "a"
    path.write_text("A")
    later = time.time_ns() + 2 * GRANULARITY
    tree = sources(tmp_path, StatCache(None, now=lambda: later))
    first = tree.value(source("a"))
    before = os.stat(path)
    time.sleep(0.02)
    if change == "content":
        path.write_text("BB")
    elif change == "mode":
        path.chmod(0o755)
    elif change == "replaced":
        (root / "new").write_text("B")
        os.utime(root / "new", ns=(before.st_atime_ns, before.st_mtime_ns))
        os.rename(root / "new", path)
    else:
        path.write_text("B")
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert tree.value(source("a")) != first


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-1], lambda data: b"", lambda data: data[:60] + b"?" + data[61:]]
)
def test_a_damaged_stat_cache_is_empty(tmp_path: Path, root: Path, damage: object) -> None:
    (root / "a").write_text("A")
    later = time.time_ns() + 2 * GRANULARITY
    kept = str(tmp_path / "stat")
    first = sources(tmp_path, StatCache(kept, now=lambda: later))
    first.value(source("a"))
    first.save()
    Path(kept).write_bytes(damage(Path(kept).read_bytes()))  # type: ignore[operator]
    stats = StatCache(kept)
    assert stats.get(str(root / "a"), os.stat(root / "a")) is None


def test_a_stat_cache_that_cannot_be_written_is_no_error(tmp_path: Path, root: Path) -> None:
    (root / "a").write_text("A")
    (tmp_path / "file").write_text("")
    tree = sources(tmp_path, StatCache(str(tmp_path / "file" / "stat"), now=lambda: time.time_ns() + 2 * GRANULARITY))
    tree.value(source("a"))
    tree.save()


def test_bytes_that_changed_since_the_digest_are_refused(tmp_path: Path, root: Path) -> None:
    (root / "a").write_text("A")
    tree = sources(tmp_path)
    value = tree.value(source("a"))
    (root / "a").write_text("B")
    with pytest.raises(MissingInputError, match="changed while the build was running"):
        tree.provide(source("a"), value)


def test_a_file_that_keeps_changing_is_said(tmp_path: Path, root: Path) -> None:
    path = root / "log"
    path.write_bytes(b"x" * 64_000_000)  # so long that the writer gets its turn on a busy machine, too
    stop = threading.Event()

    def scribble() -> None:
        with open(path, "ab", buffering=0) as file:
            while not stop.is_set():
                file.write(b"y")

    writer = threading.Thread(target=scribble)
    writer.start()
    try:
        with pytest.raises(MissingInputError, match="keeps changing"):
            sources(tmp_path).value(source("log"))
    finally:
        stop.set()
        writer.join()
