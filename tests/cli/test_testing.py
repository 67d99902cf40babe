"""`pybuild test` and `pybuild run`: real tests in real processes, what is printed, exit codes, logs and reports."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import time
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.cli.conftest import Space

SCRIPTS = {
    "ok": 'echo fine; echo "$TEST_TMPDIR" >&2',
    "bad": "echo 'this ]]> goes wrong' && printf 'a\\001b\\n'; exit 7",
    "slow": "echo begun; sleep 60 & sleep 60",
    "sharded": 'touch "$TEST_SHARD_STATUS_FILE"; echo "$TEST_SHARD_INDEX of $TEST_TOTAL_SHARDS"',
    "premature": 'touch "$TEST_PREMATURE_EXIT_FILE"',
    "signal": "kill -9 $$",
    "own_xml": 'echo \'<testsuites><testsuite name="s"><testcase name="c"><failure/></testcase></testsuite>'
    '</testsuites>\' > "$XML_OUTPUT_FILE"; mkdir "$TEST_UNDECLARED_OUTPUTS_DIR/d"; '
    'echo kept > "$TEST_UNDECLARED_OUTPUTS_DIR/d/f"; exit 1',
    "network": "exec 3<>/dev/tcp/127.0.0.1/1 2>/dev/null; [ -z \"$(grep -v 'lo:\\|face\\|Inter' /proc/net/dev)\" ]",
    "shell_prog": 'echo "got $*"; exit 9',
}


@pytest.fixture
def tests(space: Space) -> Space:
    for name, text in SCRIPTS.items():
        space.write(f"t/{name}.sh", f"#!/bin/bash\n{text}\n").chmod(0o755)
    more = {"sharded": "shard_count = 3", "ok": 'size = "small"', "own_xml": "flaky = True"}
    space.write(
        "t/BUILD",
        "".join(
            f'sh_test(name = "{name}_test", srcs = ["{name}.sh"], {more.get(name, "")})\n'
            for name in SCRIPTS
            if name != "shell_prog"
        )
        + 'sh_test(name = "unsharded_test", srcs = ["ok.sh"], shard_count = 2)\n'
        + 'sh_binary(name = "prog", srcs = ["shell_prog.sh"], args = ["own"])\n'
        + 'sh_library(name = "lib", srcs = ["ok.sh"])\n',
    )
    return space


def _report(space: Space, *words: str) -> tuple[int, dict[str, Any]]:
    done = space.run("test", "--show_output=json", *words)
    assert done.stdout, done.stderr
    answer = json.loads(done.stdout)
    return done.returncode, {one["label"]: one for one in answer["tests"]}


def test_what_is_printed_and_cached(tests: Space) -> None:
    first = tests.run("test", "//t:ok_test", "//t:bad_test")
    assert first.returncode == 3
    lines = first.stdout.splitlines()
    assert [line.split()[:2] for line in lines[:2]] == [["//t:ok_test", "PASSED"], ["//t:bad_test", "FAILED"]]
    assert lines[2].strip() == "pybuild-testlogs/t/bad_test/test.log"
    assert lines[-1] == "Executed 2 out of 2 tests: 1 test passes and 1 fails locally."
    again = tests.run("test", "--test_output=errors", "//t:ok_test", "//t:bad_test").stdout
    assert "(cached) PASSED" in again
    assert "==== Test output for //t:bad_test:\nthis ]]> goes wrong\n" in again
    assert "Executed 1 out of 2 tests" in again
    assert "fine" not in again
    assert "fine" in tests.run("test", "--test_output=all", "//t:ok_test").stdout
    assert "(cached)" not in tests.run("test", "--nocache_test_results", "//t:ok_test").stdout
    assert "bad_test" not in tests.run("test", "--test_summary=none", "//t:bad_test").stdout


def test_reports_are_junit_whatever_a_log_holds(tests: Space) -> None:
    tests.run("test", "-k", "//t:bad_test", "//t:ok_test", "//t:signal_test", "//t:own_xml_test")
    logs = tests.root / "pybuild-testlogs" / "t"
    bad = ElementTree.parse(logs / "bad_test" / "test.xml").getroot()
    assert bad.tag == "testsuites"
    [suite] = bad
    assert (suite.get("tests"), suite.get("errors")) == ("1", "1")
    assert (suite.findtext("system-out") or "").strip() == "this ]]> goes wrong\na?b"
    [error] = bad.iter("error")
    assert error.get("message") == "exited with error code 7"
    [error] = ElementTree.parse(logs / "signal_test" / "test.xml").getroot().iter("error")
    assert error.get("message") == "ended by signal 9"
    good = ElementTree.parse(logs / "ok_test" / "test.xml").getroot()
    assert not list(good.iter("error"))
    own = ElementTree.parse(logs / "own_xml_test" / "test.xml").getroot()
    assert [case.get("name") for case in own.iter("testcase")] == ["c"]
    assert (logs / "own_xml_test" / "test.outputs" / "d" / "f").read_text() == "kept\n"
    attempts = logs / "own_xml_test" / "test_attempts"
    assert sorted(path.name for path in attempts.glob("*.log")) == ["attempt_1.log", "attempt_2.log"]


def test_a_timeout_ends_the_whole_group(tests: Space) -> None:
    began = time.monotonic()
    code, found = _report(tests, "--test_timeout=1", "//t:slow_test")
    assert time.monotonic() - began < 20
    assert (code, found["//t:slow_test"]["status"]) == (3, "TIMEOUT")
    log = tests.root / "pybuild-testlogs" / "t" / "slow_test"
    assert (log / "test.log").read_text() == "begun\n"
    [error] = ElementTree.parse(log / "test.xml").getroot().iter("error")
    assert error.get("message") == "Timed out"


def test_shards_runs_and_attempts(tests: Space) -> None:
    code, found = _report(tests, "//t:sharded_test", "//t:unsharded_test", "//t:premature_test")
    assert code == 3
    assert {label: one["status"] for label, one in found.items()} == {
        "//t:sharded_test": "PASSED",
        "//t:unsharded_test": "FAILED",
        "//t:premature_test": "FAILED",
    }
    logs = tests.root / "pybuild-testlogs" / "t"
    assert [(logs / "sharded_test" / f"shard_{i}_of_3" / "test.log").read_text() for i in (1, 2, 3)] == [
        f"{i} of 3\n" for i in (0, 1, 2)
    ]
    assert "TEST_SHARD_STATUS_FILE" in (logs / "unsharded_test" / "shard_1_of_2" / "test.log").read_text()
    code, found = _report(
        tests, "--runs_per_test=3", "--runs_per_test=//t:ok.*,-//t:own@2", "//t:ok_test", "//t:premature_test"
    )
    runs = {label: len(one["runs"]) for label, one in found.items()}
    assert (code, runs) == (3, {"//t:ok_test": 2, "//t:premature_test": 3})
    code, found = _report(tests, "--flaky_test_attempts=2", "//t:bad_test")
    [run] = found["//t:bad_test"]["runs"]
    assert (code, len(run["seconds"])) == (3, 2)


def test_the_flag_says_how_many_shards_there_are(tests: Space) -> None:
    logs = tests.root / "pybuild-testlogs/t/sharded_test"
    assert tests.run("test", "//t:sharded_test", "--test_sharding_strategy=forced=2").returncode == 0
    assert [(logs / f"shard_{i}_of_2" / "test.log").read_text() for i in (1, 2)] == ["0 of 2\n", "1 of 2\n"]
    assert tests.run("test", "//t:sharded_test", "--test_sharding_strategy=disabled").returncode == 0
    assert (logs / "test.log").read_text().endswith(" of \n")
    for bad in ("none", "forced=", "forced=51"):
        done = tests.run("test", "//t:sharded_test", f"--test_sharding_strategy={bad}")
        assert done.returncode == 2 and "explicit, disabled or forced=N" in done.stderr


def test_a_test_that_passes_the_second_time_is_flaky(tests: Space, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    tests.write("t/twice.sh", f"#!/bin/bash\n[ -e {mark} ] || {{ touch {mark}; exit 1; }}\n").chmod(0o755)
    with (tests.root / "t" / "BUILD").open("a") as build:
        build.write('sh_test(name = "twice_test", srcs = ["twice.sh"], flaky = True, local = True)\n')
    done = tests.run("test", "//t:twice_test")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FLAKY, failed in 1 out of 2 in " in done.stdout
    assert "(cached)" not in tests.run("test", "//t:twice_test").stdout, "a flaky result is not kept"


def test_notest_keep_going_stops_at_the_first_failure(tests: Space) -> None:
    code, found = _report(tests, "-j1", "--notest_keep_going", "//t:bad_test", "//t:signal_test", "//t:premature_test")
    statuses = sorted(str(one["status"]) for one in found.values())
    assert (code, statuses) == (3, ["FAILED", "NO STATUS", "NO STATUS"])


def test_streamed_output_comes_as_it_is_written(tests: Space) -> None:
    done = tests.run("test", "--test_output=streamed", "--cache_test_results=no", "//t:ok_test")
    assert done.returncode == 0
    assert "fine" in done.stderr


def test_tests_see_no_network(tests: Space) -> None:
    assert tests.run("test", "//t:network_test").returncode == 0


def test_exit_codes(tests: Space) -> None:
    nothing = tests.run("test", "//a:g")
    assert nothing.returncode == 4
    assert "No test targets were found, yet testing was requested" in nothing.stderr
    tests.write("b/BUILD", 'sh_test(name = "x_test", srcs = ["no.sh"], data = ["//a:bad"])\n')
    broken = tests.run("test", "-k", "//b:x_test", "//t:ok_test")
    assert broken.returncode == 1
    assert "//b:x_test" in broken.stdout + broken.stderr
    assert tests.run("test", "--runs_per_test=x@", "//t:ok_test").returncode == 2
    assert tests.run("test", "--test_timeout=1,2", "//t:ok_test").returncode == 2
    for flag in ("runs_per_test", "flaky_test_attempts", "test_sharding_strategy=forced"):
        for number in ("²", "9" * 20):
            done = tests.run("test", f"--{flag}={number}", "//t:ok_test")
            assert done.returncode == 2 and f"ERROR: --{flag}={number}: it is" in done.stderr


def test_run_becomes_the_program(tests: Space) -> None:
    done = tests.run("run", "//t:prog", "--", "--more")
    assert (done.returncode, done.stdout) == (9, "got own --more\n")
    killed = tests.run("run", "//t:signal_test")
    assert killed.returncode == -9
    assert tests.run("run", "//t:lib").returncode == 2
    assert tests.run("run", "//t:all").returncode == 2
    script = tests.root / "go.sh"
    assert tests.run("run", f"--script_path={script}", "//t:prog").returncode == 0
    assert script.stat().st_mode & stat.S_IXUSR
    again = subprocess.run(
        [script, "late"], capture_output=True, text=True, check=False, env={"PATH": os.environ["PATH"]}
    )
    assert (again.returncode, again.stdout) == (9, "got own late\n")


@pytest.mark.parametrize("flag", ["action_env", "host_action_env", "test_env"])
def test_environment_is_text(tests: Space, flag: str) -> None:
    """The value of the caller's own variable is bytes, which neither actions nor their keys can hold."""
    for words in (f"--{flag}=BAD", f"--{flag}=A=\udcff"):
        done = tests.run("test", words, "//t:ok_test", BAD="x\udcff")
        assert done.returncode == 2, done.stderr
        assert done.stderr.startswith(f"ERROR: --{flag}") and "byte 0xff is not UTF-8" in done.stderr
    assert tests.run("run", "//t:prog", "é").stdout == "got own é\n"


def test_run_under(tests: Space) -> None:
    """A command, or a target, before each test; the result of a test without it is another one."""
    tests.write("t/under.sh", '#!/bin/bash\necho "under $1: $(basename $2)"; exit 3\n').chmod(0o755)
    tests.write("u/BUILD", 'sh_binary(name = "under", srcs = ["//t:under.sh"])\n')
    tests.write("t/BUILD", (tests.root / "t/BUILD").read_text() + 'exports_files(["under.sh"])\n')
    assert _report(tests, "//t:ok_test")[0] == 0
    code, found = _report(tests, "--run_under=env -i", "//t:ok_test")
    assert code == 0 and found["//t:ok_test"]["status"] == "PASSED"
    for target in ("//u:under", "//t:under.sh"):
        code, found = _report(tests, f"--run_under={target} here", "--test_strategy=exclusive", "//t:ok_test")
        assert code == 3
        log = (tests.root / "pybuild-testlogs/t/ok_test/test.log").read_text()
        assert log == "under here: ok_test\n"
    script = tests.root / "go.sh"
    assert tests.run("run", "--run_under=A='b c' env", f"--script_path={script}", "//t:prog").returncode == 0
    again = subprocess.run([script, "late  one"], capture_output=True, text=True, check=False)
    assert (again.returncode, again.stdout) == (9, "got own late  one\n")
    done = tests.run("run", "--run_under=there-is-none", "//t:prog")
    assert done.returncode == 127 and "there-is-none" in done.stderr
    done = tests.run("test", "--run_under=//u:no", "//t:ok_test")
    assert done.returncode == 1 and "no target 'no'" in done.stderr
    done = tests.run("test", "--run_under=//u:all", "--run_under='", "//t:ok_test")
    assert done.returncode == 2 and "--run_under='" in done.stderr
    done = tests.run("test", "--test_strategy=remote", "//t:ok_test")
    assert done.returncode == 2 and "standalone" in done.stderr
    ran = tests.run("run", "--run_under=//u:under there", "//t:prog")
    assert (ran.returncode, ran.stdout) == (3, "under there: prog\n")


def test_the_library_gives_a_typed_report(tests: Space) -> None:
    from rulesengine import TestOptions, Workspace

    workspace = Workspace(tests.root, cache=tests.cache)
    report = workspace.test("//t:ok_test", "//t:bad_test", options=TestOptions(arguments=("x",)))
    assert [(one.label, one.status, one.cached) for one in report.tests] == [
        ("//t:ok_test", "PASSED", False),
        ("//t:bad_test", "FAILED", False),
    ]
    assert not report.ok
    assert report.build.ok
    assert report.tests[1].runs[0].exit_code == 7
    program = workspace.runnable("//t:prog")
    assert program.arguments == ("own",)
    done = subprocess.run(
        [program.path, *program.arguments], cwd=program.directory, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (9, "got own\n")
