"""Descriptor: media type, digest and size of some content (image-spec descriptor.md)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping

from attrs import field, frozen

from rulesengine.errors import OciError
from rulesengine.model.codec import key
from rulesengine.model.digest import Digest
from rulesengine.oci.annotations import check_annotations
from rulesengine.oci.media_types import check_media_type
from rulesengine.oci.platform import Platform

_GRAMMAR = re.compile(r"[a-z0-9]+(?:[+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+")
_LENGTH = {"sha256": 64, "sha384": 96, "sha512": 128}


def check_digest(text: str) -> str | None:
    """What is wrong with a digest string (descriptor.md, "Digests"), or None."""
    algorithm, _, encoded = text.partition(":")
    length = _LENGTH.get(algorithm)
    if length is not None:
        if re.fullmatch(f"[0-9a-f]{{{length}}}", encoded):
            return None
        return f"{text!r} is not a digest: {algorithm} takes {length} lower-case hexadecimal digits"
    return None if _GRAMMAR.fullmatch(text) else f"{text!r} is not a digest (ALGORITHM:ENCODED)"


def check_digests(texts: tuple[str, ...]) -> str | None:
    """The first fault among several digests, or None."""
    return next(filter(None, map(check_digest, texts)), None)


def _check_size(size: int) -> str | None:
    return None if 0 <= size < 1 << 63 else f"{size} is not a size in bytes"


def _check_data(text: str | None) -> str | None:
    try:
        base64.b64decode(text or "", validate=True)
    except (binascii.Error, ValueError):
        return "is not base64"
    return None


def _optional_media_type(text: str | None) -> str | None:
    return None if text is None else check_media_type(text)


@frozen
class Descriptor:
    """A reference to content by digest.  `data`, where given, is the content itself in base64."""

    media_type: str = field(metadata=key("mediaType", check=check_media_type))
    digest: str = field(metadata=key("digest", check=check_digest))
    size: int = field(metadata=key("size", check=_check_size))
    platform: Platform | None = None
    annotations: Mapping[str, str] = field(factory=dict, metadata=key("annotations", check=check_annotations))
    artifact_type: str | None = field(default=None, metadata=key("artifactType", check=_optional_media_type))
    urls: tuple[str, ...] = ()
    data: str | None = field(default=None, metadata=key("data", check=_check_data))

    @staticmethod
    def of(
        media_type: str,
        digest: Digest,
        *,
        platform: Platform | None = None,
        annotations: Mapping[str, str] | None = None,
    ) -> Descriptor:
        """The descriptor of a blob of ours."""
        return Descriptor(media_type, str(digest), digest.size, platform, dict(annotations or {}))

    @property
    def blob(self) -> Digest:
        """The digest as the store knows it.  Raises OciError where it is not a SHA-256."""
        algorithm, _, encoded = self.digest.partition(":")
        if algorithm != "sha256":
            raise OciError(
                f"digest {self.digest} is not a SHA-256",
                hint="copy the image through a tool that writes sha256 digests, such as skopeo",
            )
        return Digest(encoded, self.size)

    @property
    def path(self) -> str:
        """Where a layout keeps the content: `blobs/ALGORITHM/ENCODED`."""
        algorithm, _, encoded = self.digest.partition(":")
        return f"blobs/{algorithm}/{encoded}"
