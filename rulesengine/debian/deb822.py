"""deb822: stanzas of fields (deb822(5), Debian Policy 5.1), read strictly."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from rulesengine.errors import DebianError, Location

_FIELD = re.compile(r"([!-\"$-,.-9;-~][!-9;-~]*):[ \t]*(.*)", re.ASCII)


class Stanza(Mapping[str, str]):
    """The fields of one stanza, in order; names compare without case.

    A folded or multi-line value keeps its line breaks; continuation lines keep what follows their leading blank.
    `line` is the line number (from 1) of the stanza's first field in what was read.
    """

    __slots__ = ("_fields", "line")

    def __init__(self, fields: dict[str, tuple[str, str]], line: int = 1) -> None:
        """fields: lower-case name -> (name as spelt, value)."""
        self._fields = fields
        self.line = line

    def __getitem__(self, name: str) -> str:
        return self._fields[name.lower()][1]

    def get(self, name: str, default: str = "") -> str:  # type: ignore[override]  # always a text
        """The value, or `default` (empty) where the field is absent."""
        found = self._fields.get(name.lower())
        return default if found is None else found[1]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._fields

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._fields.values())

    def __len__(self) -> int:
        return len(self._fields)

    def require(self, name: str, source: str = "control file") -> str:
        """The value of a field that must be there and not empty.  Raises DebianError."""
        value = self.get(name)
        if not value:
            raise DebianError(f"no field {name} in this stanza", location=Location(source, self.line))
        return value

    def __repr__(self) -> str:
        return f"Stanza({dict(self._fields.values())!r})"


def _error(message: str, source: str, number: int, line: str) -> DebianError:
    return DebianError(message, location=Location(source, number, 1, line[:200]))


def parse_stanzas(
    data: bytes | str, *, source: str = "control file", comments: bool = False, first_line: int = 1
) -> Iterator[Stanza]:
    """The stanzas of a control file.

    comments: whether lines that begin with `#` are skipped (apt sources, debian/control; not in packages or indexes).
    Raises DebianError with the line number for text that is not UTF-8, a line that is no field, a continuation
    without a field and a field given twice.
    """
    if isinstance(data, bytes):
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            number = data.count(b"\n", 0, error.start) + first_line
            raise DebianError("not UTF-8 text", location=Location(source, number)) from None
    else:
        text = data
    fields: dict[str, tuple[str, str]] = {}
    start = first_line
    name, spelt, value = "", "", [""]
    for number, raw in enumerate(text.split("\n"), first_line):
        line = raw.rstrip(" \t\r")
        if comments and line.startswith("#"):
            continue
        if not line:
            # Policy 5.1: a line of blanks separates too (parsers must accept it where a person writes the file).
            if fields or name:
                if name:
                    fields[name] = (spelt, "\n".join(value))
                yield Stanza(fields, start)
                fields, name = {}, ""
            continue
        if line[0] in " \t":
            if not name:
                raise _error("a continuation line without a field", source, number, line)
            value.append(line[1:])
            continue
        match = _FIELD.fullmatch(line)
        if match is None:
            raise _error("not a field (NAME: VALUE)", source, number, line)
        if name:
            fields[name] = (spelt, "\n".join(value))
        elif not fields:
            start = number
        spelt = match.group(1)
        name = spelt.lower()
        value = [match.group(2)]
        if name in fields:
            raise _error(f"field {spelt} is given twice", source, number, line)
    if name:
        fields[name] = (spelt, "\n".join(value))
        yield Stanza(fields, start)


def parse_stanza(
    data: bytes | str, *, source: str = "control file", comments: bool = False, first_line: int = 1
) -> Stanza:
    """The only stanza of a control file.  Raises DebianError for none or several, and as parse_stanzas."""
    stanzas = parse_stanzas(data, source=source, comments=comments, first_line=first_line)
    first = next(stanzas, None)
    if first is None:
        raise DebianError("no stanza in this file", location=Location(source, first_line))
    second = next(stanzas, None)
    if second is not None:
        raise DebianError("more than one stanza in this file", location=Location(source, second.line))
    return first
