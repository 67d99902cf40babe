"""Platform and Configuration: for what a target is built."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from rulesengine.errors import UsageError
from rulesengine.values import evolve, field, frozen

# GOOS/GOARCH spellings (OCI image-spec, config.md "Properties"), with the variant each implies.
_ARCHITECTURES = {
    "x86_64": ("amd64", ""),
    "x86-64": ("amd64", ""),
    "aarch64": ("arm64", "v8"),
    "armhf": ("arm", "v7"),
    "armel": ("arm", "v5"),
    "armv7": ("arm", "v7"),
    "armv6": ("arm", "v6"),
    "i386": ("386", ""),
    "i686": ("386", ""),
    "ppc64el": ("ppc64le", ""),
}
_DEFAULT_VARIANT = {"arm64": "v8", "arm": "v7"}
_KNOWN = {
    "386", "amd64", "arm", "arm64", "loong64", "mips64le", "ppc64le", "riscv64", "s390x", "wasm",
}  # fmt: skip


@frozen(order=True, cache_hash=True)
class Platform:
    """An OCI platform: operating system, architecture, variant (empty where there is none)."""

    os: str
    architecture: str
    variant: str = ""

    @staticmethod
    def parse(text: str) -> Platform:
        """`linux/arm64/v8`; the variant of arm64 and arm is filled in.  Raises UsageError."""
        parts = text.split("/")
        if len(parts) not in (2, 3) or not all(parts):
            raise UsageError(
                f"bad platform {text!r}: it is OS/ARCHITECTURE or OS/ARCHITECTURE/VARIANT",
                hint="for instance linux/amd64 or linux/arm/v7",
            )
        os, architecture = parts[0].lower(), parts[1].lower()
        architecture, implied = _ARCHITECTURES.get(architecture, (architecture, ""))
        if architecture not in _KNOWN:
            from rulesengine.errors import did_you_mean

            raise UsageError(
                f"bad platform {text!r}: unknown architecture {architecture!r}",
                hint=did_you_mean(architecture, _KNOWN) or "known: " + " ".join(sorted(_KNOWN)),
            )
        variant = parts[2].lower() if len(parts) == 3 else implied or _DEFAULT_VARIANT.get(architecture, "")
        return Platform(os, architecture, variant)

    @property
    def mnemonic(self) -> str:
        """`linux-arm64-v8`: a path component."""
        return str(self).replace("/", "-")

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)


COMMAND_LINE = "//command_line_option:"
"""What the names of Bazel's own flags begin with where settings are named."""
_LISTS = (
    "action_env host_action_env features host_features copt cxxopt conlyopt linkopt javacopt per_file_copt "
    "extra_toolchains extra_execution_platforms fission define"
)
_OPTIONS: dict[str, Any] = {"compilation_mode": "fastbuild", **{name: [] for name in _LISTS.split()}}
"""What Bazel's own flags are that nobody gave; others: an empty text."""
OPTIMISED = ("//command_line_option:compilation_mode", '"opt"')
"""The setting that tools have unless somebody says otherwise; their directory's name leaves it out."""


@frozen(cache_hash=True)
class Configuration:
    """A platform, the constraint values it satisfies, and build settings that differ from their defaults.

    constraints: labels of constraint_value targets, sorted.
    settings: (label of the build setting, JSON-encoded value), sorted.
    execution: for a toolchain only: where the actions of its user run, and therefore its own.
    tool: whether it is an exec configuration: of what is built to be run by other actions.
    """

    platform: Platform
    platform_label: str = ""
    constraints: tuple[str, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()
    execution: Configuration | None = None
    tool: bool = False
    _mnemonic: str = field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        name = self.platform.mnemonic
        settings = self.settings
        if self.tool:
            settings = tuple(pair for pair in settings if pair != OPTIMISED)
        if settings or self.platform_label:
            name += "-" + hashlib.sha256(json.dumps([settings, self.platform_label]).encode()).hexdigest()[:8]
        if self.tool:
            name += "-exec"
        object.__setattr__(self, "_mnemonic", name)

    @property
    def mnemonic(self) -> str:
        """The configuration's directory name under `pybuild-out/`; equal only for equal configurations."""
        return self._mnemonic

    @property
    def plain(self) -> Configuration:
        """The configuration of what a toolchain depends on."""
        return self if self.execution is None else self.held(None)

    def held(self, execution: Configuration | None) -> Configuration:
        """The same, with an execution platform."""
        return Configuration(self.platform, self.platform_label, self.constraints, self.settings, execution, self.tool)

    def as_tool(self) -> Configuration:
        """The exec configuration of the same platform and settings."""
        return self if self.tool else evolve(self, tool=True)

    def option(self, name: str) -> Any:
        """The value of one of Bazel's own flags, as a transition that reads `//command_line_option:NAME` gets it."""
        found = self.setting(COMMAND_LINE + name)
        if name == "stamp":
            return found in ("1", True)
        if found is None:
            return self.platform.architecture if name == "cpu" else _OPTIONS.get(name, "")
        return found

    def setting(self, label: str) -> Any:
        """The value of a build setting, or None where it has its default."""
        for key, value in self.settings:
            if key == label:
                return json.loads(value)
        return None
