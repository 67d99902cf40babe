"""Files for machines: build events, execution log, profile, explanation; compared with the shapes of Bazel's own."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from rulesengine.cli.records.secrets import HIDDEN, without_secrets
from tests.cli.conftest import Space
from tests.cli.shapes import FILES, RUNS, several, shape

SHAPES = json.loads((Path(__file__).parent / "shapes.json").read_text())
FLAGS = (
    "--build_event_json_file=events.json",
    "--execution_log_json_file=spawns.json",
    "--profile=trace.json",
    "--explain=why.txt",
)
OURS = {
    "started": (".started.buildToolVersion",),  # Debian's Bazel does not know its own
    # Bazel names files for what an action printed; ours holds the end of it.  It tells the times since Bazel 7.2.
    "actionCompleted": (
        ".action.stderr.contents", ".action.stdout", ".action.failureDetail.execution", ".action.startTime",
        ".action.endTime",
    ),
}  # fmt: skip
"""What we say beyond Bazel 7.7.1's recorded files, though its protocol has it."""
NEEDED = {
    "started", "unstructuredCommandLine", "optionsParsed", "pattern", "configuration", "targetConfigured",
    "targetCompleted", "namedSet", "actionCompleted", "testResult", "testSummary", "buildFinished", "buildMetrics",
    "buildToolLogs",
}  # fmt: skip


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, subprocess.CompletedProcess[str]]]:
    """Every command of RUNS in one workspace, with its files in a directory of its own."""
    base = tmp_path_factory.mktemp("records")
    space = Space(base)
    for name, text in FILES.items():
        space.write(name, text).chmod(0o755 if name.endswith(".sh") else 0o644)
    out = {}
    for number, (title, (command, *words)) in enumerate(RUNS.items()):
        directory = base / str(number)
        directory.mkdir()
        flags = [flag.replace("=", f"={directory}/") for flag in FLAGS]
        out[title] = (directory, space.run(command, *flags, *words))
    return out


def events(directory: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (directory / "events.json").read_text().splitlines()]


def kinds(directory: Path) -> list[str]:
    return [next(iter(event["id"])) for event in events(directory)]


Runs = dict[str, tuple[Path, subprocess.CompletedProcess[str]]]


@pytest.mark.parametrize("title", RUNS)
def test_exit_codes_and_their_names_are_bazels(runs: Runs, title: str) -> None:
    directory, done = runs[title]
    assert done.returncode == SHAPES["exits"][title], done.stderr
    finished = next(one["finished"] for one in events(directory) if "finished" in one)
    assert finished["exitCode"] == SHAPES["finished"][title]
    assert finished.get("overallSuccess", False) is (done.returncode == 0)


def test_events_have_the_shape_of_bazels(runs: Runs) -> None:
    seen: dict[str, dict[str, list[str]]] = {}
    for directory, _ in runs.values():
        for event in events(directory):
            kind = next(iter(event["id"]))
            if kind == "progress":  # the recorded ones are left out of the shapes, since their number is chance
                assert set(event) <= {"id", "children", "progress"} and set(event["progress"]) <= {"stdout", "stderr"}
            elif kind != "workspaceStatus":
                shape(event, seen.setdefault(kind, {}))
    assert set(seen) >= NEEDED
    assert set(seen) <= {*SHAPES["events"], "workspaceStatus"}
    others = [
        (kind, path, types)
        for kind, ours in seen.items()
        for path, types in ours.items()
        if not path.startswith(OURS.get(kind, ("?",))) and not set(types) <= set(SHAPES["events"][kind].get(path, ()))
    ]
    assert others == []


def test_every_announced_event_comes(runs: Runs) -> None:
    for title, (directory, _) in runs.items():
        told = {json.dumps(event["id"], sort_keys=True) for event in events(directory)}
        assert len(told) == len(events(directory)), title
        for event in events(directory):
            for child in event.get("children", ()):
                assert json.dumps(child, sort_keys=True) in told, (title, child)
        assert [one for one in events(directory) if one.get("lastMessage")] == events(directory)[-1:]
        assert kinds(directory)[0] == "started"


def test_targets_and_their_files(runs: Runs) -> None:
    directory, _ = runs["built"]
    sets = {
        one["id"]["namedSet"]["id"]: one["namedSetOfFiles"] for one in events(directory) if "namedSetOfFiles" in one
    }
    done = {one["id"]["targetCompleted"]["label"]: one["completed"] for one in events(directory) if "completed" in one}
    assert set(done) == {"//a:g", "//a:h"}
    for label, name, text in (("//a:g", "a/out", b"x\n"), ("//a:h", "a/h.out", b"x\nh\n")):
        assert done[label]["success"] is True
        (group,) = done[label]["outputGroup"]
        (file,) = sets[group["fileSets"][0]["id"]]["files"]
        assert file["name"] == name
        assert file["length"] == str(len(text))
        assert Path(file["uri"].removeprefix("file://")).name == name.rpartition("/")[2]


def test_failures_are_told(runs: Runs) -> None:
    directory, done = runs["failed, and another built"]
    assert done.returncode == 1
    found = events(directory)
    (action,) = [one for one in found if "action" in one]
    assert action["id"]["actionCompleted"]["label"] == "//a:bad"
    assert action["action"]["exitCode"] == 3
    completed = {one["id"]["targetCompleted"]["label"]: one["completed"] for one in found if "completed" in one}
    assert completed["//a:g"]["success"] is True
    assert "success" not in completed["//a:bad"]
    assert completed["//a:bad"]["failureDetail"]["spawn"]["spawnExitCode"] == 3
    directory, _ = runs["a file that does not parse"]
    (aborted,) = [one["aborted"] for one in events(directory) if "aborted" in one]
    assert aborted["reason"] == "LOADING_FAILURE"


def test_results_of_tests(runs: Runs) -> None:
    directory, _ = runs["tested"]
    status = {
        one["id"]["testSummary"]["label"]: one["testSummary"] for one in events(directory) if "testSummary" in one
    }
    assert {label: one["overallStatus"] for label, one in status.items()} == {"//a:t": "PASSED", "//a:f": "FAILED"}
    log = Path(status["//a:f"]["failed"][0]["uri"].removeprefix("file://"))
    assert log.name == "test.log"


def test_the_execution_log(runs: Runs) -> None:
    directory, _ = runs["built"]
    first, second = several((directory / "spawns.json").read_text())
    seen: dict[str, list[str]] = {}
    for one in (first, second):
        shape(one, seen)
    theirs = SHAPES["spawn"]
    for path, types in seen.items():
        assert path.startswith((".digest", ".metrics.executionWallTime")) or path in theirs, path
        assert path.startswith(".digest") or set(types) <= set(theirs[path]), path
    assert [one["targetLabel"] for one in (first, second)] == ["//a:g", "//a:h"]
    assert first["actualOutputs"][0]["digest"] == second["inputs"][0]["digest"]
    assert not first["cacheHit"]
    again = list(several((runs["nothing to do"][0] / "spawns.json").read_text()))
    assert [one["cacheHit"] for one in again] == [True, True]
    same = ("commandArgs", "environmentVariables", "inputs", "actualOutputs", "digest", "listedOutputs")
    for one, other in zip((first, second), again, strict=True):
        assert {name: one[name] for name in same} == {name: other[name] for name in same}
    (bad,) = several((runs["failed"][0] / "spawns.json").read_text())
    assert (bad["exitCode"], bad["status"], bad["actualOutputs"]) == (3, "NON_ZERO_EXIT", [])


def test_the_profile(runs: Runs) -> None:
    for title in ("built", "failed", "no such target"):
        trace = json.loads((runs[title][0] / "trace.json").read_text())
        assert trace["otherData"]["build_id"]
        for event in trace["traceEvents"]:
            seen: dict[str, list[str]] = {}
            shape({**event, "args": {}}, seen)
            theirs = {**SHAPES["trace"][event["ph"]], ".args": ["object"], ".s": ["text"]}
            assert set(seen) <= set(theirs), event
    trace = json.loads((runs["built"][0] / "trace.json").read_text())
    spans = [one for one in trace["traceEvents"] if one["ph"] == "X"]
    assert [one["name"] for one in spans if one["cat"] == "build phase"] == [
        "Startup", "loading", "analysis", "execution", "delivery",
    ]  # fmt: skip
    actions = [one for one in spans if one["cat"] == "action processing"]
    assert [one["args"]["target"] for one in actions] == ["//a:g", "//a:h"]
    execution = next(one for one in spans if one["name"] == "execution")
    for one in actions:
        assert execution["ts"] <= one["ts"] <= one["ts"] + one["dur"] <= execution["ts"] + execution["dur"] + 1000
    assert {one["name"] for one in trace["traceEvents"] if one["ph"] == "C"} >= {
        "action count",
        "Memory usage (pybuild)",
    }


def test_the_explanation(runs: Runs) -> None:
    lines = (runs["built"][0] / "why.txt").read_text().splitlines()
    assert lines[0].startswith("Build options: --build_event_json_file=")
    assert lines[1:4] == [
        "Executing action 'Genrule a/out' of //a:g: it has not run here before.",
        "Executing action 'Genrule a/h.out' of //a:h: it has not run here before.",
        "",
    ]
    assert (
        lines[4] == "Causes:"
        and lines[5].startswith("Genrule of //a:g a/out")
        and "built for the first time" in lines[6]
    )
    assert len((runs["nothing to do"][0] / "why.txt").read_text().splitlines()) == 1


def test_the_explanation_names_what_changed_since_the_last_time(space: Space) -> None:
    space.write("e/in", "1")
    build = 'genrule(name = "one", srcs = ["in"], outs = ["o1"], cmd = "cat $< > $@")\n'
    build += 'genrule(name = "two", srcs = ["o1"], outs = ["o2"], cmd = "cat $< > $@; echo {0} >> $@")\n'
    space.write("e/BUILD", build.format("x"))

    def why(*words: str) -> str:
        done = space.run("//e:two", "--explain=why.txt", *words)
        assert done.returncode == 0, done.stderr
        return (space.root / "why.txt").read_text().partition("\n")[2]

    assert why().count("it has not run here before") == 2
    assert why() == ""

    space.write("e/in", "2")
    text = why()
    assert text.count("its command, environment, platform or inputs have changed") == 2
    assert "source file edited: e/in" in text.partition("Causes:")[2]

    space.write("e/BUILD", build.format("y"))
    text = why()
    assert "of //e:two: its command" in text and "//e:one" not in text.partition("Causes:")[0]
    assert "attribute changed: cmd: cat" in text and "e/BUILD:2" in text

    text = why("--action_env=COLOUR=red", "--verbose_explanations")
    assert "  environment COLOUR=red\n" in text and "environment variable: COLOUR: (none) → red" in text

    shutil.rmtree(space.cache / "ac")
    (space.root / "pybuild-bin/e/o2").unlink()
    text = why("--action_env=COLOUR=red")
    assert text.count("its result is not in the cache any more") == 2, text
    assert "result lost from the cache" in text


def test_a_build_with_nothing_to_do_writes_its_files_too(space: Space) -> None:
    words = ("//a:g", "--profile=p.json.gz", "--build_event_text_file=events.txt")
    for _ in range(3):
        space.settle()
        assert space.run(*words).returncode == 0
        trace = json.loads(gzip.decompress((space.root / "p.json.gz").read_bytes()))
        assert trace["traceEvents"][-1]["args"] == {"exit_code": 0}
        text = (space.root / "events.txt").read_text()
        assert text.startswith("event {\n  id {\n    started {\n")
        assert 'label: "//a:g"' in text
        (space.root / "p.json.gz").unlink()
        (space.root / "events.txt").unlink()


def test_a_file_that_cannot_be_written(space: Space) -> None:
    # As Bazel 7.7.1: a record for people that cannot be made is missed, and no more.
    for name in ("profile", "explain", "execution_log_json_file"):
        done = space.run("//a:g", f"--{name}=no/such/directory/p")
        assert done.returncode == 0
        assert done.stderr.count(f"WARNING: --{name}: cannot write") == 1
    for name in ("build_event_json_file", "build_event_text_file"):
        done = space.run("//a:g", f"--{name}=no/such/directory/e")
        assert done.returncode == 36 and f"--{name}: cannot write" in done.stderr
    # As Bazel 7.7.1: 36 for a file that cannot be made, 38 for one that cannot be written, though the build failed too.
    space.write("no/BUILD", 'genrule(name = "bad", outs = ["b"], cmd = "exit 3")')
    for target in ("//a:g", "//no:bad"):
        done = space.run(target, "--build_event_json_file=/dev/full")
        assert done.returncode == 38, done.stderr
        assert done.stderr.count("/dev/full is incomplete: No space left on device") == 1
    done = space.run("//a:g", "--execution_log_json_file=/dev/full")
    assert done.returncode == 0


def test_a_killed_build_leaves_what_was_known(space: Space) -> None:
    space.write("s/BUILD", 'genrule(name = "s", outs = ["o"], cmd = "sleep 60; touch $@")')
    for number, code in ((signal.SIGTERM, 8), (signal.SIGKILL, -9)):
        process = subprocess.Popen(
            space.command("//s", "--build_event_json_file=events.json", "--progress_report_interval=1"),
            cwd=space.root, env=space.environment, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            assert process.stderr is not None
            while "1 running" not in (line := process.stderr.readline()):
                assert line
            process.send_signal(number)
            assert process.wait(20) == code
        finally:
            process.kill()
            process.wait()
            if process.stderr is not None:
                process.stderr.close()
        told = kinds(space.root)
        assert "targetConfigured" in told
        if number == signal.SIGTERM:
            assert events(space.root)[-1]["lastMessage"] is True
            (aborted,) = [one["aborted"] for one in events(space.root) if "aborted" in one]
            assert aborted["reason"] == "USER_INTERRUPTED"
            (finished,) = [one["finished"] for one in events(space.root) if "finished" in one]
            assert finished["exitCode"] == {"name": "INTERRUPTED", "code": 8}


def test_events_are_written_while_the_build_goes_on(space: Space) -> None:
    """Of targets and of tests, each as it ends; and what they name is there.  Then the build is killed."""
    space.write("live/slow.sh", "#!/bin/sh\nexec sleep 60\n").chmod(0o755)
    space.write("live/quick.sh", "#!/bin/sh\necho said\n").chmod(0o755)
    space.write(
        "live/BUILD",
        """
genrule(name = "bad", outs = ["b"], cmd = "echo broken >&2; exit 7")
genrule(name = "worse", srcs = ["b"], outs = ["w"], cmd = "touch $@")
sh_test(name = "quick", srcs = ["quick.sh"])
sh_test(name = "slow", srcs = ["slow.sh"])
genrule(name = "done", outs = ["d"], cmd = "echo done > $@")
""",
    )
    process = subprocess.Popen(
        space.command("test", "//live:all", "-k", "-j4", "--build_event_json_file=events.json"),
        cwd=space.root, env=space.environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    wanted = {"//live:bad", "//live:worse", "//live:done", "//live:quick"}
    try:
        end = time.monotonic() + 60
        found: list[dict[str, Any]] = []
        while time.monotonic() < end:
            with contextlib.suppress(OSError):
                whole = (space.root / "events.json").read_text().rpartition("\n")[0]
                found = [json.loads(line) for line in whole.splitlines()]
            completed = {one["id"]["targetCompleted"]["label"]: one["completed"] for one in found if "completed" in one}
            results = {one["id"]["testResult"]["label"]: one["testResult"] for one in found if "testResult" in one}
            if wanted <= set(completed) and results:
                break
            time.sleep(0.05)
        assert process.poll() is None
        assert {label for label in wanted if completed[label].get("success")} == {"//live:done", "//live:quick"}
        assert completed["//live:bad"]["failureDetail"]["spawn"]["spawnExitCode"] == 7
        (file,) = completed["//live:done"]["importantOutput"]
        assert Path(file["uri"].removeprefix("file://")).read_text() == "done\n"
        assert set(results) == {"//live:quick"}
        (log, _) = results["//live:quick"]["testActionOutput"]
        assert "said" in Path(log["uri"].removeprefix("file://")).read_text()
        assert [one["id"]["testSummary"]["label"] for one in found if "testSummary" in one] == ["//live:quick"]
        (progress,) = [one["progress"]["stderr"] for one in found if one.get("progress")]
        assert progress == "FAILED: Genrule live/b of //live:bad:\nbroken\n"
        (action,) = [one["action"] for one in found if "action" in one]
        assert action["exitCode"] == 7
    finally:
        process.kill()
        process.wait()
    assert len(events(space.root)) >= len(found)  # every line reads
    assert not [one for one in events(space.root) if one.get("lastMessage")]


def test_secrets_are_not_written(space: Space) -> None:
    space.write("t/BUILD", 'sh_test(name = "t", srcs = ["t.sh"])')
    space.write("t/t.sh", "#!/bin/sh\nexit 0\n").chmod(0o755)
    words = ("test", "//t", "--test_env=API_TOKEN=hunter2", "--mirror=https://joe:hunter2@127.0.0.1/debian")
    done = space.run(*words, *FLAGS, "--verbose_explanations", "-s", "--build_event_text_file=events.txt")
    assert done.returncode == 0, done.stderr
    for name in ("events.json", "spawns.json", "trace.json", "why.txt", "events.txt"):
        assert "hunter2" not in (space.root / name).read_text(), name
    assert "hunter2" not in done.stderr
    assert "API_TOKEN" in (space.root / "spawns.json").read_text()


@pytest.mark.parametrize(
    ("word", "shown"),
    [
        ("--test_env=GITHUB_TOKEN=x=y", f"--test_env=GITHUB_TOKEN={HIDDEN}"),
        ("AWS_SECRET_ACCESS_KEY=1", f"AWS_SECRET_ACCESS_KEY={HIDDEN}"),
        ("--mirror=https://u:p@h/x", f"--mirror=https://{HIDDEN}@h/x"),
        ("--define=keyboard=qwerty", "--define=keyboard=qwerty"),
        ("--define=MONKEY=x", "--define=MONKEY=x"),
        ("//a:token", "//a:token"),
    ],
)
def test_what_is_a_secret(word: str, shown: str) -> None:
    assert without_secrets(word) == shown


def test_commands_are_shown(space: Space) -> None:
    done = space.run("//a:h", "-s")
    assert [line for line in done.stderr.splitlines() if line.startswith("SUBCOMMAND")] == [
        f"SUBCOMMAND: # //a:{name} [action 'Genrule a/{out}', configuration: {configuration()}, mnemonic: Genrule]"
        for name, out in (("g", "out"), ("h", "h.out"))
    ]
    assert "SUBCOMMAND" not in space.run("//a:h", "-s").stderr
    space.write("a/x.txt", "other\n")
    pretty = space.run("//a:g", "--subcommands=pretty_print").stderr
    assert "  /bin/bash \\\n    -c \\\n    'set -euo pipefail" in pretty


def configuration() -> str:
    return {"x86_64": "linux-amd64", "aarch64": "linux-arm64-v8"}[os.uname().machine]


def test_check_up_to_date(space: Space) -> None:
    stale = space.run("--check_up_to_date", "//a:h")
    assert stale.returncode == 1
    assert "Genrule a/out is not up to date" in stale.stderr
    assert not (space.root / "pybuild-bin/a/h.out").exists()
    assert space.run("//a:h").returncode == 0
    assert space.run("--check_up_to_date", "//a:h").returncode == 0
    out = space.root / "pybuild-bin/a/h.out"
    out.unlink()
    gone = space.run("--check_up_to_date", "//a:h")
    assert gone.returncode == 1
    assert "a/h.out is not up to date in the output tree" in gone.stderr
    assert not out.exists()
    space.write("a/x.txt", "new\n")
    time.sleep(0.05)
    assert space.run("test", "--check_up_to_date", "//a:h").returncode == 1
