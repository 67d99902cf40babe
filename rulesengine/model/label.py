"""Label: the name of a target, as Bazel spells it."""

from __future__ import annotations

import re

from rulesengine.errors import LabelError
from rulesengine.values import field, light

# Bazel's LabelValidator: packages are printable ASCII, targets may hold any other character too.
_PACKAGE = re.compile(r"[ -9;-\[\]-~]*")
_TARGET = re.compile(r"[^\x00-\x1f:\\\x7f]+")
_REPO = re.compile(r"[A-Za-z0-9_.+~-]*")


def check_package(package: str, text: str) -> None:
    """Raise LabelError unless `package` may be a package path (Bazel's LabelValidator)."""
    if package.startswith("/") or package.endswith("/") or "//" in package:
        raise LabelError(f"bad label {text!r}: a package name has no leading, trailing or double '/'")
    if not _PACKAGE.fullmatch(package):
        raise LabelError(f"bad label {text!r}: the package name {package!r} has a character no package may have")
    if any(part and not part.strip(".") for part in package.split("/")):
        raise LabelError(f"bad label {text!r}: a package name component may not be only dots")


def check_target(name: str, text: str) -> None:
    """Raise LabelError unless `name` may be a target name."""
    if not name:
        raise LabelError(f"bad label {text!r}: the target name is empty")
    if not _TARGET.fullmatch(name):
        raise LabelError(f"bad label {text!r}: the target name {name!r} has a character no target may have")
    if name.startswith("/") or name.endswith("/") or "//" in name:
        raise LabelError(f"bad label {text!r}: a target name has no leading, trailing or double '/'")
    parts = name.split("/")
    if ".." in parts or ("." in parts and name != "."):
        raise LabelError(f"bad label {text!r}: a target name has no '.' or '..' component")


@light(order=True, cache_hash=True)
class Label:
    """`@repo//package:name`; repo is empty for the main workspace.

    `str()` is the form people write: `//package:name`, `@repo//package:name`.
    """

    repo: str
    package: str
    name: str
    _text: str = field(default="", init=False, eq=False, order=False, repr=False)

    @staticmethod
    def known(text: str) -> Label:
        """Parse what `str()` of a label was: nothing is checked again."""
        if text.startswith("//"):
            package, colon, name = text[2:].partition(":")
            if colon:
                return Label("", package, name)
        return Label.parse(text)

    @staticmethod
    def parse(text: str, *, repo: str = "", package: str | None = "") -> Label:
        """Parse `text` as written in `package` of `repo` (package None: no relative labels).

        Raises LabelError with the text as written.
        """
        raw = text
        if not isinstance(text, str):
            raise LabelError(f"bad label {text!r}: it is not a string")
        if not text:
            raise LabelError(f"bad label {text!r}: it is empty")
        if text.startswith("@"):
            text = text[2:] if text.startswith("@@") else text[1:]
            name_of_repo, slashes, rest = text.partition("//")
            if not _REPO.fullmatch(name_of_repo):
                raise LabelError(f"bad label {raw!r}: {name_of_repo!r} is not a repository name")
            repo = name_of_repo
            if not slashes:
                rest = f":{name_of_repo}"
            text = "//" + rest
        if text.startswith("//"):
            path, colon, name = text[2:].partition(":")
            check_package(path, raw)
            if not colon:
                name = path.rpartition("/")[2]
                if not name:
                    raise LabelError(
                        f"bad label {raw!r}: it names no target",
                        hint="write //:NAME for a target of the root package",
                    )
            check_target(name, raw)
            return Label(repo, path, name)
        if text.startswith("/"):
            raise LabelError(f"bad label {raw!r}: a label starts with '//', ':' or '@'", hint=f"write '/{text}'")
        if package is None:
            raise LabelError(f"bad label {raw!r}: it must start with '//'")
        name = text[1:] if text.startswith(":") else text
        if ":" in name:
            raise LabelError(f"bad label {raw!r}: a package-relative label has no ':' inside", hint=f"write '//{text}'")
        check_target(name, raw)
        return Label(repo, package, name)

    @property
    def package_id(self) -> str:
        """`//package` or `@repo//package`."""
        return (f"@{self.repo}" if self.repo else "") + "//" + self.package

    @property
    def path(self) -> str:
        """The file this label would name, relative to its repository's root; `.` names the package's directory."""
        if self.name == "." and self.package:
            return self.package
        return f"{self.package}/{self.name}" if self.package else self.name

    def __str__(self) -> str:
        if not self._text:
            object.__setattr__(self, "_text", f"{self.package_id}:{self.name}")
        return self._text

    def sibling(self, name: str) -> Label:
        """The label of another target of the same package."""
        return Label(self.repo, self.package, name)
