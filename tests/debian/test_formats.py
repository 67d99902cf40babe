"""Release files, relations, control members, architectures."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rulesengine.debian.architecture import PLATFORMS, architecture_of, platform_of
from rulesengine.debian.deb import parse_control_members
from rulesengine.debian.dependency import (
    matches_architecture,
    parse_depends,
    parse_provides,
    parse_relations,
    parse_simple,
)
from rulesengine.debian.release import (
    check_freshness,
    check_identity,
    check_rollback,
    parse_date,
    parse_release,
    parse_stamp,
    snapshot_stamp,
    stamp,
)
from rulesengine.debian.suite import is_debian_suite, kind_of
from rulesengine.errors import DebianError, ExpiredError, RollbackError, TrustError
from rulesengine.model.platform import Platform

HASH = "a" * 64
RELEASE = f"""Origin: Debian
Suite: stable-security
Codename: trixie-security
Date: Wed, 18 Nov 2026 22:17:43 UTC
Valid-Until: Wed, 25 Nov 2026 22:17:43 UTC
Acquire-By-Hash: yes
Architectures: amd64 armhf
Components: updates/main updates/contrib
MD5Sum:
 d41d8cd98f00b204e9800998ecf8427e 7 main/binary-amd64/Packages
SHA256:
 {HASH} 7 main/binary-amd64/Packages
"""


def test_release() -> None:
    release = parse_release(RELEASE.encode())
    assert release.date == datetime(2026, 11, 18, 22, 17, 43, tzinfo=UTC)
    assert release.components == ("main", "contrib")
    assert release.files["main/binary-amd64/Packages"].hash == HASH
    assert release.acquire_by_hash
    assert release.priority == 500
    assert not release.architecture_all_separate
    apart = RELEASE.replace("Architectures: ", "Architectures: all ")
    assert parse_release(apart.encode()).architecture_all_separate
    joined = "No-Support-for-Architecture-all: Packages\n" + apart
    assert not parse_release(joined.encode()).architecture_all_separate
    backports = "NotAutomatic: yes\nButAutomaticUpgrades: yes\n" + RELEASE
    assert parse_release(backports.encode()).priority == 100
    assert parse_release(("NotAutomatic: yes\n" + RELEASE).encode()).priority == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Date: Wed", "Date: yesterday, Wed"),
        ("Date: Wed, 18 Nov 2026 22:17:43 UTC\n", ""),
        ("22:17:43 UTC\nValid", "22:17:43 +0200\nValid"),
        ("18 Nov", "31 Nov"),
        ("SHA256:\n", "SHA1:\n"),
        (f" {HASH} 7 main", f" {HASH} -7 main"),
        (f" {HASH} 7 main", f" {HASH} 7 ../main"),
        (f" {HASH} 7 main", f" {HASH} 7 /main"),
        (f" {HASH} 7 main", f" {HASH[1:]} 7 main"),
        (f" {HASH} 7 main", f" {HASH} 8 main/binary-amd64/Packages\n {HASH} 7 main"),
    ],
)
def test_bad_release(old: str, new: str) -> None:
    assert old in RELEASE
    with pytest.raises(DebianError):
        parse_release(RELEASE.replace(old, new, 1).encode())


def test_rules_of_age_and_identity() -> None:
    release = parse_release(RELEASE.encode())
    assert release.valid_until is not None
    check_freshness(release, release.valid_until, source="x")
    with pytest.raises(ExpiredError):
        check_freshness(release, release.valid_until + timedelta(seconds=1), source="x")
    check_freshness(release, release.date - timedelta(hours=24), source="x")
    with pytest.raises(ExpiredError):
        check_freshness(release, release.date - timedelta(hours=25), source="x")
    check_rollback(release, None, source="x")
    check_rollback(release, release.date, source="x")
    with pytest.raises(RollbackError):
        check_rollback(release, release.date + timedelta(seconds=1), source="x")
    check_identity(release, "trixie-security", source="x")
    check_identity(release, "stable-security", source="x")
    for other in ("trixie", "bookworm-security", ""):
        with pytest.raises(TrustError):
            check_identity(release, other, source="x")
    forever = parse_release(RELEASE.replace("Valid-Until", "X-Valid-Until").encode())
    check_freshness(forever, release.date + timedelta(days=9999), source="x")


@given(st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)))
def test_dates_and_stamps(moment: datetime) -> None:
    moment = moment.replace(microsecond=0, tzinfo=UTC)
    assert parse_stamp(stamp(moment)) == moment
    days, months = "Mon Tue Wed Thu Fri Sat Sun", "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"
    day, month = days.split()[moment.weekday()], months.split()[moment.month - 1]
    assert parse_date(f"{day}, {moment.day:02} {month} {moment:%Y %H:%M:%S} UTC") == moment


def test_snapshot_stamp_is_after_the_newest_suite() -> None:
    old, new = datetime(2026, 9, 12, 7, 55, 41, tzinfo=UTC), datetime(2026, 11, 19, 2, 12, 54, tzinfo=UTC)
    assert snapshot_stamp([new, old]) == snapshot_stamp([old, new]) == "20261119T141254Z"


def test_relations() -> None:
    text = "a, b:any (>= 1.0) | c [!armhf i386] <!nocheck>,\n d (= 1:2-3) [linux-any], e(<2),"
    groups = parse_relations(text)
    assert [[str(one) for one in group] for group in groups] == [
        ["a"], ["b:any (>= 1.0)", "c"], ["d (= 1:2-3)"], ["e (<= 2)"],
    ]  # fmt: skip
    assert parse_relations("") == ()
    assert matches_architecture("armhf", ("amd64", "any-armhf"))
    assert not matches_architecture("armhf", ("!armhf",))
    assert [str(group[0]) for group in parse_depends("a [amd64], b [!amd64], c", "amd64")] == ["a", "c"]
    assert [str(one) for one in parse_provides("a, b (= 1), c (>= 2)")] == ["a", "b (= 1)"]


@pytest.mark.parametrize("text", ["a b", "a (1)", "a (= )", "a (~ 1)", "(= 1)", "a | ", "a (>= x_y)", "a (= 1"])
def test_bad_relations(text: str) -> None:
    with pytest.raises(DebianError):
        parse_relations(text)
    with pytest.raises(DebianError):
        parse_simple("a | b", "Conflicts")


@pytest.mark.oracle
def test_relation_constraints_equal_dpkg() -> None:
    """Which versions a constraint lets through, by libdpkg-perl's own evaluation."""
    script = """
    use Dpkg::Deps; use Dpkg::Deps::KnownFacts;
    while (<STDIN>) { chomp; my ($dep, $version) = split /\\t/;
      my $facts = Dpkg::Deps::KnownFacts->new(); $facts->add_installed_package("a", $version, "amd64", "no");
      my $d = deps_parse($dep, host_arch => "amd64", tests_dep => 0) or die $dep;
      print $d->get_evaluation($facts) ? "1\\n" : "0\\n"; }
    """
    versions = ["1", "1.0-1", "1.0-1~rc1", "1:0", "2", "1.0", "1.0-0"]
    cases = [(f"a ({o} {w})", v) for o in ("<<", "<=", "=", ">=", ">>") for w in versions for v in versions]
    text = "".join(f"{dependency}\t{version}\n" for dependency, version in cases)
    done = subprocess.run(["perl", "-e", script], input=text, capture_output=True, text=True, check=True)
    ours = [str(int(parse_relations(dependency)[0][0].accepts(version))) for dependency, version in cases]
    assert ours == done.stdout.split()
    assert 0 < ours.count("1") < len(ours)


@pytest.mark.oracle
def test_control_members_of_a_real_package(tmp_path: Path) -> None:
    """What dpkg-deb packs is what we read."""
    (tmp_path / "tree/DEBIAN").mkdir(parents=True)
    control = "Package: x-y\nVersion: 1:2.0-3\nArchitecture: amd64\nMaintainer: A <a@b>\nDescription: x\n more\n"
    (tmp_path / "tree/DEBIAN/control").write_text(control)
    (tmp_path / "tree/DEBIAN/md5sums").write_text("d41d8cd98f00b204e9800998ecf8427e  usr/share/a b\n")
    command = ["dpkg-deb", "--root-owner-group", "-b", "tree", "x.deb"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    subprocess.run(["dpkg-deb", "-e", "x.deb", "out"], cwd=tmp_path, check=True)
    members = {f"./{path.name}": path.read_bytes() for path in (tmp_path / "out").iterdir()}
    deb = parse_control_members(members)
    assert (deb.name, deb.version, deb.architecture) == ("x-y", "1:2.0-3", "amd64")
    assert deb.control == members["./control"]
    assert deb.md5sums == {"usr/share/a b": "d41d8cd98f00b204e9800998ecf8427e"}
    assert deb.fields["description"] == "x\nmore"
    assert deb.conffiles == ()


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"control": b""},
        {"control": b"Package: x\n"},
        {"control": b"Package: ../x\nVersion: 1\nArchitecture: all\n"},
        {"control": b"Package: xx\nVersion: 1_\nArchitecture: all\n"},
        {"control": b"Package: xx\nVersion: 1\nArchitecture: all\n", "md5sums": b"abc  x\n"},
    ],
)
def test_bad_control_members(members: dict[str, bytes]) -> None:
    with pytest.raises(DebianError):
        parse_control_members(members)


def test_architectures() -> None:
    for name, platform in PLATFORMS.items():
        assert platform_of(name) == platform
        assert architecture_of(platform) == name
    assert str(platform_of("armhf")) == "linux/arm/v7"
    assert architecture_of(Platform("linux", "arm", "v6")) == "armel"
    assert architecture_of(Platform("linux", "amd64", "v3")) == "amd64"
    for platform in (Platform("windows", "amd64"), Platform("linux", "arm", "v9"), Platform("linux", "wasm")):
        with pytest.raises(DebianError):
            architecture_of(platform)
    with pytest.raises(DebianError, match="did you mean 'armhf'"):
        platform_of("armfh")


def test_suites() -> None:
    assert kind_of("trixie-security") == kind_of("buster/updates") == "debian-security"
    assert kind_of("trixie-updates") == "debian"
    assert is_debian_suite("trixie-backports")
    assert not is_debian_suite("bookworm-pgdg")
