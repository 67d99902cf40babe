"""The store: absent or correct, whatever happens to its files."""

from __future__ import annotations

import mmap
import os
import signal
import stat
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from rulesengine.errors import DiskFullError, LostBlobError, StoreError
from rulesengine.execution import LocalStore
from rulesengine.execution.scratch import Scratch, sweep
from rulesengine.model.digest import EMPTY, Digest


def put_large(store: LocalStore, size: int = 3_000_000) -> tuple[Digest, bytes]:
    data = bytes(range(256)) * (size // 256 + 1)
    return store.put(data[:size]), data[:size]


def test_what_is_put_is_read(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    digest, data = put_large(store)
    assert digest == Digest.of(data)
    assert store.read(digest) == data
    with store.open(digest) as stream:
        assert stream.read(10) == data[:10]
        assert stream.read() == data[10:]
    with store.create() as out:
        out.write(data[:5])
        out.write(memoryview(data)[5:])
    assert out.digest == digest
    assert store.put(b"") == EMPTY and store.has(EMPTY) and store.read(EMPTY) == b""
    assert set(store.blobs()) == {digest, EMPTY}
    mode = os.stat(store.path(digest)).st_mode
    assert stat.S_IMODE(mode) == 0o444


def test_what_is_absent_is_a_key_error(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    digest = Digest.of(b"absent")
    assert not store.has(digest) and not store.verify(digest)
    for step in (store.open, store.read, lambda one: store.link(one, str(tmp_path / "x"))):
        with pytest.raises(KeyError):
            step(digest)
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("where", [0, 1_500_000, 2_999_999])
def test_a_flipped_bit_never_gets_past_the_end_of_the_stream(tmp_path: Path, where: int) -> None:
    store = LocalStore(tmp_path)
    digest, data = put_large(store)
    path = store.path(digest)
    os.chmod(path, 0o600)
    with open(path, "r+b") as file:
        file.seek(where)
        file.write(bytes([data[where] ^ 1]))
    got = b""
    with pytest.raises(LostBlobError, match="another digest"), store.open(digest) as stream:
        while chunk := stream.read(100_000):
            got += chunk
    assert len(got) < len(data)
    assert not os.path.exists(path)
    with pytest.raises(KeyError):
        store.read(digest)


@pytest.mark.parametrize("size", [0, 1, 2_999_999, 3_000_001])
def test_a_wrong_size_is_absent_and_dropped(tmp_path: Path, size: int) -> None:
    store = LocalStore(tmp_path)
    digest, _ = put_large(store)
    os.chmod(store.path(digest), 0o600)
    os.truncate(store.path(digest), size)
    assert not store.has(digest)
    with pytest.raises(KeyError):
        store.read(digest)
    assert store.put(bytes(range(256)) * 0 + put_large(LocalStore(tmp_path / "other"))[1]) == digest
    assert store.verify(digest)


def test_a_damaged_blob_is_not_linked_out_even_if_this_process_wrote_it(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    digest = store.put(b"hello")
    store.link(digest, str(tmp_path / "first"))
    assert os.stat(tmp_path / "first").st_ino == os.stat(store.path(digest)).st_ino
    os.chmod(tmp_path / "first", 0o644)
    (tmp_path / "first").write_bytes(b"HELLO")  # through the hard link, as an editor might
    with pytest.raises(KeyError):
        store.link(digest, str(tmp_path / "second"))
    assert not store.has(digest)


def test_links_have_the_right_mode_and_replace_what_is_there(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "cache")
    digest = store.put(b"#!/bin/sh\necho hi\n")
    plain, program = tmp_path / "plain", tmp_path / "program"
    plain.write_text("old")
    store.link(digest, str(plain))
    store.link(digest, str(program), executable=True)
    assert stat.S_IMODE(plain.stat().st_mode) == 0o444
    assert stat.S_IMODE(program.stat().st_mode) == 0o555
    assert subprocess.check_output([program]) == b"hi\n"
    assert not any(one.suffix == ".x" for one in map(Path, [str(blob.hash) for blob in store.blobs()]))


def test_a_link_across_file_systems_is_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = LocalStore(tmp_path / "cache")
    digest = store.put(b"bytes")

    def cross_device(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", cross_device)
    store.link(digest, str(tmp_path / "out"), executable=True)
    assert (tmp_path / "out").read_bytes() == b"bytes"
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o555


def test_nothing_stays_of_a_blob_that_was_not_finished(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    with pytest.raises(ValueError, match="no"), store.create() as out:
        out.write(b"half")
        raise ValueError("no")
    assert list(store.blobs()) == []
    assert os.listdir(store.scratch.path) == []


def test_temporary_files_of_the_dead_are_swept_and_of_the_living_are_not(tmp_path: Path) -> None:
    living = Scratch(str(tmp_path / "tmp"))
    Path(living.name()).write_text("mine")
    child = subprocess.Popen(
        [
            sys.executable,
            "-c",
            (
                "import sys, time\n"
                "from rulesengine.execution.scratch import Scratch\n"
                "scratch = Scratch(sys.argv[1]); open(scratch.name(), 'w').write('orphan')\n"
                "print(scratch.path, flush=True); time.sleep(60)"
            ),
            str(tmp_path / "tmp"),
        ],
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None
    orphan = child.stdout.readline().decode().strip()
    assert sweep(str(tmp_path / "tmp")) == 0
    assert os.path.exists(orphan)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    child.stdout.close()
    LocalStore(tmp_path)
    assert not os.path.exists(orphan)
    assert os.listdir(living.path)
    living.close()
    assert os.listdir(tmp_path / "tmp") == []


def test_threads_may_put_the_same_blob_at_once(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    faults: list[Exception] = []

    def work() -> None:
        try:
            for number in range(50):
                digest = store.put(b"blob %d" % number * 100)
                assert store.read(digest) == b"blob %d" % number * 100
        except Exception as fault:  # noqa: BLE001 - handed to the test
            faults.append(fault)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert len(list(store.blobs())) == 50


def test_a_file_in_place_of_the_cache_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("")
    with pytest.raises(StoreError, match="opening the cache"):
        LocalStore(tmp_path / "cache")


_AS_NOBODY = """
import os, sys, sqlite3, diskcache  # first, since nobody may not be able to read this interpreter's libraries
from rulesengine.errors import StoreError
from rulesengine.execution import DiskActionCache, LocalStore
from rulesengine.model.digest import Digest
if os.getuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
store = LocalStore(sys.argv[1])
assert store.read(Digest.of(b"there")) == b"there"
for step in (lambda: store.put(b"new"), lambda: DiskActionCache(sys.argv[1]).put(Digest.of(b"k"), b"v")):
    try:
        step()
    except StoreError as error:
        assert "not writable" in str(error) and "PYBUILD_CACHE" in str(error), error
    else:
        sys.exit("no error")
"""


def test_a_read_only_cache_can_be_read_and_says_why_it_cannot_be_written(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    store = LocalStore(cache)
    store.put(b"there")
    store.close()
    for directory in [cache, *(one for one in cache.parents if str(one).startswith(tempfile.gettempdir() + "/"))]:
        directory.chmod(0o755)
    (cache / "tmp").chmod(0o555)
    cache.chmod(0o555)
    done = subprocess.run([sys.executable, "-c", _AS_NOBODY, str(cache)], capture_output=True, text=True, check=False)
    cache.chmod(0o755)
    assert done.returncode == 0, done.stderr


def test_a_full_disk_leaves_nothing_behind(small_disk: Path) -> None:
    store = LocalStore(small_disk)
    kept = store.put(b"k" * 10_000)
    with pytest.raises(DiskFullError) as caught, store.create() as out:
        for _ in range(64):
            out.write(b"x" * (1 << 20))
    assert "pybuild clean" in str(caught.value)
    assert os.listdir(store.scratch.path) == []
    assert list(store.blobs()) == [kept]
    with pytest.raises(DiskFullError):
        store.put(b"y" * (32 << 20))
    assert store.read(kept) == b"k" * 10_000
    assert store.read(store.put(b"still usable")) == b"still usable"
    store.close()


def test_an_open_file_becomes_a_blob_by_a_link_and_only_when_nobody_writes_it(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    made = tmp_path / "made"

    def adopted() -> Digest | None:
        fd = os.open(made, os.O_RDONLY)
        try:
            return store.adopt(fd, os.fstat(fd))
        finally:
            assert os.lseek(fd, 0, os.SEEK_CUR) in (0, os.fstat(fd).st_size)
            os.close(fd)

    made.write_bytes(b"one")
    digest = adopted()
    assert digest == Digest.of(b"one") and store.read(digest) == b"one"
    assert os.stat(store.path(digest)).st_ino == made.stat().st_ino
    assert adopted() is None  # it has two names now

    made.unlink()
    with made.open("wb") as writer:
        writer.write(b"two")
        writer.flush()
        assert adopted() is None
    mapped = os.open(made, os.O_RDWR)
    with mmap.mmap(mapped, 3):
        os.close(mapped)
        assert adopted() is None  # no descriptor is open, but the pages can be written
    assert adopted() == Digest.of(b"two")

    made.unlink()
    made.write_bytes(b"one")
    os.chmod(store.path(digest), 0o600)
    Path(store.path(digest)).write_bytes(b"bad")
    assert adopted() == digest and store.read(digest) == b"one"  # a damaged blob is replaced
    made.unlink()
    made.write_bytes(b"one")
    assert adopted() == digest and made.stat().st_nlink == 1  # a sound one is left alone


def test_who_opens_a_file_that_is_being_taken_ends_nobody(tmp_path: Path) -> None:
    """The lease is broken by a signal that does nothing."""
    store = LocalStore(tmp_path / "store")
    made = tmp_path / "made"
    made.write_bytes(b"text")
    fd = os.open(made, os.O_RDONLY)
    assert store.adopt(fd, os.fstat(fd)) is not None
    opener = subprocess.Popen([sys.executable, "-c", f"open({str(made)!r}, 'rb+')"])
    with pytest.raises(subprocess.TimeoutExpired):
        opener.wait(0.5)
    os.close(fd)
    assert opener.wait(20) == 0
