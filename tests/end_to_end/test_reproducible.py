"""The digest is the same wherever, whenever and by whomever it is built; and without network too."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from attrs import evolve

from tests.end_to_end.command import (
    STATIC,
    Pybuild,
    copy_workspace,
    digest_of,
    fetched_blobs,
    fetched_cache,
    without_network,
)
from tests.end_to_end.conftest import Hello
from tests.oracles.tools import missing, tool

pytestmark = pytest.mark.live

LOCK = "debian/trixie.lock.json"
VARIATIONS = {
    "another path": {},
    "TZ": {"TZ": "Pacific/Apia"},
    "locale": {"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8"},
    "hash seed 0": {"PYTHONHASHSEED": "0"},
    "hash seed 424242": {"PYTHONHASHSEED": "424242"},
    "everything": {"TZ": "Asia/Kathmandu", "LC_ALL": "C", "PYTHONHASHSEED": "7", "SOURCE_DATE_EPOCH": "1"},
}


def same(hello: Hello, pybuild: Pybuild, root: Path, *flags: str) -> None:
    """Build without a single cached action but fetches; the layout must be the same, file by file."""
    there = len(fetched_blobs(pybuild.cache, root / LOCK)) if pybuild.cache.exists() else 0
    summary = pybuild.good("-C", root, "build", *flags, STATIC).summary
    assert summary.digest == hello.digest
    assert summary.run == hello.build.summary.run - there
    layout = root / "pybuild-bin/base/static"
    assert digest_of(layout) == hello.digest
    files = [sorted(path.relative_to(where) for path in where.rglob("*")) for where in (layout, hello.layout)]
    assert files[0] == files[1]
    for name in ("index.json", "oci-layout"):
        assert (layout / name).read_bytes() == (hello.layout / name).read_bytes()


@pytest.fixture
def fresh(hello: Hello, pybuild: Pybuild, tmp_path: Path) -> tuple[Path, Pybuild]:
    """The workspace at another path, and a cache that holds the .debs alone."""
    root = copy_workspace(hello.root, tmp_path / "Other path, with a blank and a ü")
    cache = fetched_cache(pybuild.cache, tmp_path / "cache", hello.root / LOCK)
    home = tmp_path / "home"
    home.mkdir()
    return root, Pybuild(cache, home)


@pytest.mark.parametrize("variation", VARIATIONS)
def test_same_digest(hello: Hello, fresh: tuple[Path, Pybuild], variation: str) -> None:
    root, pybuild = fresh
    same(hello, evolve(pybuild, environment=VARIATIONS[variation]), root)


@pytest.mark.parametrize("jobs", [1, 8])
def test_same_digest_with_as_many_jobs(hello: Hello, fresh: tuple[Path, Pybuild], jobs: int) -> None:
    root, pybuild = fresh
    same(hello, pybuild, root, f"-j{jobs}")


@pytest.mark.parametrize("mask", ["077", "000"])
def test_same_digest_with_another_umask(hello: Hello, fresh: tuple[Path, Pybuild], mask: str) -> None:
    root, pybuild = fresh
    for path in root.rglob("*"):
        path.chmod(path.stat().st_mode & ~int(mask, 8))
    same(hello, evolve(pybuild, prefix=("/bin/sh", "-c", f'umask {mask}; exec "$@"', "sh")), root)


def test_same_digest_by_another_user(hello: Hello, fresh: tuple[Path, Pybuild]) -> None:
    if os.geteuid() != 0:
        missing("only root can become another user")
    number = 54321
    become = (tool("setpriv", "util-linux"), f"--reuid={number}", f"--regid={number}", "--clear-groups")
    reads = [*become, sys.executable, "-c", "import rulesengine"]
    if subprocess.run(reads, capture_output=True, check=False).returncode:
        # This interpreter lies where no other user can read: be another user in a name space of users instead.
        become = (tool("unshare", "util-linux"), "--user", f"--map-user={number}", f"--map-group={number}")
    shown = subprocess.run([*become, "id", "-u"], capture_output=True, text=True, check=False)
    if shown.stdout.strip() != str(number):
        missing(f"cannot become another user here: {shown.stderr}")
    # pytest's own directories are root's alone.
    with tempfile.TemporaryDirectory(prefix="pybuild-") as directory:
        place = Path(directory)
        root, pybuild = fresh
        shutil.copytree(root, place / "root", symlinks=True)
        shutil.copytree(pybuild.cache, place / "cache")
        (place / "home").mkdir()
        if become[0].endswith("setpriv"):
            for path in (place, *place.rglob("*")):
                os.chown(path, number, number, follow_symlinks=False)
        same(hello, Pybuild(place / "cache", place / "home", prefix=become), place / "root")


def test_same_digest_from_an_emptied_cache(hello: Hello, pybuild: Pybuild, tmp_path: Path) -> None:
    """Everything is fetched again from the machine's own mirrors."""
    root = copy_workspace(hello.root, tmp_path / "copy")
    same(hello, evolve(pybuild, cache=tmp_path / "cache"), root)


def test_same_digest_with_the_directory_read_in_another_order(hello: Hello, fresh: tuple[Path, Pybuild]) -> None:
    """Files written in reverse order come back so from most file systems."""
    root, pybuild = fresh
    other = root.with_name("reversed")
    for path in sorted((path for path in root.rglob("*") if path.is_file()), reverse=True):
        target = other / path.relative_to(root)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    same(hello, pybuild, other)


# ---- without network --------------------------------------------------------


def test_without_network_from_what_was_fetched(hello: Hello, fresh: tuple[Path, Pybuild]) -> None:
    root, pybuild = fresh
    same(hello, evolve(pybuild, prefix=without_network()), root)


def test_without_network_from_an_emptied_action_cache(hello: Hello, pybuild: Pybuild, tmp_path: Path) -> None:
    """All blobs are there, but no knowledge of what they are."""
    root = copy_workspace(hello.root, tmp_path / "copy")
    cache = tmp_path / "cache"
    subprocess.run(["cp", "-a", pybuild.cache / ".", cache], check=True)
    subprocess.run(["rm", "-rf", cache / "ac", cache / "noop"], check=True)
    same(hello, evolve(pybuild, cache=cache, prefix=without_network()), root)


def test_without_network_and_without_blobs_it_says_what_is_missing(
    hello: Hello, pybuild: Pybuild, tmp_path: Path
) -> None:
    """The oracle for the two above: without network it is really gone."""
    root = copy_workspace(hello.root, tmp_path / "copy")
    other = evolve(pybuild, cache=tmp_path / "cache", prefix=without_network())
    done = other.fails(32, "-C", root, STATIC, says=[".deb", "//debian:trixie/", "hint:"])
    assert done.out == ""
