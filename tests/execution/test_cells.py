"""Commands in a cell: as under bubblewrap, and nothing of one command reaches the next."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

import rulesengine
from rulesengine.errors import ExecutionError
from rulesengine.execution import LocalRunner, cells
from rulesengine.execution.cells import Cell, Cells
from rulesengine.execution.executor import NeverCancelled
from rulesengine.execution.keyring import KEYCTL
from rulesengine.execution.sandbox import SandboxOptions, probe
from rulesengine.model.artifact import FileValue, LentFile
from rulesengine.model.digest import Digest
from rulesengine.model.events import Message
from rulesengine.model.ports import Result
from tests.execution.bench import Bench, made, shell

# In CI, where all tools are there, a bubblewrap that does not work fails these.
pytestmark = pytest.mark.skipif(
    not probe().program and "RULESENGINE_ORACLES" not in os.environ, reason=probe().reason or "bubblewrap works"
)
OUT = made("p/out")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Cell]:
    """The cells that were made; every command wants one."""
    found: list[Cell] = []
    make = Cell.__init__

    def note(cell: Cell, root: str, etc: str) -> None:
        make(cell, root, etc)
        found.append(cell)

    monkeypatch.setattr(Cell, "__init__", note)
    monkeypatch.setattr(cells, "AFTER", 0)
    return found


@pytest.fixture
def runner(bench: Bench) -> LocalRunner:
    return LocalRunner(bench.store, sandbox=probe(), options=SandboxOptions(), listener=bench.events.append)


def run(runner: LocalRunner, script: str, timeout: int = 0) -> Result:
    """In the calling thread."""
    return run_words(runner, ["/bin/sh", "-c", f"({script}) > {OUT.path}"], timeout)


def run_words(runner: LocalRunner, words: list[str], timeout: int = 0) -> Result:
    action = shell("", [], [OUT], timeout=timeout)
    return runner.run(action, words, {}, {OUT.path: OUT}, NeverCancelled())


def text(bench: Bench, result: Result) -> str:
    assert result.exit_code == 0, result.stderr
    return bench.bytes_of(result.outputs[OUT]).decode()


def test_one_cell_serves_many_commands_with_results_of_their_own(
    bench: Bench, runner: LocalRunner, started: list[Cell]
) -> None:
    for number in range(5):
        result = run(runner, f"echo {number}; echo shown {number}; echo $$ >&2")
        assert text(bench, result) == f"{number}\nshown {number}\n"
        assert result.stderr == b"2\n"  # the same process number each time
    assert len(started) == 1


def test_the_first_commands_of_a_thread_are_not_worth_a_cell(
    monkeypatch: pytest.MonkeyPatch, runner: LocalRunner, started: list[Cell]
) -> None:
    monkeypatch.setattr(cells, "AFTER", 2)
    for number in range(4):
        run(runner, "true")
        assert len(started) == (number >= 2)


SEEN = {
    "environment": "env | sort",
    "user": "id; umask; hostname; pwd",
    "files": "ls -lAn / /dev /dev/shm /tmp /execroot | grep -v ' proc$' | tr -s ' '; cat /etc/passwd",
    "rights": "grep -E 'CapInh|CapPrm|CapEff|CapAmb|NoNewPrivs|Seccomp' /proc/self/status",
    "session": "cut -d' ' -f 1,4,5,6 /proc/self/stat | tr 0-9 n",
    "network": "cat /proc/net/dev | cut -d: -f 1; cat /proc/net/route /proc/net/if_inet6",
    "places to write": "for at in / /dev /dev/shm /tmp /etc /usr /execroot; do test -w $at && echo $at; done; true",
    "mounts": "cut -d' ' -f 2,3 /proc/mounts | sort -u | grep -v '^/dev tmpfs'",
}


@pytest.mark.parametrize("what", SEEN)
def test_a_command_sees_the_same_as_under_bubblewrap(
    bench: Bench, runner: LocalRunner, started: list[Cell], monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr(cells, "AFTER", 1)
    # The times of directories are those of their making.
    look = f"({SEEN[what]}) | sed 's/ [A-Z][a-z][a-z] .*:.. / /'"
    under, inside = (text(bench, run(runner, look)) for _ in range(2))
    assert len(started) == 1
    assert under == inside


_BINDS = """
import os, socket, time
bound = socket.socket(socket.AF_UNIX)
bound.bind(chr(0) + "left")
if not os.fork():
    os.setsid()
    time.sleep(600)
"""

LEFT = {
    "files": ("echo > /tmp/left; echo > /dev/shm/left; echo > left", "ls /tmp /dev/shm . | grep left; true"),
    "shared memory": ("ipcmk -M 100 -Q -S 1 >&2", "grep -c . /proc/sysvipc/shm /proc/sysvipc/msg /proc/sysvipc/sem"),
    "processes": ("setsid sleep 600 & true", "cat /proc/[0-9]*/comm | grep -c sleep; true"),
    "abstract sockets": (f"/usr/bin/python3 -c '{_BINDS}'", "grep -c @ /proc/net/unix; true"),
    "terminals": ("script -qec true /dev/null >&2; ls /dev/pts >&2", "ls /dev/pts"),
}


@pytest.mark.parametrize("what", LEFT)
def test_what_a_command_leaves_is_not_there_for_the_next(
    bench: Bench, runner: LocalRunner, started: list[Cell], what: str
) -> None:
    leave, look = LEFT[what]
    clean = text(bench, run(runner, look))
    text(bench, run(runner, leave))
    assert text(bench, run(runner, look)) == clean
    assert len(started) == 1


_APPENDS = """
import fcntl, os
fcntl.fcntl(1, fcntl.F_SETFL, os.O_APPEND)
"""

_ATTRIBUTES = (
    "/usr/bin/python3 -c 'import os; print(os.listxattr(\"DIR\"))'; : > DIR/new; stat -c %a DIR/new; rm -f DIR/new"
)


def _sets(name: str, value: bytes) -> str:
    """As setfattr and setfacl do, which few machines have."""
    return f"""/usr/bin/python3 -c 'import os; os.setxattr("DIR", "{name}", bytes({list(value)}))'"""


KEPT = {
    "rights of terminals": ("chmod 0 /dev/pts/ptmx", "stat -c %a /dev/pts/ptmx"),
    "rights of standard error": ("chmod 0 /dev/stderr", "stat -L -c %a /dev/stderr; echo said > /dev/stderr"),
    "flags of open files": (f"/usr/bin/python3 -c '{_APPENDS}' >&2", "grep -h flags /proc/self/fdinfo/2"),
    "locks of standard input": ("flock -n 0", "flock -n /dev/null echo mine"),
    "times": ("touch -d @5 DIR/..", "test $(stat -c %Y DIR/..) -gt 5 && echo new"),
    "attributes": (_sets("user.left", b"1"), _ATTRIBUTES),
    "default rights": (
        _sets("system.posix_acl_default", b"\2\0\0\0" + b"".join(struct.pack("<HHi", x, 4, -1) for x in (1, 4, 32))),
        _ATTRIBUTES,
    ),
}


_SEARCH, _ADD, _SESSION = 10, {"x86_64": 248, "aarch64": 217}, -3


@pytest.mark.skipif(os.uname().machine not in _ADD, reason="the numbers of system calls are those of two machines")
@pytest.mark.parametrize("after", [0, 1 << 30], ids=["cell", "bubblewrap"])
def test_the_logins_keys_are_out_of_reach(
    bench: Bench, runner: LocalRunner, started: list[Cell], monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    """Nor those that an earlier command has left."""
    monkeypatch.setattr(cells, "AFTER", after)
    number, add = KEYCTL[os.uname().machine], _ADD[os.uname().machine]
    library = ctypes.CDLL(None)
    words = "$n = 'rulesengine-secret'; $t = 'user'; $v = 'x'; "
    words += f"$found = syscall({number}, {_SEARCH}, {_SESSION}, $t, $n, 0); "
    words += f"$made = syscall({add}, $t, $n, $v, 1, {_SESSION}); print $found > 0 ? 'found' : 'none', ' ', $made > 0;"

    def look() -> tuple[int, list[str]]:
        library.syscall(ctypes.c_long(number), ctypes.c_int(1), None)  # a login's session, with a key
        secret = (b"user", b"rulesengine-secret", b"x", ctypes.c_size_t(1), ctypes.c_int(_SESSION))
        key: int = library.syscall(ctypes.c_long(add), *secret)
        return key, [text(bench, run(runner, f'perl -e "{words}"'.replace("$", "\\$"))) for _ in range(2)]

    found: list[tuple[int, list[str]]] = []
    thread = threading.Thread(target=lambda: found.append(look()))
    thread.start()
    thread.join()
    ((key, seen),) = found
    assert len(started) == (not after)
    if key <= 0:
        pytest.skip("this kernel keeps no keys")
    # Under bubblewrap all commands of a thread have one session.
    assert seen[0] == "none 1" and seen[1] == ("found 1" if after else "none 1")


@pytest.mark.parametrize("what", KEPT)
def test_what_a_command_sets_is_not_set_for_the_next(
    bench: Bench, runner: LocalRunner, started: list[Cell], what: str
) -> None:
    leave, look = (one.replace("DIR", os.path.dirname(OUT.path)) for one in KEPT[what])
    clean = text(bench, run(runner, look))
    text(bench, run(runner, leave))
    assert text(bench, run(runner, look)) == clean


def test_process_1_is_not_ended_by_the_command(bench: Bench, runner: LocalRunner, started: list[Cell]) -> None:
    """As under bubblewrap."""
    assert text(bench, run(runner, "for one in INT TERM KILL; do kill -$one 1; done; sleep 0.1; echo on")) == "on\n"
    assert len(started) == 1


_CONNECTS = """
import socket
listens = socket.create_server(("127.0.0.1", 4321))
one = socket.create_connection(("127.0.0.1", 4321))
other, _ = listens.accept()
other.close()  # first: this side waits a minute
one.close()
"""


def test_a_network_with_old_connections_is_not_used_again(
    bench: Bench, runner: LocalRunner, started: list[Cell], tmp_path: Path
) -> None:
    script = f"/usr/bin/python3 -c '{_CONNECTS}'"
    for _ in range(2):
        text(bench, run(runner, script))
    look = "grep -c . /proc/net/tcp"
    assert text(bench, run(runner, look)) == "1\n"
    assert len(started) == 3


def test_nothing_of_the_host_is_said_by_process_1(bench: Bench, runner: LocalRunner, started: list[Cell]) -> None:
    look = "tr '\\0' ' ' < /proc/1/cmdline; cat /proc/1/comm; cat /proc/1/environ /proc/1/maps; ls -l /proc/1/fd; true"
    assert text(bench, run(runner, look)).split()[:2] == ["init", "init"]
    assert "/" not in text(bench, run(runner, f"({look}) 2>/dev/null"))
    assert len(started) == 1


def test_what_lies_below_cannot_be_uncovered(bench: Bench, runner: LocalRunner, started: list[Cell]) -> None:
    """Not even with all rights in a user namespace of one's own."""
    tries = (
        "umount -l /proc; umount -l /tmp; umount -l /dev/pts; umount -l /; mount -o remount,bind,rw /usr; "
        "echo > /usr/left; ls -d /proc/[0-9]* | wc -l"
    )
    assert int(text(bench, run(runner, f"unshare -Urm sh -c '{tries}' 2>/dev/null"))) < 8
    assert not os.path.exists("/usr/left")
    assert len(started) == 1


def test_exit_codes_and_signals(runner: LocalRunner, started: list[Cell]) -> None:
    assert run(runner, "exit 3").exit_code == 3
    assert run(runner, "exit 0").exit_code == 0
    assert run(runner, "kill -SEGV $$").exit_code == -signal.SIGSEGV
    missing = run_words(runner, ["/no/such/program"])
    assert missing.exit_code == 1
    assert b"/no/such/program" in missing.stderr
    assert run(runner, "true").exit_code == 0
    assert len(started) == 1


WAYS = pytest.mark.parametrize("after", [0, 1 << 30], ids=["cell", "bubblewrap"])


@WAYS
def test_an_empty_element_of_path_is_where_the_command_starts(
    bench: Bench, runner: LocalRunner, started: list[Cell], monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    monkeypatch.setattr(cells, "AFTER", after)
    program = FileValue(bench.store.put(f"#!/bin/sh\necho here > {OUT.path}\n".encode()), True)
    for path in (":/usr/bin:/bin", "/nowhere::/usr/bin:/bin"):
        action = shell("", [], [OUT], environment=(("PATH", path),))
        result = runner.run(action, ["tool"], {"tool": program}, {OUT.path: OUT}, NeverCancelled())
        assert text(bench, result) == "here\n"


@WAYS
def test_a_file_may_be_as_large_as_the_limit_in_blocks(
    bench: Bench, started: list[Cell], monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    monkeypatch.setattr(cells, "AFTER", after)
    runner = LocalRunner(bench.store, sandbox=probe(), options=SandboxOptions(file_size=1000))
    assert run(runner, "head -c 1024 /dev/zero").exit_code == 0
    assert run(runner, "head -c 1025 /dev/zero").exit_code != 0


@WAYS
def test_a_command_line_that_is_too_long_says_so(
    runner: LocalRunner, started: list[Cell], monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    monkeypatch.setattr(cells, "AFTER", after)
    words = ["/bin/echo", "a" * 200_000]
    if after:
        with pytest.raises(ExecutionError, match="its command line is too long for this system"):
            run_words(runner, words)
    else:
        assert run_words(runner, words).stderr == b"/bin/echo cannot be started: Argument list too long\n"


def test_a_thread_takes_its_cell_with_it(runner: LocalRunner, started: list[Cell]) -> None:
    thread = threading.Thread(target=run, args=(runner, "true"))
    thread.start()
    thread.join()
    (pid,) = {cell.first for cell in started}
    started.clear()  # the fixture's own reference
    for _ in range(100):
        if not os.path.exists(f"/proc/{pid}"):
            break
        time.sleep(0.02)
    assert not os.path.exists(f"/proc/{pid}")


def test_the_end_of_the_process_does_not_wait_for_a_command(runner: LocalRunner, started: list[Cell]) -> None:
    """Where an interruption came before anybody waited for it."""
    run(runner, "true")
    (cell,) = started
    cell.start(["/bin/sleep", "600"], {}, 0, 0)
    assert not cell.ended(100)
    cell._end()  # what the interpreter calls in the end
    assert not os.path.exists(f"/proc/{cell.first}")


def test_a_cell_that_was_killed_is_replaced_or_given_up(bench: Bench, runner: LocalRunner, started: list[Cell]) -> None:
    run(runner, "true")
    os.kill(started[0].first, signal.SIGKILL)
    assert text(bench, run(runner, "echo all the same")) == "all the same\n"


def test_the_two_processes_of_a_helper_may_tell_in_any_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    helper = tmp_path / "helper"
    helper.write_text(
        f"#!{sys.executable}\n"
        "import os, struct, sys, time\n"
        "for number in (0, os.getpid()):\n"
        "    os.write(int(sys.argv[-1]), struct.pack('=qc', number, b'r'))\n"
        "time.sleep(60)\n"
    )
    helper.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(helper))
    cell = Cell(str(tmp_path), str(tmp_path))
    assert cell.first == cell._process.pid
    cell.end()
    assert not os.path.exists(f"/proc/{cell.first}")


def test_without_cells_bubblewrap_is_there(
    bench: Bench, runner: LocalRunner, started: list[Cell], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A helper that cannot start: the kernel forbids it, or there is no such interpreter."""
    monkeypatch.setattr("sys.executable", "/bin/false")
    for _ in range(cells.MOST_FAULTS):
        assert runner._cells.wanted()
        assert text(bench, run(runner, "echo under bubblewrap")) == "under bubblewrap\n"
    assert started == []
    assert not runner._cells.wanted()
    run(runner, "true")
    assert [one.text for one in bench.events if isinstance(one, Message) and "no cell can be had" in one.text] == [
        "each action gets a sandbox of its own: no cell can be had (it ends at once)"
    ]


def test_a_command_that_is_interrupted_takes_its_cell_with_it(runner: LocalRunner, started: list[Cell]) -> None:
    with pytest.raises(ExecutionError, match="timed out"):
        run(runner, "sleep 600", timeout=1)
    assert not started[0].alive
    assert not os.path.exists(f"/proc/{started[0].first}")
    assert run(runner, "true").exit_code == 0
    assert len(started) == 2


AS_ANYONE = """
import os, sys
from rulesengine.execution.cells import Cell
from rulesengine.execution.system_files import write_etc

os.mkdir("root", 0o755)
write_etc(os.path.abspath("etc"), [])
cell = Cell(os.path.abspath("root"), os.path.abspath("etc"))
for number in range(3):
    cell.start(["/bin/sh", "-c", f"id -u; echo {number} > out; cat /proc/1/environ"], {"PATH": "/usr/bin:/bin"}, 0, 0)
    assert cell.ended(20_000)
    print(cell.code(), os.pread(cell.out.fileno(), 99, 0).split(), open("root/out").read().strip())
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="the other tests are run by somebody who is not root then")
def test_who_is_not_root_has_cells_too() -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as directory:  # tmp_path lies below a directory of root's
        os.chown(directory, 65534, 65534)
        _as_anyone(directory)


def _as_anyone(directory: str) -> None:
    # So that interpreter and package may lie where only root may go; nothing more can be written with it.
    rights = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    found = subprocess.run(
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *rights, sys.executable, "-c", AS_ANYONE],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(Path(rulesengine.__file__).parent.parent), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.stdout.splitlines() == [f"1 [b'1000'] {number}" for number in range(3)], found.stderr


def test_a_command_of_which_process_1_is_killed_runs_again(
    bench: Bench, runner: LocalRunner, started: list[Cell], tmp_path: Path
) -> None:
    run(runner, "true")
    helper = started[0].first

    def kill() -> None:
        for _ in range(200):
            below = Path(f"/proc/{helper}/task/{helper}/children").read_text().split()
            if below and Path(f"/proc/{below[0]}/task/{below[0]}/children").read_text().split():
                os.kill(int(below[0]), signal.SIGKILL)
                return
            time.sleep(0.01)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        assert run(runner, "sleep 0.5").exit_code == 0
    finally:
        killer.join()
    assert not started[0].alive
    assert not os.path.exists(f"/proc/{helper}")


def test_a_runner_without_an_interpreter_makes_no_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "")
    monkeypatch.setattr(cells, "AFTER", 0)
    assert not Cells(lambda: "").wanted()


FORCED = {
    "nothing": "true",
    "other bytes": "chmod u+w in; echo changed and longer > in",
    "an attribute": 'chmod u+w in; /usr/bin/python3 -c \'import os; os.setxattr("in", "user.left", b"1")\'',
    "another name": "ln in other; chmod u+w in",
    "another file": "rm -f in; echo mine > in",
    "a link": "rm -f in; ln -s /etc/passwd in",
    "no file": "rm -f in",
    "moved to the output": "mv -f in OUT",
    "linked to the output": "rm OUT; ln in OUT",
}


def test_an_input_can_be_made_a_program(bench: Bench, runner: LocalRunner, started: list[Cell], tmp_path: Path) -> None:
    """Nobody has it open for writing."""
    (tmp_path / "in").write_bytes(data := b"#!/bin/sh\necho works\n")
    inputs = {"in": LentFile(Digest.of(data), False, str(tmp_path / "in"))}
    for _ in range(3):
        action = shell("", [], [OUT])
        words = ["/bin/sh", "-c", f"chmod +x in && ./in > {OUT.path}"]
        result = runner.run(action, words, inputs, {OUT.path: OUT}, NeverCancelled())
        assert text(bench, result) == "works\n"
    assert len(started) == 1


def test_a_spare_is_never_taken_from_outside(
    bench: Bench, runner: LocalRunner, started: list[Cell], tmp_path: Path
) -> None:
    """Where the command made the directory of its input a link to a directory of the host's."""
    (tmp_path / "in").write_bytes(data := b"the host's\n")
    inputs = {"d/in": LentFile(Digest.of(data), False, str(tmp_path / "in"))}
    for _ in range(2):
        words = ["/bin/sh", "-c", f"mv d e; ln -s {tmp_path} d; echo > {OUT.path}"]
        assert text(bench, runner.run(shell("", [], [OUT]), words, inputs, {OUT.path: OUT}, NeverCancelled())) == "\n"
        assert (tmp_path / "in").read_bytes() == data


@pytest.mark.parametrize("what", FORCED)
def test_copies_of_inputs_are_new_for_each_command(
    bench: Bench, runner: LocalRunner, started: list[Cell], tmp_path: Path, what: str
) -> None:
    """Although their files are used again."""
    script = FORCED[what].replace("OUT", OUT.path)
    look = "cat in; stat -c '%a %h %s' in; grep -c . in; /usr/bin/python3 -c 'import os; print(os.listxattr(\"in\"))'"
    for number, size in enumerate((9, 4, 30)):
        data = f"{number}".ljust(size, "x").encode() + b"\n"
        (tmp_path / "in").write_bytes(data)
        inputs = {"in": LentFile(Digest.of(data), False, str(tmp_path / "in"))}
        action = shell("", [], [OUT])
        words = ["/bin/sh", "-c", f"({look}) > seen; cat seen > {OUT.path}"]
        result = runner.run(action, words, inputs, {OUT.path: OUT}, NeverCancelled())
        assert text(bench, result) == f"{data.decode()}444 1 {len(data)}\n1\n[]\n"
        words = ["/bin/sh", "-c", f": > {OUT.path}; {script}"]
        result = runner.run(action, words, inputs, {OUT.path: OUT}, NeverCancelled())
        assert text(bench, result) == (data.decode() if "to the output" in what else "")
    assert len(started) == 1


def test_connections_elsewhere_are_nothing_to_a_cell(bench: Bench, runner: LocalRunner, started: list[Cell]) -> None:
    """Of what the kernel counts, some is the whole machine's."""
    assert text(bench, run(runner, "true")) == ""
    with socket.create_server(("127.0.0.1", 0)) as listens:
        ours = [socket.create_connection(listens.getsockname()) for _ in range(9)]
        theirs = [listens.accept()[0] for _ in ours]
        for one in ours:
            one.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while True:
                    one.send(b"unread" * 10_000)
            one.close()  # nobody's now, until the other end is closed too
        time.sleep(0.3)  # the kernel counts them ten times a second
        assert text(bench, run(runner, "true")) == ""
        for one in theirs:
            one.close()
    assert text(bench, run(runner, "true")) == ""
    assert len(started) == 1
