"""Resolution: against apt-get on the live archive, and its rules on small universes."""

from __future__ import annotations

import os
import random
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import unquote

import pytest

from rulesengine.debian.packages_index import PackagesIndex
from rulesengine.debian.resolver import Universe, resolve, select
from rulesengine.errors import ResolutionError

# Tools, libraries, interpreters, virtual packages, alternatives, parts of big desktops, and sets.
REQUESTS = """
adduser bash bind9 build-essential busybox-static cmake curl dbus default-jre-headless default-mta dpkg emacs-nox exim4
ffmpeg firefox-esr fontconfig gcc ghostscript git gnupg imagemagick init libc6 libreoffice-writer libssl3t64 mailutils
mariadb-server maven mawk nginx nodejs openjdk-21-jre-headless openssh-server perl php-fpm postgresql python3
python3-pip r-base-core rsync ruby rustc samba systemd tasksel texlive-latex-base vim-gtk3 xorg librust-serde-dev
""".split()  # noqa: SIM905 - a list that reads as text
CASES = [["base-files", "netbase", "tzdata", "media-types", "ca-certificates"], *([name] for name in REQUESTS)]
CASES += [
    ["exim4", "mailutils"],
    ["mailutils", "postfix"],
    ["gawk", "base-files"],
    ["dbus-user-session", "network-manager"],
]


def apt_configuration(folder: Path, files: dict[str, Path]) -> dict[str, str]:
    """An environment for apt with directories of its own, an empty dpkg status and these Packages files as sources."""
    for name in ("state/lists/partial", "cache/archives/partial", "log"):
        (folder / name).mkdir(parents=True)
    (folder / "status").touch()
    sources = []
    for suite, path in files.items():
        tree = folder / "archive" / suite
        tree.mkdir(parents=True)
        (tree / "Packages").symlink_to(path)
        sources.append(f"deb [trusted=yes] file:{tree} ./\n")
    (folder / "sources.list").write_text("".join(sources))
    (folder / "apt.conf").write_text(
        f"""
        Dir::Etc::parts "/dev/null"; Dir::Etc::main "/dev/null"; Dir::Etc::sourceparts "/dev/null";
        Dir::Etc::preferences "/dev/null"; Dir::Etc::preferencesparts "/dev/null";
        Dir::Etc::sourcelist "{folder}/sources.list"; Dir::State "{folder}/state"; Dir::State::status "{folder}/status";
        Dir::Cache "{folder}/cache"; Dir::Log "{folder}/log"; APT::Architecture "amd64";
        APT::Architectures {{ "amd64"; }};
        APT::Sandbox::User ""; Acquire::Languages "none"; APT::Get::AllowUnauthenticated "true"; APT::Solver "internal";
        """
    )
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C", "APT_CONFIG": str(folder / "apt.conf")}
    subprocess.run(["apt-get", "update", "-qq"], env=environment, check=True, capture_output=True)
    return environment


def by_apt(request: list[str], environment: dict[str, str]) -> set[tuple[str, str]] | None:
    """What `apt-get -s install` would install, or None where it refuses."""
    command = ["apt-get", "-s", "install", "--no-install-recommends", *request]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        return None
    return {(m[1], m[2]) for m in re.finditer(r"^Inst (\S+) \((\S+)", done.stdout, re.M)}


def by_apt_uris(request: list[str], environment: dict[str, str]) -> set[tuple[str, str]] | None:
    """The same from `--print-uris`, which takes half the time: it does not play the installation through."""
    command = ["apt-get", "-qq", "--print-uris", "install", "--no-install-recommends", *request]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        return None
    files = re.findall(r"^'\S+' (\S+)_(\S+)_[a-z0-9]+\.deb ", done.stdout, re.M)
    return {(name, unquote(version)) for name, version in files}


@pytest.mark.live
@pytest.mark.oracle
def test_resolution_equals_apt(live_indexes: list[PackagesIndex], live_files: dict[str, Path], tmp_path: Path) -> None:
    universe = Universe("amd64", [(index, 500) for index in live_indexes])
    environment = apt_configuration(tmp_path, live_files)
    assert len(CASES) >= 50
    with ThreadPoolExecutor(2) as pool:
        theirs = list(pool.map(lambda request: by_apt_uris(request, environment), CASES))
    for at in range(0, len(CASES), 10):
        assert theirs[at] == by_apt(CASES[at], environment)
    wrong = []
    for request, apt in zip(CASES, theirs, strict=True):
        ours: set[tuple[str, str]] | None
        try:
            ours = {(one.name, one.version.text) for one in resolve(universe, request).packages}
        except ResolutionError:
            ours = None
        if ours != apt:
            wrong.append((request, sorted((ours or set()) ^ (apt or set()))[:10], apt is None))
    assert wrong == []
    assert sum(apt is not None for apt in theirs) >= 50


def small_archive(chance: random.Random) -> tuple[str, list[str]]:
    """A random archive of a few packages with all that makes resolution hard, and a request."""
    names = [f"p{number}" for number in range(chance.randrange(4, 9))]
    virtual = ["v1", "v2"]

    def relation() -> str:
        name = chance.choice(names + virtual)
        if chance.random() < 0.2:
            name += f" ({chance.choice(['>=', '<=', '=', '<<', '>>'])} {chance.randrange(1, 4)})"
        return name

    lines = []
    for name in names:
        line = f"{name} {chance.randrange(1, 4)}"
        if chance.random() < 0.7:
            count = chance.choice([1, 1, 2])
            groups = (" | ".join(relation() for _ in range(chance.choice([1, 1, 2, 3]))) for _ in range(count))
            line += "; Depends: " + ", ".join(groups)
        if chance.random() < 0.3:
            version = f" (= {chance.randrange(1, 4)})" if chance.random() < 0.3 else ""
            line += f"; Provides: {chance.choice(virtual)}{version}"
        if chance.random() < 0.3:
            line += "; Priority: " + chance.choice(["required", "standard", "optional"])
        if chance.random() < 0.3:
            line += f"; {chance.choice(['Conflicts', 'Breaks'])}: {relation()}"
        if chance.random() < 0.1:
            line += f"; Recommends: {chance.choice(names)}"
        lines.append(line)
    return "\n".join(lines), chance.sample(names, chance.choice([1, 1, 2, 3]))


@pytest.mark.oracle
def test_resolution_equals_apt_on_random_archives(tmp_path: Path) -> None:
    """Alternatives, provides, conflicts, versions and priorities at random: the same choice, or both refuse."""
    chance = random.Random(20)
    wrong, installed, refused = [], 0, 0
    for number in range(150):
        text, request = small_archive(chance)
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "Packages").write_text("\n".join(map(stanza, text.splitlines())))
        apt = by_apt(request, apt_configuration(folder / "apt", {"s": folder / "Packages"}))
        ours: set[tuple[str, str]] | None
        try:
            ours = {(one.name, one.version.text) for one in resolve(universe(text), request).packages}
        except ResolutionError:
            ours = None
        installed += apt is not None
        refused += apt is None
        if ours != apt:
            wrong.append((text, request, ours, apt))
    assert wrong == []
    assert installed > 40
    assert refused > 20


# -- small universes -------------------------------------------------------------


def stanza(line: str) -> str:
    """`name version; Depends: x; …` as a stanza."""
    head, *fields = [part.strip() for part in line.split(";")]
    name, version = head.split()
    out = [f"Package: {name}", f"Version: {version}", "Architecture: amd64", *fields]
    out += [f"Filename: pool/{name}_{version}.deb", "Size: 1", "SHA256: " + "0" * 64]
    return "\n".join(out) + "\n"


def universe(*suites: str, architecture: str = "amd64", priorities: tuple[int, ...] = ()) -> Universe:
    indexes = []
    for number, suite in enumerate(suites):
        lines = [line.strip() for line in suite.strip().splitlines()]
        text = "\n".join(map(stanza, lines))
        index = PackagesIndex(text.encode(), suite=f"s{number}", architecture=architecture, source=f"s{number}")
        indexes.append((index, priorities[number] if priorities else 500))
    return Universe(architecture, indexes)


def names(universe: Universe, *request: str) -> str:
    return " ".join(one.name for one in resolve(universe, request).packages)


def test_newest_version_of_all_suites_wins() -> None:
    both = universe("a 1; Depends: b\nb 2", "b 3~\nb 3")
    assert [str(one) for one in resolve(both, ["a"]).packages] == ["a 1", "b 3"]
    assert [str(one) for one in select(both, ["b"]).packages] == ["b 3"]


def test_a_suite_of_low_priority_only_fills_gaps() -> None:
    both = universe("a 1; Depends: c\nb 1", "b 9\nc 9", priorities=(500, 100))
    assert [str(one) for one in resolve(both, ["a", "b"]).packages] == ["a 1", "b 1", "c 9"]


def test_first_alternative_that_works() -> None:
    assert names(universe("a 1; Depends: x | b | c\nb 1; Depends: gone\nc 1"), "a") == "a c"
    assert names(universe("a 1; Depends: b | c\nb 1\nc 1"), "a") == "a b"
    assert names(universe("a 1; Depends: b | c\nb 1\nc 1"), "a", "c") == "a c"


def test_real_package_before_provider_and_provider_by_priority() -> None:
    assert names(universe("a 1; Depends: v\np 1; Provides: v; Priority: required\nv 1"), "a") == "a v"
    assert (
        names(universe("a 1; Depends: v\np 1; Provides: v; Priority: extra\nq 1; Provides: v; Priority: standard"), "a")
        == "a q"
    )
    # Otherwise apt takes the package whose name it met last.
    assert names(universe("a 1; Depends: v\np 1; Provides: v\nq 1; Provides: v"), "a") == "a q"
    assert names(universe("a 1; Depends: v; Suggests: q\np 1; Provides: v\nq 1; Provides: v"), "a") == "a p"


def test_versioned_provides() -> None:
    archive = universe("a 1; Depends: v (>= 2)\np 1; Provides: v\nq 1; Provides: v (= 1)\nr 1; Provides: v (= 2)")
    assert names(archive, "a") == "a r"


def test_qualifiers() -> None:
    archive = universe(
        "a 1; Depends: b:any\nb 1; Multi-Arch: allowed\nc 1; Depends: d:any\nd 1\ne 1; Depends: d:amd64, d:native\n"
        "f 1; Depends: d:arm64"
    )
    assert names(archive, "a") == "a b"
    assert names(archive, "e") == "d e"
    for name in "cf":
        with pytest.raises(ResolutionError):
            resolve(archive, [name])


def test_conflicts_of_a_request_rule_alternatives_out() -> None:
    archive = universe("a 1; Depends: b | c\nb 1\nc 1\nz 1; Conflicts: b\ny 1; Breaks: b (<< 1)")
    assert names(archive, "z", "a") == "a c z"
    assert names(archive, "a", "z") == "a c z"
    assert names(archive, "a", "y") == "a b y"
    # A package may conflict with what it provides itself.
    assert names(universe("m 1; Provides: mta; Conflicts: mta\nn 1; Provides: mta; Conflicts: mta"), "m") == "m"


def test_conflict_between_requests() -> None:
    with pytest.raises(ResolutionError) as caught:
        resolve(universe("a 1; Conflicts: b\nb 1"), ["a", "b"])
    assert "cannot install a b together (amd64)" in str(caught.value)
    assert "b 1 was ruled out" in str(caught.value) or "a 1 conflicts with b" in str(caught.value)


def test_essential_packages_are_not_added_and_circles_end() -> None:
    archive = universe("e 1; Essential: yes\na 1; Depends: b\nb 1; Depends: a")
    assert names(archive, "a") == "a b"
    resolution = resolve(archive, ["a"])
    assert resolution.depends == {"a": ("b",), "b": ("a",)}
    assert resolution.closure("a") == {"b"}


def test_leftovers_of_a_failed_alternative_are_dropped() -> None:
    archive = universe("a 1; Depends: b | c\nb 1; Depends: d, f\nd 1\nf 1; Depends: gone\nc 1")
    assert names(archive, "a") == "a c"


def test_deep_chains_do_not_need_pythons_stack() -> None:
    chain = "\n".join(f"p{n} 1; Depends: p{n + 1}" for n in range(2000)) + "\np2000 1"
    assert len(resolve(universe(chain), ["p0"]).packages) == 2001


def test_unknown_package_names_near_ones() -> None:
    with pytest.raises(ResolutionError) as caught:
        resolve(universe("ca-certificates 1"), ["ca-certificate"])
    assert str(caught.value) == (
        "no package 'ca-certificate' for amd64 in the suites of this archive\n  hint: did you mean 'ca-certificates'?"
    )


def test_virtual_package_with_one_or_several_providers() -> None:
    assert names(universe("p 1; Provides: v"), "v") == "p"
    with pytest.raises(ResolutionError, match=r"(?s)virtual package.*provided by p q"):
        resolve(universe("p 1; Provides: v\nq 1; Provides: v"), ["v"])


def test_unsatisfiable_chain_says_who_needs_what() -> None:
    with pytest.raises(ResolutionError) as caught:
        resolve(universe("app 1; Depends: lib\nlib 2; Depends: base (>= 5), odd | even\nbase 4"), ["app"])
    assert str(caught.value).splitlines()[:3] == [
        "cannot install app together (amd64)",
        "  lib 2 needs base (>= 5): base is 4 in s0 (app -> lib)",
        "  lib 2 needs odd | even: there is no odd; there is no even (app -> lib)",
    ]
    with pytest.raises(ResolutionError) as caught:
        resolve(
            universe("app 1; Depends: lib | bil\nlib 2; Depends: base (>= 5)\nbase 4\nbil 1; Depends: nil"), ["app"]
        )
    assert str(caught.value).splitlines()[:4] == [
        "cannot install app together (amd64)",
        "  app 1 needs lib | bil",
        "    lib 2 needs base (>= 5): base is 4 in s0",
        "    bil 1 needs nil: there is no nil",
    ]


def test_index_of_unusual_shape_is_read_all_the_same() -> None:
    text = (
        "Version: 1\npackage: odd\nArchitecture: all\nFilename: pool/odd.deb\nSize: 1\nSHA256: " + "0" * 64 + "\n\n\n"
        "Package: even\nVersion: 1\nArchitecture: amd64\nProvides: e,\n f (= 2)\nFilename: pool/e.deb\nSize: 1\n"
        "SHA256: " + "0" * 64
    )
    index = PackagesIndex(text.encode(), suite="s", architecture="amd64")
    assert sorted(index.names()) == ["even", "odd"]
    assert index.packages("odd")[0].architecture == "all"
    assert [one.name for one in index.providers("f")] == ["even"]
    assert len(PackagesIndex(b"", suite="s", architecture="amd64")) == 0
