"""The action cache: what it returns was put there under that very key, or it returns nothing."""

from __future__ import annotations

import os
import pickle
import random
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from rulesengine.errors import DiskFullError
from rulesengine.execution import DiskActionCache
from rulesengine.execution.late_results import LateResults
from rulesengine.model.digest import Digest

KEYS = [Digest.of(b"key %d" % number) for number in range(200)]


def value_of(key: Digest) -> bytes:
    return key.hash.encode() * 8


def filled(root: Path) -> Path:
    cache = DiskActionCache(root)
    for key in KEYS:
        cache.put(key, value_of(key))
    cache.close()
    return root / "ac" / "cache.db"


def absent_or_correct(root: Path) -> int:
    """How many keys are still there; an assertion for any that is wrong."""
    cache = DiskActionCache(root)
    found = 0
    for key in KEYS:
        got = cache.get(key)
        assert got in (None, value_of(key))
        found += got is not None
    cache.put(KEYS[0], value_of(KEYS[0]))
    assert cache.get(KEYS[0]) == value_of(KEYS[0])
    cache.close()
    return found


def test_values_come_back(tmp_path: Path) -> None:
    filled(tmp_path)
    assert absent_or_correct(tmp_path) == len(KEYS)
    cache = DiskActionCache(tmp_path)
    assert cache.get(Digest.of(b"other")) is None
    assert cache.get(Digest(KEYS[0].hash, KEYS[0].size + 1)) is None
    cache.drop(KEYS[0])
    assert cache.get(KEYS[0]) is None
    cache.close()


def test_several_are_stored_at_a_time(tmp_path: Path) -> None:
    cache = DiskActionCache(tmp_path)
    cache.put_all({key: value_of(key) for key in KEYS[:50]})
    cache.put_all({KEYS[50]: value_of(KEYS[50])})
    cache.put_all({})
    assert [cache.get(key) is not None for key in KEYS] == [True] * 51 + [False] * 149
    cache.put_all({key: value_of(key) for key in KEYS})  # those that are there already, too
    cache.close()
    assert absent_or_correct(tmp_path) == len(KEYS)


def test_of_several_all_are_stored_or_none(small_disk: Path) -> None:
    cache = DiskActionCache(small_disk)
    cache.put(KEYS[0], b"small")
    with pytest.raises(DiskFullError):
        cache.put_all({key: os.urandom(1 << 20) for key in KEYS})
    assert cache.get(KEYS[0]) == b"small"
    assert [cache.get(key) for key in KEYS[1:]] == [None] * 199
    cache.put_all({key: value_of(key) for key in KEYS[:3]})  # and nothing is locked
    assert cache.get(KEYS[2]) == value_of(KEYS[2])
    cache.close()


def test_nothing_is_opened_before_it_is_used(tmp_path: Path) -> None:
    DiskActionCache(tmp_path)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("seed", range(12))
def test_damaged_pages_are_misses_or_a_fresh_start(tmp_path: Path, seed: int) -> None:
    path = filled(tmp_path)
    luck = random.Random(seed)
    data = bytearray(path.read_bytes())
    if seed % 4 == 0:
        data = data[: luck.randrange(len(data))]
    else:
        for _ in range(seed * 4):
            page = luck.randrange(len(data) // 4096)
            at = page * 4096 + luck.randrange(4096 if page else 100)
            data[at : at + 64] = luck.randbytes(64)
    path.write_bytes(data)
    absent_or_correct(tmp_path)


@pytest.mark.parametrize("content", [b"", b"not a database at all, but long enough to be one" * 100])
def test_a_file_that_is_no_database(tmp_path: Path, content: bytes) -> None:
    path = filled(tmp_path)
    path.write_bytes(content)
    assert absent_or_correct(tmp_path) == 0
    if content:
        assert (tmp_path / "ac.damaged").is_dir()


class Bomb:
    """Unpickling it leaves a mark."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return (open, (self.path, "w"))


@pytest.mark.parametrize("in_file", [False, True])
def test_a_planted_pickle_is_not_run(tmp_path: Path, in_file: bool) -> None:
    path = filled(tmp_path)
    mark = tmp_path / "mark"
    bomb = pickle.dumps(Bomb(str(mark)))
    (tmp_path / "ac" / "bomb.val").write_bytes(bomb)
    with sqlite3.connect(path) as database:
        if in_file:
            database.execute("UPDATE Cache SET mode = 4, value = NULL, filename = 'bomb.val'")
        else:
            database.execute("UPDATE Cache SET mode = 4, value = ?", (bomb,))
    database.close()
    assert absent_or_correct(tmp_path) == 0
    with sqlite3.connect(path) as database:
        database.execute("UPDATE Cache SET raw = 0, key = ?, mode = 4 WHERE rowid = 1", (bomb,))
    database.close()
    absent_or_correct(tmp_path)
    assert not mark.exists()
    assert (tmp_path / "ac" / "bomb.val").exists()


def test_values_under_anothers_key_are_misses(tmp_path: Path) -> None:
    path = filled(tmp_path)
    with sqlite3.connect(path) as database:
        (value,) = database.execute("SELECT value FROM Cache LIMIT 1").fetchone()
        database.execute("UPDATE Cache SET value = ?", (value,))
    database.close()
    assert absent_or_correct(tmp_path) == 1


def test_changed_settings_and_tables(tmp_path: Path) -> None:
    path = filled(tmp_path)
    with sqlite3.connect(path) as database:
        database.execute("UPDATE Settings SET value = 'nonsense'")
        database.execute("DROP TABLE Cache")
    database.close()
    assert absent_or_correct(tmp_path) == 0


_WRITER = """
import sys
from rulesengine.execution import DiskActionCache
from rulesengine.model.digest import Digest
cache = DiskActionCache(sys.argv[1])
for number in range(200):
    key = Digest.of(b"key %d" % number)
    cache.put(key, key.hash.encode() * 8)
    assert cache.get(key) in (None, key.hash.encode() * 8)
"""


def test_several_processes_share_it(tmp_path: Path) -> None:
    children = [subprocess.Popen([sys.executable, "-c", _WRITER, str(tmp_path)]) for _ in range(4)]
    assert [child.wait() for child in children] == [0] * 4
    assert absent_or_correct(tmp_path) == len(KEYS)


def test_results_wait_for_one_another_but_not_for_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr("rulesengine.execution.late_results.time.monotonic", lambda: clock[0])
    cache, other = DiskActionCache(tmp_path), DiskActionCache(tmp_path)
    late = LateResults(cache)
    late.put(KEYS[0], value_of(KEYS[0]))
    late.put(KEYS[1], value_of(KEYS[1]))
    assert late
    assert late.get(KEYS[0]) == value_of(KEYS[0])  # who asks the build's own cache finds them at once
    assert other.get(KEYS[0]) is None
    clock[0] += 0.2
    late.put(KEYS[2], value_of(KEYS[2]))
    assert not late
    assert all(other.get(key) == value_of(key) for key in KEYS[:3])
    for key in KEYS[3:]:
        late.put(key, value_of(key))
    assert sum(other.get(key) is not None for key in KEYS) >= 131  # full batches of 64 were written
    late.write()
    assert all(other.get(key) == value_of(key) for key in KEYS)
    cache.close()
    other.close()


def test_a_full_disk_is_said(small_disk: Path) -> None:
    cache = DiskActionCache(small_disk)
    cache.put(KEYS[0], b"small")
    with pytest.raises(DiskFullError):
        for key in KEYS:
            cache.put(key, os.urandom(1 << 20))
    assert cache.get(KEYS[0]) in (b"small", None) or len(cache.get(KEYS[0]) or b"") == 1 << 20
    cache.close()
