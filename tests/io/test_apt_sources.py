"""The machine's apt sources, and the order of mirrors."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from rulesengine.errors import UsageError
from rulesengine.io.apt_sources import read_apt_sources, system_mirrors
from rulesengine.io.mirrors import Mirrors, mirror_order

SOURCES = """
# a comment
Types: deb deb-src
URIs: http://one.example/debian/ http://two.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/x.gpg

Types: deb
URIs: http://one.example/debian-security
Suites: bookworm-security
Components: main contrib

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main

Types: deb-src
URIs: http://source.example/debian
Suites: bookworm
Components: main
"""
LIST = """
deb [arch=amd64 signed-by=/k.gpg] http://three.example/mirror/ trixie main # why
# deb http://never.example/debian trixie main
deb-src http://never.example/debian trixie main
deb http://vendor.example/apt stable-tools main
deb http://vendor.example/linux/debian bookworm stable
deb http://security.example/ trixie-security main
deb file:/srv/debian trixie main
deb cdrom:[x]/ trixie main
deb http://flat.example/ ./
"""


@pytest.fixture
def etc_apt(tmp_path: Path) -> str:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list").write_text(LIST)
    (tmp_path / "sources.list.d/debian.sources").write_text(SOURCES)
    (tmp_path / "sources.list.d/broken.sources").write_text("Types deb\n")
    (tmp_path / "sources.list.d/debian.sources.save").write_text(SOURCES.replace("example", "never"))
    return str(tmp_path)


def test_mirrors_by_kind(etc_apt: str) -> None:
    assert system_mirrors(etc_apt) == {
        "debian": [
            "http://three.example/mirror", "file:/srv/debian", "http://one.example/debian", "http://two.example/debian",
        ],
        "debian-security": ["http://security.example", "http://one.example/debian-security"],
    }  # fmt: skip
    first = read_apt_sources(etc_apt)[0]
    assert (first.suites, first.components, first.signed_by) == (("trixie",), ("main",), "/k.gpg")
    assert system_mirrors("/nonexistent") == {"debian": [], "debian-security": []}


@pytest.mark.oracle
def test_equals_apt_on_this_machine() -> None:
    """apt's own list of indexes names the same archive roots."""
    command = ["apt-get", "indextargets", "--format", "$(IDENTIFIER) $(REPO_URI) $(RELEASE) $(COMPONENT)"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    targets = re.findall(r"^Packages (\S+) (\S+) (\S+)$", done.stdout, re.M)
    theirs = {(uri.rstrip("/"), suite, component) for uri, suite, component in targets}
    ours = {
        (one.uri, suite, component)
        for one in read_apt_sources()
        for suite in one.suites
        for component in one.components
    }
    assert theirs
    assert ours == theirs


def test_order_of_mirrors(etc_apt: str) -> None:
    order = mirror_order(["debian=http://flag/d, http://flag/all"], {"PYBUILD_MIRROR": "/srv/m"}, apt_directory=etc_apt)
    mirrors = Mirrors(order)
    assert mirrors.bases("debian-security", "20260101T000000Z") == [
        "http://flag/all/debian-security", "http://flag/all", "/srv/m/debian-security", "/srv/m",
        "http://security.example", "http://one.example/debian-security",
        "https://snapshot.debian.org/archive/debian-security/20260101T000000Z",
    ]  # fmt: skip
    assert mirrors.bases("debian")[0] == "http://flag/d"
    assert not any("snapshot" in one for one in mirrors.bases("debian"))
    only = Mirrors(mirror_order(["http://x/debian"], {}, apt_directory=etc_apt, fall_back=False))
    assert only.bases("debian", "20260101T000000Z") == ["http://x/debian"]
    assert only.bases("debian-security") == ["http://x/debian-security"]
    system_first = mirror_order(["system", "http://x/debian"], {}, apt_directory=etc_apt)
    assert Mirrors(system_first).bases("debian")[0] == "http://three.example/mirror"
    assert Mirrors(system_first).bases("debian")[-1] == "http://x/debian"


@pytest.mark.parametrize("text", ["x", "debian=x", "ftp://x", "a b", "http://", "http://[", "http://h:port/"])
def test_bad_mirror(text: str) -> None:
    with pytest.raises(UsageError, match="bad mirror"):
        mirror_order([text], {})
