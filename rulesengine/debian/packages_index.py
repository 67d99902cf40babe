"""Packages indexes (Debian repository format): found by name, read only where needed.

An index has 70,000 stanzas and 56 MB; a lock needs a few dozen of them.  So one pass notes where each name stands and
who provides what, and a stanza is parsed when somebody asks for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from attrs import field, frozen

from rulesengine.debian.deb822 import parse_stanza
from rulesengine.debian.dependency import (
    Alternatives,
    Relation,
    parse_depends,
    parse_provides,
    parse_simple,
)
from rulesengine.debian.version import Version, parse_version
from rulesengine.errors import DebianError, Location
from rulesengine.model.digest import Digest

_HEAD = re.compile(rb"\n\nPackage: ([^\s]+)\n")
_PROVIDES = re.compile(rb"\nProvides: ([^\n]*(?:\n[ \t][^\n]*)*)")
_PACKAGE_LINE = re.compile(rb"(?im)^Package:[ \t]*([^\s]+)[ \t]*$")
_PROVIDES_LINE = re.compile(rb"(?im)^Provides:([^\n]*(?:\n[ \t][^\n]*)*)")
_PRIORITIES = {"required": 1, "important": 2, "standard": 3, "optional": 4, "extra": 5}
_NAME_BYTES = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-")
# In which order apt meets a package's names: its own, then field by field.
_MENTIONS = {
    name: rank
    for rank, name in enumerate(
        (
            b"package", b"pre-depends", b"depends", b"conflicts", b"breaks", b"recommends", b"suggests", b"replaces",
            b"enhances", b"provides",
        )
    )
}  # fmt: skip


@frozen(eq=False)
class Package:
    """One binary package of an index, as its stanza tells.

    architecture: its own (`all`, or the index's).  path: pool path below the archive's root.
    suite: name of the suite it was read from.  depends: Pre-Depends, then Depends.
    conflicts: Conflicts, then Breaks.  rank: apt's order of priorities, 1 required … 5 extra, 0 none.
    """

    name: str
    version: Version
    architecture: str
    suite: str
    path: str
    digest: Digest
    source: str
    multi_arch: str
    essential: bool
    important: bool
    rank: int
    depends: tuple[Alternatives, ...]
    conflicts: tuple[Relation, ...]
    provides: tuple[Relation, ...]
    recommends: tuple[Alternatives, ...] = field(repr=False)

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


class PackagesIndex:
    """One Packages file: names and offsets at once, stanzas on request.

    data: the uncompressed file, whose digest the caller has checked.  source: its name in errors.
    """

    def __init__(self, data: bytes, *, suite: str, architecture: str, source: str = "Packages") -> None:
        self.suite = suite
        self.architecture = architecture
        self.source = source
        self._data = b"\n\n" + data.strip(b"\n") + b"\n\n" if data.strip() else b""
        self._stanzas: dict[bytes, list[int]] = {}
        self._provides: dict[bytes, list[int]] = {}
        self._packages: dict[int, Package] = {}
        self._names()
        self._provided()

    def _names(self) -> None:
        data, found = self._data, self._stanzas
        count = 0
        # The usual shape first (Package: leads each stanza); matches overlap by the blank line before them.
        for match in _HEAD.finditer(data):
            found.setdefault(match.group(1), []).append(match.start() + 2)
            count += 1
        if count == max(data.count(b"\n\n") - 1, 0):
            return
        found.clear()
        position = 0
        for chunk in re.split(rb"\n[ \t\r]*\n", data):
            if chunk.strip():
                start = data.index(chunk, position)
                match_line = _PACKAGE_LINE.search(chunk)
                if match_line is None:
                    raise DebianError(
                        "a stanza without Package", location=Location(self.source, data.count(b"\n", 2, start) + 1)
                    )
                found.setdefault(match_line.group(1), []).append(start + len(chunk) - len(chunk.lstrip(b"\n")))
                position = start + len(chunk)

    def _provided(self) -> None:
        data, found = self._data, self._provides
        pattern = _PROVIDES
        for match in pattern.finditer(data):
            start = match.start()
            for name in match.group(1).replace(b"\n", b" ").split(b","):
                # "name (= version)" -> "name"; a qualifier stays.
                found.setdefault(name.strip().partition(b" ")[0].partition(b"(")[0], []).append(start)

    def __len__(self) -> int:
        return sum(map(len, self._stanzas.values()))

    def names(self) -> Iterator[str]:
        """All package names."""
        return (name.decode("utf-8", "replace") for name in self._stanzas)

    def __contains__(self, name: str) -> bool:
        return name.encode() in self._stanzas

    def packages(self, name: str) -> list[Package]:
        """All versions of a package here, in file order.  Raises DebianError for a broken stanza."""
        return [self._at(offset) for offset in self._stanzas.get(name.encode(), ())]

    def providers(self, name: str) -> list[Package]:
        """All packages whose Provides names `name` (as spelt there, with a qualifier where it has one)."""
        return [self._around(offset) for offset in self._provides.get(name.encode(), ())]

    def _around(self, offset: int) -> Package:
        start = self._data.rfind(b"\n\n", 0, offset + 1)
        return self._at(start + 2)

    def _at(self, offset: int) -> Package:
        package = self._packages.get(offset)
        if package is None:
            package = self._packages[offset] = self._parse(offset)
        return package

    def _parse(self, offset: int) -> Package:
        end = self._data.find(b"\n\n", offset)
        line = self._data.count(b"\n", 2, offset) + 1 if offset < 1 << 16 else 1
        chunk = self._data[offset : end + 1]
        stanza = parse_stanza(chunk, source=self.source, first_line=line)
        name = stanza.require("Package", self.source)
        architecture = stanza.require("Architecture", self.source)
        where = Location(f"{self.source} ({name})", line)
        size, sha256 = stanza.get("Size"), stanza.get("SHA256").lower()
        if not (size.isascii() and size.isdigit()) or not Digest.valid_hash(sha256):
            raise DebianError(f"package {name} has no Size and SHA256", location=where)
        path = stanza.require("Filename", self.source).removeprefix("./")
        if path.startswith("/") or any(part in ("", ".", "..") for part in path.split("/")):
            raise DebianError(f"package {name} has an unsafe Filename {path!r}", location=where)
        if architecture not in ("all", self.architecture):
            raise DebianError(f"package {name} is of architecture {architecture!r}", location=where)
        source = stanza.get("Source") or name
        target = self.architecture
        return Package(
            name=name,
            version=parse_version(stanza.require("Version", self.source)),
            architecture=architecture,
            suite=self.suite,
            path=path,
            digest=Digest(sha256, int(size)),
            source=source.partition(" ")[0],
            multi_arch=stanza.get("Multi-Arch").lower(),
            essential=stanza.get("Essential").lower() == "yes" or name == "apt",
            important=stanza.get("Important").lower() == "yes" or stanza.get("Protected").lower() == "yes",
            rank=_PRIORITIES.get(stanza.get("Priority").lower(), 5 if "Priority" in stanza else 0),
            depends=parse_depends(stanza.get("Pre-Depends"), target, "Pre-Depends")
            + parse_depends(stanza.get("Depends"), target, "Depends"),
            conflicts=parse_simple(stanza.get("Conflicts"), "Conflicts") + parse_simple(stanza.get("Breaks"), "Breaks"),
            provides=parse_provides(stanza.get("Provides")),
            recommends=parse_depends(stanza.get("Recommends"), target, "Recommends")
            + parse_depends(stanza.get("Suggests"), target, "Suggests"),
        )

    def first_mention(self, name: str) -> tuple[int, int, int] | None:
        """Where apt first meets a name in this file: (stanza, rank of the field, offset), or None.

        apt numbers packages in the order in which it meets them, and its last word between two otherwise equal
        providers is that number.  Only such ties ask, so the text is searched then and not indexed before.
        """
        data, word = self._data, name.encode()
        best: tuple[int, int, int] | None = None
        start = data.find(word)
        while start >= 0:
            end = start + len(word)
            if data[start - 1] not in _NAME_BYTES and data[end] not in _NAME_BYTES:
                stanza = data.rfind(b"\n\n", 0, start)
                if best is not None and stanza != best[0]:
                    break
                # The field that the line belongs to: go back over continuation lines.
                line = data.rfind(b"\n", 0, start) + 1
                while data[line : line + 1] in (b" ", b"\t"):
                    line = data.rfind(b"\n", 0, line - 1) + 1
                rank = _MENTIONS.get(data[line : data.find(b":", line)].lower())
                if rank is not None and not self._in_version(start):
                    mention = (stanza, rank, start)
                    if best is None or mention < best:
                        best = mention
            start = data.find(word, end)
        return best

    def _in_version(self, offset: int) -> bool:
        before = self._data[max(offset - 6, 0) : offset]
        return before.rstrip().endswith((b"=", b"<", b">"))
