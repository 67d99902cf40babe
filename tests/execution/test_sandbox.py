"""What actions must not be able to do: each fails or is contained, file and rule are named, no process is left."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import pytest

from rulesengine.errors import ExecutionError
from rulesengine.execution import LocalRunner
from rulesengine.execution.cells import Cells
from rulesengine.execution.collect import collect_outputs
from rulesengine.execution.pids_group import PidsGroups
from rulesengine.execution.sandbox import Sandbox, SandboxOptions, counts_in_namespace, probe
from rulesengine.execution.system_files import write_etc
from rulesengine.model.action import Action
from rulesengine.model.artifact import FileValue
from rulesengine.model.digest import Digest
from rulesengine.model.events import Message
from tests.execution.bench import Bench, graph_of, made, shell

needs_sandbox = pytest.mark.skipif(not probe().program, reason=probe().reason or "bubblewrap works")
OUT = made("p/out")
BARE = Sandbox("", "switched off by the test")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each test in a sandbox of either way; those that ask for its `kind` also without one."""
    if not any(mark.args[0] == "way" for mark in metafunc.definition.iter_markers("parametrize")):
        bare = ["bare"] if "kind" in metafunc.fixturenames else []
        metafunc.parametrize("way", ["bwrap", "cell", *bare], indirect=True)


@pytest.fixture(autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Under a bubblewrap of its own, as the first commands are; in a cell, as those after them; without a sandbox."""
    way: str = request.param
    monkeypatch.setattr("rulesengine.execution.cells.AFTER", 0 if way == "cell" else 1 << 30)
    monkeypatch.setattr(Cells, "failed", lambda _cells: pytest.fail("the cell does not work"))
    return way


def use(bench: Bench, sandbox: Sandbox | None, **options: object) -> None:
    bench.given_processes = lambda: LocalRunner(
        bench.store,
        sandbox=sandbox,
        options=SandboxOptions(**options),  # type: ignore[arg-type]
        listener=bench.events.append,
    )


def confined(bench: Bench, kind: str, **options: object) -> Bench:
    if kind == "sandbox" and not probe().program:
        pytest.skip(probe().reason)
    use(bench, probe() if kind == "sandbox" else BARE, **options)
    return bench


@pytest.fixture
def kind(way: str) -> str:
    """What `confined` makes of the bench."""
    return "bare" if way == "bare" else "sandbox"


@pytest.fixture
def each(kind: str, bench: Bench) -> Bench:
    """The bench in a sandbox of either way, and without."""
    return confined(bench, kind)


def text_of(bench: Bench, action: Action) -> str:
    out = action.outputs[0]
    return bench.bytes_of(bench.build(graph_of(action), out).values[out]).decode()


def failure(bench: Bench, action: Action) -> ExecutionError:
    with pytest.raises(ExecutionError) as caught:
        text_of(bench, action)
    assert caught.value.label == action.owner
    return caught.value


def running(mark: str) -> list[int]:
    """Processes with this in their command line, once those that end now have ended."""
    found: list[int] = []
    for _ in range(50):
        found = []
        for name in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                if mark in Path(f"/proc/{name}/cmdline").read_text() and int(name) != os.getpid():
                    found.append(int(name))
        if not found:
            break
        time.sleep(0.02)
    return found


# ---- files ---------------------------------------------------------------------


def test_an_undeclared_input_is_not_there(each: Bench) -> None:
    a = each.write("p/a", "A")
    each.write("p/undeclared", "!")
    fault = failure(each, shell(f"cat p/a p/undeclared > {OUT.path}", [a], [OUT]))
    assert "p/undeclared: No such file" in "\n".join(fault.notes)


def test_an_undeclared_output_is_named_where_a_declared_one_is_missing(each: Bench) -> None:
    fault = failure(each, shell("mkdir sub; echo > sub/other; echo > pybuild-out/extra", [], [OUT]))
    assert OUT.path in fault.message
    assert "it made pybuild-out/extra, sub/other, which no output declares" in fault.notes


def test_an_undeclared_output_is_dropped(each: Bench) -> None:
    each.build(graph_of(shell(f"echo > undeclared; echo > {OUT.path}", [], [OUT])), OUT)
    after = made("p/after")
    assert text_of(each, shell(f"find . -name undeclared > {after.path}", [], [after])) == ""
    assert not (each.workspace / "undeclared").exists()


@needs_sandbox
def test_a_write_to_an_input_fails(bench: Bench) -> None:
    a = bench.write("p/a", "A")
    fault = failure(bench, shell(f"echo changed > p/a && : > {OUT.path}", [a], [OUT]))
    assert "p/a: Permission denied" in "\n".join(fault.notes)


@pytest.mark.parametrize("size", [10, 1 << 19])
def test_an_input_that_was_changed_by_force_is_the_old_one_for_everybody_else(each: Bench, size: int) -> None:
    a = each.write("p/a", "a" * size)
    script = f"(chmod u+w p/a; echo changed > p/a; rm -f p/a; echo again > p/a) 2>/dev/null; : > {OUT.path}"
    each.build(graph_of(shell(script, [a], [OUT])), OUT)
    after = made("p/after")
    assert text_of(each, shell(f"cat p/a > {after.path}", [a], [after])) == "a" * size
    assert (each.workspace / "p/a").read_text() == "a" * size


@needs_sandbox
def test_nothing_of_the_host_is_there_but_usr(bench: Bench) -> None:
    script = f"(ls -A / /tmp; cat /etc/shadow {Path.home()}/* {bench.store.root}/tmp/*; true) > {OUT.path} 2>/dev/null"
    seen = set(text_of(bench, shell(script, [], [OUT])).split())
    assert seen <= {
        "/:", "/tmp:", "bin", "dev", "etc", "execroot", "lib", "lib32", "lib64", "libx32", "proc", "sbin", "tmp", "usr",
    }  # fmt: skip


@needs_sandbox
def test_users_and_hosts_are_made_up(bench: Bench) -> None:
    script = f"(cat /etc/passwd /etc/hosts /etc/resolv.conf; id -un) > {OUT.path}"
    text = text_of(bench, shell(script, [], [OUT]))
    assert [line.split(":")[0] for line in text.splitlines()[:3]] == ["root", "build", "nobody"]
    assert text.endswith("127.0.0.1 localhost\n::1 localhost\nbuild\n")


@needs_sandbox
def test_nothing_but_its_own_directory_and_tmp_is_writable(bench: Bench) -> None:
    places = "/usr/x /etc/x /etc/passwd /proc/sys/vm/swappiness /proc/sysrq-trigger /sys/x"
    script = f'for at in {places}; do test -w "$at" && echo "$at"; (: >> "$at") 2>/dev/null && echo "$at"; done'
    before = Path("/proc/sys/vm/swappiness").read_text()
    assert text_of(bench, shell(f"({script}; true) > {OUT.path}", [], [OUT])) == ""
    assert Path("/proc/sys/vm/swappiness").read_text() == before


# ---- network, processes -----------------------------------------------------------


@needs_sandbox
def test_the_parents_processes_do_not_show(bench: Bench) -> None:
    script = (
        f"(ls /proc | grep -c '^[0-9]'; test -e /proc/{os.getpid()} && echo parent; kill -0 {os.getpid()} "
        f"&& echo killed; cat /proc/[0-9]*/cmdline | grep -ac 'py[t]hon'; true) > {OUT.path} 2>/dev/null"
    )
    lines = text_of(bench, shell(script, [], [OUT])).split()
    assert int(lines[0]) <= 6
    assert lines[1:] == ["0"]


def test_a_fork_bomb_is_ended(bench: Bench, kind: str) -> None:
    confined(bench, kind, processes=60)
    bomb = f"n=0; while [ $n -lt 4000 ]; do sleep 43.21 & n=$((n+1)); done; wait; : > {OUT.path}"
    began = time.monotonic()
    fault = failure(bench, shell(bomb, [], [OUT]))
    # The kernel refuses the next one, or the watch sees the last one that there may be.
    if "had 60 processes at a time" in fault.message:
        assert "--sandbox_pids_limit" in (fault.hint or "")
    else:
        assert "fork" in "\n".join(fault.notes)
    assert time.monotonic() - began < 20
    assert running("43.21") == []


@needs_sandbox
@pytest.mark.parametrize("holds", [True, False])
def test_a_bomb_that_forks_itself_leaves_the_machine_usable(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, holds: bool
) -> None:
    """Whether the kernel holds the limit or the watch does: programs start meanwhile, and nothing is left of it."""
    monkeypatch.setattr("rulesengine.execution.local_runner.JOIN_AFTER", 0)
    if not holds:
        monkeypatch.setattr("rulesengine.execution.local_runner.PidsGroups", lambda _limit: PidsGroups(0))
    confined(bench, "sandbox", processes=150)
    ended = threading.Event()
    slowest: list[float] = []

    def work() -> None:
        while not ended.is_set():
            began = time.monotonic()
            subprocess.run(["/bin/true"], check=True)
            slowest.append(time.monotonic() - began)

    worker = threading.Thread(target=work)
    worker.start()
    began = time.monotonic()
    try:
        # Where the kernel holds it, the script itself may well go on: it ends, and the bomb with it.
        with pytest.raises(ExecutionError):
            text_of(bench, shell("b() { sleep 43.22 & b | b & }; b; sleep 5; exit 3", [], [OUT]))
    finally:
        ended.set()
        worker.join()
    assert time.monotonic() - began < 60
    assert slowest and max(slowest) < 5
    assert running("43.22") == []


def test_memory_beyond_the_limit_ends_the_action(bench: Bench, kind: str) -> None:
    confined(bench, kind, memory=40 << 20)
    eats = "import time; a = [bytearray(b'x' * (1 << 20)) for _ in range(120)]; time.sleep(30)"
    fault = failure(bench, shell(f'/usr/bin/python3 -c "{eats}"; : > {OUT.path}', [], [OUT]))
    assert "more than 40 MiB of memory" in fault.message


def test_a_file_beyond_the_limit_ends_the_command(bench: Bench, kind: str) -> None:
    confined(bench, kind, file_size=1 << 20)
    assert "SIGXFSZ" in failure(bench, shell(f"exec head -c 5000000 /dev/zero > {OUT.path}", [], [OUT])).message
    small = made("p/small")
    assert len(text_of(bench, shell(f"head -c 1048576 /dev/zero > {small.path}", [], [small]))) == 1 << 20


LEAVES = {
    "in the background": "sleep SECONDS &",
    "another session": "setsid sleep SECONDS &",
    "forked twice": "(setsid sh -c '(sleep SECONDS; : x) & : y' &)",
    "elsewhere": "(cd / && setsid sleep SECONDS >/dev/null 2>&1 </dev/null &)",
    "another environment": "(env -i setsid sleep SECONDS >/dev/null 2>&1 &)",
    "elsewhere, another environment": "(cd / && env -i setsid sleep SECONDS </dev/null &)",
    "deaf": "(trap '' TERM HUP INT; setsid sleep SECONDS) &",
}


@pytest.mark.parametrize("how", LEAVES)
def test_a_child_does_not_outlive_its_action(each: Bench, how: str) -> None:
    seconds = f"{600 + sorted(LEAVES).index(how)}.{os.getpid()}"
    script = LEAVES[how].replace("SECONDS", seconds)
    began = time.monotonic()
    assert text_of(each, shell(f"{script}\nsleep 0.1; echo done > {OUT.path}", [], [OUT])) == "done\n"
    assert time.monotonic() - began < 20
    assert running(seconds) == []


def test_a_timeout_ends_the_whole_group(each: Bench) -> None:
    seconds = f"650.{os.getpid()}"
    script = f"setsid sleep {seconds} & sleep {seconds} & sleep {seconds}; : > {OUT.path}"
    assert "timed out after 1 s" in failure(each, shell(script, [], [OUT], timeout=1)).message
    assert running(seconds) == []


@needs_sandbox
def test_it_dies_with_its_parent(bench: Bench) -> None:
    seconds = f"660.{os.getpid()}"
    pid = os.fork()
    if not pid:  # pragma: no cover - the child
        with contextlib.suppress(BaseException):
            bench.build(graph_of(shell(f"sleep {seconds}; : > {OUT.path}", [], [OUT])), OUT)
        os._exit(0)
    for _ in range(500):
        if running_now(seconds):
            break
        time.sleep(0.02)
    else:
        pytest.fail("it did not start")
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert running(seconds) == []


def running_now(mark: str) -> bool:
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if Path(f"/proc/{name}/cmdline").read_bytes().startswith(f"sleep\0{mark}".encode()):
                return True
    return False


# ---- outputs that change while they are taken ------------------------------------------


def test_a_thousand_swaps_of_an_output_for_a_link_give_no_file_of_the_host(bench: Bench, tmp_path: Path) -> None:
    """Nobody should be left to do it; if somebody is, the bytes are the output's or there is an error."""
    secret = tmp_path / "secret"
    secret.write_text("secret")
    root = tmp_path / "root"
    (root / "d/tree").mkdir(parents=True)
    (tmp_path / "host/tree").mkdir(parents=True)
    for name in ("out", "tree/f"):
        (tmp_path / "host" / name).write_text("secret")
    out, tree = made("x"), made("y", tree=True)
    ended = threading.Event()

    def swap() -> None:
        real, other, link = root / "d/out", root / "d/new", root / "d/link"
        while not ended.is_set():
            with contextlib.suppress(OSError):
                other.write_text("mine")
                os.replace(other, real)
                os.symlink(secret, link)
                os.replace(link, real)
                os.rename(root / "d", root / "e")
                os.symlink(tmp_path / "host", root / "d")
                os.unlink(root / "d")
            with contextlib.suppress(OSError):
                os.rename(root / "e", root / "d")
            with contextlib.suppress(OSError):
                (root / "d/tree/f").write_text("mine")

    thread = threading.Thread(target=swap)
    thread.start()
    taken = refused = 0
    allowed = {Digest.of(b"mine"), Digest.of(b"")}
    try:
        for _ in range(1000):
            for path, artifact in (("d/out", out), ("d/tree", tree)):
                try:
                    found = collect_outputs(bench.store, str(root), {}, {path: artifact})
                except ExecutionError:
                    refused += 1
                    continue
                taken += 1
                if isinstance(found[artifact], FileValue):
                    assert found[artifact].digest in allowed
    finally:
        ended.set()
        thread.join()
    assert taken + refused == 2000
    assert taken and refused
    assert not bench.store.has(Digest.of(b"secret"))


# ---- what the user adds -------------------------------------------------------------------


@needs_sandbox
def test_paths_of_the_host_that_the_user_adds(bench: Bench, tmp_path: Path) -> None:
    shown, writable = tmp_path / "shown", tmp_path / "writable"
    shown.mkdir()
    writable.mkdir()
    (shown / "f").write_text("F")
    use(
        bench, probe(),
        mounts=((str(shown), "/somewhere"), (str(shown / "f"), "/etc/one/f")), writable=(str(writable),),
        empty=("/var/lock",),
    )  # fmt: skip
    script = (
        f"(cat /somewhere/f /etc/one/f; echo > /somewhere/g || echo read-only; echo > {writable}/made; "
        f"echo > /var/lock/x; ls /var/lock) > {OUT.path} 2>/dev/null"
    )
    assert text_of(bench, shell(script, [], [OUT])) == "FFread-only\nx\n"
    assert (writable / "made").exists()
    assert not (shown / "g").exists()


@needs_sandbox
def test_strategies_by_mnemonic(bench: Bench) -> None:
    bench.given_processes = lambda: LocalRunner(bench.store, sandbox=probe(), by_mnemonic={"Shell": BARE})
    assert text_of(bench, shell(f"pwd > {OUT.path}", [], [OUT])) != "/execroot\n"
    other = made("p/other")
    action = Action("//t", "Other", ("/bin/sh", "-c", f"pwd > {other.path}"), shell("", [], []).inputs, (other,))
    assert text_of(bench, action) == "/execroot\n"


@needs_sandbox
def test_sandbox_debug_says_how_to_enter(bench: Bench) -> None:
    big = bench.write("big", "b" * (1 << 19))
    bench.given_processes = lambda: LocalRunner(bench.store, keep=True, listener=bench.events.append)
    failure(bench, shell("echo here > made; exit 1", [big], [OUT]))
    told = [event.text for event in bench.events if isinstance(event, Message) and "enter its sandbox" in event.text]
    assert len(told) == 1
    command = next(line for line in told[0].splitlines() if "enter its sandbox" in line).partition(": ")[2]
    shown = subprocess.run(
        ["/bin/sh", "-c", command], input="cat made; wc -c < big; pwd", capture_output=True, text=True, check=True
    ).stdout
    assert shown.split() == ["here", str(1 << 19), "/execroot"]


def test_where_the_kernel_counts_a_bomb_that_forks_itself_gets_no_further(bench: Bench) -> None:
    groups = PidsGroups(40)
    worked: list[int] = []

    def work() -> None:
        if groups.join():
            command = "for i in $(seq 200); do sleep 2 & done 2>/dev/null; jobs -p | wc -l"
            done = subprocess.run(["/bin/bash", "-c", command], capture_output=True, text=True, check=False)
            worked.append(int(done.stdout or 0))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    if not worked:
        pytest.skip("no group of the pids controller can be made here")
    assert worked[0] <= 41


_BOMB = """
import os
n = 0
try:
    while n < 400:
        if not os.fork():
            os.execvp("sleep", ["sleep", "43.21"])
        n += 1
except OSError as fault:
    print(n, fault.errno)
"""


@needs_sandbox
@pytest.mark.parametrize("limit", [20, 50])
def test_the_kernel_refuses_a_users_sandbox_more_processes_than_it_may_have(
    monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    """Not those of user 0, whom no such limit binds: then another user is asked.  Its other processes do not count."""
    if not counts_in_namespace():
        if os.geteuid() or shutil.which("setpriv") is None:
            pytest.skip("this kernel counts all processes of a user together")
        monkeypatch.setattr("rulesengine.execution.sandbox.counts_in_namespace", lambda: True)
    user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory() as directory, contextlib.ExitStack() as stack:
        os.chmod(directory, 0o755)
        write_etc(f"{directory}/etc")
        os.mkdir(f"{directory}/root")
        os.chmod(f"{directory}/root", 0o777)
        command = probe().command(
            ["/usr/bin/python3", "-c", _BOMB], f"{directory}/root", {}, f"{directory}/etc",
            SandboxOptions(processes=limit), network=False,
        )  # fmt: skip
        for _ in range(limit):
            other = subprocess.Popen([*user, "sleep", "54.32"], cwd="/")
            stack.callback(other.wait)
            stack.callback(other.kill)
        began = time.monotonic()
        done = subprocess.run([*user, *command], capture_output=True, text=True, check=False, cwd="/")
        taken = time.monotonic() - began
    if user and done.returncode and "bwrap:" in done.stderr:
        pytest.skip(f"another user has no sandbox here: {done.stderr}")
    started, reason = map(int, done.stdout.split())
    assert limit - 4 <= started <= limit and reason == errno.EAGAIN
    assert taken < 20 and running("43.21") == []  # what it had started went with it


@pytest.mark.parametrize("way", ["bare"], indirect=True)
def test_a_child_that_was_there_before_we_heard_of_its_parent_is_ended(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a busy machine it takes a while from the start of a process until whoever started it goes on."""
    confined(bench, "bare")
    start = subprocess.Popen

    def slow(*arguments: object, **options: object) -> object:
        process = start(*arguments, **options)  # type: ignore[call-overload]
        time.sleep(0.1)
        return process

    monkeypatch.setattr("rulesengine.execution.command_run.subprocess.Popen", slow)
    seconds = f"670.{os.getpid()}"
    assert text_of(bench, shell(f"setsid sleep {seconds} & sleep 0.05; echo done > {OUT.path}", [], [OUT])) == "done\n"
    assert running(seconds) == []
