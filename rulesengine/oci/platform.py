"""Platform: operating system, CPU architecture and variant of an image (image-index.md, "platform")."""

from __future__ import annotations

from attrs import evolve, field, frozen

from rulesengine.errors import OciError
from rulesengine.model import platform as _model_platform
from rulesengine.model.codec import key

# Spellings that runtimes accept for GOARCH values, and the variant each implies.
_ARCHITECTURES = {
    "x86_64": ("amd64", ""),
    "x86-64": ("amd64", ""),
    "i386": ("386", ""),
    "i486": ("386", ""),
    "i586": ("386", ""),
    "i686": ("386", ""),
    "aarch64": ("arm64", "v8"),
    "armhf": ("arm", "v7"),
    "armel": ("arm", "v6"),
    "ppc64el": ("ppc64le", ""),
}
_DEFAULT_VARIANT = {"arm64": "v8", "arm": "v7"}
# The variant that is what a bare architecture means, where an index entry leaves it out.
_IMPLIED_VARIANT = {"amd64": "v1"}
_OS = {"macos": "darwin"}


def _not_empty(text: str) -> str | None:
    return None if text else "is empty"


@frozen(order=True)
class Platform:
    """What a manifest runs on.  `str()` is `os/architecture[/variant]`.

    Variants follow containerd's normal form except that arm64 keeps `v8`: index entries of Debian-based
    images carry it, and readers that compare text find it (DESIGN 4).
    """

    os: str = field(metadata=key("os", check=_not_empty))
    architecture: str = field(metadata=key("architecture", check=_not_empty))
    variant: str = ""
    os_version: str = field(default="", metadata=key("os.version"))
    os_features: tuple[str, ...] = field(default=(), metadata=key("os.features"))

    @staticmethod
    def parse(text: str) -> Platform:
        """`linux/arm/v7`, normalised.  Raises OciError."""
        parts = text.strip().split("/")
        if len(parts) not in (2, 3) or not all(part and part.isascii() for part in parts):
            raise OciError(
                f"bad platform {text!r}: it is OS/ARCHITECTURE or OS/ARCHITECTURE/VARIANT",
                hint="for instance linux/amd64 or linux/arm/v7",
            )
        return Platform(parts[0], parts[1], parts[2] if len(parts) == 3 else "").normalise()

    @staticmethod
    def of(platform: _model_platform.Platform) -> Platform:
        """The build's platform as an image's."""
        return Platform(platform.os, platform.architecture, platform.variant).normalise()

    def normalise(self) -> Platform:
        """The one spelling: lower case, GOARCH names, `v` before a numeric variant, the default variant filled in."""
        os = _OS.get(self.os.lower(), self.os.lower())
        architecture, implied = _ARCHITECTURES.get(self.architecture.lower(), (self.architecture.lower(), ""))
        variant = self.variant.lower() or implied or _DEFAULT_VARIANT.get(architecture, "")
        if architecture in ("arm", "arm64", "amd64"):
            if variant[:1].isdigit():
                variant = "v" + variant
            if architecture == "arm64":
                variant = variant.removesuffix(".0")
            if variant == _IMPLIED_VARIANT.get(architecture):
                variant = ""
        return evolve(self, os=os, architecture=architecture, variant=variant)

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)
