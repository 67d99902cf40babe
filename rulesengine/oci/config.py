"""Image config: what a container of the image runs, and the layers' diff_ids (image-spec config.md)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from attrs import evolve, field, frozen

from rulesengine.errors import OciError
from rulesengine.model.codec import decode, encode, key, rest
from rulesengine.oci.annotations import check_annotations
from rulesengine.oci.descriptor import check_digests
from rulesengine.oci.platform import Platform

MAX_CONFIG = 4 << 20
"""Largest config, manifest or index that is read, in bytes; registries refuse larger ones."""

_TIME = re.compile(
    r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[Tt]"
    r"([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)"
)


def check_time(text: str | None) -> str | None:
    """What is wrong with a time (RFC 3339 section 5.6), or None."""
    if text is None or _TIME.fullmatch(text):
        return None
    return f"{text!r} is not an RFC 3339 time such as 2025-08-09T00:00:00Z"


def _check_type(text: str) -> str | None:
    return None if text == "layers" else f"{text!r} is not 'layers'"


def _not_empty(text: str) -> str | None:
    return None if text else "is empty"


@frozen
class Execution:
    """The `config` object: how a container is started.  Keys that the specification does not define
    (Healthcheck, Shell, OnBuild of Docker) are kept in `other`."""

    user: str = field(default="", metadata=key("User"))
    exposed_ports: tuple[str, ...] = field(default=(), metadata=key("ExposedPorts", keys_only=True))
    env: tuple[str, ...] = field(default=(), metadata=key("Env"))
    entrypoint: tuple[str, ...] = field(default=(), metadata=key("Entrypoint"))
    cmd: tuple[str, ...] = field(default=(), metadata=key("Cmd"))
    volumes: tuple[str, ...] = field(default=(), metadata=key("Volumes", keys_only=True))
    working_dir: str = field(default="", metadata=key("WorkingDir"))
    labels: Mapping[str, str] = field(factory=dict, metadata=key("Labels", check=check_annotations))
    stop_signal: str = field(default="", metadata=key("StopSignal"))
    other: Mapping[str, Any] = field(factory=dict, metadata=rest())


@frozen
class RootFs:
    """The layers' diff_ids: digests of the uncompressed tars, from the lowest up."""

    diff_ids: tuple[str, ...] = field(metadata=key("diff_ids", check=check_digests))
    type: str = field(default="layers", metadata=key("type", check=_check_type, always=True))


@frozen
class History:
    """How one layer (or, with `empty_layer`, a change of the config) came about."""

    created: str | None = field(default=None, metadata=key("created", check=check_time))
    author: str = ""
    created_by: str = ""
    comment: str = ""
    empty_layer: bool = False


@frozen
class ImageConfig:
    """An image's config document."""

    architecture: str = field(metadata=key("architecture", check=_not_empty))
    os: str = field(metadata=key("os", check=_not_empty))
    rootfs: RootFs
    variant: str = ""
    os_version: str = field(default="", metadata=key("os.version"))
    os_features: tuple[str, ...] = field(default=(), metadata=key("os.features"))
    created: str | None = field(default=None, metadata=key("created", check=check_time))
    author: str = ""
    config: Execution = field(factory=Execution)
    history: tuple[History, ...] = ()

    @staticmethod
    def from_bytes(data: bytes, what: str = "image config") -> ImageConfig:
        """Decode a config document.  Unknown keys are ignored.  Raises OciError with the fault's path."""
        return decode(ImageConfig, data, what=what, error=OciError, limit=MAX_CONFIG, null_is_absent=True)

    def to_bytes(self) -> bytes:
        """The canonical document.  Raises OciError where a text is not Unicode."""
        try:
            return encode(self)
        except ValueError as fault:
            raise OciError(f"image config: {fault}") from None

    @property
    def platform(self) -> Platform:
        """The platform as an index entry states it: normalised, with the variant."""
        return Platform(self.os, self.architecture, self.variant, self.os_version, self.os_features).normalise()

    def with_platform(self, platform: Platform) -> ImageConfig:
        """The same config for another platform."""
        return evolve(
            self,
            os=platform.os,
            architecture=platform.architecture,
            variant=platform.variant,
            os_version=platform.os_version,
            os_features=platform.os_features,
        )
