"""skopeo and umoci read layouts that these documents make."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from rulesengine.model.digest import Digest
from rulesengine.oci import media_types
from rulesengine.oci.config import Execution, ImageConfig, RootFs
from rulesengine.oci.descriptor import Descriptor
from rulesengine.oci.index import ImageIndex
from rulesengine.oci.layout import layout_files
from rulesengine.oci.manifest import Manifest
from rulesengine.oci.platform import Platform
from rulesengine.oci.validate import validate_layout
from tests.oracles.layouts import decompress, tar_gzip
from tests.oracles.oci_schemas import OciSchemas
from tests.oracles.tools import run, tool

PLATFORMS = [
    Platform.parse(text)
    for text in (
        "linux/amd64", "linux/arm64/v8", "linux/arm/v7", "linux/s390x", "linux/ppc64le", "linux/riscv64",
    )
]  # fmt: skip


def image(platform: Platform, blobs: dict[Digest, bytes]) -> tuple[Descriptor, list[bytes]]:
    """A manifest and its config for one platform; its layer is put in `blobs`."""
    layer, diff_id = tar_gzip({"etc/": b"", "etc/arch": str(platform).encode()})
    blobs[Digest.of(layer)] = layer
    config = ImageConfig(
        platform.architecture,
        platform.os,
        RootFs((diff_id,)),
        platform.variant,
        created="2025-08-09T00:00:00Z",
        config=Execution(user="65532", env=("PATH=/bin",), exposed_ports=("80/tcp",), cmd=("/x",), working_dir="/home"),
    ).to_bytes()
    manifest = Manifest(
        Descriptor.of(media_types.CONFIG, Digest.of(config)),
        (Descriptor.of(media_types.LAYER_GZIP, Digest.of(layer)),),
    ).to_bytes()
    return Descriptor.of(media_types.MANIFEST, Digest.of(manifest), platform=platform), [manifest, config]


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A layout of six platforms on disk."""
    blobs: dict[Digest, bytes] = {}
    entries, documents = [], []
    for platform in PLATFORMS:
        entry, made = image(platform, blobs)
        entries.append(entry)
        documents += made
    index = ImageIndex(tuple(entries)).to_bytes()
    root = Descriptor.of(media_types.INDEX, Digest.of(index))
    directory = tmp_path_factory.mktemp("layout")
    for path, data in layout_files(root, [*documents, index], blobs).items():
        target = directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(blobs[data] if isinstance(data, Digest) else data)
    return directory


def test_valid_by_the_schemas_and_by_us(layout: Path, oci_schemas: OciSchemas) -> None:
    assert len(oci_schemas.validate_layout(layout)) == 2 + 1 + 2 * 6
    paths = [str(path.relative_to(layout)) for path in layout.rglob("*") if path.is_file()]
    assert validate_layout(lambda path: (layout / path).open("rb"), paths, decompress) == []


@pytest.mark.oracle
def test_skopeo_shows_the_index_as_it_is(layout: Path) -> None:
    raw = run(tool("skopeo"), "inspect", "--raw", f"oci:{layout}")
    entry = json.loads((layout / "index.json").read_text())["manifests"][0]
    assert raw.encode() == (layout / "blobs" / entry["digest"].replace(":", "/")).read_bytes()
    assert [one["platform"].get("variant") for one in json.loads(raw)["manifests"]] == [
        None, "v8", "v7", None, None, None,
    ]  # fmt: skip


@pytest.mark.oracle
def test_skopeo_copies_all_of_it(layout: Path, tmp_path: Path) -> None:
    run(tool("skopeo"), "copy", "--all", f"oci:{layout}", f"dir:{tmp_path / 'out'}")
    blobs = {path.name for path in (layout / "blobs" / "sha256").iterdir()}
    copied = {Digest.of(path.read_bytes()).hash for path in (tmp_path / "out").iterdir()}
    assert blobs <= copied


@pytest.mark.oracle
@pytest.mark.parametrize("platform", PLATFORMS, ids=str)
def test_umoci_unpacks_each_platform(layout: Path, tmp_path: Path, platform: Platform) -> None:
    picked = tmp_path / "picked"
    run(
        tool("skopeo"),
        f"--override-os={platform.os}",
        f"--override-arch={platform.architecture}",
        f"--override-variant={platform.variant}",
        "copy",
        f"oci:{layout}",
        f"oci:{picked}:tag",
    )
    flags = [] if os.geteuid() == 0 else ["--rootless"]
    run(tool("umoci"), "unpack", *flags, "--image", f"{picked}:tag", tmp_path / "bundle")
    assert (tmp_path / "bundle/rootfs/etc/arch").read_text() == str(platform)
    settings = json.loads((tmp_path / "bundle/config.json").read_text())
    assert settings["process"]["args"] == ["/x"]
    assert settings["process"]["cwd"] == "/home"
    assert settings["process"]["user"]["uid"] == 65532
    assert "PATH=/bin" in settings["process"]["env"]
