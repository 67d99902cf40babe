"""Debian architecture names and the OCI platforms they stand for."""

from __future__ import annotations

from types import MappingProxyType

from rulesengine.errors import DebianError, did_you_mean
from rulesengine.model.platform import Platform

PLATFORMS = MappingProxyType(
    {
        "amd64": Platform("linux", "amd64"),
        "arm64": Platform("linux", "arm64", "v8"),
        "armel": Platform("linux", "arm", "v5"),
        "armhf": Platform("linux", "arm", "v7"),
        "i386": Platform("linux", "386"),
        "loong64": Platform("linux", "loong64"),
        "mips64el": Platform("linux", "mips64le"),
        "ppc64el": Platform("linux", "ppc64le"),
        "riscv64": Platform("linux", "riscv64"),
        "s390x": Platform("linux", "s390x"),
    }
)
"""Debian architecture -> OCI platform (image-spec config.md: GOOS, GOARCH and variant)."""

_BY_PLATFORM = {platform: name for name, platform in PLATFORMS.items()}
_BY_ARCHITECTURE = {
    "amd64": "amd64", "386": "i386", "arm64": "arm64", "ppc64le": "ppc64el", "s390x": "s390x",
    "riscv64": "riscv64", "mips64le": "mips64el", "loong64": "loong64",
}  # fmt: skip
_ARM_VARIANTS = {"v5": "armel", "v6": "armel", "v7": "armhf", "": "armhf"}


def platform_of(architecture: str) -> Platform:
    """The OCI platform of a Debian architecture.  Raises DebianError for an unknown one."""
    try:
        return PLATFORMS[architecture]
    except KeyError:
        raise DebianError(
            f"unknown Debian architecture {architecture!r}",
            hint=did_you_mean(architecture, PLATFORMS) or "known: " + " ".join(sorted(PLATFORMS)),
        ) from None


def architecture_of(platform: Platform) -> str:
    """The Debian architecture whose programs run on an OCI platform.

    A variant without a port of its own takes the nearest older port (arm/v6 -> armel, amd64/v3 -> amd64).
    Raises DebianError where Debian has none.
    """
    exact = _BY_PLATFORM.get(platform)
    if exact is not None:
        return exact
    name: str | None = None
    if platform.os == "linux":
        if platform.architecture == "arm":
            name = _ARM_VARIANTS.get(platform.variant)
        else:
            name = _BY_ARCHITECTURE.get(platform.architecture)
    if name is None:
        raise DebianError(
            f"Debian has no architecture for platform {platform}",
            hint="known: " + " ".join(str(one) for one in PLATFORMS.values()),
        )
    return name
