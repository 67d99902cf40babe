"""Mirrors: where files of an archive may be had, in which order, and a fetch that believes none of them."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import BinaryIO, cast

from attrs import field, frozen

from rulesengine.debian.suite import KINDS, snapshot_url
from rulesengine.errors import (
    HashMismatchError,
    LimitError,
    NotOnServerError,
    RulesEngineError,
    TransportError,
    UsageError,
)
from rulesengine.io.apt_sources import system_mirrors
from rulesengine.io.http import Transport, UrlTransport, redacted, valid_url
from rulesengine.model.digest import Digest
from rulesengine.model.events import Message
from rulesengine.model.ports import Cancellation, Listener, Pin

ENVIRONMENT = "PYBUILD_MIRROR"
_IN_MEMORY = 32 << 20
_HINT = "name a mirror with --mirror=URL or PYBUILD_MIRROR (KIND=URL or URL, several separated by commas)"


@frozen
class Mirror:
    """One base URL.  kind: the archive that it mirrors, or empty where it may be any.  origin: who named it."""

    url: str
    kind: str = ""
    origin: str = ""

    def bases(self, kind: str) -> tuple[str, ...]:
        """The roots below which files of `kind` may lie.

        A URL without a kind is tried as a directory of archives (`URL/KIND`), then as the archive itself; where its
        last part names an archive, it is that one, and the others lie beside it.
        """
        if self.kind:
            return (self.url,) if self.kind == kind else ()
        parent, _, last = self.url.rpartition("/")
        if last in KINDS:
            return (f"{parent}/{kind}",) if kind in KINDS else ()
        return (f"{self.url}/{kind}", self.url)


def parse_mirrors(text: str, *, origin: str) -> list[Mirror]:
    """Mirrors separated by commas or blanks, each `KIND=URL`, a URL, an absolute path, `system` or `snapshot`.

    Raises UsageError.
    """
    out = []
    for word in text.replace(",", " ").split():
        if word in ("system", "snapshot"):
            out.append(Mirror("", word, origin))
            continue
        kind, equals, url = word.partition("=")
        if not equals or not kind.replace("-", "").isalnum():
            kind, url = "", word
        url = url.rstrip("/") if url != "/" else url
        if not url.startswith(("file:/", "/")) and not valid_url(url):
            raise UsageError(
                f"bad mirror {word!r} ({origin})", hint="write KIND=URL, URL, /DIRECTORY, system or snapshot"
            )
        out.append(Mirror(url, kind, origin))
    return out


def mirror_order(
    explicit: Sequence[str] = (),
    environ: Mapping[str, str] = os.environ,
    *,
    apt_directory: str = "/etc/apt",
    fall_back: bool = True,
) -> tuple[Mirror, ...]:
    """All mirrors in order: flags and rc files, PYBUILD_MIRROR, the machine's own apt sources, the snapshot archive.

    explicit: values as a user writes them; `system` or `snapshot` among them puts those there instead of at the end.
    fall_back: whether what nobody named is added at the end.  Raises UsageError.
    """
    named: list[Mirror] = []
    for value in explicit:
        named += parse_mirrors(value, origin="--mirror")
    named += parse_mirrors(environ.get(ENVIRONMENT, ""), origin=ENVIRONMENT)
    if fall_back:
        for word in ("system", "snapshot"):
            if not any(not one.url and one.kind == word for one in named):
                named.append(Mirror("", word, word))
    out: list[Mirror] = []
    for one in named:
        if one.url:
            out.append(one)
        elif one.kind == "system":
            for kind, urls in system_mirrors(apt_directory).items():
                out += [Mirror(url, kind, "system") for url in urls]
        else:
            out.append(Mirror("", "", "snapshot"))
    return tuple(dict.fromkeys(out))


@frozen
class Mirrors:
    """An order of mirrors and the transport to reach them.  Implements model.ports.Fetcher.

    report: told of each mirror that failed while another could still be tried.
    """

    order: tuple[Mirror, ...]
    transport: Transport = field(factory=UrlTransport)
    report: Listener | None = None

    def bases(self, kind: str, snapshot: str = "") -> list[str]:
        """Base URLs for an archive in order; the snapshot archive only where a stamp is given."""
        out: list[str] = []
        for mirror in self.order:
            if mirror.url:
                out += mirror.bases(kind)
            elif snapshot and kind in KINDS:
                out.append(snapshot_url(kind, snapshot).rstrip("/"))
        return list(dict.fromkeys(out))

    def urls(self, pin: Pin) -> list[str]:
        """Every URL at which a pinned file may be."""
        if pin.kind == "http":
            return [pin.path]
        return [f"{base}/{pin.path}" for base in self.bases(pin.kind, pin.snapshot)]

    def fetch(
        self,
        pin: Pin,
        write: Callable[[bytes], object],
        progress: Callable[[int], None],
        cancel: Cancellation,
    ) -> None:
        """See Fetcher.  `write` receives nothing before the whole file has been checked.

        Raises TransportError, whose notes give each mirror's reason; HashMismatchError when at least one mirror had
        the file, but with other bytes.
        """
        with self.open(pin, progress, cancel) as stream:
            while chunk := stream.read(1 << 20):
                cancel.check()
                write(chunk)

    def open(
        self,
        pin: Pin,
        progress: Callable[[int], None] | None = None,
        cancel: Cancellation | None = None,
    ) -> BinaryIO:
        """The pinned bytes, checked, as a file at its beginning.  Raises as `fetch`."""
        failures: list[RulesEngineError] = []
        urls = self.urls(pin)
        for number, url in enumerate(urls):
            try:
                return self._download(url, pin.digest, progress, cancel)
            except (TransportError, HashMismatchError, LimitError) as error:
                failures.append(error)
                if self.report is not None and number + 1 < len(urls) and not isinstance(error, NotOnServerError):
                    self.report(Message("warning", f"{error.message}; trying the next mirror"))
        raise all_failed(pin.path, failures)

    def _download(
        self,
        url: str,
        digest: Digest,
        progress: Callable[[int], None] | None,
        cancel: Cancellation | None,
    ) -> BinaryIO:
        # Spooled, because only the last byte tells whether the first may be used.
        spool = cast(BinaryIO, tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY))  # noqa: SIM115 - closed by its owner
        try:
            state = hashlib.sha256()

            def take(chunk: bytes) -> None:
                state.update(chunk)
                spool.write(chunk)

            size = self.transport.get(url, take, limit=digest.size, progress=progress, cancel=cancel)
            check_digest(Digest(state.hexdigest(), size), digest, url)
            spool.seek(0)
        except BaseException:
            spool.close()
            raise
        return spool

    def read(self, base: str, path: str, digest: Digest, cancel: Cancellation | None = None) -> bytes:
        """A file below one base URL, checked.  Raises TransportError, HashMismatchError."""
        url = f"{base}/{path}"
        chunks: list[bytes] = []
        self.transport.get(url, chunks.append, limit=digest.size, cancel=cancel)
        data = b"".join(chunks)
        check_digest(Digest.of(data), digest, url)
        return data


def check_digest(got: Digest, wanted: Digest, url: str) -> None:
    """Raise HashMismatchError unless digest and size are the pinned ones."""
    if got == wanted:
        return
    if got.size != wanted.size:
        what = f"{got.size} bytes instead of {wanted.size}"
    else:
        what = f"sha256 {got.hash}, not the pinned {wanted.hash}"
    raise HashMismatchError(
        f"{redacted(url)}: {what}",
        hint="the mirror is damaged, in the middle of an update, or tampered with: nothing of the file was used",
    )


def all_failed(what: str, failures: Sequence[RulesEngineError]) -> RulesEngineError:
    """One error for a file that no mirror gave: the worst kind met, with each mirror's reason as a note."""
    if not failures:
        return TransportError(f"no mirror to fetch {what} from", hint=_HINT)
    notes = list(_reasons(failures))
    hint = _HINT if all(isinstance(one, TransportError) for one in failures) else failures[0].hint
    if any(isinstance(one, (HashMismatchError, LimitError)) for one in failures):
        return HashMismatchError(
            f"no mirror has {what} with the pinned digest",
            notes=notes,
            hint="nothing of it was used; try another mirror, or lock anew if the archive has changed",
        )
    if all(isinstance(one, NotOnServerError) for one in failures):
        return NotOnServerError(
            f"no mirror has {what}",
            notes=notes,
            hint="it may have been superseded: name a mirror that keeps it (--mirror), or run `pybuild lock`",
        )
    return TransportError(f"cannot fetch {what} from any mirror", notes=notes, hint=hint)


def _reasons(failures: Sequence[RulesEngineError]) -> Iterator[str]:
    for error in failures:
        yield error.message
