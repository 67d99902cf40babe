"""Annotations: string to string, keys not empty (image-spec annotations.md, "Rules")."""

from __future__ import annotations

from collections.abc import Mapping

TITLE = "org.opencontainers.image.title"
SOURCE = "org.opencontainers.image.source"
CREATED = "org.opencontainers.image.created"
REF_NAME = "org.opencontainers.image.ref.name"
BASE_NAME = "org.opencontainers.image.base.name"
BASE_DIGEST = "org.opencontainers.image.base.digest"


def check_annotations(values: Mapping[str, str]) -> str | None:
    """What is wrong with annotations or labels, or None."""
    return "a key is empty" if "" in values else None
