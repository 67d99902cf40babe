"""`pybuild init hello && pybuild -C hello //base:static`, on the machine's own apt sources."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pytest

import rulesengine
from tests.end_to_end.command import PLATFORMS, STATIC, Pybuild, digest_of, index_of
from tests.end_to_end.conftest import Hello

pytestmark = [pytest.mark.live, pytest.mark.oracle]
REPOSITORY = Path(__file__).parents[2]


def test_the_layout_is_where_the_readme_says(hello: Hello) -> None:
    assert (hello.root / "pybuild-bin").is_symlink()
    assert (hello.layout / "oci-layout").is_file()
    assert digest_of(hello.layout) == hello.digest


def test_it_takes_less_than_two_minutes(hello: Hello) -> None:
    assert hello.seconds < 120


def test_outputs_are_hard_links_out_of_the_cache(hello: Hello) -> None:
    largest = max((hello.layout / "blobs/sha256").iterdir(), key=lambda path: path.stat().st_size)
    assert largest.stat().st_nlink > 1
    assert largest.stat().st_mode & 0o222 == 0


def test_init_writes_a_small_workspace_whose_build_file_is_the_example(hello: Hello) -> None:
    names = sorted(
        path.relative_to(hello.root).as_posix() for path in hello.root.rglob("*") if "pybuild-bin" not in path.parts
    )
    files = [name for name in names if (hello.root / name).is_file()]
    assert files == [".gitignore", "MODULE.bazel", "base/BUILD", "debian/BUILD", "debian/trixie.lock.json"]
    assert (hello.root / "base/BUILD").read_text() == (REPOSITORY / "BUILD.example").read_text()


def test_the_lock_names_no_host_of_this_machine(hello: Hello) -> None:
    hosts = set(re.findall(r"https?://([^/\"]+)", (hello.root / "debian/trixie.lock.json").read_text()))
    assert hosts <= {"snapshot.debian.org"}


def test_nothing_but_results_goes_to_standard_output(hello: Hello) -> None:
    assert hello.build.out == ""


def test_piped_output_is_plain_lines(hello: Hello) -> None:
    assert "\x1b" not in hello.build.err
    assert "\r" not in hello.build.err


def test_the_summary_tells_digest_size_time_and_actions(hello: Hello) -> None:
    line = next(line for line in hello.build.err.splitlines() if line.startswith(STATIC))
    assert f"{len(PLATFORMS)} platforms" in line
    assert re.search(r"[0-9.]+ [KM]iB each", line)
    assert re.search(r"[0-9.]+ s\b", line)
    summary = hello.build.summary
    assert summary.run + summary.cached == summary.actions > 6 + 1


def test_six_platforms_with_variants(hello: Hello) -> None:
    platforms = [one["platform"] for one in index_of(hello.layout)["manifests"]]
    assert ["/".join(filter(None, (one["os"], one["architecture"], one.get("variant")))) for one in platforms] == list(
        PLATFORMS
    )


def test_build_is_the_default_command(hello: Hello, pybuild: Pybuild) -> None:
    assert pybuild.good("-C", hello.root, "build", STATIC).summary.digest == hello.digest


def test_init_overwrites_nothing(apart: tuple[Path, Pybuild]) -> None:
    root, pybuild = apart
    (root / "base/BUILD").write_text("# mine\n")
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    done = pybuild.good("init", root)
    for name in ("MODULE.bazel", "base/BUILD", "debian/BUILD", "trixie.lock.json"):
        assert any(name in line and "left as it is" in line for line in done.err.splitlines()), str(done)
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before


def test_readme_has_its_two_commands() -> None:
    """The first is run by .ci/run, word for word, in a fresh clone; the second is what runs this test."""
    readme = REPOSITORY / "README.md"
    assert readme.exists()
    commands = [line[4:] for line in readme.read_text().splitlines() if line.startswith("    ")]
    first = next(line for line in commands if line.startswith("python3 -m venv .venv && "))
    words = [shlex.split(part) for part in first.split("&&")]
    assert [part[0] for part in words] == ["python3", ".venv/bin/pip", ".venv/bin/pybuild", ".venv/bin/pybuild"]
    assert words[1] == [".venv/bin/pip", "install", "."]
    assert words[2] == [".venv/bin/pybuild", "init", "hello"]
    assert words[3] == [".venv/bin/pybuild", "-C", "hello", STATIC]
    second = [line for line in commands if line.startswith("scripts/test")]
    assert second
    assert os.access(REPOSITORY / shlex.split(second[0])[0], os.X_OK)


def test_the_version_is_the_packages(pybuild: Pybuild) -> None:
    assert rulesengine.__version__ in pybuild.good("version").out
