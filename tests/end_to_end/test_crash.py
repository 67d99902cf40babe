"""Whole builds killed at any moment, side by side, and on damaged caches: work is lost, correctness never."""

from __future__ import annotations

import contextlib
import hashlib
import os
import pickle
import random
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
KILLS = 200
FAULTS = 1000
_BUILD = """
load(":t.bzl", "tree")

[
    genrule(
        name = "g%d" % i,
        srcs = ["in.txt"] + ([":g%d" % (i // 2)] if i else []),
        outs = ["g%d.txt" % i],
        cmd = "(cat $(SRCS); echo " + str(i) + ") > $@",
    )
    for i in range(16)
]

tree(name = "tree", srcs = [":g3", ":g5"])
"""
_RULES = """
def _tree(ctx):
    out = ctx.actions.declare_directory(ctx.label.name)
    ctx.actions.run_shell(
        inputs = ctx.files.srcs,
        outputs = [out],
        arguments = [out.path] + [f.path for f in ctx.files.srcs],
        command = 'd=$1; shift; mkdir -p $d/a/b; for f in "$@"; do cp $f $d/a/b/; done; ' +
                  "printf x > $d/run; chmod 755 $d/run",
    )
    note = ctx.actions.declare_file(ctx.label.name + ".note")
    ctx.actions.write(note, "a note\\n")
    return [DefaultInfo(files = depset([out, note]))]

tree = rule(implementation = _tree, attrs = {"srcs": attr.label_list(allow_files = True)})
"""


class Zygote:
    """Starts whole runs quickly."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.end_to_end.zygote"],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
        )  # fmt: skip

    def start(self, directory: Path, cache: Path, *words: str) -> int:
        """The pid of a run."""
        assert self._process.stdin is not None
        self.log = directory.parent / f"{directory.name}.log"
        self._process.stdin.write("\0".join([str(directory), str(cache), str(self.log), *words]) + "\n")
        self._process.stdin.flush()
        return int(self._line())

    def finish(self) -> int:
        """The exit status of the run that was started."""
        return int(self._line())

    def wait(self, seconds: float) -> None:
        """Wait so long, or until the run that was started has ended."""
        assert self._process.stdout is not None
        select.select([self._process.stdout], [], [], seconds)

    def run(self, directory: Path, cache: Path, *words: str) -> str:
        """A whole run that must succeed; what it wrote."""
        self.start(directory, cache, *words)
        code = self.finish()
        text = self.log.read_text()
        assert code == 0, text
        return text

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)
        assert self._process.stdout is not None
        self._process.stdout.close()


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    one = Zygote()
    yield one
    one.close()


def workspace(root: Path) -> Path:
    (root / "a").mkdir(parents=True)
    (root / "MODULE.bazel").write_text("")
    (root / "a/BUILD").write_text(_BUILD)
    (root / "a/t.bzl").write_text(_RULES)
    (root / "a/in.txt").write_text("input\n" * 100)
    return root


def outputs(space: Path) -> dict[str, tuple[int, str]]:
    """Every file of the output tree: mode and digest."""
    top = space / "pybuild-bin"
    out = {}
    for here, _, names in os.walk(os.path.realpath(top)):
        for name in names:
            path = os.path.join(here, name)
            with open(path, "rb") as file:
                digest = hashlib.sha256(file.read()).hexdigest()
            out[os.path.relpath(path, os.path.realpath(top))] = (os.stat(path).st_mode & 0o777, digest)
    assert len(out) >= 16
    return out


def test_two_hundred_killed_builds(tmp_path: Path, zygote: Zygote) -> None:
    space, cache = workspace(tmp_path / "ws"), tmp_path / "cache"
    began = time.monotonic()
    zygote.run(workspace(tmp_path / "reference"), tmp_path / "reference-cache", "//...")
    whole = time.monotonic() - began
    expected = outputs(tmp_path / "reference")
    luck = random.Random(20)
    killed = 0
    for number in range(KILLS):
        if number % 10 == 0:  # from nothing again, so that every part of a build is hit
            shutil.rmtree(cache, ignore_errors=True)
        elif number % 3 == 0:
            (space / "a/in.txt").write_text(f"input {number}\n")
        pid = zygote.start(space, cache, "//...")
        zygote.wait(whole * luck.random())
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        hit = zygote.finish() == -signal.SIGKILL
        killed += hit
        whole *= 1.1 if hit else 0.9  # a build takes now more, now less than the first one, which began from nothing
    (space / "a/in.txt").write_text("input\n" * 100)
    zygote.run(space, cache, "//...")
    assert outputs(space) == expected
    assert "fault" not in zygote.run(space, cache, "fsck")
    assert not os.listdir(cache / "tmp") or swept(cache)
    print(f"{killed} of {KILLS} were killed while they ran")
    assert killed >= KILLS // 3


def swept(cache: Path) -> bool:
    from rulesengine.execution import LocalStore

    for _ in range(50):
        LocalStore(cache).close()
        if not os.listdir(cache / "tmp"):
            return True
        time.sleep(0.1)
    return False


def test_eight_builds_side_by_side(tmp_path: Path) -> None:
    space, cache = workspace(tmp_path / "ws"), tmp_path / "cache"
    command = [
        sys.executable,
        "-m",
        "rulesengine",
        "--ignore_all_rc_files",
        "-C",
        str(space),
        "//...",
        "--show_output=digests",
    ]
    environment = {**os.environ, "PYBUILD_CACHE": str(cache)}
    runs = [
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(8)
    ]
    answers = [one.communicate(timeout=120) for one in runs]
    assert [one.returncode for one in runs] == [0] * 8, answers
    assert len({out for out, _ in answers}) == 1
    assert sum("another pybuild" in err or "waiting" in err.lower() for _, err in answers) >= 4, answers


def _faults(cache: Path, luck: random.Random) -> int:
    """Damage a cache: bits, truncation, deletion, foreign bytes, pickles, pages of the database; how many faults."""
    files = sorted(path for path in (cache / "cas").rglob("*") if path.is_file())
    luck.shuffle(files)
    count = 0
    for path in files[: max(1, len(files) * 2 // 3)]:
        count += 1
        kind = luck.randrange(5)
        path.chmod(0o644)
        data = path.read_bytes()
        if kind == 0 and data:
            at = luck.randrange(len(data))
            path.write_bytes(data[:at] + bytes([data[at] ^ (1 << luck.randrange(8))]) + data[at + 1 :])
        elif kind == 1:
            path.write_bytes(data[: len(data) // 2])
        elif kind == 2:
            path.unlink()
        elif kind == 3:
            path.write_bytes(pickle.dumps(_Bomb()))
        else:
            path.write_bytes(data + b"more")
    return count + _database(cache / "ac/cache.db", luck)


def _rows(path: Path, luck: random.Random) -> int:
    """Damage rows of the database, and leave it sound.  Raises sqlite3.DatabaseError where it is not so now."""
    import sqlite3

    with contextlib.closing(sqlite3.connect(path)) as base:
        rows = [row[0] for row in base.execute("SELECT rowid FROM Cache")]
        hit = luck.sample(rows, max(1, len(rows) // 2))
        for row in hit:
            kind = luck.randrange(4)
            if kind == 0:
                base.execute("UPDATE Cache SET value = ?, mode = 4 WHERE rowid = ?", (pickle.dumps(_Bomb()), row))
            elif kind == 1:
                base.execute("UPDATE Cache SET value = substr(value, 1, 40) WHERE rowid = ?", (row,))
            elif kind == 2:
                base.execute("UPDATE Cache SET filename = '../../planted', mode = 2 WHERE rowid = ?", (row,))
            else:
                base.execute("UPDATE Cache SET value = NULL WHERE rowid = ?", (row,))
        base.commit()
    return len(hit)


def _database(path: Path, luck: random.Random) -> int:
    import sqlite3

    if luck.random() < 0.5:
        # Page damage of an earlier round may lie where no build has looked: in an index that only writing needs.
        with contextlib.suppress(sqlite3.DatabaseError):
            return _rows(path, luck)
    data = bytearray(path.read_bytes())
    hits = luck.randrange(1, 6)
    for _ in range(hits):
        at = luck.randrange(len(data) - 64)
        data[at : at + 64] = luck.randbytes(64)
    path.write_bytes(data)
    return hits


class _Bomb:
    """Leaves a trace when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (os.environ["BOMB"],)


def test_a_thousand_damaged_entries(tmp_path: Path, zygote: Zygote, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = tmp_path / "bomb"
    monkeypatch.setenv("BOMB", str(bomb))
    space, cache = workspace(tmp_path / "ws"), tmp_path / "cache"
    zygote.run(space, cache, "//...")
    expected = outputs(space)
    luck = random.Random(7)
    count = rounds = 0
    while count < FAULTS:
        rounds += 1
        shutil.rmtree(cache / "workspaces")  # outputs are links to the store's own files: they are damaged with it
        count += _faults(cache, luck)
        if rounds % 4 == 0:  # found by fsck before the build
            zygote.start(space, cache, "fsck")
            assert zygote.finish() == 1, zygote.log.read_text()
            zygote.run(space, cache, "fsck", "--repair")
        zygote.run(space, cache, "//...")
        assert outputs(space) == expected
        if rounds % 4 == 1:
            zygote.run(space, cache, "fsck", "--repair")
            zygote.run(space, cache, "fsck")
    assert not bomb.exists()
    print(f"{count} faults in {rounds} rounds")


def test_collecting_while_builds_run(tmp_path: Path, zygote: Zygote) -> None:
    """`gc` down to nothing, again and again, beside builds from the same cache."""
    cache = tmp_path / "cache"
    zygote.run(workspace(tmp_path / "reference"), tmp_path / "reference-cache", "//...")
    expected = outputs(tmp_path / "reference")
    other = Zygote()
    stop = threading.Event()
    problems: list[str] = []

    def collector() -> None:
        bare = workspace(tmp_path / "bare")
        while not stop.is_set():
            try:
                other.run(bare, cache, "gc", "--max_size=0", "--grace=0s")
            except AssertionError as fault:
                problems.append(str(fault))

    cache.mkdir()
    thread = threading.Thread(target=collector)
    thread.start()
    try:
        for number in range(12):
            space = tmp_path / f"ws{number % 3}"
            if not space.exists():
                workspace(space)
            zygote.run(space, cache, "//...")
            assert outputs(space) == expected
    finally:
        stop.set()
        thread.join()
        other.close()
    assert not problems, problems[0]
    zygote.run(tmp_path / "bare", cache, "fsck")
