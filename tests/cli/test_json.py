"""What every command prints as JSON answers docs/reference/output.schema.json; errors do too."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from rulesengine.cli.flags import COMMANDS
from tests.cli.conftest import Space

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "docs/reference/output.schema.json").read_text())
PAGE = (ROOT / "docs/reference/json.md").read_text()
BUILD = """
load(":d.bzl", "empty", "helper")
genrule(name = "g", srcs = ["x.txt"], outs = ["out"], cmd = "cat $< > $@")
genrule(name = "bad", outs = ["bad.out"], cmd = "exit 3", tags = ["manual"])
genrule(name = "other", outs = ["o"], cmd = "touch $@", target_compatible_with = ["@platforms//os:windows"])
sh_binary(name = "p", srcs = ["p.sh"], args = ["a"])
sh_test(name = "t", srcs = ["p.sh"])
empty(name = "e", flag = select({"//conditions:default": True}))
"""
BZL = '''"""Rules."""
EmptyInfo = provider(doc = "Empty.", fields = {"x": "X"})
def _impl(ctx):
    return [DefaultInfo(), EmptyInfo(x = 1)]
empty = rule(implementation = _impl, doc = "Nothing.", attrs = {"flag": attr.bool(doc = "A flag.")})
def helper(name, *args, **kwargs):
    """Helps.

    Args:
      name: a name
      *args: more
      **kwargs: more
    """
'''


def check(name: str, value: Any) -> None:
    schema = {"$ref": f"#/$defs/{name}", "$defs": SCHEMA["$defs"]}
    jsonschema.Draft202012Validator(schema).validate(value)


@pytest.fixture
def made(space: Space) -> Space:
    space.write("j/BUILD", BUILD)
    space.write("j/d.bzl", BZL)
    space.write("j/x.txt", "x\n")
    space.write("j/p.sh", "#!/bin/sh\nexit 0\n").chmod(0o755)
    return space


def test_the_schema_is_one_and_every_command_has_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    documented = set(
        re.findall(r"`(\w+)`", " ".join(line.split("|")[3] for line in PAGE.splitlines() if "| `" in line))
    )
    parts = {"location", "place", "problem", "error", "image", "output", "target", "actions", "flag", "cause", "change"}
    assert documented == set(SCHEMA["$defs"]) - parts
    words = set(re.findall(r"^\| `(\w+)|, `(\w+)`", PAGE, re.M))
    named = {one for pair in words for one in pair if one}
    missing = {one.name for one in COMMANDS} - named
    assert not missing


def test_a_schema_refuses_what_is_otherwise() -> None:
    """The checks below could pass because the schemas let everything pass."""
    check("version", {"version": "1", "python": "2"})
    for wrong in ({"version": "1"}, {"version": 1, "python": "2"}, {"version": "1", "python": "2", "x": 1}):
        with pytest.raises(jsonschema.ValidationError):
            check("version", wrong)


CASES: list[tuple[str, list[str], int]] = [
    ("build", ["build", "--show_output=json", "//j:g", "//j:p"], 0),
    ("build", ["build", "--show_output=json", "-k", "//j:g", "//j:bad"], 1),
    ("build", ["build", "--show_output=json", "//j/..."], 0),
    ("test", ["test", "--show_output=json", "//j/..."], 0),
    ("test", ["test", "--show_output=json", "//j:g"], 4),
    ("run", ["run", "--norun", "--show_output=json", "//j:p"], 0),
    ("query", ["query", "--output=json", "deps(//j/...)"], 0),
    ("query", ["cquery", "--output=json", "deps(//j:g)"], 0),
    ("aquery", ["aquery", "--output=json", "//j:g"], 0),
    ("graph", ["graph", "--output=json", "//j/..."], 0),
    ("graph", ["graph", "--actions", "--output=json", "//j:g"], 0),
    ("lint", ["lint", "--output=json", "j"], 3),
    ("docs", ["docs", "--output=json", "j/d.bzl", "@rulesengine//oci:defs.bzl"], 0),
    ("info", ["info", "--output=json"], 0),
    ("info", ["info", "--output=json", "cache", "release"], 0),
    ("version", ["version", "--output=json"], 0),
    ("help", ["help", "--output=json"], 0),
    ("help", ["help", "lock", "--output=json"], 0),
    ("help", ["help", "--jobs", "--output=json"], 0),
    ("help", ["help", "exit-codes", "--output=json"], 0),
    ("cache", ["cache", "stats", "--show_output=json"], 0),
    ("fsck", ["fsck", "--show_output=json"], 0),
    ("gc", ["gc", "--dry_run", "--max_age=1s", "--show_output=json"], 0),
    ("clean", ["clean", "--show_output=json"], 0),
]


def test_what_commands_print(made: Space) -> None:
    seen: dict[str, Any] = {}
    for name, words, code in CASES:
        done = made.run(*words)
        assert done.returncode == code, (words, done.stderr)
        value = json.loads(done.stdout)
        check(name, value)
        seen[" ".join(words)] = value
    built = seen["build --show_output=json -k //j:g //j:bad"]
    assert [one["failed"] for one in built["targets"]] == [False, True]
    assert [one["label"] for one in built["errors"]] == ["//j:bad"]
    assert not built["ok"]
    assert [one["status"] for one in seen["test --show_output=json //j/..."]["tests"]] == ["PASSED"]
    assert [one for one in seen["build --show_output=json //j/..."]["targets"] if one.get("skipped")]
    assert seen["run --norun --show_output=json //j:p"]["arguments"] == ["a"]
    assert set(seen["info --output=json cache release"]) == {"cache", "release"}
    assert {flag["name"] for one in seen["help --jobs --output=json"]["commands"] for flag in one["flags"]} == {"jobs"}
    assert {one["name"] for one in seen["help --output=json"]["commands"]} == {one.name for one in COMMANDS}
    assert seen["help exit-codes --output=json"]["topics"].keys() == {"exit-codes"}
    assert any(path.endswith("pybuild-bin") for path in seen["clean --show_output=json"]["removed"])
    select = next(one for one in seen["query --output=json deps(//j/...)"] if one["label"] == "//j:e")
    assert select["attributes"]["flag"][0]["select__"]


def test_why_and_what(made: Space) -> None:
    made.write(".gitignore", "pybuild-*\n")
    git = ["git", "-c", "user.name=you", "-c", "user.email=you@example.com"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "all"]):
        subprocess.run([*git, *words], cwd=made.root, env=made.environment, check=True)
    digests = []
    for text in ("x\n", "y\n"):
        made.write("j/x.txt", text)
        built = json.loads(made.run("build", "--show_output=json", "//j:g").stdout)
        digests.append(built["targets"][0]["outputs"][0]["digest"])
    value = json.loads(made.run("explain", "--output=json", "//j:g").stdout)
    check("explain", value)
    assert value["changes"]
    value = json.loads(made.run("explain", "--digest", "--output=json", *digests).stdout)
    check("explain", value)
    assert [one["what"] for one in value["causes"]] == ["j/x.txt"]
    value = json.loads(made.run("affected", "--since=HEAD", "--output=json").stdout)
    check("affected", value)
    assert value["changed"] == ["j/x.txt"]
    assert "//j:g" in [one["label"] for one in value["targets"]]


def test_a_damaged_blob_is_a_fault(made: Space) -> None:
    assert made.run("//j:g").returncode == 0
    for blob in (one for one in (made.cache / "cas").rglob("*") if one.is_file()):
        blob.chmod(0o644)
        blob.write_bytes(b"damaged")
    done = made.run("fsck", "--show_output=json")
    value = json.loads(done.stdout)
    check("fsck", value)
    assert done.returncode == 1
    assert value["faults"]


def test_dump_prints_values(made: Space) -> None:
    assert made.run("//j:g").returncode == 0
    for what in ("action_cache", "outputs", "uses"):
        lines = made.run("dump", what).stdout.splitlines()
        assert lines
        for line in lines:
            check(f"dump_{what}", json.loads(line))


def test_init_and_lock(space: Space, tmp_path: Path) -> None:
    done = space.run("init", "--nolock", "--show_output=json", "new", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    value = json.loads(done.stdout)
    check("init", value)
    assert value["lock"] == "shipped"
    assert "MODULE.bazel" in value["written"]
    check("init", json.loads(space.run("init", "--nolock", "--show_output=json", "new", cwd=tmp_path).stdout))
    done = space.run("lock", "--check", "--show_output=json", cwd=tmp_path / "new")
    value = json.loads(done.stdout)
    check("lock", value)
    assert [one["state"] for one in value] == ["fresh"]
    build = tmp_path / "new/debian/BUILD"
    build.write_text(build.read_text().replace('"netbase"', '"netbase", "jq"'))
    done = space.run("lock", "--check", "--show_output=json", cwd=tmp_path / "new")
    value = json.loads(done.stdout)
    check("lock", value)
    assert (done.returncode, value[0]["state"]) == (1, "stale")


def _errors(text: str) -> Iterator[dict[str, Any]]:
    for line in text.splitlines():
        if line.startswith('{"error"'):
            value = json.loads(line)
            check("error", value)
            yield value["error"]


@pytest.mark.parametrize(
    ("words", "kind", "code"),
    [
        (["build", "--error_format=json", "//j:bad"], "ExecutionError", 1),
        (["build", "--error_format=json", "-k", "//j:bad"], "ExecutionError", 1),
        (["build", "--error_format=json", "//j:nope"], "NoSuchTargetError", 1),
        (["build", "--error_format=json", "--nosuch"], "UsageError", 2),
        (["bild", "--error_format=json"], "UsageError", 2),
        (["help", "--error_format=json", "nothing"], "UsageError", 2),
        (["query", "--error_format=json", "deps("], "UsageError", None),
        (["test", "--error_format=json", "//j:g"], "RulesEngineError", 4),
    ],
)
def test_errors_are_one_object_a_line(made: Space, words: list[str], kind: str, code: int | None) -> None:
    done = made.run(*words)
    (error,) = _errors(done.stderr)
    assert error["type"] == kind
    assert "ERROR:" not in done.stderr
    assert done.returncode == error["exit_code"]
    if code is not None:
        assert done.returncode == code
    without = made.run(*(word for word in words if word != "--error_format=json"))
    assert without.returncode == done.returncode
    assert without.stderr.count("ERROR: ") == 1


def test_an_rc_file_may_ask_for_json_errors(made: Space) -> None:
    made.write(".pybuildrc", "common --error_format=json\n")
    (error,) = _errors(made.run("//j:nope").stderr)
    assert error["label"] == "//j:nope"


def test_the_noop_answer_is_the_same_document(made: Space) -> None:
    words = ["build", "--show_output=json", "//j:g"]
    first = json.loads(made.run(*words).stdout)
    made.settle()
    made.run(*words)
    assert made.is_noop(*words)
    again = json.loads(made.run(*words).stdout)
    check("build", again)
    assert first["actions"] == {"run": 1, "cached": 0, "failed": 0}
    assert again["actions"] == {"run": 0, "cached": 1, "failed": 0}
    assert again["targets"] == first["targets"]
