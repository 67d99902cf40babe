"""Suites, and which archive of Debian's keeps them."""

from __future__ import annotations

import re

MAIN = "debian"
SECURITY = "debian-security"
KINDS = (MAIN, SECURITY)
"""Debian's two archives: each mirror of one is a tree with `dists/` and `pool/` of its own."""

SNAPSHOT = "https://snapshot.debian.org/archive"
"""The public archive of past states: SNAPSHOT/KIND/STAMP/ is a mirror as it was."""

_RELEASES = (
    "jessie", "stretch", "buster", "bullseye", "bookworm", "trixie", "forky", "duke", "sid",
    "stable", "oldstable", "oldoldstable", "testing", "unstable", "experimental",
)  # fmt: skip
_KNOWN = re.compile(
    rf"(?:{'|'.join(_RELEASES)})(?:-(?:updates|security|backports|backports-sloppy|proposed-updates)|/updates)?"
)


def kind_of(suite: str) -> str:
    """The archive that keeps a suite: `debian-security` for `X-security` (and `X/updates`), else `debian`."""
    return SECURITY if suite.endswith(("-security", "/updates")) else MAIN


def is_debian_suite(suite: str) -> bool:
    """Whether this is the name of one of Debian's own suites."""
    return _KNOWN.fullmatch(suite) is not None


def snapshot_url(kind: str, stamp: str, path: str = "") -> str:
    """Where the public snapshot archive keeps a file of `kind` as of a stamp (`YYYYMMDDTHHMMSSZ`)."""
    return f"{SNAPSHOT}/{kind}/{stamp}/{path}"
