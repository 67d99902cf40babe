"""Small layouts for tests, made by hand from plain JSON and the standard library's tar and gzip.

Nothing here uses the rooms under test, so that a fault of theirs cannot hide in the fixture.
"""

from __future__ import annotations

import copy
import gzip
import hashlib
import io
import json
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from rulesengine.errors import ArchiveError

OCI = "application/vnd.oci.image"
INDEX = f"{OCI}.index.v1+json"
MANIFEST = f"{OCI}.manifest.v1+json"
CONFIG = f"{OCI}.config.v1+json"
LAYER_GZIP = f"{OCI}.layer.v1.tar+gzip"


def sha256(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def tar(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            if name.endswith("/"):
                member.type, member.mode = tarfile.DIRTYPE, 0o755
            else:
                member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return out.getvalue()


def tar_gzip(files: dict[str, bytes]) -> tuple[bytes, str]:
    """A gzip layer and its diff_id."""
    plain = tar(files)
    return gzip.compress(plain, mtime=0), sha256(plain)


class Layout:
    """A layout in memory; `files` is path -> bytes."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}'}

    def blob(self, data: bytes, media_type: str, **more: Any) -> dict[str, Any]:
        """Store a blob; its descriptor."""
        digest = sha256(data)
        self.files["blobs/" + digest.replace(":", "/")] = data
        return {"mediaType": media_type, "digest": digest, "size": len(data), **more}

    def document(self, value: object, media_type: str, **more: Any) -> dict[str, Any]:
        return self.blob(json.dumps(value).encode(), media_type, **more)

    def root(self, *descriptors: dict[str, Any]) -> None:
        document = {"schemaVersion": 2, "mediaType": INDEX, "manifests": list(descriptors)}
        self.files["index.json"] = json.dumps(document).encode()

    def load(self, descriptor: dict[str, Any]) -> Any:
        return json.loads(self.files["blobs/" + descriptor["digest"].replace(":", "/")])

    def copy(self) -> Layout:
        other = Layout()
        other.files = copy.deepcopy(self.files)
        return other

    def open(self, path: str) -> BinaryIO:
        return io.BytesIO(self.files[path])

    def write(self, root: Path) -> Path:
        for path, data in self.files.items():
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        return root


PLATFORMS = (
    {"architecture": "amd64", "os": "linux"},
    {"architecture": "arm64", "os": "linux", "variant": "v8"},
)


def image(
    layout: Layout, platform: dict[str, str], layers: Iterable[tuple[bytes, str]], **config: Any
) -> dict[str, Any]:
    """Store an image; its manifest's descriptor, with the platform."""
    layers = list(layers)
    document = {
        **platform,
        "config": {"Env": ["PATH=/bin"], "Cmd": ["/hello"]},
        "rootfs": {"type": "layers", "diff_ids": [diff_id for _, diff_id in layers]},
        "history": [{"created": "2025-01-01T00:00:00Z", "created_by": "test"} for _ in layers],
        **config,
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": layout.document(document, CONFIG),
        "layers": [layout.blob(data, LAYER_GZIP) for data, _ in layers],
    }
    return layout.document(manifest, MANIFEST, platform=platform)


def good_layout() -> Layout:
    """Two platforms, one layer shared and one of each platform's own."""
    layout = Layout()
    shared = tar_gzip({"etc/": b"", "etc/passwd": b"root:x:0:0:root:/root:/sbin/nologin\n"})
    manifests = [
        image(layout, platform, [shared, tar_gzip({"hello": platform["architecture"].encode()})])
        for platform in PLATFORMS
    ]
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}
    layout.root(layout.document(index, INDEX))
    return layout


def decompress(stream: BinaryIO, compression: str) -> Iterator[bytes]:
    """The standard library as a decompressor for the validator: '' and gzip."""
    if compression == "gzip":
        try:
            yield gzip.decompress(stream.read())
        except (OSError, EOFError, zlib.error) as fault:
            raise ArchiveError(f"damaged gzip stream: {fault}") from None
    else:
        yield stream.read()
