"""After any sequence of edits a build leaves what a clean build leaves; and a rebuilder that errs is found out."""

from __future__ import annotations

import contextlib
import hashlib
import io
import itertools
import os
import random
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from attrs import define, field
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rulesengine.cli.entry import main
from rulesengine.workspace import rebuild, replay

_FLAG = """
load("@bazel_skylib//rules:common_settings.bzl", "string_flag")
load(":word.bzl", "WORD", "say")

package(default_visibility = ["//visibility:public"])

string_flag(name = "mode", build_setting_default = "plain")
config_setting(name = "loud", flag_values = {":mode": "loud"})
say(name = "said", word = WORD)
"""
_CHOICE = 'select({"//:loud": ["loud.in"], "//conditions:default": []})'
_WORD = """
WORD = "%s"

def _say(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(out, ctx.attr.word)
    return [DefaultInfo(files = depset([out]))]

say = rule(implementation = _say, attrs = {"word": attr.string()})
"""


@define
class Tree:
    """A workspace as data, written to disk whenever it changes.

    targets: of each package: name -> (names of dependencies, salt).  sources: package -> name -> content.
    """

    root: Path
    targets: dict[str, dict[str, tuple[list[str], str]]] = field(factory=dict)
    sources: dict[str, dict[str, str]] = field(factory=dict)
    word: str = "one"
    flag: str = "plain"

    def write_all(self) -> None:
        self.put("MODULE.bazel", "")
        self.put("BUILD", _FLAG)
        self.put("word.bzl", _WORD % self.word)
        for package in self.targets:
            self.write_package(package)
            for name, text in self.sources[package].items():
                self.put(f"{package}/{name}", text)

    def put(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def write_package(self, package: str) -> None:
        lines = ['package(default_visibility = ["//visibility:public"])', ""]
        for name, (deps, salt) in self.targets[package].items():
            kept = [one for one in deps if one.partition(":")[2] in self.targets.get(one[2:].partition(":")[0], {})]
            lines += [
                "genrule(",
                f'    name = "{name}",',
                f'    srcs = glob(["*.txt"]) + {kept!r} + ["//:said"] + {_CHOICE},',
                f'    outs = ["{name}.out"],',
                f'    cmd = "(cat $(SRCS) | cksum; echo {salt}) > $@",',
                ")",
            ]
        self.put(f"{package}/BUILD", "\n".join(lines) + "\n")

    def command(self) -> list[str]:
        flags = ["--ignore_all_rc_files", "-C", str(self.root), "build", "--spawn_strategy=local"]
        return [*flags, f"--//:mode={self.flag}", "//..."]

    def build(self, cache: Path) -> dict[str, str]:
        """Build with a cache; every output by name."""
        out = io.StringIO()
        before = os.environ.get("PYBUILD_CACHE")
        os.environ["PYBUILD_CACHE"] = str(cache)
        try:
            with contextlib.redirect_stderr(out), contextlib.redirect_stdout(out):
                code = main(self.command())
        finally:
            if before is None:
                del os.environ["PYBUILD_CACHE"]
            else:
                os.environ["PYBUILD_CACHE"] = before
        assert code == 0, out.getvalue()
        return dict(self.outputs())

    def outputs(self) -> Iterator[tuple[str, str]]:
        top = os.path.realpath(self.root / "pybuild-bin")
        for here, _, names in os.walk(top):
            for name in names:
                path = os.path.join(here, name)
                with open(path, "rb") as file:
                    digest = hashlib.sha256(file.read()).hexdigest()
                yield os.path.relpath(path, top), f"{os.stat(path).st_mode & 0o777:o} {digest}"


def grown(root: Path, luck: random.Random) -> Tree:
    """A random graph of a few packages."""
    tree = Tree(root)
    made: list[str] = []
    for number in range(luck.randrange(1, 4)):
        package = f"p{number}"
        tree.sources[package] = {"loud.in": "LOUD\n", "a.txt": f"{luck.random()}\n", "b.txt": "b\n"}
        tree.targets[package] = {}
        for index in range(luck.randrange(1, 5)):
            deps = luck.sample(made, luck.randrange(0, min(3, len(made)) + 1))
            tree.targets[package][f"t{index}"] = (deps, str(luck.random()))
            made.append(f"//{package}:t{index}")
    tree.write_all()
    return tree


def _source(tree: Tree, luck: random.Random) -> None:
    package = luck.choice(sorted(tree.sources))
    name = luck.choice(sorted(tree.sources[package]))
    tree.sources[package][name] = f"{luck.random()}\n"
    tree.put(f"{package}/{name}", tree.sources[package][name])


def _touch(tree: Tree, luck: random.Random) -> None:
    package = luck.choice(sorted(tree.sources))
    os.utime(tree.root / package / luck.choice(sorted(tree.sources[package])))


def _replace(tree: Tree, luck: random.Random) -> None:
    """As an editor saves: another inode, and perhaps the same size and time."""
    package = luck.choice(sorted(tree.sources))
    name = luck.choice(sorted(tree.sources[package]))
    path = tree.root / package / name
    seen = path.stat()
    text = "".join(luck.choice("0123456789") for _ in tree.sources[package][name][:-1]) + "\n"
    tree.sources[package][name] = text
    tree.put(f"{package}/{name}.new~", text)
    os.replace(tree.root / package / f"{name}.new~", path)
    os.utime(path, ns=(seen.st_atime_ns, seen.st_mtime_ns))


def _added(tree: Tree, luck: random.Random) -> None:
    package = luck.choice(sorted(tree.sources))
    name = f"n{luck.randrange(1000)}.txt"
    tree.sources[package][name] = "new\n"
    tree.put(f"{package}/{name}", "new\n")


def _removed(tree: Tree, luck: random.Random) -> None:
    package = luck.choice(sorted(tree.sources))
    names = [one for one in sorted(tree.sources[package]) if one.endswith(".txt")]
    if len(names) > 1:
        name = luck.choice(names)
        del tree.sources[package][name]
        (tree.root / package / name).unlink()


def _unrelated(tree: Tree, luck: random.Random) -> None:
    tree.put(f"{luck.choice(sorted(tree.sources))}/notes{luck.randrange(9)}.md", f"{luck.random()}")


def _salted(tree: Tree, luck: random.Random) -> None:
    package = luck.choice(sorted(tree.targets))
    name = luck.choice(sorted(tree.targets[package]))
    tree.targets[package][name] = (tree.targets[package][name][0], str(luck.random()))
    tree.write_package(package)


def _declared(tree: Tree, luck: random.Random) -> None:
    package = luck.choice(sorted(tree.targets))
    tree.targets[package][f"x{luck.randrange(99)}"] = ([], str(luck.random()))
    tree.write_package(package)


def _undeclared(tree: Tree, luck: random.Random) -> None:
    package = luck.choice(sorted(tree.targets))
    if len(tree.targets[package]) > 1:
        del tree.targets[package][luck.choice(sorted(tree.targets[package]))]
        for other in tree.targets:
            tree.write_package(other)


def _said(tree: Tree, luck: random.Random) -> None:
    tree.word = luck.choice(["one", "two", "three"])
    tree.put("word.bzl", _WORD % tree.word)


def _flagged(tree: Tree, luck: random.Random) -> None:
    tree.flag = luck.choice(["plain", "loud"])


def _spoiled(tree: Tree, luck: random.Random) -> None:
    """An output that somebody removed, or wrote over."""
    top = Path(os.path.realpath(tree.root / "pybuild-bin"))
    outputs = sorted(path for path in top.rglob("*.out"))
    if outputs:
        path = luck.choice(outputs)
        path.unlink()
        if luck.random() < 0.5:
            path.write_text("spoiled\n")


EDITS: tuple[Callable[[Tree, random.Random], None], ...] = (
    _source, _source, _source, _touch, _replace, _added, _removed, _unrelated, _salted, _declared, _undeclared, _said,
    _flagged, _spoiled,
)  # fmt: skip
_counter = itertools.count()


def differences(base: Path, seed: int, edits: list[int]) -> tuple[list[str], int]:
    """What differs from clean builds after each edit, and how often only what changed was built."""
    luck = random.Random(seed)
    here = base / f"run{next(_counter)}"
    tree = grown(here / "ws", luck)
    quick = 0
    original = rebuild.Rebuild.run

    def counted(self: rebuild.Rebuild, *, details: int | None = None) -> rebuild.Rebuilt | None:
        nonlocal quick
        done = original(self, details=details)
        quick += done is not None
        return done

    found: list[str] = []
    rebuild.Rebuild.run = counted  # type: ignore[method-assign]
    try:
        time.sleep(0.04)
        tree.build(here / "cache")
        for number, edit in enumerate(edits):
            EDITS[edit](tree, luck)
            time.sleep(0.04)  # so that the next index is written: what is younger than a tick is not trusted
            mine = tree.build(here / "cache")
            clean = Tree(here / f"clean{number}", tree.targets, tree.sources, tree.word, tree.flag)
            clean.write_all()
            wanted = clean.build(here / f"cache{number}")
            if mine != wanted:
                names = sorted(name for name in {*mine, *wanted} if mine.get(name) != wanted.get(name))
                found.append(f"after {EDITS[edit].__name__}: {names}")
    finally:
        rebuild.Rebuild.run = original  # type: ignore[method-assign]
        shutil.rmtree(here, ignore_errors=True)
    return found, quick


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**9), edits=st.lists(st.integers(0, len(EDITS) - 1), min_size=1, max_size=6))
def test_any_sequence_of_edits(tmp_path: Path, seed: int, edits: list[int]) -> None:
    assert differences(tmp_path, seed, edits)[0] == []


def test_sources_alone_are_built_without_loading(tmp_path: Path) -> None:
    found, quick = differences(tmp_path, 5, [EDITS.index(_source)] * 8)
    assert found == []
    assert quick >= 3


def _direct_only(self: replay.Replay, changed: object) -> set[int]:
    assert isinstance(changed, dict)
    return {action for number in changed for node in self.holders(number) for action in self.users(node)}


def _never(self: replay.Replay, changed: object) -> set[int]:
    return set()


def _same_listing(directory: str, without: str = "") -> bytes:
    return b"always the same"


@pytest.mark.parametrize(
    ("place", "name", "wrong", "edits"),
    [
        (replay.Replay, "dirty", _direct_only, [EDITS.index(_source)] * 3),
        (replay.Replay, "dirty", _never, [EDITS.index(_source)] * 3),
        (replay, "listing", _same_listing, [EDITS.index(_added), EDITS.index(_removed)]),
    ],
    ids=["direct users only", "nothing is dirty", "listings never change"],
)
def test_a_rebuilder_that_errs_is_found_out(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    place: object,
    name: str,
    wrong: object,
    edits: list[int],
) -> None:
    monkeypatch.setattr(place, name, wrong)
    for seed in range(10):
        try:
            if differences(tmp_path, seed, edits)[0]:
                return
        except AssertionError:  # a build that fails is found out too
            return
    pytest.fail("ten runs with a wrong rebuilder and nothing was noticed")
