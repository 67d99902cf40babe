"""Digest: the SHA-256 and size of a blob (Remote Execution API v2, message Digest)."""

from __future__ import annotations

import hashlib

from rulesengine.values import frozen

_HEX = "0123456789abcdef"


@frozen(order=True)
class Digest:
    """A blob's identity: lower-case hexadecimal SHA-256 and size in bytes.

    Two digests are equal only when both agree; `str()` is the OCI form `sha256:HEX`.
    """

    hash: str
    size: int

    @staticmethod
    def of(data: bytes | bytearray | memoryview) -> Digest:
        """The digest of bytes in memory."""
        return Digest(hashlib.sha256(data).hexdigest(), len(data))

    @staticmethod
    def valid_hash(text: str) -> bool:
        """Whether `text` is 64 lower-case hexadecimal digits."""
        return len(text) == 64 and not text.strip(_HEX)

    @property
    def is_sound(self) -> bool:
        """Whether it can be a digest at all: it may have been read from somewhere."""
        return self.size >= 0 and self.valid_hash(self.hash)

    def __str__(self) -> str:
        return "sha256:" + self.hash


EMPTY = Digest("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", 0)
"""The digest of the empty blob."""
