"""Debian versions and their order (Debian Policy 5.6.12, deb-version(7))."""

from __future__ import annotations

import re
from functools import lru_cache, total_ordering

from rulesengine.errors import VersionError

_FORMAT = re.compile(
    r"(?:(?P<epoch>[0-9]+):)?(?P<upstream>[A-Za-z0-9.+~:-]*?)(?:-(?P<revision>[A-Za-z0-9.+~]*))?", re.ASCII
)
_PART = re.compile(r"([^0-9]*)([0-9]*)", re.ASCII)
_MAX_EPOCH = 2**31 - 1

# The end of a run of non-digits sorts after '~' and before everything else; letters before other signs.
_END = 0
_WEIGHT = {chr(code): code if chr(code).isalpha() else code + 256 for code in range(33, 127)}
_WEIGHT["~"] = -1
_NOTHING: tuple[tuple[int, ...], int] = ((_END,), 0)

_Part = tuple[tuple[tuple[int, ...], int], ...]
SortKey = tuple[int, _Part, _Part]


def _part_key(text: str) -> _Part:
    """Alternating (weights of non-digits, number); equal keys exactly where dpkg finds no difference."""
    parts: list[tuple[tuple[int, ...], int]] = []
    for signs, digits in _PART.findall(text):
        if signs or digits:
            parts.append(((*(_WEIGHT[sign] for sign in signs), _END), int(digits or 0)))
    if not parts:
        parts.append(_NOTHING)
    # A terminator makes "1.0~" sort before "1.0"; the first part always stays, so that positions agree.
    parts.append(_NOTHING)
    return tuple(parts)


@total_ordering
class Version:
    """One Debian version: epoch, upstream version, revision.

    Ordered as `dpkg --compare-versions` orders; two spellings that dpkg holds equal (`1.0` and `1.0-0`, `1.01` and
    `1.1`) are equal and hash alike.  `str()` is the text as given.
    """

    __slots__ = ("_key", "epoch", "revision", "text", "upstream")

    text: str
    epoch: int
    upstream: str
    revision: str
    _key: SortKey

    def __init__(self, text: str) -> None:
        """Raises VersionError for what `dpkg --validate-version` refuses."""
        match = _FORMAT.fullmatch(text)
        if match is None:
            raise VersionError(
                f"bad Debian version {text!r}",
                hint="a version is [EPOCH:]UPSTREAM[-REVISION] of letters, digits and . + ~ - (Debian Policy 5.6.12)",
            )
        epoch, upstream, revision = match.group("epoch"), match.group("upstream"), match.group("revision")
        problem = None
        if not upstream:
            problem = "its upstream part is empty"
        elif revision == "":
            problem = "its revision is empty"
        elif not upstream[0].isdigit():
            problem = "its upstream part does not begin with a digit"
        elif epoch is None and ":" in upstream:
            problem = "its epoch is not a number"
        elif len(text) > 4096 or (epoch is not None and int(epoch[:32]) > _MAX_EPOCH):
            problem = "it is too long"
        if problem:
            raise VersionError(f"bad Debian version {text!r}: {problem}")
        self.text = text
        self.epoch = int(epoch or 0)
        self.upstream = upstream
        self.revision = revision or ""
        self._key = (self.epoch, _part_key(upstream), _part_key(self.revision))

    def __eq__(self, other: object) -> bool:
        return self._key == other._key if isinstance(other, Version) else NotImplemented

    def __lt__(self, other: object) -> bool:
        return self._key < other._key if isinstance(other, Version) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._key)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Version({self.text!r})"


@lru_cache(maxsize=65536)
def parse_version(text: str) -> Version:
    """`Version(text)`, remembered: an index names the same versions over and over.  Raises VersionError."""
    return Version(text)


def compare(left: str, right: str) -> int:
    """-1, 0 or 1 as left is before, equal to or after right.  Raises VersionError."""
    a, b = parse_version(left), parse_version(right)
    return (a > b) - (a < b)
