"""The machine's own apt sources (sources.list(5)), read at run time for the mirrors that they name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

from rulesengine.debian.deb822 import parse_stanzas
from rulesengine.debian.suite import MAIN, SECURITY, is_debian_suite, kind_of
from rulesengine.errors import DebianError

_OPTIONS = re.compile(r"\[([^\]]*)\]")
_SCHEMES = ("http://", "https://", "file:/", "copy:/")


@frozen
class AptSource:
    """One enabled binary source.

    uri: the archive's root without a slash at its end.  signed_by: as written (a path, a fingerprint or a key), or
    empty.
    """

    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str = ""
    file: str = ""

    @property
    def kinds(self) -> frozenset[str]:
        """Which of Debian's archives this is a mirror of, if any: by its suites, or by the last part of its path."""
        if "main" not in self.components:
            return frozenset()
        by_suite = frozenset(kind_of(suite) for suite in self.suites if is_debian_suite(suite))
        last = self.uri.rpartition("/")[2]
        if by_suite and last in (MAIN, SECURITY):
            return frozenset({last})
        return by_suite


def parse_sources(text: str, *, source: str) -> list[AptSource]:
    """A deb822 `.sources` file.  Raises DebianError with the line."""
    out = []
    for stanza in parse_stanzas(text, source=source, comments=True):
        if stanza.get("Enabled").strip().lower() in ("no", "false", "0", "off", "without", "disable"):
            continue
        if "deb" not in stanza.get("Types").split():
            continue
        for uri in stanza.get("URIs").split():
            one = AptSource(
                uri.rstrip("/"),
                tuple(stanza.get("Suites").split()),
                tuple(stanza.get("Components").split()),
                stanza.get("Signed-By").strip(),
                source,
            )
            out.append(one)
    return out


def parse_list(text: str, *, source: str) -> list[AptSource]:
    """A one-line-style `.list` file; lines that are no `deb` line are skipped, as apt warns about them itself."""
    out = []
    for raw in text.splitlines():
        line = raw.partition("#")[0].strip()
        if not re.match(r"deb[ \t]", line):
            continue
        rest = line[3:].strip()
        signed_by = ""
        options = _OPTIONS.match(rest)
        if options is not None:
            rest = rest[options.end() :].strip()
            for option in options.group(1).split():
                name, _, value = option.partition("=")
                if name.lower() == "signed-by":
                    signed_by = value
        words = rest.split()
        if len(words) >= 2:
            out.append(AptSource(words[0].rstrip("/"), (words[1],), tuple(words[2:]), signed_by, source))
    return out


def _files(directory: Path) -> Iterator[Path]:
    yield directory / "sources.list"
    parts = directory / "sources.list.d"
    try:
        names = sorted(entry.name for entry in parts.iterdir())
    except OSError:
        return
    # apt reads only names of these characters (apt.conf(5), "parts").
    for name in names:
        if re.fullmatch(r"[A-Za-z0-9_.-]+\.(?:list|sources)", name):
            yield parts / name


def read_apt_sources(directory: str = "/etc/apt") -> list[AptSource]:
    """All enabled binary sources in apt's order; none where apt is not set up.

    A file that cannot be read or parsed is skipped: another program's settings are no reason to fail.
    """
    out: list[AptSource] = []
    for path in _files(Path(directory)):
        try:
            text = path.read_text("utf-8", "replace")
            parse = parse_sources if path.suffix == ".sources" else parse_list
            out += parse(text, source=str(path))
        except (OSError, DebianError):
            continue
    return out


def system_mirrors(directory: str = "/etc/apt") -> dict[str, list[str]]:
    """Mirrors of Debian's archives in the machine's sources: kind -> base URLs in order, each once."""
    found: dict[str, list[str]] = {MAIN: [], SECURITY: []}
    for one in read_apt_sources(directory):
        uri = "file:" + one.uri.removeprefix("copy:") if one.uri.startswith("copy:") else one.uri
        if not uri.startswith(_SCHEMES):
            continue
        for kind in sorted(one.kinds):
            if uri not in found[kind]:
                found[kind].append(uri)
    return found
