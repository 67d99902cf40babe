"""The published JSON schemas, against documents of ours and against broken ones."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest

from rulesengine.oci import media_types
from rulesengine.oci.config import Execution, History, ImageConfig, RootFs
from rulesengine.oci.descriptor import Descriptor
from rulesengine.oci.index import ImageIndex
from rulesengine.oci.layout import LayoutHeader
from rulesengine.oci.manifest import Manifest
from rulesengine.oci.platform import Platform
from tests.oracles.layouts import good_layout
from tests.oracles.oci_schemas import OciSchemas

DIGEST = "sha256:" + "a" * 64


def test_the_hand_made_layout_passes(oci_schemas: OciSchemas, tmp_path: Path) -> None:
    assert sorted(oci_schemas.validate_layout(good_layout().write(tmp_path))) == sorted(
        [media_types.LAYOUT_HEADER] + [media_types.INDEX] * 2 + [media_types.MANIFEST] * 2 + [media_types.CONFIG] * 2
    )


def test_our_documents_pass(oci_schemas: OciSchemas) -> None:
    full = Descriptor(
        media_types.MANIFEST,
        DIGEST,
        5,
        Platform("linux", "arm", "v7", "6.1", ("x",)),
        {"a": "b"},
        "application/x",
        ("https://example.org/a",),
        "e30=",
    )
    config = ImageConfig(
        "arm", "linux", RootFs((DIGEST,)), "v7", "1", ("f",), "2025-01-01T00:00:00Z", "me",
        Execution("65532:65532", ("80/tcp",), ("A=b",), ("/a",), ("b",), ("/v",), "/w", {"l": "m"}, "SIGTERM"),
        (History("2025-01-01T00:00:00Z", "me", "x", "y", True),),
    )  # fmt: skip
    oci_schemas.validate(config.to_bytes(), media_types.CONFIG)
    oci_schemas.validate(ImageConfig("amd64", "linux", RootFs(())).to_bytes(), media_types.CONFIG)
    oci_schemas.validate(Manifest(full, (full,), annotations={"a": ""}).to_bytes(), media_types.MANIFEST)
    oci_schemas.validate(ImageIndex((full,), subject=full).to_bytes(), media_types.INDEX)
    oci_schemas.validate(LayoutHeader().to_bytes(), media_types.LAYOUT_HEADER)


@pytest.mark.parametrize(
    ("document", "media_type"),
    [
        (b'{"os":"linux"}', media_types.CONFIG),
        (b'{"os":"linux","architecture":"x","rootfs":{"type":"layers","diff_ids":[1]}}', media_types.CONFIG),
        (b'{"schemaVersion":2,"layers":[],"config":{}}', media_types.MANIFEST),
        (b'{"schemaVersion":2,"manifests":[{"mediaType":"x","size":1,"digest":"y"}]}', media_types.INDEX),
        (b'{"imageLayoutVersion":"9"}', media_types.LAYOUT_HEADER),
        (b'{"mediaType":"a/b","size":"1","digest":"sha256:aa"}', media_types.DESCRIPTOR),
    ],
)
def test_the_schemas_refuse(oci_schemas: OciSchemas, document: bytes, media_type: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        oci_schemas.validate(document, media_type)
