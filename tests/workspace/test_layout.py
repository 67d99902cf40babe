"""The description of OCI layouts in output trees."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rulesengine.model.digest import Digest
from rulesengine.model.directory import TreeFile
from rulesengine.workspace.layout import describe

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


class Layout:
    def __init__(self) -> None:
        self.blobs: dict[Digest, bytes] = {}
        self.members: dict[str, Any] = {}

    def add(self, path: str | None, value: Any) -> dict[str, Any]:
        data = value if isinstance(value, bytes) else json.dumps(value).encode()
        digest = Digest.of(data)
        self.blobs[digest] = data
        self.members[path or f"blobs/sha256/{digest.hash}"] = TreeFile(digest)
        return {"digest": str(digest), "size": digest.size}

    def image(self, layer: bytes, **config: str) -> dict[str, Any]:
        manifest = {"config": self.add(None, config), "layers": [self.add(None, layer)]}
        return {**self.add(None, manifest), "mediaType": MANIFEST}

    def finish(self, *top: dict[str, Any]) -> Layout:
        self.add("oci-layout", {"imageLayoutVersion": "1.0.0"})
        self.add("index.json", {"manifests": list(top)})
        return self


def test_an_image() -> None:
    layout = Layout()
    image = layout.image(b"x" * 100, os="linux", architecture="amd64")
    found = describe(layout.finish(image).members, layout.blobs.__getitem__)
    assert found is not None
    assert (str(found.digest), found.media_type) == (image["digest"], MANIFEST)
    assert [one.platform for one in found.platforms] == ["linux/amd64"]
    assert found.platforms[0].size > 100


def test_an_index_of_images() -> None:
    layout = Layout()
    images = [
        {**layout.image(b"1", os="linux"), "platform": {"os": "linux", "architecture": "arm", "variant": "v7"}},
        {**layout.image(b"23", os="linux"), "platform": {"os": "linux", "architecture": "s390x"}},
        {**layout.image(b"att"), "platform": {"os": "unknown", "architecture": "unknown"}},
    ]
    top = {**layout.add(None, {"manifests": images}), "mediaType": INDEX}
    found = describe(layout.finish(top).members, layout.blobs.__getitem__)
    assert found is not None
    assert str(found.digest) == top["digest"]
    assert [one.platform for one in found.platforms] == ["linux/arm/v7", "linux/s390x"]


@pytest.mark.parametrize("fault", ["no layout", "two entries", "blob missing", "not json", "wrong type"])
def test_what_is_no_layout_is_just_a_tree(fault: str) -> None:
    layout = Layout()
    image = layout.image(b"x", os="linux", architecture="amd64")
    layout.finish(image, *([image] if fault == "two entries" else []))
    if fault == "no layout":
        del layout.members["oci-layout"]
    if fault == "blob missing":
        del layout.members["blobs/" + image["digest"].replace(":", "/")]
    if fault == "not json":
        layout.add("index.json", b"{")
    if fault == "wrong type":
        layout.add("index.json", {"manifests": [3]})
    assert describe(layout.members, layout.blobs.__getitem__) is None
