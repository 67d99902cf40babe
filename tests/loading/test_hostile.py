"""Input that means harm or is plainly broken: a clear error or success, and the process lives."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import pytest

from rulesengine.analysis import Analyzer
from rulesengine.errors import LoadingError, Location, RulesEngineError
from rulesengine.loading.sources import MAX_SOURCE_BYTES
from tests.spaces import AMD64, Space, define, rule

BUILD = 'filegroup(name = "x")\n'


def where(fault: RulesEngineError) -> str:
    assert isinstance(fault.location, Location)
    return str(fault.location)


@pytest.mark.parametrize("bracket", ["(", "[", "{", "([", "{1:", "f("])
@pytest.mark.parametrize("count", [300, 100_000])
def test_brackets(space: Space, bracket: str, count: int) -> None:
    space.write("a/BUILD", "x = " + bracket * count + "\n")
    fault = space.error("//a:x")
    assert "nest" in str(fault)
    assert where(fault) == "a/BUILD:1"
    assert len(str(fault)) < 1000


@pytest.mark.parametrize(
    "text",
    [
        "x = " + "-" * 50_000 + "1",
        "x = " + "not " * 50_000 + "1",
        "x = " + "1 if 1 else " * 20_000 + "1",
        "x = " + "lambda: " * 20_000 + "1",
        "x = " + "a." * 50_000 + "b",
        "x = " + "1 + " * 50_000 + "1",
        "x = " + "a" + "[0]" * 50_000,
        "x = " + "f" + "()" * 50_000,
        "x = " + "1 ** " * 20_000 + "1",
        "x = " + "a or " * 50_000 + "b",
        "x = " + "'a' " * 50_000,
        "x = [" + "1, " * 200_000 + "]",
        "if 1:\n" + "".join(" " * n + "if 1:\n" for n in range(1, 500)) + " " * 500 + "x = 1\n",
        "def f():\n" + "".join(" " * n + "def f():\n" for n in range(1, 400)) + " " * 400 + "pass\n",
        "x = 'a" + "\\" * 99_999,
        "'" * 100_001,
        '"""' + "x" * 1_000_000,
        "x = " + "9" * 100_000,
        "x = 0x" + "f" * 100_000 + "\n",
        "a" * 1_000_000 + " = 1",
        "# " + "x" * 5_000_000,
        "\n" * 1_000_000,
        "load(':a.bzl', " + ", ".join(f"'x{n}'" for n in range(10_000)) + ")",
    ],
    ids=lambda text: text[:14].replace("\n", " "),
)
@pytest.mark.parametrize("file", ["a/BUILD", "a/d.bzl"])
def test_deep_and_long_texts(space: Space, text: str, file: str) -> None:
    space.write("a/BUILD", 'load(":d.bzl", "y")\n')
    space.write("a/d.bzl", "y = 1\n")
    space.write(file, text)
    try:
        space.resolve("//a:all")
    except RulesEngineError as fault:
        assert len(str(fault)) < 3000


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"x = 1\n\x00\n" + BUILD.encode(), "a/BUILD:2:1: a NUL byte in a text file"),
        (b"x = 1\n# caf\xe9\n", "a/BUILD:2:6: byte 0xe9 is not UTF-8"),
        (b"\xff\xfex\x00", "a/BUILD:1:1: byte 0xff is not UTF-8"),
        (b"x = '\xed\xa0\x80'\n", "a/BUILD:1:6: byte 0xed is not UTF-8"),
    ],
)
def test_what_is_no_text(space: Space, content: bytes, expected: str) -> None:
    space.write("a/BUILD", content)
    assert str(space.error("//a:x")).startswith(expected)


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + BUILD.encode(),
        BUILD.replace("\n", "\r\n").encode(),
        b"# x\r\n\r\nfilegroup(\r\n    name = \"x\",\r\n)\r\n",
        "# Főtanúsítvány ✓ 🎉\nfilegroup(name = \"x\", srcs = [])\n".encode(),
        b"filegroup(name = \"x\")",
        b"\n\n\n" + BUILD.encode() + b"\n\n   \n",
        b"filegroup(name = \"x\") ; y = 1\n",
        b"\x0cfilegroup(name = \"x\")\n".replace(b"\x0c", b""),
    ],
)  # fmt: skip
def test_texts_of_other_systems(space: Space, content: bytes) -> None:
    space.write("a/BUILD", content)
    assert space.resolve("//a:all") == ["//a:x"]


def test_columns_after_wide_characters(space: Space) -> None:
    space.write("a/BUILD", 'x = ["🎉é", undefined]\n')
    fault = space.error("//a:x")
    assert where(fault) == "a/BUILD:1:12"


def test_a_file_that_is_too_large_is_not_read(space: Space) -> None:
    path = space.write("a/BUILD", "")
    os.truncate(path, MAX_SOURCE_BYTES + 1)
    assert "is larger than 16 MiB" in str(space.error("//a:x"))


def test_files_that_are_none(space: Space) -> None:
    (space.root / "a/BUILD").mkdir(parents=True)
    assert "no package //a" in str(space.error("//a:x"))
    os.mkfifo(space.root / "fifo.bzl")
    space.write("b/BUILD", 'load("//:fifo.bzl", "x")\n')
    assert "no such file" in str(space.error("//b:x"))
    (space.root / "c").mkdir()
    (space.root / "c/BUILD").symlink_to("BUILD")
    assert "no package //c" in str(space.error("//c:x"))
    space.write("d/BUILD", 'load("//d:' + "x" * 5000 + '.bzl", "x")\n')
    assert "no such file" in str(space.error("//d:x"))
    (space.root / "e").mkdir()
    (space.root / "e/loop").symlink_to(".")
    space.write("e/BUILD", 'filegroup(name = "x", srcs = glob(["**"]))\n')
    assert space.resolve("//e:x") == ["//e:x"]


def test_links_that_go_round_in_a_circle(space: Space) -> None:
    space.write("a/BUILD", 'filegroup(name = "x", srcs = glob(["**"], exclude = ["BUILD"]))\n')
    for one, other in (("p", "q"), ("q", "r"), ("r", "p")):
        space.write(f"a/{one}/file", "")
        for number in range(3):
            (space.root / f"a/{one}/to{number}").symlink_to(f"../{other}")
        (space.root / f"a/{one}/up").symlink_to("..")
        (space.root / f"a/{one}/self").symlink_to(".")
    (space.root / "a/none").symlink_to("none")
    srcs = space.attribute("//a:x", "srcs")
    assert isinstance(srcs, list) and 3 < len(srcs) < 1000
    assert {"//a:p/file", "//a:p/to0/file"} <= set(srcs) and "//a:none" not in srcs


@pytest.mark.parametrize("depth", [1999, 3000])
def test_deep_recursion(space: Space, depth: int) -> None:
    space.write("a/d.bzl", "def f(n):\n    return 0 if n == 0 else 1 + f(n - 1)\n")
    space.write("a/BUILD", f'load(":d.bzl", "f")\nfilegroup(name = "n%d" % f({depth}))\n')
    try:
        assert space.resolve("//a:all") == [f"//a:n{depth}"]
    except LoadingError as fault:
        assert "calls nest too deep" in str(fault) and len(str(fault)) < 2000


def test_deep_recursion_on_a_thread(space: Space) -> None:
    """Threads have small native stacks: the limit must hold there too."""
    space.write("a/d.bzl", "def f(n):\n    return f(n + 1)\n")
    space.write("a/BUILD", 'load(":d.bzl", "f")\nf(0)\n')
    caught: list[RulesEngineError] = []
    thread = threading.Thread(target=lambda: caught.append(space.error("//a:x")))
    thread.start()
    thread.join(60)
    assert "calls nest too deep" in str(caught[0])


@pytest.mark.parametrize("depth", [500, 20_000])
def test_deeply_nested_values(space: Space, depth: int) -> None:
    define(
        space,
        f"def deep():\n    x = []\n    for _ in range({depth}):\n        x = [x]\n    return x\n"
        + rule("return []", '"v": attr.string_list()'),
        'load(":d.bzl", "deep")\nthing(name = "x", v = deep())',
    )
    assert len(str(space.error("//a:x"))) < 3000


@pytest.mark.parametrize("name", ["X", "_X"])
def test_a_global_200000_deep(space: Space, name: str) -> None:
    """In a process of its own: it would end this one."""
    space.write(
        "a/d.bzl",
        "def deep():\n    x = []\n    for _ in range(200000):\n        x = [x]\n    return x\n\n"
        f"{name} = deep()\n\ndef f():\n    pass\n",
    )
    space.write("a/BUILD", 'load(":d.bzl", "f")\n')
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "rulesengine.cli.entry", "build", "//a:all"],
        cwd=space.root,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert time.monotonic() - started < 10
    assert done.returncode == 1
    assert f"a/d.bzl:7:1: the value of '{name}' nests too deep" in done.stderr


@pytest.mark.parametrize("name", ["X", "_X"])
@pytest.mark.parametrize("value", ["[x]", "(x,)", '{"a": x}', "struct(a = x)"])
def test_a_global_too_deep_to_be_frozen(space: Space, name: str, value: str) -> None:
    """It would overflow the native stack and end the process."""
    space.write(
        "a/d.bzl",
        f"def deep():\n    x = []\n    for _ in range(20000):\n        x = {value}\n    return x\n\n"
        f"{name} = deep()\n\ndef f():\n    pass\n",
    )
    space.write("a/BUILD", 'load(":d.bzl", "f")\n')
    fault = space.error("//a:x")
    assert where(fault) == "a/d.bzl:7:1"
    assert f"the value of '{name}' nests too deep" in str(fault)


@pytest.mark.parametrize(
    "value",
    ["[x]", "{'a': x}", "struct(x = x)", "(x,)"],
)
def test_values_that_hold_themselves(space: Space, value: str) -> None:
    define(
        space,
        f"def loop():\n    x = []\n    x.append({value})\n    return x\n"
        + rule("return []", '"v": attr.string_list()'),
        'load(":d.bzl", "loop")\nthing(name = "x", v = loop())',
    )
    assert space.error("//a:x").exit_code == 1


@pytest.mark.parametrize(
    "code",
    [
        "print(str([0] * 3000000)[:1])",
        "x = 'a' * 30000000",
        "x = ['a'] * 3000000",
        "x = range(1000000000)",
        "x = 1 << 100000",
        "x = {i: i for i in range(300000)}",
        "print('%s' % (['x'] * 100000))",
    ],
)
def test_large_values(space: Space, code: str) -> None:
    define(space, rule(f"{code}\nreturn []"))
    started = time.monotonic()
    space.target("//a:x")
    assert time.monotonic() - started < 20


def test_names_that_would_reach_our_own(space: Space) -> None:
    """Files cannot call into Python past the prelude, nor see its private names through load()."""
    for name in ("py_op", "py_target", "py_action", "analyze__", "make_rule__", "_provider"):
        space.write("a/d.bzl", f'load("p", x = "{name}")\n')
        space.write("a/BUILD", 'load(":d.bzl", "x")\n')
        assert isinstance(space.error("//a:x"), LoadingError)
        space.write("a/d.bzl", f"x = {name}\n")
        if name.startswith(("py_", "analyze", "_")):
            assert "is not defined" in str(space.error("//a:x"))


def test_a_label_outside_of_the_workspace(space: Space) -> None:
    for label in ("//../b:c", "//a/../../b:c", "//a:../../etc/passwd", "//a:/etc/passwd", "@//..:x"):
        space.write("a/BUILD", f'filegroup(name = "x", srcs = ["{label}"])\n')
        assert "bad label" in str(space.error("//a:x"))
        space.write("a/BUILD", f'load("{label}.bzl", "x")\n')
        assert "bad label" in str(space.error("//a:x"))


def test_many_targets_are_quick(space: Space) -> None:
    space.write("a/BUILD", '[filegroup(name = "t%d" % n, srcs = ["f"], tags = ["a", "b"]) for n in range(5000)]\n')
    space.write("a/f", "")
    started = time.monotonic()
    loader = space.loader()
    labels = loader.resolve(["//a:all"])
    loaded = time.monotonic()
    Analyzer(loader).analyze(labels, AMD64)
    assert len(labels) == 5000
    assert loaded - started < 10 and time.monotonic() - loaded < 30


@pytest.mark.parametrize(
    "step",
    [
        "x = x + x", "x += x", "x = x * 2", "x *= 2", "x.extend(x + [])", "x = [y for y in x + x]",
        "t = t + t", "t += t", "t = t * 2", "t = '%s%s' % (t, t)", "t = '{}{}'.format(t, t)", "t = ','.join([t, t])",
        "t = t.replace('a', t)", "i = i * i", "list(range(2000000000))",
    ],
)  # fmt: skip
def test_what_doubles(space: Space, step: str) -> None:
    define(space, rule(f"x = [1]\nt = 'aa'\ni = 3\nfor _ in range(60):\n    {step}\nreturn []"))
    started = time.process_time()
    fault = space.error("//a:x")
    assert time.process_time() - started < 10
    assert "MiB of memory" in str(fault) or "65536 bits" in str(fault)
    assert where(fault).startswith("a/d.bzl:")
