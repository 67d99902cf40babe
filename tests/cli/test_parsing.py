"""Flags and command lines."""

from __future__ import annotations

from typing import Any

import pytest

from rulesengine.cli.flags import COMMANDS, FLAGS, STARTUP, flags_of
from rulesengine.cli.parsing import defaults, read, split
from rulesengine.errors import UsageError


def parsed(*words: str) -> tuple[dict[str, Any], list[str]]:
    options = defaults(flags_of("build").values())
    left = read("build", words, options)
    return options.values, left


@pytest.mark.parametrize(
    ("words", "name", "value"),
    [
        (["--jobs=3"], "jobs", "3"),
        (["--jobs", "3"], "jobs", "3"),
        (["-j3"], "jobs", "3"),
        (["-j", "3"], "jobs", "3"),
        (["-j=3"], "jobs", "3"),
        (["-k"], "keep_going", True),
        (["-k", "-k-"], "keep_going", False),
        (["--keep_going", "--nokeep_going"], "keep_going", False),
        (["--keep_going=no"], "keep_going", False),
        (["--nokeep_going", "--keep_going=1"], "keep_going", True),
        (["--keep-going"], "keep_going", True),
        (["--mirror=a", "--mirror", "b"], "mirror", ["a", "b"]),
        (["--nobuild"], "build", False),
        (["--color", "no"], "color", "no"),
        (["--nocurses"], "curses", "no"),
        (["--show_result=0"], "show_result", 0),
    ],
)
def test_spellings(words: list[str], name: str, value: object) -> None:
    values, left = parsed(*words, "//a")
    assert values[name] == value
    assert left == ["//a"]


def test_targets_and_flags_mix_and_dashes_end_flags() -> None:
    values, left = parsed("//a", "-k", "//b", "--", "-//c", "--jobs=2")
    assert left == ["//a", "//b", "-//c", "--jobs=2"]
    assert values["jobs"] == "auto"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--jbos=3"], "unknown flag --jbos (pybuild build)\n  hint: did you mean '--jobs'?"),
        (["--nokeepgoing"], "did you mean '--nokeep_going'"),
        (["-x"], "unknown flag -x"),
        (["--jobs"], "--jobs lacks its value (pybuild build)\n  hint: write -j, --jobs=N"),
        (["-j"], "-j lacks its value"),
        (["--keep_going=perhaps"], "it is yes or no"),
        (["--nokeep_going=1"], "takes no value"),
        (["--show_output=jsno"], "one of none, digests, json, files (pybuild build)\n  hint: did you mean 'json'?"),
        (["--show_result=x"], "it is a number"),
        (["--disk_cache="], "empty value"),
        (["--expunge"], "not a flag of this command (pybuild build)\n  hint: clean take it"),
        (["--output_base=/x"], "is a startup flag"),
        (["--action_env=A=\udcff"], "--action_env (pybuild build): byte 0xff is not UTF-8"),
        (["--//:s=a\udc80"], "--//:s (pybuild build): byte 0x80 is not UTF-8"),
        (["//...", "-//a"], "write exclusions after --, as in: //... -- -//a"),
    ],
)
def test_mistakes(words: list[str], says: str) -> None:
    with pytest.raises(UsageError) as caught:
        parsed(*words)
    assert says in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("words", "command", "arguments"),
    [
        (["//a:b"], "build", ["//a:b"]),
        ([":b", "-k"], "build", [":b", "-k"]),
        (["a/b"], "build", ["a/b"]),
        (["..."], "build", ["..."]),
        (["--jobs=2", "//a"], "build", ["--jobs=2", "//a"]),
        (["-k", "//a"], "build", ["-k", "//a"]),
        (["-C", "d", "build", "//a"], "build", ["//a"]),
        (["-Cd", "lock"], "lock", []),
        (["--noworkspace_rc", "info"], "info", []),
        (["--version"], "version", []),
        (["--help", "lock"], "help", ["lock"]),
        ([], "help", []),
    ],
)
def test_the_command(words: list[str], command: str, arguments: list[str]) -> None:
    line = split(words)
    assert (line.command, list(line.arguments)) == (command, arguments)


@pytest.mark.parametrize(
    ("word", "says"),
    [("bild", "did you mean 'build'?"), ("static", "a target is written //static or :static"), ("biuld", "'build'")],
)
def test_unknown_commands(word: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        split([word])
    assert says in str(caught.value)


def test_the_table_is_whole() -> None:
    commands = {one.name for one in COMMANDS}
    for command in commands:  # two commands may mean different things by one name, as Bazel's --output
        names = [one.name for one in FLAGS if command in one.commands]
        assert len(names) == len(set(names))
    names = [one.name for one in FLAGS]
    for flag in (*FLAGS, *STARTUP):
        assert flag.help
        assert not flag.help.endswith(".")
        assert set(flag.commands) <= commands
        assert flag.kind in {"bool", "string", "int", "choice", "list", "path"}
        assert (flag.kind == "choice") == bool(flag.choices)
        if flag.kind == "choice":
            assert flag.default in flag.choices
    assert {one.name for one in STARTUP} & set(names) == {"block_for_lock"}
