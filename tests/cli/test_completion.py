"""Completion, asked as shells ask it, and in real shells."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from rulesengine.cli.commands.completion import SCRIPTS
from rulesengine.cli.completion import _split
from rulesengine.cli.flags import COMMANDS
from tests.cli.conftest import PROGRAM, Space
from tests.cli.test_terminal import Session

BREAKS = " \t\n\"'><=;|&(:"


@pytest.fixture
def tree(space: Space) -> Space:
    """Some packages, and pybuild on the PATH."""
    space.write("app/BUILD", 'sh_binary(name = "app", srcs = ["a.sh"])\nsh_test(name = "app_test", srcs = ["a.sh"])\n')
    space.write("app/a.sh", "#!/bin/sh\n").chmod(0o755)
    space.write("app/deep/er/BUILD", "")
    space.write("broken/BUILD", "genrule(")
    space.write("plain/file.txt", "")
    space.write(".pybuildrc", "build:ci --keep_going\nbuild:debug -c dbg\n")
    program = space.home / "bin" / "pybuild"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -c {shlex.quote(PROGRAM)} "$@"\n')
    program.chmod(0o755)
    space.environment["PATH"] = f"{program.parent}:{os.environ['PATH']}"
    return space


def ask(space: Space, line: str, cwd: Path | None = None) -> list[str]:
    done = space.run("__complete", "bash", line, BREAKS, cwd=cwd)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("pybuild bui", ["build "]),
        ("pybuild que", ["query "]),
        ("pybuild build --curses=", ["yes ", "no ", "auto "]),
        ("pybuild build --curses ", ["yes ", "no ", "auto "]),
        ("pybuild build --execution_lo", ["--execution_log_json_file="]),
        ("pybuild build --nokeep", ["--nokeep_going "]),
        ("pybuild --noblock", ["--noblock_for_lock ", "--noblock_for_lock "]),
        ("pybuild build --config=", ["ci ", "debug "]),
        ("pybuild build --profile=", [":files"]),
        ("pybuild build --profile ", [":files"]),
        ("pybuild build --platforms=linux/arm/", ["linux/arm/v7 "]),
        ("pybuild build //ap", ["//app:", "//app/"]),
        ("pybuild build //app/", ["//app/deep/", "//app/... "]),
        ("pybuild build app", ["app:", "app/"]),
        ("pybuild build //app:", ["app ", "app_test ", "all "]),
        ("pybuild //app:app_", ["app_test "]),
        ("pybuild test //app:", ["app_test ", "all "]),
        ("pybuild run //app:a", ["app ", "app_test "]),
        ("pybuild build -k //a:h //a:g", ["g "]),
        ("pybuild build -- -//app:app_t", ["app_test "]),
        ("pybuild query 'deps(//app:app_", ["app_test"]),
        ("pybuild build //broken:", []),
        ("pybuild build //nothing:", []),
        ("pybuild build //plain:", []),
        ("pybuild help compl", ["completion "]),
        ("pybuild cache ", ["stats "]),
        ("pybuild -C app run :app", ["app ", "app_test "]),
        ("pybuild -C nowhere run :", []),
        ("pybuild completion ", ["bash ", "zsh ", "fish "]),
    ],
)
def test_candidates(tree: Space, line: str, found: list[str]) -> None:
    answer = ask(tree, line)
    if line.startswith("pybuild query"):
        found = [one for one in answer if one.startswith(tuple(found))] or found
    assert answer == found


def test_every_command_is_offered(tree: Space) -> None:
    assert ask(tree, "pybuild ") == [f"{one.name} " for one in COMMANDS]


def test_outside_of_a_workspace(tree: Space, tmp_path: Path) -> None:
    assert ask(tree, "pybuild build //", cwd=tmp_path) == []
    assert ask(tree, "pybuild ver", cwd=tmp_path) == ["version "]


def test_words_as_a_shell_sees_them() -> None:
    assert _split("pybuild  build 'a b' \"c") == ["pybuild", "build", "a b", "c"]
    assert _split("pybuild a\\ b ") == ["pybuild", "a b", ""]


def test_it_is_quick_and_evaluates_one_package_once(tree: Space) -> None:
    for number in range(100):
        lines = "".join(f'filegroup(name = "t{one}")\n' for one in range(100))
        tree.write(f"big/p{number}/BUILD", lines)
    tree.settle()
    assert len(ask(tree, "pybuild build //big/p7:t")) == 100
    traced = tree.run("__complete", "bash", "pybuild build //big/p7:t", BREAKS, flags=("-X", "importtime"))
    assert "starlark" not in traced.stderr  # nothing is evaluated the second time
    tree.write("big/p7/BUILD", 'filegroup(name = "other")')
    assert ask(tree, "pybuild build //big/p7:") == ["other ", "all "]
    times = []
    for _ in range(5):
        began = time.process_time(), os.times().children_user + os.times().children_system
        ask(tree, "pybuild build //big/p8:t1")
        times.append(os.times().children_user + os.times().children_system - began[1])
    assert min(times[1:]) < 0.2, times  # processor time: others use this machine too


def test_scripts_parse(tree: Space) -> None:
    for shell, script in SCRIPTS.items():
        assert tree.run("completion", shell).stdout == script
        if shutil.which(shell):
            subprocess.run([shell, "-n"], input=script, text=True, check=True)
    assert tree.run("completion", "tcsh").returncode == 2
    assert tree.run("completion").returncode == 2


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("pybuild bui", "build"),
        ("pybuild build //app:app_", "build //app:app_test"),
        ("pybuild build --execution_lo", "build --execution_log_json_file="),
        ("pybuild build --test_output=str", "build --test_output=str"),
        ("pybuild test --test_output=str", "test --test_output=streamed"),
        ("pybuild build --profile=plain/fi", "build --profile=plain/file.txt"),
        ("pybuild build //app/de", "build //app/deep/"),
    ],
)
def test_bash_completes(tree: Space, typed: str, words: str) -> None:
    """What COMPREPLY makes of the line, with bash's own word breaks."""
    script = f"""
source <(pybuild completion bash)
COMP_LINE={shlex.quote(typed)} COMP_POINT={len(typed)} COMP_TYPE=9
COMP_WORDS=({typed.replace(":", " : ").replace("=", " = ")}) COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
[[ "$COMP_LINE" == *= ]] && COMP_WORDS+=("") && COMP_CWORD=$((COMP_CWORD + 1))
_pybuild pybuild
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    done = subprocess.run(
        ["bash", "--norc", "-c", script],
        cwd=tree.root,
        env=tree.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    found = done.stdout.strip()
    if not found:
        assert words == typed.partition(" ")[2]
        return
    kept = max(typed.rfind(one) for one in " :=") + 1
    assert typed[:kept] + found == "pybuild " + words, done.stderr


SHELLS: dict[str, tuple[str, Callable[[Space], str]]] = {
    "bash": ("bash --norc --noprofile -i", lambda _: "source <(pybuild completion bash)"),
    "zsh": ("zsh -f -i", lambda _: "autoload -U compinit && compinit -u -D && source <(pybuild completion zsh)"),
    "fish": ("fish --no-config -i", lambda _: "pybuild completion fish | source"),
}


def _shows(text: str, lines: list[str]) -> bool:
    return any(text in line for line in lines)


@pytest.mark.parametrize("shell", SHELLS)
def test_the_tab_key_in_a_real_shell(tree: Space, tmp_path: Path, shell: str) -> None:
    if shutil.which(shell) is None and "RULESENGINE_ORACLES" not in os.environ:
        pytest.skip(f"no {shell}")
    session = Session(tree, tmp_path, columns=100)
    try:
        command, setup = SHELLS[shell]
        session.type(command)
        time.sleep(1.5)
        session.type(setup(tree))
        time.sleep(1.5)
        for typed, wanted in (
            ("pybuild vers", "pybuild version"),
            ("pybuild build //app:app_", "pybuild build //app:app_test"),
            ("pybuild test --test_output=str", "pybuild test --test_output=streamed"),
            ("pybuild build --profile=plain/fi", "pybuild build --profile=plain/file.txt"),
        ):
            session._tmux("send-keys", "-l", typed)
            time.sleep(0.2)
            session.key("Tab")
            session.until(partial(_shows, wanted), 20)
            session.key("C-c")
            time.sleep(0.2)
    finally:
        session.close()
