"""Relationship fields (Debian Policy 7): Depends, Pre-Depends, Provides, Conflicts, Breaks, Replaces."""

from __future__ import annotations

import re
from functools import lru_cache

from attrs import frozen

from rulesengine.debian.version import Version, parse_version
from rulesengine.errors import DebianError

_RELATION = re.compile(
    r"(?P<name>[a-zA-Z0-9][a-zA-Z0-9+.-]*)(?::(?P<qualifier>[a-z0-9-]+))?"
    r"(?:\s*\(\s*(?P<operator><<|<=|=|>=|>>|<|>)\s*(?P<version>[^\s()]+)\s*\))?"
    r"(?:\s*\[(?P<architectures>[^\]]*)\])?"
    r"(?:\s*(?P<profiles>(?:<[^<>]*>\s*)+))?",
    re.ASCII,
)
# deb-control(5): the old spellings < and > mean <= and >=.
_OPERATORS = {"<": "<=", ">": ">="}


@frozen(cache_hash=True)
class Relation:
    """One package of a relationship: name, `:qualifier` (`any`, `native`, an architecture or empty), constraint.

    operator is one of `<<` `<=` `=` `>=` `>>`, or empty when any version will do.
    architectures: the restriction list in brackets, as written (`amd64`, `!s390x`, `linux-any`), usually empty.
    """

    name: str
    qualifier: str = ""
    operator: str = ""
    version: str = ""
    architectures: tuple[str, ...] = ()

    def accepts(self, version: str | None) -> bool:
        """Whether a version satisfies the constraint; None stands for a Provides without version."""
        if not self.operator:
            return True
        if version is None:
            return False
        return satisfies(parse_version(version), self.operator, parse_version(self.version))

    def __str__(self) -> str:
        out = self.name + (":" + self.qualifier if self.qualifier else "")
        return f"{out} ({self.operator} {self.version})" if self.operator else out


Alternatives = tuple[Relation, ...]
"""Relations joined by `|`: one of them must hold."""


def satisfies(version: Version, operator: str, wanted: Version) -> bool:
    """Whether `version OPERATOR wanted` (Policy 7.1)."""
    match operator:
        case "=":
            return version == wanted
        case ">=":
            return version >= wanted
        case "<=":
            return version <= wanted
        case ">>":
            return version > wanted
        case "<<":
            return version < wanted
    raise DebianError(f"unknown version relation {operator!r}")


def matches_architecture(architecture: str, restrictions: tuple[str, ...]) -> bool:
    """Whether a bracketed list lets `architecture` through (Policy 7.1; wildcards of Policy 11.1)."""
    if not restrictions:
        return True
    negated = restrictions[0].startswith("!")

    def one(pattern: str) -> bool:
        pattern = pattern.lstrip("!")
        return pattern in (architecture, "any", "linux-any", f"any-{architecture}", f"linux-{architecture}")

    return not any(map(one, restrictions)) if negated else any(map(one, restrictions))


def _relation(text: str, field: str) -> Relation:
    match = _RELATION.fullmatch(text)
    if match is None:
        raise DebianError(f"bad relation {text!r} in {field}", hint="it is NAME[:ARCH] [(OP VERSION)] (Policy 7.1)")
    operator = match.group("operator") or ""
    version = match.group("version") or ""
    if version:
        parse_version(version)
    return Relation(
        match.group("name"),
        match.group("qualifier") or "",
        _OPERATORS.get(operator, operator),
        version,
        tuple((match.group("architectures") or "").split()),
    )


@lru_cache(maxsize=16384)
def parse_relations(text: str, field: str = "Depends") -> tuple[Alternatives, ...]:
    """A dependency field: alternatives in order.  Build profiles (`<…>`) are read and ignored.

    Raises DebianError for what does not parse.  Empty members (a trailing comma) are allowed, as in dpkg.
    """
    groups = []
    for group in text.replace("\n", " ").split(","):
        if group.strip():
            groups.append(tuple(_relation(one.strip(), field) for one in group.split("|")))
    return tuple(groups)


def parse_depends(text: str, architecture: str, field: str = "Depends") -> tuple[Alternatives, ...]:
    """parse_relations without what its restriction lists exclude on `architecture`."""
    groups = []
    for group in parse_relations(text, field):
        kept = tuple(one for one in group if matches_architecture(architecture, one.architectures))
        if kept:
            groups.append(kept)
    return tuple(groups)


def parse_simple(text: str, field: str) -> tuple[Relation, ...]:
    """A field without alternatives: Provides, Conflicts, Breaks, Replaces.  Raises DebianError."""
    out = []
    for group in parse_relations(text, field):
        if len(group) > 1:
            raise DebianError(f"{field} has alternatives: {' | '.join(map(str, group))!r}")
        out.append(group[0])
    return tuple(out)


def parse_provides(text: str) -> tuple[Relation, ...]:
    """Provides: names, each with `= VERSION` or without.  Other relations are ignored, as apt does."""
    return tuple(one for one in parse_simple(text, "Provides") if one.operator in ("", "="))
