"""Release files (Debian repository format): what a suite says of itself, and whether to believe its age.

Parse only text whose signature was checked.  All rules are pure; the time is given.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from attrs import frozen

from rulesengine.debian.deb822 import parse_stanza
from rulesengine.errors import DebianError, ExpiredError, Location, RollbackError, TrustError
from rulesengine.model.digest import Digest

_MONTHS = {
    "Jan": 1, "Feb": 2, "Mar": 3, "Apr": 4, "May": 5, "Jun": 6,
    "Jul": 7, "Aug": 8, "Sep": 9, "Oct": 10, "Nov": 11, "Dec": 12,
}  # fmt: skip
_DATE = re.compile(
    r"(?:[A-Z][a-z]{2}, )?\s*([0-9]{1,2}) ([A-Z][a-z]{2}) ([0-9]{4}) ([0-9]{1,2}):([0-9]{2}):([0-9]{2})"
    r" (?:UTC|GMT|Z|\+0000)",
    re.ASCII,
)
_ENTRY = re.compile(r"[ \t]*([0-9a-fA-F]{64})[ \t]+([0-9]{1,18})[ \t]+(\S+)[ \t]*", re.ASCII)
SNAPSHOT_DELAY = timedelta(hours=12)
"""How long after a suite's Date its files are sure to stand in the public snapshot archive, and still do."""
CLOCK_SKEW = timedelta(hours=24)
"""How far in the future a Release may be dated before the clock (or the archive) is held to be wrong."""


def parse_date(text: str) -> datetime:
    """An archive date (`Sat, 12 Sep 2026 07:55:41 UTC`), without the locale.  Raises DebianError."""
    match = _DATE.fullmatch(text.strip())
    try:
        if match is None:
            raise ValueError
        day, month, year, hour, minute, second = match.groups()
        return datetime(int(year), _MONTHS[month], int(day), int(hour), int(minute), int(second), tzinfo=UTC)
    except (ValueError, KeyError):
        raise DebianError(f"bad date {text!r} in a Release file", hint="it is RFC 5322 in UTC") from None


def stamp(moment: datetime) -> str:
    """`YYYYMMDDTHHMMSSZ`, as the snapshot archive writes a time."""
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def parse_stamp(text: str) -> datetime:
    """The time of a snapshot stamp.  Raises DebianError."""
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise DebianError(f"bad snapshot stamp {text!r}", hint="it is YYYYMMDDTHHMMSSZ, UTC") from None


def _safe_path(path: str) -> bool:
    return not path.startswith("/") and all(part not in ("", ".", "..") for part in path.split("/"))


@frozen
class Release:
    """A suite's Release file.

    files: path below the suite's directory -> size and SHA-256 (weaker hashes are not read).
    sha256: of the signed text itself.
    architecture_all_separate: whether `Architecture: all` packages stand in an index of their own only.
    """

    suite: str
    codename: str
    version: str
    origin: str
    label: str
    date: datetime
    valid_until: datetime | None
    architectures: tuple[str, ...]
    components: tuple[str, ...]
    acquire_by_hash: bool
    architecture_all_separate: bool
    priority: int
    files: Mapping[str, Digest]
    sha256: str

    def index_path(self, component: str, architecture: str, suffix: str = "") -> str:
        """Where a Packages file stands below the suite's directory."""
        return f"{component}/binary-{architecture}/Packages{suffix}"


def parse_release(text: bytes, *, source: str = "Release") -> Release:
    """Read the signed text of a Release file.  Raises DebianError for missing or malformed fields."""
    stanza = parse_stanza(text, source=source)
    date = parse_date(stanza.require("Date", source))
    until = stanza.get("Valid-Until")
    files: dict[str, Digest] = {}
    where = Location(source, stanza.line)
    for line in stanza.get("SHA256").split("\n"):
        if not line.strip():
            continue
        match = _ENTRY.fullmatch(line)
        if match is None or not _safe_path(match.group(3)):
            raise DebianError(f"bad line {line.strip()!r} in its SHA256 table", location=where)
        digest = Digest(match.group(1).lower(), int(match.group(2)))
        if files.setdefault(match.group(3), digest) != digest:
            raise DebianError(f"two different digests for {match.group(3)}", location=where)
    if not files:
        raise DebianError("no SHA256 table: this archive is too old to be trusted", location=where)
    architectures = tuple(stanza.get("Architectures").split())
    if stanza.get("NotAutomatic").lower() == "yes":
        priority = 100 if stanza.get("ButAutomaticUpgrades").lower() == "yes" else 1
    else:
        priority = 500
    return Release(
        suite=stanza.get("Suite"),
        codename=stanza.get("Codename"),
        version=stanza.get("Version"),
        origin=stanza.get("Origin"),
        label=stanza.get("Label"),
        date=date,
        valid_until=parse_date(until) if until else None,
        architectures=architectures,
        # The security archive writes "updates/main"; the indexes stand at main/.
        components=tuple(part.removeprefix("updates/") for part in stanza.get("Components").split()),
        acquire_by_hash=stanza.get("Acquire-By-Hash").lower() == "yes",
        architecture_all_separate="all" in architectures
        and "packages" not in stanza.get("No-Support-for-Architecture-all").lower().split(),
        priority=priority,
        files=MappingProxyType(files),
        sha256=hashlib.sha256(text).hexdigest(),
    )


def check_identity(release: Release, wanted: str, *, source: str) -> None:
    """Refuse a validly signed file of another suite (a mix-and-match attack).  Raises TrustError."""
    plain = wanted.removesuffix("/updates")
    if wanted not in (release.codename, release.suite) and plain not in (release.codename, release.suite):
        raise TrustError(
            f"{source}: this is the Release file of {release.codename or release.suite!r}, not of {wanted!r}",
            hint="the mirror serves the wrong suite: use another mirror",
        )


def check_freshness(release: Release, now: datetime, *, source: str) -> None:
    """Refuse a file past its Valid-Until, or dated in the future.  Raises ExpiredError.

    A suite without Valid-Until (a stable release's main suite) does not expire.
    """
    if release.valid_until is not None and now > release.valid_until:
        raise ExpiredError(
            f"{source}: expired at {release.valid_until:%Y-%m-%d %H:%M} UTC (it is {now:%Y-%m-%d %H:%M} UTC now)",
            hint="the mirror is stale or holds updates back: use another mirror, or check this machine's clock",
        )
    if release.date > now + CLOCK_SKEW:
        raise ExpiredError(
            f"{source}: dated {release.date:%Y-%m-%d %H:%M} UTC, in the future (it is {now:%Y-%m-%d %H:%M} UTC now)",
            hint="check this machine's clock",
        )


def check_rollback(release: Release, locked: datetime | None, *, source: str) -> None:
    """Refuse a file older than the one in the lock.  Raises RollbackError."""
    if locked is not None and release.date < locked:
        raise RollbackError(
            f"{source}: dated {release.date:%Y-%m-%d %H:%M:%S} UTC, older than the {locked:%Y-%m-%d %H:%M:%S} UTC"
            " of the lock file",
            hint="the mirror is stale, or someone replays an old state: use another mirror; the lock is unchanged",
        )


def snapshot_stamp(dates: list[datetime]) -> str:
    """The stamp at which the snapshot archive has all files of suites so dated.

    A snapshot shows the archive as the last mirror run at or before its stamp found it, and that run comes some
    time after the suite's Date: the latest Date plus SNAPSHOT_DELAY is late enough for the run, and early enough
    that files superseded since are still in the pool (they stay at least a day and a half).
    """
    return stamp(max(dates) + SNAPSHOT_DELAY)
