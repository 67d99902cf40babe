"""Operations on plain files."""

from __future__ import annotations

import json

import pytest

from rulesengine.errors import ExecutionError
from rulesengine.model.digest import Digest
from rulesengine.model.directory import TreeFile
from rulesengine.ops.basic import concat, copy, expand_template, write
from tests.oracles.op_context import run_op


def test_the_versions_are_those_of_these_bytes() -> None:
    # A change of what the tests below expect is a change of bytes: raise the version with it.
    assert [one.key for one in (write, copy, expand_template, concat)] == [
        "write@1", "copy@1", "expand_template@1", "concat@1",
    ]  # fmt: skip


def test_write() -> None:
    context = run_op(write, {}, "--executable", "false", "--content", "a\nü\n--x", "--out", "o")
    assert context.outputs == {"o": "a\nü\n--x".encode()}
    assert context.executables == set()
    assert run_op(write, {}, "--content=", "--executable=true", "--out=o").executables == {"o"}
    with pytest.raises(ExecutionError, match=r"content: .* is not Unicode text"):
        run_op(write, {}, "--content", "\ud800", "--out", "o")


def test_copy_moves_digests_and_keeps_the_executable_bit() -> None:
    context = run_op(copy, {"a.sh": b"#!"}, "--from", "a.sh", "--out", "o")
    assert context.outputs == {"o": b"#!"}
    assert context.executables == {"o"}
    assert context.read_blobs == []
    assert run_op(copy, {"a": b""}, "--from", "a", "--out", "o").executables == set()
    assert run_op(copy, {"a": b""}, "--from", "a", "--executable", "true", "--out", "o").executables == {"o"}


def test_copy_of_a_tree() -> None:
    context = run_op(copy, {"t": {"x/y": b"1", "z": b"2"}}, "--from", "t", "--out", "o")
    assert context.trees["o"] == {"x/y": TreeFile(Digest.of(b"1")), "z": TreeFile(Digest.of(b"2"))}
    assert context.read_blobs == []


def test_expand_template_replaces_in_order() -> None:
    def expand(substitutions: object, data: bytes = b"{A} {B}\xff") -> bytes:
        flags = ("--template", "t", "--substitutions", json.dumps(substitutions), "--out", "o")
        return run_op(expand_template, {"t": data}, *flags).outputs["o"]

    assert expand({"{A}": "{B}", "{B}": "ü"}) == b"\xc3\xbc \xc3\xbc\xff"
    assert expand({"{B}": "x", "{A}": "{B}"}) == b"{B} x\xff"
    assert expand({}) == b"{A} {B}\xff"
    for substitutions, message in (
        ({"a": 1}, "the value of 'a' is 1"),
        ({"": "x"}, "a key is empty"),
        ([], "JSON object"),
    ):
        with pytest.raises(ExecutionError, match=message):
            expand(substitutions)


def test_concat() -> None:
    inputs = {"a": b"1\n", "b": b"", "c": b"3"}
    context = run_op(concat, inputs, "--from", "c", "--from", "a", "--from", "b", "--from", "a", "--out", "o")
    assert context.outputs == {"o": b"31\n1\n"}
