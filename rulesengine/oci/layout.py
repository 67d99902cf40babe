"""Image layout: a directory of blobs with one root (image-spec image-layout.md).

A layout is a mapping from relative path to bytes (the documents) or to a digest (blobs that the store
already has), so that putting one together copies no layer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import field, frozen

from rulesengine.errors import OciError
from rulesengine.model.codec import decode, encode, key
from rulesengine.model.digest import Digest
from rulesengine.oci.descriptor import Descriptor
from rulesengine.oci.index import ImageIndex

HEADER_PATH = "oci-layout"
INDEX_PATH = "index.json"
BLOBS = "blobs/"


def _check_version(text: str) -> str | None:
    return None if text == "1.0.0" else f"{text!r} is not 1.0.0, the only layout version"


@frozen
class LayoutHeader:
    """The `oci-layout` file."""

    version: str = field(default="1.0.0", metadata=key("imageLayoutVersion", check=_check_version, always=True))

    @staticmethod
    def from_bytes(data: bytes) -> LayoutHeader:
        """Decode.  Raises OciError."""
        return _header(data)

    def to_bytes(self) -> bytes:
        """The canonical document."""
        return encode(self)


def _header(data: bytes) -> LayoutHeader:
    from rulesengine.model.codec import parse_json

    document = parse_json(data, what=HEADER_PATH, error=OciError, limit=1 << 20)
    if not isinstance(document, dict) or "imageLayoutVersion" not in document:
        raise OciError(f"{HEADER_PATH}: required key is missing @ $.imageLayoutVersion")
    return decode(LayoutHeader, data, what=HEADER_PATH, error=OciError)


def blob_path(digest: Digest) -> str:
    """`blobs/sha256/HEX`."""
    return f"{BLOBS}sha256/{digest.hash}"


def layout_files(root: Descriptor, documents: Iterable[bytes], blobs: Iterable[Digest]) -> dict[str, bytes | Digest]:
    """The files of a layout whose index.json has one entry, `root`.

    documents: configs, manifests and indexes below the root, and the root's own bytes.
    blobs: the layers.  Raises OciError where the root's document is not among them.
    """
    files: dict[str, bytes | Digest] = {blob_path(digest): digest for digest in blobs}
    for data in documents:
        files[blob_path(Digest.of(data))] = data
    if root.path not in files:
        raise OciError(f"the layout's root {root.digest} is not among its documents")
    files[HEADER_PATH] = LayoutHeader().to_bytes()
    files[INDEX_PATH] = ImageIndex((root,)).to_bytes()
    return dict(sorted(files.items()))


def read_root(files: Mapping[str, bytes], what: str) -> Descriptor:
    """The one entry of a layout's index.json, from the bytes of `oci-layout` and `index.json`.

    Raises OciError where there is none, or more than one.
    """
    for path in (HEADER_PATH, INDEX_PATH):
        if path not in files:
            raise OciError(f"{what} is not an OCI layout: it has no {path}")
    LayoutHeader.from_bytes(files[HEADER_PATH])
    index = ImageIndex.from_bytes(files[INDEX_PATH], what=f"{what}: {INDEX_PATH}")
    if len(index.manifests) != 1:
        raise OciError(
            f"{what}: {INDEX_PATH} has {len(index.manifests)} entries, not one",
            hint="copy the image that is meant into a layout of its own, for instance with skopeo copy",
        )
    return index.manifests[0]
