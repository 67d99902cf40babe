"""Commands as processes: exit codes, what goes to which stream, odd directories."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import time
from pathlib import Path

import pytest

from rulesengine.cli import main as front
from rulesengine.cli.commands.help import TOPICS, command_help, flag_help, overview
from rulesengine.cli.flags import COMMANDS, FLAGS, STARTUP
from tests.cli.conftest import Space


def test_exit_codes(space: Space) -> None:
    assert space.run("//a:g").returncode == 0
    bad = space.run("//a:bad")
    assert bad.returncode == 1
    assert bad.stderr.startswith("ERROR: a/BUILD:")
    assert ": //a:bad: " in bad.stderr.splitlines()[0]
    assert "exit code 3\n  oops\n" in bad.stderr
    assert "Traceback" not in bad.stderr
    assert space.run("//a:nope").returncode == 1
    for words in (["bild"], ["--nosuch", "//a:g"], ["build"], ["-C", "missing", "//a:g"], ["query"], ["help", "nix"]):
        done = space.run(*words)
        assert done.returncode == 2, words
        assert done.stderr.startswith("ERROR: ")
        assert done.stdout == ""


def test_outside_of_a_workspace(space: Space, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    done = space.run("//a:g", cwd=outside)
    assert done.returncode == 2
    assert "no MODULE.bazel in" in done.stderr
    assert "pybuild init" in done.stderr
    assert space.run("help", cwd=outside).returncode == 0
    assert space.run("version", cwd=outside).stdout.startswith("pybuild ")


def test_a_directory_that_is_gone(space: Space, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    done = subprocess.run(
        ["/bin/sh", "-c", 'rmdir "$0"; exec "$@"', str(gone), *space.command("//a:g")],
        cwd=gone,
        env=space.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "the current directory does not exist" in done.stderr


def test_a_bug_is_one_line_and_a_saved_report(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def broken(*arguments: object) -> int:
        raise ValueError("boom\nand more")

    monkeypatch.setattr(front, "_run", broken)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert front.run(["//a"]) == 37
    error = capsys.readouterr().err
    assert error.startswith("ERROR: a bug in pybuild: ValueError: boom and more\n  hint: please report it with ")
    report = Path(error.rpartition(" ")[2].strip())
    assert "Traceback" in report.read_text()


def test_keep_going_lists_what_failed(space: Space) -> None:
    done = space.run("-k", "//a:bad", "//a:nope", "//a:h", "--color=yes")
    assert done.returncode == 1
    assert "//a:h sha256:" in done.stderr
    assert "//a:bad \x1b[31;1mfailed\x1b[0m" in done.stderr
    assert done.stderr.count("\x1b[31;1mERROR:\x1b[0m") == 2
    assert "3 actions: 2 run, 0 cached, 1 failed" in done.stderr


def test_colours(space: Space) -> None:
    assert "\x1b" not in space.run("//a:nope").stderr
    assert "\x1b[31;1mERROR:" in space.run("build", "--color=yes", "//a:nope", NO_COLOR="1").stderr


def test_show_output(space: Space) -> None:
    value = json.loads(space.run("build", "--show_output=json", "//a:g").stdout)
    (target,) = value["targets"]
    (output,) = target["outputs"]
    assert value["ok"] is True
    assert output["path"] == str(space.root / "pybuild-bin/a/out")
    assert output["size"] == 2
    assert space.run("build", "--show_output=files", ":g", cwd=space.root / "a").stdout == "../pybuild-bin/a/out\n"
    assert space.run("//a:g").stdout == ""


def test_relative_targets_and_exclusions(space: Space) -> None:
    here = space.root / "a"
    assert space.run(":g", cwd=here).stderr.startswith("//a:g sha256:")
    done = space.run("build", "...", "--", "-:g", cwd=here)
    assert done.returncode == 0
    assert done.stderr.startswith("//a:h ")
    assert "//a:g" not in done.stderr


def test_nobuild_runs_no_action(space: Space) -> None:
    done = space.run("build", "--nobuild", "//a:bad")
    assert done.returncode == 0
    assert done.stderr.startswith("1 target analysed")


def test_a_closed_pipe_is_quiet(space: Space) -> None:
    for words in ("help build", "query //...", "build --show_output=json //a:g"):
        done = subprocess.run(
            ["/bin/sh", "-c", '"$@" | true', "sh", *space.command(*words.split())],
            cwd=space.root,
            env=space.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Broken" not in done.stderr
        assert "Traceback" not in done.stderr


def test_one_at_a_time(space: Space) -> None:
    space.run("//a:g")
    base = Path(space.run("info", "output_base").stdout.strip())
    with open(base / "lock", "r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.seek(0)
        lock.truncate()
        lock.write("12345")
        lock.flush()
        for words in (["--noblock_for_lock", "//a:h"], ["build", "--noblock_for_lock", "//a:h"]):
            done = space.run(*words)
            assert done.returncode == 9
            assert "another pybuild (process 12345) is building this workspace" in done.stderr
        process = subprocess.Popen(
            space.command("//a:h"), cwd=space.root, env=space.environment, stderr=subprocess.PIPE, text=True
        )
        assert process.stderr is not None
        line = process.stderr.readline()
        assert line == "Another pybuild (process 12345) is building this workspace; waiting for it to end.\n"
        time.sleep(0.2)
        assert process.poll() is None
        fcntl.flock(lock, fcntl.LOCK_UN)
        _, rest = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "//a:h sha256:" in rest


def test_the_protocols_documents(space: Space) -> None:
    """cquery's and aquery's, in both of their forms, as Bazel 7.7.1 shapes them."""
    expression = "//a:g + //a:x.txt"
    found = json.loads(space.run("cquery", "--output=jsonproto", expression).stdout)
    assert set(found) == {"results", "configurations"}
    rule, file = found["results"]
    (configuration,) = found["configurations"]
    assert set(configuration) == {"id", "mnemonic", "platformName", "checksum"}
    assert (rule["target"]["type"], rule["configurationId"]) == ("RULE", configuration["id"])
    assert rule["configuration"] == {"checksum": configuration["checksum"]}
    assert file["target"]["type"] == "SOURCE_FILE" and file["configuration"] == {"checksum": "null"}
    text = space.run("cquery", "--output=textproto", expression).stdout
    assert text.startswith('results {\n  target {\n    type: RULE\n    rule {\n      name: "//a:g"\n')
    assert text.endswith(f'  checksum: "{configuration["checksum"]}"\n}}\n')
    text = space.run("aquery", "--output=textproto", "//a:g").stdout
    assert '\ntargets {\n  id: 1\n  label: "//a:g"\n  rule_class_id: 1\n}\n' in text
    assert space.run("query", "--output=textproto", "//a:g").stdout.startswith("target {\n  type: RULE\n")


def test_info_and_clean(space: Space) -> None:
    space.run("//a:g")
    facts = dict(line.split(": ", 1) for line in space.run("info").stdout.splitlines())
    assert facts["workspace"] == str(space.root)
    assert facts["cache"] == str(space.cache)
    assert int(facts["cache_size"]) > 0
    assert space.run("info", "workspace").stdout == f"{space.root}\n"
    assert space.run("info", "bazel-bin").stdout == f"{space.root}/pybuild-bin\n"
    assert json.loads(space.run("info", "--output=json", "bazel-testlogs").stdout) == {
        "bazel-testlogs": f"{space.root}/pybuild-testlogs"
    }
    # What a script of Bazel's users does: a file of cquery's lies below the execution root.
    made = space.run("cquery", "--output=files", "//a:g").stdout.strip()
    assert (Path(space.run("info", "execution_root").stdout.strip()) / made).exists()
    bad = space.run("info", "workspce")
    assert (bad.returncode, bad.stdout) == (2, "")
    assert "did you mean 'workspace'" in bad.stderr
    assert space.run("clean").returncode == 0
    assert not os.path.lexists(space.root / "pybuild-bin")
    assert not Path(facts["output_path"]).exists()
    assert "1 action: 0 run, 1 cached" in space.run("//a:g").stderr
    assert space.run("clean", "--expunge").returncode == 0
    assert os.listdir(facts["output_base"]) == ["lock"]


def test_help_covers_every_command_and_flag(space: Space) -> None:
    text = overview()
    for command in COMMANDS:
        assert command.name in text
        assert command.usage in command_help(command)
    lock = next(one for one in COMMANDS if one.name == "lock")
    assert space.run("help", "lock").stdout == command_help(lock)
    for flag in (*FLAGS, *STARTUP):
        assert f"--{'[no]' if flag.kind == 'bool' else ''}{flag.name}" in flag_help(flag)
    for topic in TOPICS:
        assert TOPICS[topic].endswith("\n")
    assert space.run("build", "--help").stdout.startswith("pybuild [build] [FLAGS] TARGET")
    assert space.run("help", "--jobs").stdout.startswith("  -j, --jobs=N\n")


# ---- init ---------------------------------------------------------------------


def test_init_writes_what_ships(space: Space, tmp_path: Path) -> None:
    where = tmp_path / "deep/er/a dir with blänks"
    done = space.run("init", "--nolock", str(where), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    shipped = Path(front.__file__).parents[1] / "data/init"
    for file in shipped.rglob("*"):
        if file.is_file():
            assert (where / file.relative_to(shipped)).read_bytes() == file.read_bytes()
    assert (where / ".gitignore").read_text() == "/pybuild-bin\n"
    assert json.loads((where / "debian/trixie.lock.json").read_text())["version"] == 1
    assert "Next: pybuild -C " in done.stderr
    assert space.run("query", "//base:all", cwd=where).stdout.startswith("//base:")
    again = space.run("init", "--nolock", str(where), cwd=tmp_path)
    assert again.returncode == 0
    assert "wrote" not in again.stderr
    assert again.stderr.count("exists and is left as it is") >= 4


def test_init_in_a_directory_with_files(space: Space, tmp_path: Path) -> None:
    where = tmp_path / "w"
    (where / "base").mkdir(parents=True)
    (where / "base/BUILD.bazel").write_text("# mine\n")
    (where / ".gitignore").write_text("*.o")
    done = space.run("init", "--nolock", cwd=where)
    assert done.returncode == 0
    assert not (where / "base/BUILD").exists()
    assert "base/BUILD exists and is left as it is" in done.stderr
    assert (where / ".gitignore").read_text() == "*.o\n/pybuild-bin\n"
    assert done.stderr.endswith("Next: pybuild //base:static\n")


def test_init_where_it_cannot_be(space: Space, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for where in ("file", "file/below"):
        done = space.run("init", "--nolock", where, cwd=tmp_path)
        assert done.returncode == 2
        assert "is a file, or lies below one" in done.stderr
    assert space.run("init", "a", "b", cwd=tmp_path).returncode == 2


def test_init_falls_back_on_the_lock_that_ships(space: Space, tmp_path: Path) -> None:
    (tmp_path / ".pybuildrc").write_text("")
    done = space.run("init", "--offline", "w", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "trixie.lock.json is the one that ships with pybuild; pybuild lock --update refreshes it" in done.stderr
