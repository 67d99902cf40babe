"""Image manifest: one config and its layers (image-spec manifest.md)."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

from rulesengine.errors import OciError
from rulesengine.model.codec import decode, encode, key
from rulesengine.oci import media_types
from rulesengine.oci.annotations import check_annotations
from rulesengine.oci.config import MAX_CONFIG
from rulesengine.oci.descriptor import Descriptor


def check_schema_version(version: int) -> str | None:
    """The only schema version of manifests and indexes is 2."""
    return None if version == 2 else f"{version} is not 2"


def _check_media_type(text: str) -> str | None:
    if text in media_types.MANIFESTS:
        return None
    return f"{text!r} is not the media type of an image manifest"


@frozen
class Manifest:
    """An image manifest.  A document without mediaType (older writers) reads as an OCI manifest."""

    config: Descriptor
    layers: tuple[Descriptor, ...]
    media_type: str = field(
        default=media_types.MANIFEST, metadata=key("mediaType", check=_check_media_type, always=True)
    )
    artifact_type: str | None = field(default=None, metadata=key("artifactType"))
    subject: Descriptor | None = None
    annotations: Mapping[str, str] = field(factory=dict, metadata=key("annotations", check=check_annotations))
    schema_version: int = field(default=2, metadata=key("schemaVersion", check=check_schema_version, always=True))

    @staticmethod
    def from_bytes(data: bytes, what: str = "image manifest") -> Manifest:
        """Decode a manifest.  Unknown keys are ignored.  Raises OciError with the fault's path."""
        return decode(Manifest, data, what=what, error=OciError, limit=MAX_CONFIG, null_is_absent=True)

    def to_bytes(self) -> bytes:
        """The canonical document.  Raises OciError where a text is not Unicode."""
        try:
            return encode(self)
        except ValueError as fault:
            raise OciError(f"image manifest: {fault}") from None
