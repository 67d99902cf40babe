"""What goes wrong: a message that says what, where and what to do, the right exit code, and nothing damaged by it.

The archive is a small one of our own on the loopback interface, signed by a throwaway key.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from attrs import evolve, frozen

from tests.end_to_end.command import Done, Pybuild
from tests.end_to_end.fixture_archive import (
    SUITE,
    Fault,
    Mirror,
    absent,
    flipped,
    make_archive,
    release,
    replaced,
)
from tests.oracles.tools import missing, tool

pytestmark = pytest.mark.oracle

IMAGE = "//app:image"
IN_RELEASE = f"dists/{SUITE}/InRelease"

ARCHIVE_BUILD = """\
load("@rulesengine//debian:defs.bzl", "deb_archive")

deb_archive(
    name = "fixture",
    architectures = ["amd64", "arm64"],
    keyring = "fixture.asc",
    lock = "fixture.lock.json",
    packages = ["base-thing"],
    suites = ["fixture"],
    visibility = ["//visibility:public"],
)
"""

APP_BUILD = """\
load("@rulesengine//files:defs.bzl", "tar")
load("@rulesengine//oci:defs.bzl", "oci_image", "oci_image_index")

tar(name = "etc", content = {"etc/motd": "hello"})

oci_image(name = "one", tars = ["//debian:fixture/base-thing/closure", ":etc"])

oci_image_index(name = "image", image = ":one", platforms = ["linux/amd64", "linux/arm64/v8"])
"""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_archive(tmp_path_factory.mktemp("archive"))


@pytest.fixture
def mirror(archive: Path) -> Iterator[Mirror]:
    with Mirror(archive) as running:
        yield running


@frozen
class Site:
    """A workspace with the fixture archive, and what must stay as it is."""

    root: Path
    run: Pybuild
    mirror: Mirror

    @property
    def lock(self) -> Path:
        return self.root / "debian/fixture.lock.json"

    def edit(self, path: str, old: str, new: str) -> None:
        text = (self.root / path).read_text()
        assert old in text
        (self.root / path).write_text(text.replace(old, new))

    def fails(self, code: int, *arguments: str, says: list[str], run: Pybuild | None = None) -> Done:
        """A failing command: exit code, message parts, nothing on standard output, the lock file as it was."""
        before = self.lock.read_bytes() if self.lock.exists() else None
        done = (run or self.run).fails(code, "-C", self.root, *arguments, says=says)
        assert done.err.startswith("ERROR: ") or "\nERROR: " in done.err, str(done)
        assert done.out == ""
        assert (self.lock.read_bytes() if self.lock.exists() else None) == before
        leftovers = [path.name for path in (self.root / "debian").iterdir() if path.name.startswith(".")]
        assert leftovers == []
        return done

    def works(self) -> Done:
        """After whatever happened: the same cache and lock file, and a good build."""
        if not self.lock.exists():
            self.run.good("-C", self.root, "lock")
        return self.run.good("-C", self.root, IMAGE)


@pytest.fixture
def site(archive: Path, mirror: Mirror, tmp_path: Path) -> Site:
    root, home = tmp_path / "site", tmp_path / "home"
    home.mkdir()
    for path, text in {"MODULE.bazel": "", "debian/BUILD": ARCHIVE_BUILD, "app/BUILD": APP_BUILD}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    shutil.copy(archive / "key.asc", root / "debian/fixture.asc")
    run = Pybuild(tmp_path / "cache", home, {"PYBUILD_MIRROR": f"debian={mirror.url}"})
    return Site(root, run, mirror)


@pytest.fixture(scope="module")
def lock_files() -> dict[Path, bytes]:
    """The lock file of each archive, written once."""
    return {}


@pytest.fixture
def locked(site: Site, archive: Path, lock_files: dict[Path, bytes]) -> Site:
    if archive not in lock_files:
        site.run.good("-C", site.root, "lock")
        lock_files[archive] = site.lock.read_bytes()
    site.lock.write_bytes(lock_files[archive])
    return site


def test_the_fixture_is_good(locked: Site) -> None:
    """Without a fault all of it works: otherwise the tests below could pass for another reason."""
    assert locked.works().summary.run > 0


# ---- the archive lies ----------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (replaced(b"Label: Fixture", b"Label: Mixture"), ["InRelease", "signature"]),
        (replaced(b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n", b""), ["InRelease", "not signed"]),
        (lambda data: data[: len(data) // 2], ["InRelease"]),
        (lambda data: b"", ["InRelease"]),
        (lambda data: b"<html>log in to the hotel's network</html>", ["InRelease", "not signed"]),
    ],
    ids=["tampered", "unsigned", "truncated", "empty", "captive portal"],
)
def test_in_release_that_cannot_be_trusted(locked: Site, fault: Fault, says: list[str]) -> None:
    with locked.mirror.damaged(IN_RELEASE, fault):
        locked.fails(1, "lock", "--update", says=[*says, locked.mirror.url, SUITE, "hint:"])
    locked.run.good("-C", locked.root, "lock", "--update")


def test_in_release_that_cannot_be_trusted_at_first(site: Site) -> None:
    with site.mirror.damaged(IN_RELEASE, replaced(b"Label: Fixture", b"Label: Mixture")):
        site.fails(1, "lock", says=["InRelease", "signature", site.mirror.url, SUITE, "hint:"])
    assert not site.lock.exists()
    site.works()


def test_in_release_by_an_unknown_key(site: Site, archive: Path, tmp_path: Path) -> None:
    """Debian's keys are the only ones trusted by default."""
    build = site.root / "debian/BUILD"
    build.write_text(build.read_text().replace('    keyring = "fixture.asc",\n', ""))
    site.fails(1, "lock", says=["InRelease", site.mirror.url, "key", "hint:"])
    assert not site.lock.exists()


def test_a_keyring_that_is_not_there_or_is_none(site: Site) -> None:
    keyring = site.root / "debian/fixture.asc"
    good = keyring.read_bytes()
    keyring.unlink()
    site.fails(1, "lock", says=["//debian:fixture", "fixture.asc", "No such file", "hint:"])
    keyring.write_bytes(b"no key")
    site.fails(1, "lock", says=["keyring"])
    assert not site.lock.exists()
    keyring.write_bytes(good)
    site.works()
    site.works()


def variant(archive: Path, **dates: str) -> bytes:
    """InRelease with other dates, well signed."""
    file = archive / IN_RELEASE
    good = file.read_bytes()
    try:
        release(archive, **dates)
        return file.read_bytes()
    finally:
        file.write_bytes(good)


def test_in_release_that_is_expired(site: Site, archive: Path) -> None:
    old = variant(archive, date="Sat, 01 Jan 2022 00:00:00 UTC", valid_until="Sat, 08 Jan 2022 00:00:00 UTC")
    with site.mirror.damaged(IN_RELEASE, lambda data: old):
        site.fails(1, "lock", says=["InRelease", "2022-01-08", site.mirror.url, "hint:"])
    site.works()


def test_in_release_that_is_rolled_back(locked: Site, archive: Path) -> None:
    old = variant(archive, date="Sat, 01 Jan 2022 00:00:00 UTC")
    with locked.mirror.damaged(IN_RELEASE, lambda data: old):
        locked.fails(1, "lock", "--update", says=["InRelease", "2022-01-01", "older", "hint:"])
    locked.works()


@pytest.mark.parametrize(
    "fault", [flipped(100), lambda data: data[:-1], absent], ids=["flipped", "truncated", "absent"]
)
def test_packages_index_that_is_not_the_listed_one(site: Site, fault: Fault) -> None:
    with site.mirror.damaged("dists/*/Packages*", fault):
        site.fails(1, "lock", says=["Packages", SUITE, site.mirror.url, "hint:"])
    assert not site.lock.exists()
    site.works()


@pytest.mark.parametrize("fault", [flipped(-10), flipped(3), lambda data: data[:-1], lambda data: data + b"\n", absent])
def test_deb_that_is_not_the_pinned_one(locked: Site, fault: Fault) -> None:
    with locked.mirror.damaged("pool/*/base-thing_*", fault):
        # A mirror that has not got it is a fault of the way there; other bytes are a fault of what came.
        code = 32 if fault is absent else 1
        locked.fails(
            code, IMAGE, says=["//debian:fixture/base-thing", "base-thing_1.0_all.deb", locked.mirror.url, "hint:"]
        )
    assert not (locked.root / "pybuild-bin/app/image/index.json").exists()
    locked.works()


def test_deb_damaged_in_the_cache_is_found_out_and_fetched_again(locked: Site) -> None:
    first = locked.works().summary
    for blob in (locked.run.cache / "cas").rglob("*"):
        if blob.is_file() and blob.stat().st_size:
            data = bytearray(blob.read_bytes())
            data[len(data) // 2] ^= 1
            blob.chmod(0o644)
            blob.write_bytes(data)
    shutil.rmtree(locked.run.cache / "noop")
    shutil.rmtree(locked.run.cache / "workspaces")
    again = locked.run.good("-C", locked.root, IMAGE).summary
    assert again.digest == first.digest


# ---- the archive is not there ----------------------------------------------------


def closed_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def test_unreachable_mirror(locked: Site) -> None:
    address = f"http://127.0.0.1:{closed_port()}"
    nowhere = evolve(locked.run, environment={"PYBUILD_MIRROR": f"debian={address}"})
    locked.fails(32, "lock", "--update", says=[address, SUITE, "hint:"], run=nowhere)
    locked.fails(32, IMAGE, says=[address, "//debian:fixture/", ".deb", "--mirror", "hint:"], run=nowhere)
    # With --keep_going other failures stand beside it, and it counts more than they do.
    (locked.root / "app/bad").mkdir()
    (locked.root / "app/bad/BUILD").write_text('genrule(name = "bad", outs = ["o"], cmd = "exit 1")\n')
    for targets in ([IMAGE, "//app/bad"], ["//app/bad", IMAGE]):
        locked.fails(32, "build", "-k", *targets, says=[address, "exit code 1"], run=nowhere)
    locked.works()


def test_offline(locked: Site) -> None:
    locked.fails(1, "build", "--offline", IMAGE, says=["//debian:fixture/", ".deb", "offline", "hint:"])
    locked.works()
    locked.run.good("-C", locked.root, "build", "--offline", IMAGE)


# ---- what a person wrote is wrong ---------------------------------------------------


def test_package_that_the_archive_does_not_have(site: Site) -> None:
    site.edit("debian/BUILD", '"base-thing"', '"base-thnig"')
    site.fails(1, "lock", says=["base-thnig", "did you mean", "base-thing"])
    site.edit("debian/BUILD", "base-thnig", "base-thing")
    site.works()


def test_package_whose_dependency_the_archive_does_not_have(site: Site) -> None:
    site.edit("debian/BUILD", '"base-thing"', '"needs-missing"')
    site.fails(1, "lock", says=["needs-missing", "nowhere (>= 3)"])


def test_package_that_is_not_locked(locked: Site) -> None:
    locked.edit("debian/BUILD", '"base-thing"', '"base-thing", "needs-missing"')
    locked.edit("app/BUILD", "base-thing/closure", "needs-missing")
    locked.fails(1, IMAGE, says=["needs-missing", "fixture.lock.json", "pybuild lock //debian:fixture"])


def test_lock_file_that_is_missing(site: Site) -> None:
    site.fails(1, IMAGE, says=["debian/BUILD:", "fixture.lock.json", "pybuild lock //debian:fixture"])


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        ("{", ["fixture.lock.json"]),
        ("[]", ["fixture.lock.json", "lock"]),
        ('{"version": 9}', ["fixture.lock.json", "version"]),
    ],
)
def test_lock_file_that_is_damaged(locked: Site, damage: str, says: list[str]) -> None:
    good = locked.lock.read_text()
    locked.lock.write_text(damage)
    locked.fails(1, IMAGE, says=says)
    locked.lock.write_text(good)
    locked.works()


@pytest.mark.parametrize(
    ("label", "code", "says"),
    [
        ("//app:imgae", 1, ["//app:imgae", "did you mean", "image"]),
        ("//ap:image", 1, ["no package //ap", "did you mean", "//app"]),
        ("//app::image", 1, ["//app::image"]),
        ("//app:im age\n", 1, ["im age"]),
        ("///app", 1, ["///app"]),
    ],
)
def test_bad_label(locked: Site, label: str, code: int, says: list[str]) -> None:
    locked.fails(code, "build", label, says=says)


def test_syntax_error(locked: Site) -> None:
    locked.edit("app/BUILD", 'tar(name = "etc",', 'tar(name = = "etc",')
    locked.fails(1, IMAGE, says=["app/BUILD:4:", 'tar(name = = "etc",', "syntax"])
    locked.edit("app/BUILD", "= = ", "= ")
    locked.works()


def test_load_cycle(locked: Site) -> None:
    (locked.root / "app/one.bzl").write_text('load(":two.bzl", "y")\nx = y\n')
    (locked.root / "app/two.bzl").write_text('load("//app:one.bzl", "x")\ny = x\n')
    locked.edit("app/BUILD", 'load("@rulesengine//files', 'load(":one.bzl", "x")\nload("@rulesengine//files')
    locked.fails(1, IMAGE, says=["circle", "//app:one.bzl", "//app:two.bzl", "app/two.bzl:1"])


def test_dependency_cycle(locked: Site) -> None:
    with (locked.root / "app/BUILD").open("a") as build:
        build.write('filegroup(name = "chicken", srcs = [":egg"])\nfilegroup(name = "egg", srcs = [":chicken"])\n')
    locked.fails(1, "//app:chicken", says=["circle", "//app:chicken", "//app:egg"])
    locked.works()


def test_unknown_attribute(locked: Site) -> None:
    locked.edit("app/BUILD", 'oci_image(name = "one",', 'oci_image(name = "one", entrypiont = ["/x"],')
    locked.fails(1, IMAGE, says=["app/BUILD:6:", "entrypiont", "did you mean", "entrypoint"])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--jbos=3", IMAGE], ["--jbos", "hint:"]),
        (["build", "--jbos=3", IMAGE], ["--jbos", "--jobs"]),
        (["biuld", IMAGE], ["biuld", "build"]),
        (["build", "--jobs=none", IMAGE], ["--jobs=none"]),
        (["build"], ["no target"]),
    ],
)
def test_bad_command_line(locked: Site, arguments: list[str], says: list[str]) -> None:
    locked.fails(2, *arguments, says=says)


def test_outside_of_a_workspace(locked: Site, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    locked.run.fails(2, "-C", tmp_path / "empty", IMAGE, says=["MODULE.bazel", "pybuild init"])


# ---- the machine is full, or closed ---------------------------------------------------


@contextmanager
def small_disk(directory: Path, size: str) -> Iterator[Path]:
    """A file system of so many bytes; only root can mount one."""
    if os.geteuid() != 0:
        missing("only root can mount a small file system")
    directory.mkdir()
    mount = subprocess.run(
        [tool("mount"), "-t", "tmpfs", "-o", f"size={size}", "tmpfs", directory],
        capture_output=True,
        text=True,
        check=False,
    )
    if mount.returncode:
        missing(f"cannot mount here: {mount.stderr}")
    try:
        yield directory
    finally:
        subprocess.run([tool("umount"), directory], check=True)


def fill(directory: Path, leave: int) -> Path:
    """Fill a file system up to a few bytes."""
    stone = directory / "stone"
    with stone.open("wb") as stream:
        while True:
            free = os.statvfs(directory).f_bavail * os.statvfs(directory).f_frsize - leave
            if free <= 0:
                return stone
            stream.write(b"x" * min(free, 1 << 20))
            stream.flush()


@pytest.mark.parametrize("leave", [0, 64 << 10, 160 << 10, 256 << 10])
def test_full_disk_under_the_cache(locked: Site, tmp_path: Path, leave: int) -> None:
    """Wherever in the build the space runs out; a large source file sees to it that it does."""
    (locked.root / "app/large.bin").write_bytes(os.urandom(1 << 20))
    locked.edit("app/BUILD", '"etc", content', '"etc", files = {"large": "large.bin"}, content')
    with small_disk(tmp_path / "small", "8m") as disk:
        run = evolve(locked.run, cache=disk / "cache")
        stone = fill(disk, leave)
        locked.fails(36, IMAGE, says=["no space left", "hint:"], run=run)
        stone.unlink()
        good = run.good("-C", locked.root, IMAGE)
        assert good.summary.digest == locked.run.good("-C", locked.root, IMAGE).summary.digest


def test_full_disk_under_the_workspace(locked: Site, tmp_path: Path) -> None:
    """The lock file is replaced in one step or not at all."""
    with small_disk(tmp_path / "small", "1m") as disk:
        root = disk / "site"
        shutil.copytree(locked.root, root, symlinks=True)
        site = evolve(locked, root=root)
        site.edit("debian/BUILD", '"base-thing"', '"lib-thing"')
        stone = fill(disk, 0)
        site.fails(36, "lock", says=["fixture.lock.json", "no space left", "hint:"])
        stone.unlink()
        site.run.good("-C", root, "lock")


def test_cache_that_cannot_be_written(locked: Site, tmp_path: Path) -> None:
    with small_disk(tmp_path / "small", "8m") as disk:
        subprocess.run([tool("mount"), "-o", "remount,ro", disk], check=True)
        run = evolve(locked.run, cache=disk / "cache")
        locked.fails(36, IMAGE, says=[str(disk), "hint:", "PYBUILD_CACHE"], run=run)
    locked.works()


def test_filled_cache_that_became_read_only(locked: Site, tmp_path: Path) -> None:
    """It has all that is needed, but outputs and records cannot be written: a message, and later a good build."""
    with small_disk(tmp_path / "small", "8m") as disk:
        run = evolve(locked.run, cache=disk / "cache")
        good = run.good("-C", locked.root, IMAGE).summary
        subprocess.run([tool("mount"), "-o", "remount,ro", disk], check=True)
        locked.edit("app/BUILD", "hello", "another")
        locked.fails(36, IMAGE, says=["hint:"], run=run)
        locked.edit("app/BUILD", "another", "hello")
        subprocess.run([tool("mount"), "-o", "remount,rw", disk], check=True)
        assert run.good("-C", locked.root, IMAGE).summary.digest == good.digest
