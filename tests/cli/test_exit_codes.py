"""Exit codes: which situation gives which, and that the pages say so.  See also test_records.py."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rulesengine import errors
from rulesengine.cli import main as front
from rulesengine.cli.exit_codes import EXIT_CODES, name_of
from rulesengine.cli.flags import COMMANDS
from tests.cli.conftest import Space

ROOT = Path(__file__).parents[2]
BAZELS = (0, 1, 2, 3, 4, 7, 8, 9, 32, 33, 36, 37, 38, 39, 45)


def test_the_list_is_bazels() -> None:
    assert tuple(one.code for one in EXIT_CODES) == BAZELS
    assert name_of(99) == "UNKNOWN"


def test_every_error_has_a_code_of_the_list() -> None:
    kinds = [errors.RulesEngineError]
    for kind in kinds:
        kinds += kind.__subclasses__()
        assert kind.exit_code in BAZELS, kind


def test_queries(space: Space) -> None:
    assert space.run("query", "//a:g").returncode == 0
    assert space.run("query", "deps(").returncode == 2
    assert space.run("query", "//a:nope").returncode == 7
    space.write("broken/BUILD", "genrule(")
    assert space.run("query", "//broken:x").returncode == 7
    assert space.run("query", "-k", "//broken:x + //a:g").returncode == 3


def test_a_server_that_cannot_be_reached(space: Space) -> None:
    space.write(
        "d/BUILD",
        'load("@rulesengine//debian:defs.bzl", "deb_archive")\n'
        'deb_archive(name = "x", lock = "x.lock.json", suites = ["trixie"], architectures = ["amd64"],'
        ' packages = ["base-files"])\n',
    )
    # No mirror, and the machine's own through a proxy that is not there.
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        space.environment[name] = "http://127.0.0.1:9"
    done = space.run("lock", "--mirror=http://127.0.0.1:9/debian", no_proxy="")
    assert done.returncode == 32, done.stderr


def test_out_of_memory(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def hungry(*arguments: object) -> int:
        raise MemoryError

    monkeypatch.setattr(front, "_run", hungry)
    assert front.run(["version"]) == 33
    assert "ERROR: out of memory" in capsys.readouterr().err


def test_a_cache_that_cannot_be_written(space: Space) -> None:
    space.write("file", "")
    done = space.run("//a:g", f"--disk_cache={space.root}/file/below")
    assert done.returncode == 36, done.stderr
    assert done.stderr.startswith("ERROR: ")


def test_a_cache_that_keeps_losing_what_it_has(space: Space) -> None:
    """Two actions, each of which empties the cache."""
    cas = space.cache / "cas"
    space.write(
        "lost/BUILD",
        "".join(
            f'genrule(name = "{name}", outs = ["{name}.out"], cmd = "rm -rf {cas}/*; echo {name} > $@", local = True)\n'
            for name in "ab"
        ),
    )
    for more in ([], ["-k"]):
        done = space.run("//lost:all", "-j1", "--spawn_strategy=local", *more)
        assert done.returncode == 39, done.stderr
        assert "lost from the cache again and again" in done.stderr
    assert space.run("//a:g").returncode == 0
    assert errors.LostBlobError("").exit_code == 39
    assert errors.StoreError("").exit_code == errors.DiskFullError("").exit_code == 36


def test_every_command_has_a_page_with_itself_on_it() -> None:
    folder = ROOT / "docs/reference/commands"
    assert {path.stem for path in folder.glob("*.md")} == {one.name for one in COMMANDS}
    for one in COMMANDS:
        text = (folder / f"{one.name}.md").read_text()
        assert re.search(rf"^\$ .*\bpybuild (-C \w+ )?{one.name}\b", text, re.M), one.name
        assert one.usage in text


def test_the_overview_names_every_command_once(space: Space) -> None:
    text = space.run("help").stdout
    for one in COMMANDS:
        assert len(re.findall(rf"^  {one.name} +{re.escape(one.summary)}$", text, re.M)) == 1, one.name
    assert "More:" not in text
    assert max(len(line) for line in text.splitlines()) <= 100
