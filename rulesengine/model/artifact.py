"""Artifact: a file or tree that is a source or that an action makes; and its value once it exists."""

from __future__ import annotations

from rulesengine.model.digest import Digest
from rulesengine.values import field, frozen, light

OUTPUT_ROOT = "pybuild-out"
"""First component of every generated artifact's execution path: `pybuild-out/CONFIGURATION/bin/PACKAGE/NAME`."""

STABLE_STATUS = f"{OUTPUT_ROOT}/stable-status.txt"
VOLATILE_STATUS = f"{OUTPUT_ROOT}/volatile-status.txt"
"""Facts of a build (ctx.info_file, ctx.version_file); when only the second changes, nothing is made anew."""

ANY_CONFIGURATION = "any"
"""Stands for the configuration in the paths of actions whose command does not depend on it."""


@light(cache_hash=True)
class Artifact:
    """An input or output of actions, named by its path in the execution root.

    path: sources `PACKAGE/NAME` or `external/REPO/PACKAGE/NAME`; outputs
        `pybuild-out/CONFIGURATION/bin/[external/REPO/]PACKAGE/NAME`.
    owner: label of the target that declared it, or of the source file itself.
    is_directory: a tree artifact.  is_symlink: a symbolic link as such, wherever it leads.
    """

    path: str
    owner: str = field(default="", eq=False)
    is_source: bool = False
    is_directory: bool = False
    is_symlink: bool = False

    @property
    def kind(self) -> str:
        """`directory`, `symlink` or `file`."""
        return "directory" if self.is_directory else "symlink" if self.is_symlink else "file"

    @property
    def root(self) -> str:
        """`pybuild-out/CONFIGURATION/bin` or empty for sources."""
        if self.is_source:
            return ""
        parts = self.path.split("/", 3)
        return "/".join(parts[:3]) if len(parts) > 3 else OUTPUT_ROOT

    @property
    def root_relative_path(self) -> str:
        """The path below `root`."""
        return self.path if self.is_source else self.path.split("/", 3)[-1].removeprefix(OUTPUT_ROOT + "/")

    @property
    def short_path(self) -> str:
        """As Bazel's File.short_path: below the root, `../REPO/…` for other repositories."""
        below = self.root_relative_path
        return "../" + below[len("external/") :] if below.startswith("external/") else below

    @property
    def mapped_path(self) -> str:
        """The path with the configuration component replaced by `any`."""
        if self.is_source or self.path.count("/") < 3:
            return self.path
        first, _, rest = self.path.split("/", 2)
        return f"{first}/{ANY_CONFIGURATION}/{rest}"


@frozen
class FileValue:
    """What a file artifact came out as."""

    digest: Digest
    executable: bool = False


@frozen
class LentFile(FileValue):
    """A source that an action reads where people keep it: its bytes need not be in the store.

    real: the file on this machine; whoever reads it checks the digest.
    """

    real: str = ""


@frozen
class TreeValue:
    """What a tree artifact came out as: the digest of its root REAPI Directory."""

    digest: Digest


@frozen
class LinkValue:
    """What a symbolic link came out as: the text it holds."""

    target: str

    @property
    def digest(self) -> Digest:
        """Of the text; no blob is kept of it."""
        return Digest.of(self.target.encode("utf-8", "surrogateescape"))


Value = FileValue | TreeValue | LinkValue
