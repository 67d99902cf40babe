"""Suites of an archive as they are now: Release files verified, Packages indexes checked and kept.

The chain: a key of the keyring signs InRelease; InRelease lists the SHA-256 of each Packages file; Packages lists the
SHA-256 of each .deb.  Nothing is parsed before the link above it has been checked.
"""

from __future__ import annotations

import contextlib
import hashlib
import lzma
import os
import tempfile
import zlib
from datetime import datetime
from pathlib import Path

from attrs import frozen

from rulesengine.debian.packages_index import PackagesIndex
from rulesengine.debian.release import (
    Release,
    check_freshness,
    check_identity,
    check_rollback,
    parse_release,
)
from rulesengine.debian.suite import kind_of
from rulesengine.errors import (
    DebianError,
    HashMismatchError,
    LimitError,
    NotOnServerError,
    RulesEngineError,
    TransportError,
    TrustError,
    did_you_mean,
)
from rulesengine.io.http import redacted
from rulesengine.io.mirrors import Mirrors, all_failed, check_digest
from rulesengine.io.openpgp import MAX_SIGNED, verify_clearsigned
from rulesengine.model.digest import Digest
from rulesengine.model.events import Message
from rulesengine.model.ports import Cancellation

MAX_INDEX = 1 << 30
"""Largest Packages file that is read, uncompressed, in bytes."""


@frozen
class SuiteState:
    """A suite whose Release file was verified.

    base: URL of the mirror that gave it.  sha256: of the InRelease file.  signers: as in SignedText.
    """

    suite: str
    kind: str
    base: str
    release: Release
    sha256: str
    signers: tuple[str, ...]


@frozen
class ArchiveReader:
    """Reads suites from mirrors.

    keyring: certificates that may sign.  cache: directory for indexes, by digest; what is in it is checked on reading.
    now: the time by which freshness is judged.
    """

    mirrors: Mirrors
    keyring: bytes
    cache: Path
    now: datetime
    cancel: Cancellation | None = None

    def suite(self, suite: str, locked: datetime | None = None) -> SuiteState:
        """Fetch and verify a suite's InRelease from the first mirror whose file can be trusted.

        locked: Date of the Release file in the existing lock, which must not be newer.
        Raises SignatureError, ExpiredError, RollbackError, TrustError, DebianError; TransportError where no mirror
        answers; NotOnServerError where none has the suite.
        """
        kind = kind_of(suite)
        failures: list[RulesEngineError] = []
        bases = self.mirrors.bases(kind)
        for number, base in enumerate(bases):
            url = f"{base}/dists/{suite}/InRelease"
            try:
                return self._verified(suite, kind, base, url, locked)
            except (TransportError, TrustError, DebianError, LimitError) as error:
                failures.append(error)
                more = number + 1 < len(bases)
                if more and self.mirrors.report is not None and not isinstance(error, NotOnServerError):
                    self.mirrors.report(Message("warning", f"{error.message}; trying the next mirror"))
        raise _suite_failed(suite, kind, failures)

    def _verified(self, suite: str, kind: str, base: str, url: str, locked: datetime | None) -> SuiteState:
        chunks: list[bytes] = []
        self.mirrors.transport.get(url, chunks.append, limit=MAX_SIGNED, cancel=self.cancel)
        data = b"".join(chunks)
        source = redacted(url)
        signed = verify_clearsigned(data, self.keyring, source=source)
        release = parse_release(signed.text, source=source)
        check_identity(release, suite, source=source)
        check_freshness(release, self.now, source=source)
        check_rollback(release, locked, source=source)
        return SuiteState(suite, kind, base, release, hashlib.sha256(data).hexdigest(), signed.signers)

    def indexes(self, state: SuiteState, component: str, architecture: str) -> list[PackagesIndex]:
        """The Packages indexes that hold a component's packages for an architecture (its own, and `all` where apart).

        Raises DebianError where the suite has no such component or architecture; HashMismatchError, TransportError.
        """
        release = state.release
        if component not in release.components:
            raise DebianError(
                f"suite {state.suite} has no component {component!r}",
                hint=did_you_mean(component, release.components) or "it has " + " ".join(release.components),
            )
        if architecture not in release.architectures:
            raise DebianError(
                f"suite {state.suite} has no architecture {architecture!r}",
                hint=did_you_mean(architecture, release.architectures) or "it has " + " ".join(release.architectures),
            )
        wanted = [architecture, "all"] if release.architecture_all_separate else [architecture]
        out = []
        for one in wanted:
            data = self.packages(state, component, one)
            source = f"{state.suite}/{component}/binary-{one}/Packages"
            out.append(PackagesIndex(data, suite=state.suite, architecture=architecture, source=source))
        return out

    def packages(self, state: SuiteState, component: str, architecture: str) -> bytes:
        """A Packages file, uncompressed, with the digest that the Release file gives it.  Raises as `indexes`."""
        release = state.release
        whole = release.files.get(release.index_path(component, architecture))
        if whole is not None:
            if whole.size > MAX_INDEX:
                raise LimitError(
                    f"{state.suite}: its Packages file for {architecture} is larger than {MAX_INDEX} bytes"
                )
            kept = self._kept(whole)
            if kept is not None:
                return kept
        for suffix in (".xz", ".gz", ""):
            path = release.index_path(component, architecture, suffix)
            listed = release.files.get(path)
            if listed is not None:
                break
        else:
            raise DebianError(
                f"suite {state.suite} lists no Packages file for {component} {architecture}",
                hint="the archive is incomplete: use another mirror",
            )
        data = _decompress(self._download(state, path, listed), suffix, whole, f"{state.suite} {path}")
        if whole is not None:
            self._keep(whole, data)
        return data

    def _download(self, state: SuiteState, path: str, listed: Digest) -> bytes:
        """One listed file, from the mirror that gave the Release file or from any other."""
        # Architectures often share an index (a suite with `all` packages only): any path that the Release file lists
        # with this digest will do, which helps where a mirror is behind for some of them.
        paths = [path, *(other for other, digest in state.release.files.items() if digest == listed and other != path)]
        candidates = []
        for one in paths:
            if state.release.acquire_by_hash:
                candidates.append(f"{one.rpartition('/')[0]}/by-hash/SHA256/{listed.hash}")
            candidates.append(one)
        failures: list[RulesEngineError] = []
        for base in dict.fromkeys((state.base, *self.mirrors.bases(state.kind))):
            for one in candidates:
                try:
                    return self.mirrors.read(base, f"dists/{state.suite}/{one}", listed, self.cancel)
                except (TransportError, HashMismatchError, LimitError) as error:
                    failures.append(error)
        failed = all_failed(f"{state.suite} {path}", failures)
        if isinstance(failed, (HashMismatchError, NotOnServerError)):
            date = state.release.date
            raise type(failed)(
                f"suite {state.suite}: {path} is not there as its Release file of {date:%Y-%m-%d %H:%M} UTC lists it",
                notes=failed.notes,
                hint="the mirror is in the middle of an update, incomplete or tampered with; nothing of it was used:"
                "\ntry again later, name another mirror (--mirror, PYBUILD_MIRROR), or leave out the suite or"
                " architecture",
            )
        raise failed

    # -- the cache: PACKAGES.zst named by the digest of PACKAGES, absent or correct ---

    def _path(self, digest: Digest) -> Path:
        return self.cache / f"{digest.hash}.zst"

    def _kept(self, digest: Digest) -> bytes | None:
        import zstandard

        try:
            packed = self._path(digest).read_bytes()
            data = zstandard.ZstdDecompressor().decompress(packed, max_output_size=digest.size)
        except (OSError, zstandard.ZstdError, MemoryError):
            return None
        return data if Digest.of(data) == digest else None

    def _keep(self, digest: Digest, data: bytes) -> None:
        import zstandard

        temporary = None
        try:
            self.cache.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=self.cache, prefix=".new-")
            with os.fdopen(handle, "wb") as stream:
                stream.write(zstandard.ZstdCompressor(level=1).compress(data))
            Path(temporary).replace(self._path(digest))
        except OSError:
            # A cache that cannot be written costs time, no more.
            if temporary is not None:
                with contextlib.suppress(OSError):
                    Path(temporary).unlink()


def _decompress(data: bytes, suffix: str, whole: Digest | None, source: str) -> bytes:
    limit = whole.size if whole is not None else MAX_INDEX
    try:
        if suffix == ".xz":
            xz = lzma.LZMADecompressor(memlimit=256 << 20)
            out = xz.decompress(data, max_length=limit + 1)
        elif suffix == ".gz":
            gz = zlib.decompressobj(wbits=31)
            out = gz.decompress(data, limit + 1)
        else:
            out = data
    except (lzma.LZMAError, zlib.error, MemoryError) as error:
        raise DebianError(f"{source}: cannot be decompressed: {error}", hint="use another mirror") from None
    if len(out) > limit:
        raise LimitError(f"{source}: longer than {limit} bytes when decompressed")
    if whole is not None:
        check_digest(Digest.of(out), whole, source)
    return out


def _suite_failed(suite: str, kind: str, failures: list[RulesEngineError]) -> RulesEngineError:
    if not failures:
        return TransportError(
            f"no mirror of {kind} is known for suite {suite}",
            hint="name one with --mirror=URL or PYBUILD_MIRROR; this machine's apt sources name none",
        )
    # What cannot be trusted is worse news than what cannot be reached.
    worst: RulesEngineError | None = next((one for one in failures if isinstance(one, TrustError)), None)
    if worst is None:
        worst = next((one for one in failures if not isinstance(one, NotOnServerError)), None)
    if worst is None:
        return NotOnServerError(
            f"no mirror has the suite {suite!r} of {kind}",
            notes=[one.message for one in failures],
            hint="check the suite's name (trixie, trixie-updates, trixie-security), or name another mirror (--mirror)",
        )
    others = [one.message for one in failures if one is not worst]
    return type(worst)(worst.message, location=worst.location, hint=worst.hint, notes=[*worst.notes, *others])
