"""What a .deb's control member says (deb(5), deb-control(5)); the archive around it is read elsewhere."""

from __future__ import annotations

import re
from collections.abc import Mapping

from rulesengine.debian.deb822 import Stanza, parse_stanza
from rulesengine.debian.version import Version
from rulesengine.errors import DebianError, Location
from rulesengine.values import frozen

_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+", re.ASCII)
_MD5_LINE = re.compile(r"([0-9a-fA-F]{32}) [ *](.+)")


def valid_name(name: str) -> bool:
    """Whether this may be a package's name (Policy 5.6.1)."""
    return _NAME.fullmatch(name) is not None


@frozen
class DebControl:
    """The control member of a .deb.

    md5sums: path without leading `./` -> hexadecimal MD5, in the file's order; empty where the package has none.
    control and md5sums_text are the bytes as they stand in the package.
    """

    name: str
    version: str
    architecture: str
    fields: Stanza
    control: bytes
    md5sums_text: bytes | None
    md5sums: Mapping[str, str]
    conffiles: tuple[str, ...]


def parse_md5sums(text: bytes, *, source: str = "md5sums") -> dict[str, str]:
    """An md5sums member.  Raises DebianError with the line number."""
    out: dict[str, str] = {}
    for number, line in enumerate(text.decode("utf-8", "surrogateescape").split("\n"), 1):
        if not line:
            continue
        match = _MD5_LINE.fullmatch(line)
        if match is None:
            raise DebianError("not a line of md5sum", location=Location(source, number, 1, line[:200]))
        out[match.group(2).removeprefix("./").lstrip("/")] = match.group(1).lower()
    return out


def parse_control_members(members: Mapping[str, bytes], *, source: str = "package.deb") -> DebControl:
    """Read the files of a control.tar: name (with or without `./`) -> bytes.

    Raises DebianError without a `control` file, or when Package, Version or Architecture is missing or malformed.
    """
    plain = {name.removeprefix("./"): data for name, data in members.items()}
    control = plain.get("control")
    if control is None:
        raise DebianError(f"{source}: no control file in its control member", hint="this is no Debian package")
    where = f"{source}!control"
    stanza = parse_stanza(control, source=where)
    name = stanza.require("Package", where)
    if not valid_name(name):
        raise DebianError(f"bad package name {name!r}", location=Location(where, stanza.line))
    version = stanza.require("Version", where)
    Version(version)
    md5sums = plain.get("md5sums")
    conffiles = plain.get("conffiles", b"").decode("utf-8", "surrogateescape")
    return DebControl(
        name=name,
        version=version,
        architecture=stanza.require("Architecture", where),
        fields=stanza,
        control=control,
        md5sums_text=md5sums,
        md5sums=parse_md5sums(md5sums, source=f"{source}!md5sums") if md5sums else {},
        conffiles=tuple(line.strip() for line in conffiles.split("\n") if line.startswith("/")),
    )
