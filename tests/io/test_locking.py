"""Locking and fetching against a fixture archive with faults, and against the live archive."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rulesengine.debian.deb822 import parse_stanza
from rulesengine.debian.lockfile import ArchiveDeclaration, Lockfile, decode_lockfile, encode_lockfile
from rulesengine.errors import (
    DebianError,
    ExpiredError,
    HashMismatchError,
    LockfileError,
    NotOnServerError,
    ResolutionError,
    RollbackError,
    RulesEngineError,
    SignatureError,
    TransportError,
    TrustError,
)
from rulesengine.io.http import UrlTransport
from rulesengine.io.mirrors import Mirrors, mirror_order
from rulesengine.model.events import Event, Message, Progress
from rulesengine.model.ports import Pin
from rulesengine.workspace.cancel import CancelToken
from rulesengine.workspace.locking import lock_archive, lock_changes, read_lockfile, write_lockfile

if TYPE_CHECKING:
    from tests.io.faulty_server import FaultyServer
    from tests.io.fixture_archive import FixtureArchive, SigningKey

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
DECLARATION = ArchiveDeclaration("fix", ("trixie", "trixie-security"), ("arm64", "amd64"), ("hello",))
QUICK = UrlTransport(timeout=0.5, attempts=2, backoff=0.01, environ={})


def mirrors(*urls: str, report: Callable[[Event], None] | None = None) -> Mirrors:
    return Mirrors(mirror_order(urls, {}, fall_back=False), QUICK, report)


class Locker:
    """Locks the fixture archive into a file, as the command does."""

    def __init__(self, folder: Path, key: SigningKey, *urls: str) -> None:
        self.path = folder / "fix.lock.json"
        self.cache = folder / "indexes"
        self.key = key
        self.urls = urls
        self.events: list[Event] = []

    def __call__(
        self,
        declaration: ArchiveDeclaration = DECLARATION,
        now: datetime = NOW + timedelta(days=1),
        allow_missing: bool = False,
    ) -> Lockfile:
        lock = lock_archive(
            declaration,
            existing=read_lockfile(self.path),
            mirrors=mirrors(*self.urls, report=self.events.append),
            cache_dir=self.cache,
            now=now,
            progress=self.events.append,
            keyring=self.key.certificate,
            allow_missing=allow_missing,
        )
        write_lockfile(self.path, lock)
        return lock


@pytest.fixture
def lock(tmp_path: Path, signing_key: SigningKey, server: FaultyServer) -> Locker:
    return Locker(tmp_path, signing_key, server.url)


def test_lock_of_the_fixture(lock: Locker, archive: FixtureArchive) -> None:
    made = lock()
    assert [(one.name, one.version, one.arch, one.architecture, one.kind) for one in made.packages] == [
        ("hello", "1.0-1", "amd64", "all", "debian"),
        ("hello", "1.0-1", "arm64", "all", "debian"),
        ("libhello", "1.0-1+deb1", "amd64", "amd64", "debian-security"),
        ("libhello", "1.0-1+deb1", "arm64", "arm64", "debian-security"),
        ("polite", "2", "amd64", "all", "debian"),
        ("polite", "2", "arm64", "all", "debian"),
    ]
    hello, library = made.packages[0], made.packages[2]
    assert hello.depends == ("libhello", "polite")
    assert [one.key for one in hello.dependencies] == ["libhello_1.0-1-p-deb1_amd64", "polite_2_amd64"]
    assert library.multi_arch == "same"
    assert library.dependencies == ()
    for package in made.packages:
        data = (archive.root / package.kind / package.path).read_bytes()
        assert package.digest.size == len(data)
        assert package.urls == (f"https://snapshot.debian.org/archive/{package.kind}/20260502T000000Z/{package.path}",)
    assert made.snapshot == "20260501T120000Z"
    done = [event.done for event in lock.events if isinstance(event, Progress)]
    assert done == [1, 2, 3, 4, 5, 6]


def test_lock_file_is_stable_and_reads_back(lock: Locker) -> None:
    made = lock()
    data = lock.path.read_bytes()
    assert decode_lockfile(data) == made
    assert data == encode_lockfile(made)
    assert data.endswith(b"}\n")
    document = json.loads(data)
    assert data.decode() == json.dumps(document, sort_keys=True, indent=2) + "\n"
    other = ArchiveDeclaration("other name", DECLARATION.suites, ("amd64", "arm64", "amd64"), ("hello", "hello"))
    assert encode_lockfile(lock(other)) == data
    assert lock_changes(made, made) == []
    made.check_answers(DECLARATION, source="x")


def test_lock_reads_as_rules_distroless_version_1(lock: Locker) -> None:
    """Its reader takes version and packages[]: key, name, version, arch, sha256, urls, dependencies."""
    lock()
    document = json.loads(lock.path.read_text())
    assert document["version"] == 1
    keys = {one["key"] for one in document["packages"]}
    edges: dict[str, list[str]] = {}
    for one in document["packages"]:
        sanitized = "_".join(
            part.replace("+", "-p-").replace(":", "-").replace("~", "_") for part in (one["name"], one["version"])
        )
        assert one["key"] == f"{sanitized}_{one['arch']}"
        assert re.fullmatch(r"[0-9a-f]{64}", one["sha256"])
        assert one["urls"]
        for dependency in one["dependencies"]:
            assert dependency.keys() == {"key", "name", "version"}
            assert dependency["key"] in keys
        edges[one["key"]] = [dependency["key"] for dependency in one["dependencies"]]
    # Bazel refuses circles: taking away what depends on nothing more must take away everything.
    while edges:
        free = {one for one, needed in edges.items() if not any(other in edges for other in needed)}
        assert free
        edges = {one: needed for one, needed in edges.items() if one not in free}


def test_locked_packages_can_be_fetched(lock: Locker, server: FaultyServer, archive: FixtureArchive) -> None:
    for package in lock().packages:
        chunks: list[bytes] = []
        seen: list[int] = []
        mirrors(server.url).fetch(package.pin, chunks.append, seen.append, CancelToken())
        assert b"".join(chunks) == (archive.root / package.kind / package.path).read_bytes()
        assert seen[-1] == package.size


def test_second_lock_downloads_no_index(lock: Locker, server: FaultyServer) -> None:
    first = lock()
    server.requests.clear()
    assert lock() == first
    assert {path.rpartition("/")[2] for path, _ in server.requests} == {"InRelease"}
    for kept in lock.cache.iterdir():
        kept.write_bytes(kept.read_bytes()[:-5] + b"wrong")
    assert lock() == first


def test_plain_directory_as_mirror(lock: Locker, archive: FixtureArchive) -> None:
    over_http = lock()
    lock.urls = (str(archive.root),)
    assert lock() == over_http
    lock.urls = (f"file://{archive.root}/debian",)
    assert lock() == over_http


def test_update_and_its_changes(lock: Locker, archive: FixtureArchive) -> None:
    before = lock()
    archive.deb("polite", "2.1", "Provides: greeting")
    archive.publish("trixie", date=NOW + timedelta(days=2))
    after = lock(now=NOW + timedelta(days=3))
    assert [str(one) for one in lock_changes(before, after)] == ["~ polite 2 -> 2.1 (amd64, arm64)"]
    assert len(lock_changes(None, after)) == 3
    wider = lock(ArchiveDeclaration("fix", DECLARATION.suites, ("amd64",), ("polite",)), now=NOW + timedelta(days=3))
    assert [str(one) for one in lock_changes(after, wider)] == [
        "- hello 1.0-1 (amd64, arm64)", "- libhello 1.0-1+deb1 (amd64, arm64)", "- polite 2.1 (arm64)",
    ]  # fmt: skip


def test_without_dependencies(lock: Locker) -> None:
    made = lock(ArchiveDeclaration("fix", DECLARATION.suites, ("amd64",), ("hello", "broken"), dependencies=False))
    assert [(one.name, one.dependencies, one.depends) for one in made.packages] == [
        ("broken", (), ()),
        ("hello", (), ()),
    ]


# -- faults: each says what, where and what to do, and leaves the lock as it was -----------------------

Fault = Callable[["FixtureArchive", "FaultyServer", "Locker", "SigningKey"], object]
IN_RELEASE = "/debian/dists/trixie/InRelease"
XZ = "main/binary-amd64/Packages.xz"


def break_index(archive: FixtureArchive, server: FaultyServer, lock: Locker, *_: object) -> None:
    for path in archive.root.glob("debian/dists/trixie/main/binary-amd64/**/*"):
        if path.is_file():
            server.flip["/" + str(path.relative_to(archive.root))] = 30


def another_key(archive: FixtureArchive, *_: object) -> None:
    archive.publish("trixie", key=type(archive.key)())


def unsigned(archive: FixtureArchive, *_: object) -> None:
    path = archive.root / IN_RELEASE.lstrip("/")
    text = path.read_bytes().partition(b"\n\n")[2].partition(b"-----BEGIN")[0]
    path.write_bytes(text)


def unreachable(archive: FixtureArchive, server: FaultyServer, lock: Locker, *_: object) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        lock.urls = (f"http://127.0.0.1:{taken.getsockname()[1]}",)


FAULTS: dict[str, tuple[Fault, type[RulesEngineError], str]] = {
    "tampered InRelease": (
        lambda a, s, *_: s.flip.update({IN_RELEASE: 100}),
        SignatureError,
        r"/debian/dists/trixie/InRelease: no good signature by a trusted key",
    ),
    "unsigned": (unsigned, SignatureError, r"trixie/InRelease: not signed"),
    "signed by another key": (another_key, SignatureError, r"(?s)no good signature by a trusted key.*signed by key"),
    "truncated InRelease": (
        lambda a, s, *_: (a.root / IN_RELEASE[1:]).write_bytes((a.root / IN_RELEASE[1:]).read_bytes()[:-50]),
        SignatureError,
        "truncated",
    ),
    "expired": (
        lambda a, *_: a.publish("trixie", date=NOW, valid=timedelta(hours=20)),
        ExpiredError,
        r"InRelease: expired at 2026-05-02 08:00 UTC \(it is 2026-05-02 12:00 UTC now\)",
    ),
    "from the future": (
        lambda a, *_: a.publish("trixie", date=NOW + timedelta(days=9)),
        ExpiredError,
        r"(?s)dated 2026-05-10 12:00 UTC, in the future.*clock",
    ),
    "rolled back": (
        lambda a, *_: a.publish("trixie", date=NOW - timedelta(seconds=1)),
        RollbackError,
        r"(?s)dated 2026-05-01 11:59:59 UTC, older than the 2026-05-01 12:00:00 UTC.*replays",
    ),
    "another suite": (
        lambda a, *_: a.publish("trixie", codename="bookworm").write_bytes(a.publish("bookworm").read_bytes()),
        TrustError,
        r"this is the Release file of 'bookworm', not of 'trixie'",
    ),
    "flipped byte in Packages": (break_index, HashMismatchError, rf"(?s)suite trixie: {XZ} is not there as.*sha256"),
    "Packages missing": (
        lambda a, *_: [p.unlink() for p in a.root.glob("debian/dists/trixie/main/binary-amd64/**/*") if p.is_file()],
        NotOnServerError,
        r"(?s)is not there as its Release file of 2026-05-01 12:00 UTC lists it.*HTTP 404",
    ),
    "suite missing": (
        lambda a, s, *_: s.missing.update({IN_RELEASE, "/dists/trixie/InRelease"}),
        NotOnServerError,
        r"(?s)no mirror has the suite 'trixie' of debian.*HTTP 404.*hint: check the suite's name",
    ),
    "unreachable mirror": (unreachable, TransportError, r"(?s)cannot connect to 127\.0\.0\.1.*check the network"),
    "server in trouble": (
        lambda a, s, *_: s.status.update({IN_RELEASE: 500}),
        TransportError,
        r"(?s)HTTP 500.*in trouble",
    ),
    "InRelease that stalls": (lambda a, s, *_: s.stall.update({IN_RELEASE: 10}), TransportError, "stalled"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_faults_leave_the_lock_alone(
    name: str, lock: Locker, archive: FixtureArchive, server: FaultyServer, signing_key: SigningKey
) -> None:
    inject, kind, message = FAULTS[name]
    lock()
    before = lock.path.read_bytes()
    for kept in lock.cache.iterdir():
        kept.unlink()
    inject(archive, server, lock, signing_key)
    with pytest.raises(kind) as caught:
        lock()
    assert re.search(message, str(caught.value)), str(caught.value)
    assert caught.value.hint
    assert lock.path.read_bytes() == before
    assert sorted(one.name for one in lock.path.parent.iterdir() if "lock" in one.name) == ["fix.lock.json"]


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        ({"packages": ("helo",)}, ResolutionError, r"no package 'helo' for amd64.*\n.*did you mean 'hello'"),
        ({"packages": ("broken",)}, ResolutionError, r"broken 1 needs hello \(>= 9\): hello is 1\.0-1 in trixie"),
        ({"components": ("mian",)}, DebianError, r"no component 'mian'\n.*did you mean 'main'"),
        ({"architectures": ("s390x",)}, DebianError, r"no architecture 's390x'\n.*it has amd64 arm64"),
        ({"architectures": ("amd46",)}, DebianError, r"unknown Debian architecture 'amd46'\n.*'amd64'"),
        ({"suites": ()}, DebianError, r"declares no suites"),
        ({"suites": ("trixie", "trixie")}, DebianError, r"names a suite twice"),
    ],
)
def test_declarations_that_cannot_be_had(
    change: dict[str, tuple[str, ...]], kind: type[RulesEngineError], message: str, lock: Locker
) -> None:
    lock()
    before = lock.path.read_bytes()
    import attrs

    with pytest.raises(kind) as caught:
        lock(attrs.evolve(DECLARATION, **change))  # type: ignore[arg-type]
    assert re.search(message, str(caught.value)), str(caught.value)
    assert lock.path.read_bytes() == before


def _indexes(archive: FixtureArchive, suite: str, kind: str, architecture: str) -> list[Path]:
    """Every file of a suite's index for an architecture, by-hash copies included."""
    folder = archive.root / kind / "dists" / suite / "main" / f"binary-{architecture}"
    return [path for path in folder.rglob("*") if path.is_file()]


def test_missing_index_is_refused_unless_allowed(lock: Locker, archive: FixtureArchive) -> None:
    archive.deb("polite", "3", "Provides: greeting", kind="debian-security")
    archive.publish("trixie-security", kind="debian-security", valid=timedelta(days=7))
    for path in _indexes(archive, "trixie-security", "debian-security", "arm64"):
        path.unlink()
    with pytest.raises(NotOnServerError) as caught:
        lock()
    assert "suite trixie-security" in str(caught.value)
    assert "--allow_missing_indexes" in str(caught.value)
    assert not lock.path.exists()
    made = lock(allow_missing=True)
    versions = {(one.name, one.arch): one.version for one in made.packages}
    assert versions["libhello", "amd64"] == "1.0-1+deb1"
    assert versions["libhello", "arm64"] == "1.0-1", "its own packages of that suite cannot be seen"
    assert versions["polite", "arm64"] == "3", "those for every architecture stand in the other index"
    assert {one.suite: one.missing for one in made.suites} == {"trixie": (), "trixie-security": ("arm64",)}
    warnings = [event.text for event in lock.events if isinstance(event, Message) and event.level == "warning"]
    assert any("trixie-security" in one and "arm64" in one for one in warnings)
    assert decode_lockfile(lock.path.read_bytes()) == made


def test_first_suite_may_never_be_missing(lock: Locker, archive: FixtureArchive) -> None:
    for path in _indexes(archive, "trixie", "debian", "arm64"):
        path.unlink()
    with pytest.raises(NotOnServerError, match="suite trixie"):
        lock(allow_missing=True)


def test_index_that_architectures_share_is_taken_from_either(lock: Locker, archive: FixtureArchive) -> None:
    good = lock(ArchiveDeclaration("fix", ("trixie",), ("amd64", "arm64"), ("polite",)))
    shutil.rmtree(lock.cache)
    for path in (archive.root / "debian" / "pool").rglob("libhello_*"):
        path.unlink()
    archive.publish("trixie")  # now both architectures list the same packages
    for path in _indexes(archive, "trixie", "debian", "arm64"):
        path.unlink()
    assert lock(ArchiveDeclaration("fix", ("trixie",), ("amd64", "arm64"), ("polite",))).packages == good.packages


def test_next_mirror_is_tried_and_the_bad_one_named(
    lock: Locker, archive: FixtureArchive, server: FaultyServer
) -> None:
    good = lock()
    server.flip[IN_RELEASE] = 100
    lock.urls = (server.url, str(archive.root))
    assert lock() == good
    warnings = [event.text for event in lock.events if isinstance(event, Message)]
    assert len([one for one in warnings if "no good signature" in one and "trying the next mirror" in one]) == 1


def test_deb_with_a_flipped_byte_comes_from_the_next_mirror(
    lock: Locker, archive: FixtureArchive, server: FaultyServer
) -> None:
    package = lock().packages[-1]
    path = f"/{package.kind}/{package.path}"
    server.flip[path] = 200_000
    warnings: list[Event] = []
    both = mirrors(server.url, str(archive.root), report=warnings.append)
    chunks: list[bytes] = []
    both.fetch(package.pin, chunks.append, lambda _: None, CancelToken())
    assert b"".join(chunks) == (archive.root / path[1:]).read_bytes()
    assert any("not the pinned" in str(event) for event in warnings)
    chunks.clear()
    with pytest.raises(HashMismatchError) as caught:
        mirrors(server.url, "/nonexistent").fetch(package.pin, chunks.append, lambda _: None, CancelToken())
    assert chunks == []
    text = str(caught.value)
    assert text.startswith(f"no mirror has {package.path} with the pinned digest\n")
    assert f"{server.url}{path}: sha256" in text
    assert "/nonexistent/debian/pool/" in text


@pytest.mark.parametrize("fault", ["truncate", "longer", "missing"])
def test_fetch_failures_name_every_mirror(
    fault: str, lock: Locker, archive: FixtureArchive, server: FaultyServer
) -> None:
    package = lock().packages[-1]
    path = f"/{package.kind}/{package.path}"
    file = archive.root / path[1:]
    kind: type[RulesEngineError] = TransportError
    if fault == "truncate":
        server.truncate[path] = 10
        server.ranges = False
    elif fault == "longer":
        file.write_bytes(file.read_bytes() + b"x")
        kind = HashMismatchError
    else:
        file.unlink()
        kind = NotOnServerError
    with pytest.raises(kind) as caught:
        mirrors(server.url).fetch(package.pin, lambda _: None, lambda _: None, CancelToken())
    assert server.url in str(caught.value)
    assert caught.value.hint
    with pytest.raises(TransportError, match="no mirror to fetch"):
        Mirrors((), QUICK).fetch(package.pin, lambda _: None, lambda _: None, CancelToken())


def test_http_pin(lock: Locker, server: FaultyServer) -> None:
    package = lock().packages[-1]
    pin = Pin(package.digest, "http", f"{server.url}/{package.kind}/{package.path}")
    chunks: list[bytes] = []
    Mirrors((), QUICK).fetch(pin, chunks.append, lambda _: None, CancelToken())
    assert sum(map(len, chunks)) == package.size


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b'"version": 1\n}', b'"version": 2\n}', r"lock version 2"),
        (b'"arch": "amd64"', b'"arch": 7', r"@ \$\.packages\[0\]\.arch"),
        (b'"sha256": "', b'"sha256": "x', r"not a SHA-256.*@ \$\.packages\[0\]\.sha256"),
        (b'"path": "pool', b'"path": "../pool', r"@ \$\.packages\[0\]\.path"),
        (b'"size": ', b'"size": -', r"@ \$\.packages\[0\]\.size"),
        (b'"kind"', b'"knid"', r"\$\.packages\[0\]"),
        (b'"depends": [\n        "libhello"', b'"depends": [\n        "lib"', r"'lib', which is not locked"),
        (b"{", b"[", r"not JSON: line 2"),
    ],
)
def test_damaged_lock_file(old: bytes, new: bytes, message: str, lock: Locker) -> None:
    lock()
    data = lock.path.read_bytes()
    assert old in data
    lock.path.write_bytes(data.replace(old, new, 1))
    with pytest.raises(LockfileError) as caught:
        read_lockfile(lock.path)
    assert re.search(message, str(caught.value)), str(caught.value)
    assert "pybuild lock" in str(caught.value)


def test_stale_lock_says_what_differs(lock: Locker) -> None:
    import attrs

    made = lock()
    with pytest.raises(LockfileError) as caught:
        made.check_answers(attrs.evolve(DECLARATION, packages=("polite",)), source="fix.lock.json")
    assert "fix.lock.json is stale" in str(caught.value)
    assert "packages not locked: polite" in str(caught.value)
    assert "packages locked but no longer declared: hello" in str(caught.value)


def test_cancelled_lock_stops(lock: Locker, server: FaultyServer) -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(RulesEngineError, match="interrupted"):
        lock_archive(DECLARATION, mirrors=mirrors(server.url), cache_dir=lock.cache, now=NOW, keyring=b"", cancel=token)
    assert server.requests == []


# -- the live archive ------------------------------------------------------------------------------


@pytest.mark.live
def test_live_archive(tmp_path: Path) -> None:
    """Six architectures of a release, and release, updates and security for two; a package fetched and opened."""
    live = Mirrors(mirror_order((), {}))
    wanted = ("base-files", "netbase", "tzdata", "media-types", "ca-certificates")
    six = ("amd64", "arm64", "armhf", "ppc64el", "riscv64", "s390x")
    now = datetime.now(UTC)
    begin = time.monotonic()
    main = lock_archive(
        ArchiveDeclaration("main", ("trixie",), six, wanted), mirrors=live, cache_dir=tmp_path / "cache", now=now
    )
    assert time.monotonic() - begin < 60
    assert {one.arch for one in main.packages} == set(six)
    assert {"libc6", "openssl", *wanted} <= {one.name for one in main.packages}
    suites = ("trixie", "trixie-updates", "trixie-security")
    full = lock_archive(
        ArchiveDeclaration("full", suites, ("amd64", "arm64"), wanted),
        mirrors=live, cache_dir=tmp_path / "cache", now=now,
    )  # fmt: skip
    assert [one.kind for one in full.suites] == ["debian", "debian", "debian-security"]
    text = encode_lockfile(full).decode()
    assert set(re.findall(r"https?://[^/\"]+", text)) == {"https://snapshot.debian.org"}
    base = next(one for one in full.packages if one.name == "netbase")
    with live.open(base.pin) as stream, open(tmp_path / "netbase.deb", "wb") as out:
        out.write(stream.read())
    done = subprocess.run(["dpkg-deb", "-f", tmp_path / "netbase.deb"], capture_output=True, check=True)
    assert parse_stanza(done.stdout)["Version"] == base.version
