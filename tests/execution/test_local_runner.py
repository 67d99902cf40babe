"""Commands: what they see, what they cannot reach, and what is taken from them."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import time
from pathlib import Path

import pytest

from rulesengine.errors import ExecutionError
from rulesengine.execution import LocalRunner
from rulesengine.execution.local_runner import BOUND_FROM
from rulesengine.execution.sandbox import Sandbox, probe
from rulesengine.execution.store import Writer
from rulesengine.model.action import Action
from rulesengine.model.artifact import FileValue, TreeValue
from rulesengine.model.digest import Digest
from rulesengine.model.directory import TreeFile, TreeLink, walk_tree
from rulesengine.model.events import Message
from tests.execution.bench import Bench, graph_of, made, op_action, shell

needs_sandbox = pytest.mark.skipif(not probe().program, reason=probe().reason or "bubblewrap works")

BARE = Sandbox("", "switched off by the test")


@pytest.fixture(params=["sandbox", "bare"])
def each(request: pytest.FixtureRequest, bench: Bench) -> Bench:
    """The bench under bubblewrap, and without."""
    if request.param == "sandbox" and not probe().program:
        pytest.skip(probe().reason)
    if request.param == "bare":
        use_sandbox(bench, BARE)
    return bench


def use_sandbox(bench: Bench, sandbox: Sandbox | None, *, keep: bool = False) -> None:
    bench.given_processes = lambda: LocalRunner(bench.store, sandbox=sandbox, keep=keep, listener=bench.events.append)


def output_of(bench: Bench, action: Action) -> bytes:
    out = action.outputs[0]
    return bench.bytes_of(bench.build(graph_of(action), out).values[out])


OUT = made("p/out")


def test_it_starts_in_a_directory_with_its_inputs_and_nothing_else(each: Bench) -> None:
    a, b = each.write("p/a", "A"), each.write("p/deep/b", "B")
    each.write("p/undeclared", "!")
    text = output_of(
        each, shell(f"list=$(find . -type f | sort); (echo $list; cat p/a p/deep/b) > {OUT.path}", [a, b], [OUT])
    )
    assert text.decode().split() == ["./p/a", "./p/deep/b", "AB"]


def test_the_environment_is_fixed(each: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEAKED", "yes")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    previous = os.umask(0o077)
    try:
        text = output_of(
            each,
            shell(
                f"(env -u PWD -u OLDPWD -u SHLVL -u _ | sort; umask; cat) > {OUT.path}", [], [OUT],
                environment=(("MINE", "1"),),
            ),
        )  # fmt: skip
    finally:
        os.umask(previous)
    assert text.decode().splitlines() == [
        "HOME=/tmp", "MINE=1", "PATH=/usr/local/bin:/usr/bin:/bin", "TZ=UTC", "0022",
    ]  # fmt: skip


@needs_sandbox
def test_user_host_and_place_do_not_show(bench: Bench) -> None:
    text = output_of(bench, shell(f"(pwd; id -u; id -g; hostname; ls -A /tmp; echo $$) > {OUT.path}", [], [OUT]))
    lines = text.decode().splitlines()
    assert lines[:4] == ["/execroot", "1000", "1000", "localhost"]
    assert int(lines[4]) < 10


@needs_sandbox
def test_undeclared_files_cannot_be_read(bench: Bench) -> None:
    bench.write("secret", "!")
    real = bench.workspace / "secret"
    reads = f"cat {real} secret ../ws/secret {bench.store.root}/* 2>/dev/null; ls {bench.root} /home /srv /var"
    text = output_of(bench, shell(f"({reads}) > {OUT.path} 2>/dev/null; echo end >> {OUT.path}", [], [OUT]))
    assert text == b"end\n"


@needs_sandbox
@pytest.mark.parametrize("network", [False, True])
def test_the_network_is_there_only_when_the_action_says_so(bench: Bench, network: bool) -> None:
    server = socket.create_server(("127.0.0.1", 0))
    port = server.getsockname()[1]
    script = (
        f"(exec 3<>/dev/tcp/127.0.0.1/{port}) 2>/dev/null && echo reached > {OUT.path} || echo refused > {OUT.path}"
    )
    action = Action("//t", "Net", ("/bin/bash", "-c", script), shell("", [], []).inputs, (OUT,), network=network)
    with server:
        assert output_of(bench, action) == (b"reached\n" if network else b"refused\n")


@pytest.mark.parametrize("size", [10, BOUND_FROM + 10])
def test_writing_to_an_input_does_not_reach_what_it_is_made_of(each: Bench, size: int) -> None:
    a, b = each.write("p/a", "a" * size), made("p/b")
    maker = shell(f"cat p/a p/a > {b.path}", [a], [b])
    for one in ("p/a", b.path):
        script = f"chmod u+w {one}; echo overwritten > {one}; rm -f {one}; : > {OUT.path}"
        with contextlib.suppress(ExecutionError):
            each.build(graph_of(maker, shell(script, [a, b], [OUT])), OUT)
    digest = Digest.of(b"a" * size * 2)
    assert each.store.read(digest) == b"a" * size * 2
    assert (each.workspace / "p/a").read_text() == "a" * size
    second = made("q")
    result = each.build(graph_of(maker, shell(f"cat p/a p/a > {second.path}", [a], [second])), second)
    assert result.values[second].digest == digest


def test_a_small_source_is_read_where_it_is_and_not_stored(each: Bench) -> None:
    a = each.write("p/a", "text")
    assert output_of(each, shell(f"cat p/a p/a > {OUT.path}", [a], [OUT])) == b"texttext"
    assert not each.store.has(Digest.of(b"text"))


def test_an_output_that_is_a_link_to_a_source_is_stored_all_the_same(each: Bench) -> None:
    a = each.write("p/a", "text")
    script = f"chmod u+w p/a; echo other > p/a; ln -s ../../../../p/a {OUT.path}"
    assert output_of(each, shell(script, [a], [OUT])) == b"text"


def test_a_source_that_changes_after_it_was_digested_is_not_taken(each: Bench) -> None:
    a = each.write("p/a", "text")
    real = each.workspace / "p/a"

    class Changing:
        """Changes the source when its bytes are about to be read."""

        def __getattr__(self, name: str) -> object:
            if name == "path":
                real.write_text("later")
            return getattr(each.sources, name)

    each.given_sources = Changing()  # type: ignore[assignment]
    with pytest.raises(ExecutionError, match="source p/a cannot be used: it was changed while the build was running"):
        output_of(each, shell(f"cat p/a > {OUT.path}", [a], [OUT]))


def test_outputs_are_taken_without_a_copy_where_nobody_else_can_write_them(
    each: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An output with a second name, or one that is open, is copied; and either way the bytes are those it had."""
    copies: list[str] = []
    create = each.store.create

    def counted() -> Writer:
        copies.append("")
        return create()

    monkeypatch.setattr(each.store, "create", counted)
    for number, (script, copied) in enumerate(
        [("echo plain > OUT", 0), ("echo twice > OUT; ln OUT other", 1), (": > OUT", 0), ("echo plain > OUT; :", 0)]
    ):
        out = made(f"o{number}")
        output_of(each, shell(script.replace("OUT", out.path), [], [out]))
        assert len(copies) == copied, script
        path = each.store.path(
            each.build(graph_of(shell(script.replace("OUT", out.path), [], [out])), out).values[out].digest
        )
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o444 and os.stat(path).st_nlink == 1
        copies.clear()


@pytest.mark.parametrize("size", [10, BOUND_FROM + 10])
def test_executables_are_executable(each: Bench, size: int) -> None:
    tool = each.write("tool", "#!/bin/sh\necho ran\n" + "#" * size)
    (each.workspace / "tool").chmod(0o755)
    assert output_of(each, shell(f"./tool > {OUT.path}", [tool], [OUT])) == b"ran\n"
    plain = each.write("plain", "#!/bin/sh\n" + "#" * size)
    with pytest.raises(ExecutionError, match="Permission denied"):
        output_of(each, shell(f"./plain > {OUT.path}", [plain], [OUT]))


def test_outputs_keep_their_executable_bit(each: Bench) -> None:
    one, two = made("one"), made("two")
    graph = graph_of(shell(f"echo > {one.path}; cp {one.path} {two.path}; chmod +x {two.path}", [], [one, two]))
    values = each.build(graph, one, two).values
    assert values[one] == FileValue(Digest.of(b"\n"), executable=False)
    assert values[two] == FileValue(Digest.of(b"\n"), executable=True)


@needs_sandbox
def test_a_child_left_behind_is_killed(bench: Bench) -> None:
    _orphan(bench, "setsid ")


def test_a_child_left_behind_in_its_session_is_killed_even_without_a_sandbox(bench: Bench) -> None:
    use_sandbox(bench, BARE)
    _orphan(bench, "")


def _orphan(bench: Bench, prefix: str) -> None:
    action = shell(f"{prefix}sh -c 'sleep 47.11; : orphan' & echo done > {OUT.path}", [], [OUT])
    began = time.monotonic()
    assert output_of(bench, action) == b"done\n"
    assert time.monotonic() - began < 10
    time.sleep(0.2)
    for process in os.listdir("/proc"):
        with contextlib.suppress(OSError):
            assert "47.11" not in Path(f"/proc/{process}/cmdline").read_text()


def test_a_timeout(each: Bench) -> None:
    began = time.monotonic()
    with pytest.raises(ExecutionError, match="timed out after 1 s"):
        output_of(each, shell(f"sleep 60; : > {OUT.path}", [], [OUT], timeout=1))
    assert time.monotonic() - began < 5


def test_a_flood_of_output_is_stopped(each: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rulesengine.execution.command_run.OUTPUT_LIMIT", 1 << 20)
    with pytest.raises(ExecutionError, match="printed more than 1 MiB"):
        output_of(each, shell("yes", [], [OUT]))


def test_a_command_that_does_not_exist(each: Bench) -> None:
    action = Action("//t", "Run", ("no/such/tool",), shell("", [], []).inputs, (OUT,))
    with pytest.raises(ExecutionError, match="no/such/tool"):
        output_of(each, action)


# ---- what is taken from them --------------------------------------------------


def test_a_missing_output_is_named(each: Bench) -> None:
    with pytest.raises(ExecutionError, match=r"did not make its output .*p/out"):
        output_of(each, shell("true", [], [OUT]))


def test_trees_keep_links_modes_and_empty_directories(each: Bench) -> None:
    tree, out = made("tree", tree=True), made("listing")
    script = f"cd {tree.path}; mkdir -p sub/empty; echo x > sub/f; chmod +x sub/f; ln -s sub/f link"
    listing = f"list=$(cd {tree.path} && find . | sort); (echo $list; cat {tree.path}/link) > {out.path}"
    graph = graph_of(shell(script, [], [tree]), shell(listing, [tree], [out]))
    values = each.build(graph, tree, out).values
    assert dict(walk_tree(values[tree].digest, each.store.read)) == {
        "sub/f": TreeFile(Digest.of(b"x\n"), executable=True),
        "sub/empty": None,
        "link": TreeLink("sub/f"),
    }
    assert each.bytes_of(values[out]).decode().split() == [
        ".",
        "./link",
        "./sub",
        "./sub/empty",
        "./sub/f",
        "x",
    ]


@pytest.mark.parametrize(
    "script, message",
    [
        ("mkfifo OUT", "device, fifo or socket"),
        ("mkdir OUT", "is a directory where a file is declared"),
        ("ln -s /etc/passwd OUT", "leads out of the execution directory"),
        ("ln -s ../../../../../../../../etc/passwd OUT", "leads out of the execution directory"),
        ("ln -s out OUT", "leads in a circle"),
        ("ln -s nothing OUT", "which does not exist"),
        ("rmdir pybuild-out/k8/bin/p; ln -s /etc pybuild-out/k8/bin/p", "did not make|leads out"),
    ],
)
def test_outputs_that_are_not_plain_files_are_refused(each: Bench, script: str, message: str) -> None:
    with pytest.raises(ExecutionError, match=message):
        output_of(each, shell(script.replace("OUT", OUT.path), [], [OUT]))


def test_a_swapped_parent_directory_does_not_lead_to_the_hosts_files(each: Bench) -> None:
    out = made("etc/passwd")
    script = "rmdir pybuild-out/k8/bin/etc; ln -s /etc pybuild-out/k8/bin/etc"
    with pytest.raises(ExecutionError, match="leads out of the execution directory"):
        output_of(each, shell(script, [], [out]))


@pytest.mark.parametrize(
    "script, message",
    [
        ("mkfifo TREE/x", "device, fifo or socket"),
        ("ln -s /etc TREE/x", "leads out of it"),
        ("mkdir TREE/d; ln -s ../../x TREE/d/x", "leads out of it"),
        ("rmdir TREE; echo > TREE", "is a file where a directory is declared"),
        ("rmdir TREE; ln -s /etc TREE", "leads out"),
        ("echo > TREE/$(printf '\\377')", "not UTF-8"),
    ],
)
def test_trees_with_anything_strange_are_refused(each: Bench, script: str, message: str) -> None:
    tree = made("tree", tree=True)
    with pytest.raises(ExecutionError, match=message):
        each.build(graph_of(shell(script.replace("TREE", tree.path), [], [tree])), tree)


@pytest.mark.parametrize("size", [10, BOUND_FROM + 10])
def test_an_output_may_be_a_link_to_an_input(each: Bench, size: int) -> None:
    a = each.write("p/a", "a" * size)
    for number, target in enumerate(["../../../../p/a", "$PWD/p/a"]):
        out = made(f"p/out{number}")
        result = each.build(graph_of(shell(f"ln -s {target} {out.path}", [a], [out])), out)
        assert result.values[out] == FileValue(Digest.of(b"a" * size))


def test_an_output_may_be_a_link_into_an_input_tree(each: Bench) -> None:
    tree, out = made("tree", tree=True), made("out")
    big = BOUND_FROM + 10
    graph = graph_of(
        shell(f"head -c {big} /dev/zero > {tree.path}/f", [], [tree]),
        shell(f"ln -s tree/f {out.path}", [tree], [out]),
    )
    assert each.build(graph, out).values[out].digest == Digest.of(bytes(big))


# ---- odds and ends -------------------------------------------------------------


def nothing_left(bench: Bench) -> None:
    """Empty directories may wait for the next action; they go when the store is closed."""
    left = [f"{at}/{name}" for at, _, files in os.walk(bench.store.scratch.path) for name in files]
    assert [path for path in left if not path.startswith(f"{bench.store.scratch.path}/etc")] == []
    bench.store.close()
    assert os.listdir(os.path.join(bench.store.root, "tmp")) == []


def test_an_action_cannot_see_that_another_was_there_before_it(each: Bench) -> None:
    """Execution directories are used again; every trace must be gone."""
    mess = (
        "mkdir -p junk/deep pybuild-out/k8/bin/p/more; echo > junk/deep/f; ln -s junk l; chmod 700 pybuild-out/k8/bin"
    )
    for number, script in enumerate(
        (mess, "rm -r pybuild-out/k8; mkdir -p pybuild-out/k8/bin/p", "chmod 0 pybuild-out")
    ):
        a = each.write("a/b/c", str(number))
        fresh, before = made(f"q/fresh{number}"), made(f"p/{number}")
        look = "find . -printf '%y %m %p\n' | sort"
        each.build(graph_of(shell(f'list=$({look}); echo "$list" > {fresh.path}', [a], [fresh])), fresh)
        with contextlib.suppress(ExecutionError):
            each.run(graph_of(shell(f"{script}; echo > {before.path}", [], [before])), before)
        again = made(f"q/again{number}")
        result = each.build(graph_of(shell(f'list=$({look}); echo "$list" > {again.path}', [a], [again])), again)
        lines = each.bytes_of(result.values[again]).decode().splitlines()
        assert lines == [
            "d 755 .", "d 755 ./a", "d 755 ./a/b", "d 755 ./pybuild-out", "d 755 ./pybuild-out/k8",
            "d 755 ./pybuild-out/k8/bin", "d 755 ./pybuild-out/k8/bin/q", "f 444 ./a/b/c",
        ]  # fmt: skip


def test_nothing_is_left_behind_but_with_sandbox_debug_everything(bench: Bench) -> None:
    output_of(bench, shell(f"echo hi > {OUT.path}", [], [OUT]))
    nothing_left(bench)
    use_sandbox(bench, None, keep=True)
    other = made("p/other")
    output_of(bench, shell(f"mkdir -m 0 locked; echo hi > {other.path}", [], [other]))
    kept = [event.text for event in bench.events if isinstance(event, Message) and "is kept" in event.text]
    assert len(kept) == 1
    directory = Path(kept[0].rsplit(" ", 1)[1])
    assert (directory / other.path).read_text() == "hi\n"


def test_directories_without_permissions_are_cleared_away(bench: Bench) -> None:
    output_of(bench, shell(f"mkdir -p d/e; echo > d/e/f; chmod 0 d/e d; echo hi > {OUT.path}", [], [OUT]))
    nothing_left(bench)


@pytest.mark.parametrize("installed", [False, True])
def test_without_a_sandbox_it_says_so_once(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, installed: bool
) -> None:
    """Where bubblewrap is not there, and where it is and does not work."""
    use_sandbox(bench, None)
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho bwrap: no permissions to create namespaces >&2; exit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(
        "rulesengine.execution.local_runner.likely", lambda: Sandbox(str(broken)) if installed else BARE
    )
    monkeypatch.setattr("rulesengine.execution.local_runner.probe", lambda: BARE)
    outs = [made(f"o{number}") for number in range(3)]
    bench.build(graph_of(*[shell(f"echo > {out.path}", [], [out]) for out in outs]), *outs)
    warnings = [event for event in bench.events if isinstance(event, Message)]
    assert len(warnings) == 1 and "without a sandbox: " not in warnings[0].text and "switched off" in warnings[0].text


@needs_sandbox
def test_a_first_action_that_fails_runs_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bubblewrap is tried then, and works: it was the action's own fault."""
    tried: list[Sandbox] = []

    def counted() -> Sandbox:
        tried.append(probe())
        return tried[-1]

    monkeypatch.setattr("rulesengine.execution.local_runner.probe", counted)
    use_sandbox(bench, None)
    with pytest.raises(ExecutionError) as caught:
        output_of(bench, shell(f"echo once; exit 3; : > {OUT.path}", [], [OUT]))
    assert "\n".join(caught.value.notes).count("once") == 1
    assert len(tried) == 1 and tried[0].program


def test_inputs_are_read_only_copies(each: Bench) -> None:
    a = each.write("a", "A")
    text = output_of(each, shell(f"stat -c '%a %h' a > {OUT.path}", [a], [OUT]))
    assert text == b"444 1\n"
    assert stat.S_IMODE(os.stat(each.workspace / "a").st_mode) != 0o444


def test_operations_and_commands_mix_in_one_graph(each: Bench) -> None:
    x, tree, out = made("x"), made("tree", tree=True), made("out")
    graph = graph_of(
        shell(f"printf one > {x.path}", [], [x]),
        op_action("pack", [x], [tree]),
        shell(f"cat {tree.path}/x > {out.path}", [tree], [out]),
    )
    values = each.build(graph, out).values
    assert each.bytes_of(values[out]) == b"one"
    assert isinstance(values[tree], TreeValue)
