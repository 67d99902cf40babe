"""The library as a program embeds it: public names, quietness, workspaces in memory, stopping, types."""

from __future__ import annotations

import json
import logging
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

import rulesengine
from rulesengine import (
    ActionFinished,
    CancelToken,
    Event,
    InterruptedBuild,
    MemoryWorkspace,
    OpArguments,
    OpContext,
    RulesEngineError,
    TestOptions,
    Workspace,
    operation,
)

COUNT = """
CountInfo = provider(fields = ["file"])

def _impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.run_shell(
        outputs = [out],
        inputs = ctx.files.srcs,
        command = "cat %s | wc -w > %s" % (" ".join([one.path for one in ctx.files.srcs]), out.path),
        mnemonic = "Count",
    )
    return [DefaultInfo(files = depset([out])), CountInfo(file = out)]

count = rule(implementation = _impl, attrs = {"srcs": attr.label_list(allow_files = True, mandatory = True)})
"""
FILES: dict[str, str | bytes] = {
    "a/count.bzl": COUNT,
    "a/BUILD": 'load(":count.bzl", "count")\ncount(name = "n", srcs = ["x.txt", "y.txt"])\n'
    'alias(name = "m", actual = ":n")\n',
    "a/x.txt": "one two\n",
    "a/y.txt": b"three\n",
}


@operation("shout", version="1")
def shout(context: OpContext) -> None:
    arguments = OpArguments(context.arguments)
    text, out = arguments.one("text"), arguments.one("out")
    arguments.finish()
    with context.create(out) as stream:
        stream.write(text.upper().encode())


SHOUT: dict[str, str | bytes] = {
    "BUILD": 'load(":d.bzl", "shout")\nshout(name = "s", text = "hello")\n',
    "d.bzl": """
def _impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name)
    args = ctx.actions.args()
    args.add("--text", ctx.attr.text)
    args.add("--out", out)
    ctx.actions.run(executable = op("shout"), arguments = [args], outputs = [out])
    return [DefaultInfo(files = depset([out]))]

shout = rule(implementation = _impl, attrs = {"text": attr.string()})
""",
}


# ---- names -------------------------------------------------------------------


def test_public_names_are_listed_once_and_alike() -> None:
    source = Path(rulesengine.__file__).read_text()
    typed = set(re.findall(r"^    from rulesengine[\w.]* import (\w+) as \1$", source, re.M))
    assert typed == set(rulesengine._PUBLIC) == set(rulesengine.__all__) - {"__version__"}
    for name in rulesengine.__all__:
        assert getattr(rulesengine, name) is not None
    assert len(rulesengine.__all__) == len(set(rulesengine.__all__))


def test_importing_costs_nothing() -> None:
    code = "import sys; before = set(sys.modules); import rulesengine; print(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) <= {"rulesengine", "__future__"}


def test_every_event_is_in_the_union() -> None:
    from rulesengine.model import events

    classes = {
        one for one in vars(events).values() if isinstance(one, type) and one.__module__ == "rulesengine.model.events"
    }
    parts = {events.FileDetails, events.OutputFile}
    assert set(events.Event.__args__) == classes - parts
    assert all(one.__doc__ for one in classes)


# ---- in memory ------------------------------------------------------------------


def test_a_rule_is_tested_in_memory() -> None:
    with Workspace.in_memory(FILES) as workspace:
        target = workspace.target("//a:m")
        assert (target.label, target.actual, target.rule) == ("//a:m", "//a:n", "count")
        assert target.providers == ("DefaultInfo", "CountInfo")
        assert [path.rpartition("/bin/")[2] for path in target.outputs] == ["a/n.txt"]
        action = target.action("Count")
        assert action.inputs == ("a/x.txt", "a/y.txt")
        assert action.outputs == target.outputs
        assert action.target == "//a:n"
        assert workspace.text("//a:n").strip() == "3"
        workspace.write("a/y.txt", "three four\n")
        assert workspace.bytes("//a:n").strip() == b"4"
        workspace.remove("a/y.txt")
        fault = workspace.error("//a:n")
        assert fault is not None
        assert fault.label == "//a:y.txt"
        base = os.path.dirname(workspace.root)
        assert all(path.startswith(base) for path in (workspace.cache, workspace.output_base))
        with pytest.raises(RulesEngineError, match="0 actions Other"):
            target.action("Other")
        with pytest.raises(RulesEngineError, match="not below"):
            workspace.write("../x", "")
    assert not os.path.exists(base)
    workspace.close()


def test_in_memory_leaves_nothing_behind_when_it_is_forgotten_or_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = Workspace.in_memory()
    base = os.path.dirname(workspace.root)
    assert os.path.isdir(base)
    del workspace
    assert not os.path.exists(base)
    made: list[str] = []
    real = tempfile.mkdtemp

    def noted(prefix: str, dir: str | None) -> str:
        made.append(real(prefix=prefix, dir=dir))
        return made[-1]

    monkeypatch.setattr(tempfile, "mkdtemp", noted)
    with pytest.raises(RulesEngineError, match="not below"):
        MemoryWorkspace({"../x": ""})
    assert made
    assert not os.path.exists(made[0])


def test_scripts_in_memory_can_be_run() -> None:
    files: dict[str, str | bytes] = {
        "BUILD": 'sh_binary(name = "p", srcs = ["p.sh"], args = ["a"])\nsh_test(name = "t", srcs = ["t.sh"])\n',
        "p.sh": '#!/bin/sh\necho "$@"; exit 7\n',
        "t.sh": "#!/bin/sh\nexit 0\n",
    }
    with Workspace.in_memory(files) as workspace:
        done = workspace.run("//:p", "b", capture=True)
        assert (done.returncode, done.stdout) == (7, b"a b\n")
        report = workspace.test("//...", options=TestOptions())
        assert report.ok
        assert [one.label for one in report.tests] == ["//:t"]


# ---- operations of one's own ----------------------------------------------------------


def test_an_operation_of_this_process() -> None:
    with Workspace.in_memory(SHOUT, operations=[shout]) as workspace:
        assert workspace.text("//:s") == "HELLO"
        assert workspace.target("//:s").action().arguments[:2] == ("rulesengine-op", "shout@1")
    with Workspace.in_memory(SHOUT) as other:
        fault = other.error("//:s")
        assert fault is not None
        assert "there is no operation 'shout'" in str(fault)


def test_another_version_of_an_operation_is_another_action() -> None:
    @operation("shout", version="2")
    def louder(context: OpContext) -> None:
        with context.create(OpArguments(context.arguments).one("out")) as stream:
            stream.write(b"HELLO!")

    with Workspace.in_memory(SHOUT, operations=[shout]) as workspace:
        assert workspace.text("//:s") == "HELLO"
        again = Workspace(workspace.root, cache=workspace.cache, output_base=workspace.output_base, operations=[louder])
        result = again.build("//:s")
        assert result.actions_run == 1
        assert Path(result.targets[0].outputs[0].path).read_text() == "HELLO!"


def test_a_fault_of_an_operation_is_an_error_with_its_target() -> None:
    @operation("shout", version="3")
    def broken(context: OpContext) -> None:
        raise ZeroDivisionError("nothing")

    with (
        Workspace.in_memory(SHOUT, operations=[broken]) as workspace,
        pytest.raises(RulesEngineError, match="ZeroDivisionError") as caught,
    ):
        workspace.build("//:s")
    assert caught.value.label == "//:s"


# ---- quietness --------------------------------------------------------------------------


def test_nothing_of_the_process_is_touched(capfd: pytest.CaptureFixture[str]) -> None:
    handlers = {number: signal.getsignal(number) for number in signal.valid_signals()}
    root_logger = logging.getLogger()
    before = (os.getcwd(), dict(os.environ), os.umask(0o22), root_logger.handlers[:], root_logger.level)
    os.umask(before[2])
    files = {**FILES, "bad/BUILD": 'genrule(name = "bad", outs = ["b"], cmd = "echo loud; echo loud >&2; exit 3")\n'}
    threads = threading.active_count()
    with Workspace.in_memory(files) as workspace:
        workspace.build("//a:n")
        workspace.build("//...", keep_going=True)
        workspace.query("deps(//a:n)")
        workspace.cquery("//a:n")
        workspace.aquery("//a:n")
        workspace.lint()
        workspace.docs()
        workspace.info()
        workspace.fsck()
        workspace.gc()
        workspace.cache_statistics()
        list(workspace.dump("action_cache"))
        workspace.clean()
        with pytest.raises(RulesEngineError):
            workspace.build("//bad")
    umask = os.umask(0o22)
    os.umask(umask)
    assert before == (os.getcwd(), dict(os.environ), umask, root_logger.handlers[:], root_logger.level)
    assert handlers == {number: signal.getsignal(number) for number in signal.valid_signals()}
    assert threading.active_count() == threads
    assert capfd.readouterr() == ("", "")


# ---- errors as values -----------------------------------------------------------------------


def test_an_error_is_plain_data() -> None:
    with Workspace.in_memory({"BUILD": 'genrule(name = "g", outs = ["o"], cmd = "exit 3")\n'}) as workspace:
        with pytest.raises(RulesEngineError) as caught:
            workspace.build("//:g")
        with pytest.raises(RulesEngineError) as unknown:
            workspace.build("//:h")
    value = json.loads(json.dumps(caught.value.to_dict()))
    assert (value["type"], value["label"], value["exit_code"]) == ("ExecutionError", "//:g", 1)
    assert (value["location"]["path"], value["location"]["line"]) == ("BUILD", 1)
    assert "exit code 3" in value["message"]
    assert unknown.value.to_dict()["hint"] == unknown.value.hint
    assert unknown.value.to_dict()["type"] == "NoSuchTargetError"


# ---- stopping ----------------------------------------------------------------------------------

SLOW: dict[str, str | bytes] = {
    "BUILD": 'genrule(name = "slow", outs = ["o"], cmd = "sleep 60; touch $@")\n'
    'sh_binary(name = "p", srcs = ["p.sh"])\n',
    "p.sh": "#!/bin/sh\nsleep 60 & wait\n",
}


def test_stopping_by_time() -> None:
    with Workspace.in_memory(SLOW) as workspace:
        started = time.monotonic()
        with pytest.raises(InterruptedBuild, match=r"stopped after 0\.5 s"):
            workspace.build("//:slow", cancel=CancelToken(timeout=0.5))
        assert 0.4 < time.monotonic() - started < 20
        with pytest.raises(InterruptedBuild, match=r"stopped after 1 s"):
            workspace.run("//:p", cancel=CancelToken(timeout=1))
        with pytest.raises(InterruptedBuild):
            workspace.query("//...", cancel=CancelToken(timeout=0))
        assert workspace.query("//:slow").labels


def test_stopping_a_program_from_another_thread() -> None:
    token = CancelToken()
    with Workspace.in_memory(SLOW) as workspace:
        threading.Timer(1.0, token.cancel).start()
        with pytest.raises(InterruptedBuild, match="interrupted"):
            workspace.run("//:p", cancel=token)


# ---- several at once -----------------------------------------------------------------------------


def test_several_workspaces_at_once_in_threads() -> None:
    out: dict[int, tuple[str, set[str]]] = {}

    def work(number: int) -> None:
        owners: set[str] = set()

        def listener(event: Event) -> None:
            if isinstance(event, ActionFinished):
                owners.add(event.owner)

        text = f'genrule(name = "g{number}", outs = ["o{number}"], cmd = "echo {number} > $@")\n'
        with Workspace.in_memory({"BUILD": text}) as workspace:
            result = workspace.build("//...", listener=listener)
            out[number] = Path(result.targets[0].outputs[0].path).read_text(), owners

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert out == {number: (f"{number}\n", {f"//:g{number}"}) for number in range(6)}


# ---- queries as values --------------------------------------------------------------------------------


def test_typed_answers_of_queries() -> None:
    with Workspace.in_memory(FILES) as workspace:
        found = workspace.query("//a:all")
        assert [str(one) for one in found.labels] == ["//a:n", "//a:m"]
        first = found.targets[0]
        assert (first.label, first.kind, first.configuration) == ("//a:n", "count rule", "")
        assert first.attributes["srcs"] == ["//a:x.txt", "//a:y.txt"]
        assert first.location is not None
        assert (first.location.path, first.location.line) == ("a/BUILD", 2)
        assert set(first.dependencies) >= {"//a:x.txt", "//a:y.txt"}
        configured = workspace.cquery("//a:n", platform="linux/s390x")
        assert configured.targets[0].configuration == "linux-s390x"
        assert configured.files == ("pybuild-out/linux-s390x/bin/a/n.txt",)
        (text,) = configured.formatted("def format(target):\n    return target.label.name\n")
        assert text == "n"
        (action,) = workspace.aquery("//a:n", platform="linux/s390x")
        assert (action.mnemonic, action.rule, action.configuration) == ("Count", "count", "linux-s390x")
        assert action.to_dict()["inputs"] == ["a/x.txt", "a/y.txt"]


CHANGING = {
    "BUILD": 'load(":defs.bzl", "flag", "r", "s")\nflag(name = "f", build_setting_default = "x")\nr(name = "t")\n'
    'r(name = "a", tool = ":t", deps = [":t", "g.txt", ":c"])\ns(name = "c")\n',
    "g.txt": "",
    "defs.bzl": """
flag = rule(implementation = lambda ctx: [], build_setting = config.string(flag = True))
_ATTRS = {"deps": attr.label_list(allow_files = True), "tool": attr.label(cfg = "exec")}
r = rule(implementation = lambda ctx: [], attrs = _ATTRS)
s = rule(
    implementation = lambda ctx: [],
    cfg = transition(implementation = lambda settings, attr: {"//:f": "y"}, inputs = [], outputs = ["//:f"]),
)
""",
}


def test_where_configurations_change() -> None:
    """As Bazel's cquery --transitions=lite and full tell it."""
    with Workspace.in_memory(CHANGING) as workspace:
        found = workspace.cquery("deps(//:a)", platform="linux/amd64")
        (changed,) = [one for one in found.nodes if one.label.name == "c"]
        tool = next(one for one in found.nodes if one.label.name == "t" and "exec" in one.mnemonic)
        lines = list(found.transitions())
        named = f"Starlark transition:{workspace.root}/defs.bzl:7:21"
        at = lines.index("//:a (linux-amd64)")
        assert lines[at + 1 : at + 5] == [
            "  deps#//:t#NoTransition -> ",
            "  deps#//:g.txt#NullTransition -> ",
            f"  deps#//:c#{named} -> {changed.mnemonic}",
            f"  tool#//:t#exec -> {tool.mnemonic}",
        ]
        assert f"{named} -> {changed}" in lines
        full = list(found.transitions(full=True))
        assert "    //:f:x -> [y]" in full
        assert "    compilation_mode:fastbuild -> [opt]" in full
        assert "    is exec configuration:false -> [true]" in full
        assert [line for line in full if not line.startswith("    ")] == lines


# ---- types ------------------------------------------------------------------------------------------------

SCRIPT = '''
"""A team's own build script."""

from pathlib import Path
from typing import assert_never

from rulesengine import (
    ActionFinished, ActionsPlanned, ActionStarted, CancelToken, Event, HowToBuild, OpArguments, OpContext, PhaseStarted,
    Progress, RulesEngineError, TestOptions, Workspace, operation,
)
from rulesengine import NAMES


@operation("stamp", version="1")
def stamp(context: OpContext) -> None:
    with context.create(OpArguments(context.arguments).one("out")) as stream:
        stream.write(b"stamp")


def show(event: Event) -> None:
    match event:
        case ActionFinished(owner=owner, cached=False, seconds=seconds):
            reveal_type(owner)
            print(owner, seconds)
        case ActionStarted() | ActionFinished() | ActionsPlanned():
            pass
        case PhaseStarted(phase=phase) | Progress(phase=phase):
            print(phase)
        case REST:
            pass
        case _:
            assert_never(event)


workspace = Workspace(Path("."), operations=[stamp])
how: HowToBuild = {"jobs": 2, "listener": show, "cancel": CancelToken(timeout=60)}
try:
    result = workspace.build("//...", jobs=2, listener=show)
    report = workspace.test("//...", options=TestOptions(), **how)
    program = workspace.run("//:p", "argument", capture=True, **how)
except RulesEngineError as error:
    print(error.label, error.hint, error.exit_code, error.location and error.location.line, error.to_dict())
    raise SystemExit(error.exit_code) from None
for target in result.targets:
    for output in target.outputs:
        reveal_type(output.digest.hash)
    if target.image:
        print(target.image.platforms[0].size)
reveal_type(workspace.query("//...").targets[0].kind)
reveal_type(workspace.cquery("//...", platform="linux/arm64").files)
reveal_type(workspace.aquery("//...")[0].arguments)
reveal_type(workspace.analyze("//...")[0].providers)
reveal_type(workspace.lint()[0].location.line)
reveal_type(workspace.gc(dry_run=True).bytes_dropped)
reveal_type(workspace.fsck().blobs)
reveal_type(workspace.cache_statistics().entries)
reveal_type(workspace.info()["cache"])
reveal_type(program.stdout)
reveal_type(report.tests[0].status)
reveal_type([one.state for one in workspace.lock(check=True)])
with Workspace.in_memory({"BUILD": ""}) as small:
    reveal_type(small.text("//:x"))
workspace.clean(expunge=True)
'''
TYPES = [
    "str", "str", "str", "tuple[str, ...]", "tuple[str, ...]", "tuple[str, ...]", "int", "int", "int", "int", "str",
    "bytes", "str", "list[str]", "str",
]  # fmt: skip


@pytest.fixture(scope="module")
def mypy_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What mypy has found out of the library, for the next test."""
    return tmp_path_factory.mktemp("mypy")


def test_a_users_script_is_typed_strictly(tmp_path: Path, mypy_cache: Path) -> None:
    script = tmp_path / "build.py"
    taken = ("ActionFinished", "ActionsPlanned", "ActionStarted", "PhaseStarted", "Progress")
    rest = [one.__name__ for one in rulesengine.Event.__args__ if one.__name__ not in taken]
    script.write_text(
        SCRIPT.replace("REST", " | ".join(f"{name}()" for name in rest)).replace("NAMES", ", ".join(rest))
    )
    words = [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={mypy_cache}", str(script)]
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        words, cwd=tmp_path, env={**os.environ, "MYPYPATH": root}, capture_output=True, text=True, check=False
    )
    assert "error:" not in done.stdout, done.stdout
    assert done.returncode == 0, done.stdout + done.stderr
    shown = re.findall(r'Revealed type is "(.*)"', done.stdout)
    assert [one.replace("builtins.", "").replace(" ", "") for one in shown] == [one.replace(" ", "") for one in TYPES]


def test_a_faulty_script_is_told(tmp_path: Path, mypy_cache: Path) -> None:
    """The test above could pass because nothing is checked: it is not so."""
    script = tmp_path / "build.py"
    script.write_text(
        "from rulesengine import Workspace\nw = Workspace()\nw.build('//...', jobs='two')\nw.query('x').label\n"
    )
    words = [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={mypy_cache}", str(script)]
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        words, cwd=tmp_path, env={**os.environ, "MYPYPATH": root}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert 'Argument "jobs"' in done.stdout
    assert '"label"' in done.stdout
