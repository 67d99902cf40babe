"""HTTP(S) and file URLs: streamed reads under a size limit, resumed and retried, with errors a person can act on."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote, urlsplit

from attrs import field, frozen

from rulesengine.errors import LimitError, NotOnServerError, RulesEngineError, TransportError
from rulesengine.model.ports import Cancellation

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, PoolManager

Write = Callable[[bytes], object]
BytesProgress = Callable[[int], None]
"""Called with the number of bytes of the body received so far; it goes back when a transfer starts afresh."""

_BLOCK = 1 << 18
_RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
_CONTENT_RANGE = re.compile(r"bytes ([0-9]+)-([0-9]+)/(?:([0-9]+)|\*)")


class Transport(Protocol):
    """Reads a URL."""

    def get(
        self,
        url: str,
        write: Write,
        *,
        limit: int,
        progress: BytesProgress | None = None,
        cancel: Cancellation | None = None,
    ) -> int:
        """Stream the body into `write` and return its size.

        Raises NotOnServerError (404, 410), TransportError (unreachable, refused, gave up), LimitError (longer than
        `limit`).
        """


class _Transient(Exception):  # noqa: N818 - never leaves this module
    """Worth another try; carries the error to raise when tries run out."""

    def __init__(self, error: TransportError, wait: float | None = None, *, nobody: bool = False) -> None:
        super().__init__(str(error))
        self.error = error
        self.wait = wait
        self.nobody = nobody


def redacted(url: str) -> str:
    """A URL without user name and password."""
    parts = urlsplit(url)
    if "@" not in parts.netloc:
        return url
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def valid_url(url: str) -> bool:
    """Whether this is an http or https URL with a host and a possible port."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


@frozen
class UrlTransport:
    """The Transport for `http:`, `https:`, `file:` and plain absolute paths.

    timeout: seconds without a byte before a server counts as stalled.  attempts: tries at one URL, the first included.
    backoff: seconds before the second try, doubled for each further one.
    environ: where http_proxy, https_proxy, all_proxy and no_proxy are read.
    Safe to use from several threads; one transport keeps its connections open for all.
    """

    timeout: float = 30.0
    attempts: int = 4
    backoff: float = 0.5
    environ: Mapping[str, str] = field(factory=lambda: dict(os.environ), repr=False)
    user_agent: str = "pybuild"
    _pools: dict[str, Any] = field(factory=dict, init=False, repr=False, eq=False)
    _lock: threading.Lock = field(factory=threading.Lock, init=False, repr=False, eq=False)

    def get(
        self,
        url: str,
        write: Write,
        *,
        limit: int,
        progress: BytesProgress | None = None,
        cancel: Cancellation | None = None,
    ) -> int:
        """See Transport."""
        if url.startswith(("/", "file:")):
            return _read_file(url, write, limit, progress, cancel)
        if not valid_url(url):
            raise TransportError(f"cannot read {url!r}: not a URL", hint="use http:, https:, file: or an absolute path")
        transfer = _Transfer(self, url, write, limit, progress, cancel)
        wait = self.backoff
        for attempt in range(1, self.attempts + 1):
            try:
                return transfer.run()
            except _Transient as fault:
                # Where nobody answers at all, one more try tells a hiccup from an outage.
                if attempt == self.attempts or (fault.nobody and attempt > 1):
                    raise fault.error from None
                pause = wait if fault.wait is None else min(max(fault.wait, 0.0), 30.0)
                _sleep(pause, cancel)
                wait *= 2
        raise AssertionError("unreachable")

    def read(self, url: str, *, limit: int, cancel: Cancellation | None = None) -> bytes:
        """The whole body in memory.  Raises as `get`."""
        chunks: list[bytes] = []
        self.get(url, chunks.append, limit=limit, cancel=cancel)
        return b"".join(chunks)

    def pool(self, url: str) -> PoolManager:
        """The connection pool for a URL: direct, or through the proxy that the environment names for it."""
        proxy = proxy_for(url, self.environ)
        with self._lock:
            pool = self._pools.get(proxy or "")
            if pool is None:
                pool = self._pools[proxy or ""] = self._make_pool(proxy)
        return pool

    def _make_pool(self, proxy: str | None) -> PoolManager:
        import urllib3

        options: dict[str, Any] = {
            "num_pools": 16,
            "maxsize": 16,
            "timeout": urllib3.Timeout(connect=min(self.timeout, 15.0), read=self.timeout),
        }
        if proxy is None:
            return urllib3.PoolManager(**options)
        parts = urlsplit(proxy)
        headers = None
        if parts.username is not None:
            login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            headers = urllib3.util.make_headers(proxy_basic_auth=login)
        try:
            return urllib3.ProxyManager(redacted(proxy), proxy_headers=headers, **options)
        except Exception as error:  # noqa: BLE001 - the border
            raise TransportError(
                f"bad proxy {redacted(proxy)!r} in the environment: {error}", hint="check http_proxy and https_proxy"
            ) from None


def proxy_for(url: str, environ: Mapping[str, str]) -> str | None:
    """The proxy that `environ` names for a URL, or None; `no_proxy` entries are hosts, domain suffixes or `*`."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()

    def variable(name: str) -> str:
        # An upper-case HTTP_PROXY may come from a request header where a web server runs us; curl ignores it too.
        upper = "" if name == "http_proxy" and "REQUEST_METHOD" in environ else environ.get(name.upper(), "")
        return environ.get(name, "") or upper

    own_port = str(parts.port or {"http": 80, "https": 443}.get(parts.scheme))
    for entry in variable("no_proxy").lower().replace(",", " ").split():
        name, _, port = entry.rpartition(":")
        if not (name and port.isdigit()):
            name, port = entry, own_port
        name = name.lstrip(".")
        if port == own_port and (name in ("*", host) or host.endswith("." + name)):
            return None
    proxy = variable(f"{parts.scheme}_proxy") or variable("all_proxy")
    if proxy and "://" not in proxy:
        proxy = "http://" + proxy
    return proxy or None


class _Transfer:
    """One body over several requests: what has arrived is not asked for again."""

    def __init__(
        self,
        transport: UrlTransport,
        url: str,
        write: Write,
        limit: int,
        progress: BytesProgress | None,
        cancel: Cancellation | None,
    ) -> None:
        self.transport = transport
        self.url = url
        self.shown = redacted(url)
        self.write = write
        self.limit = limit
        self.progress = progress
        self.cancel = cancel
        self.received = 0
        self.validator: str | None = None

    def run(self) -> int:
        if self.cancel is not None:
            self.cancel.check()
        response = self._request()
        try:
            skip = self._position(response)
            self._body(response, skip)
        except RulesEngineError:
            response.close()
            raise
        except _Transient:
            response.close()
            raise
        except Exception as error:  # noqa: BLE001 - the border
            response.close()
            raise self._map(error) from None
        response.release_conn()
        return self.received

    def _request(self) -> BaseHTTPResponse:
        import urllib3

        headers = {"Accept-Encoding": "identity", "User-Agent": self.transport.user_agent}
        if self.received:
            headers["Range"] = f"bytes={self.received}-"
            if self.validator:
                headers["If-Range"] = self.validator
        parts = urlsplit(self.url)
        url = self.url
        if parts.username is not None:
            login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            headers.update(urllib3.util.make_headers(basic_auth=login))
            url = redacted(url)
        retries = urllib3.Retry(total=None, connect=0, read=0, status=0, other=0, redirect=6)
        try:
            response = self.transport.pool(url).request(
                "GET", url, headers=headers, preload_content=False, decode_content=False, retries=retries
            )
        except RulesEngineError:
            raise
        except Exception as error:  # noqa: BLE001 - the border
            raise self._map(error) from None
        if response.status not in (200, 206):
            response.drain_conn()
            response.release_conn()
            self._refused(response.status, response.headers)
        return response

    def _refused(self, status: int, headers: Mapping[str, str]) -> None:
        if status in (404, 410):
            raise NotOnServerError(f"{self.shown}: not on the server (HTTP {status})")
        if status == 416 and self.received:
            # The server's file is shorter than what came before: begin afresh is not possible into a stream.
            raise TransportError(f"{self.shown}: the file changed while it was read (HTTP 416)", hint="try again")
        error = TransportError(f"{self.shown}: the server answers HTTP {status}", hint=_status_hint(status))
        if status in _RETRIED:
            after = headers.get("Retry-After", "")
            raise _Transient(error, float(after) if after.isascii() and after.isdigit() else None)
        raise error

    def _position(self, response: BaseHTTPResponse) -> int:
        """How many bytes at the start of this body are already here."""
        validator = response.headers.get("ETag") or response.headers.get("Last-Modified")
        if validator and validator.startswith("W/"):
            validator = None
        if not self.received:
            self.validator = validator
            length = response.headers.get("Content-Length", "")
            if length.isascii() and length.isdigit() and int(length) > self.limit:
                raise self._too_long()
            return 0
        if validator != self.validator:
            raise TransportError(f"{self.shown}: the file changed while it was read", hint="try again")
        if response.status == 200:
            return self.received
        match = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if match is None or int(match.group(1)) != self.received:
            raise TransportError(f"{self.shown}: the server sent another range than asked for")
        return 0

    def _body(self, response: BaseHTTPResponse, skip: int) -> None:
        # read1: what came before a stall counts; read would drop it.
        while chunk := response.read1(_BLOCK):
            if self.cancel is not None:
                self.cancel.check()
            if skip:
                if len(chunk) <= skip:
                    skip -= len(chunk)
                    continue
                chunk, skip = chunk[skip:], 0
            self.received += len(chunk)
            if self.received > self.limit:
                raise self._too_long()
            self.write(chunk)
            if self.progress is not None:
                self.progress(self.received)

    def _too_long(self) -> LimitError:
        return LimitError(
            f"{self.shown}: longer than the {self.limit} bytes expected",
            hint="the server sends another file: try another",
        )

    def _map(self, error: Exception) -> Exception:
        """A urllib3 or socket exception as _Transient or TransportError."""
        import urllib3.exceptions as faults

        if isinstance(error, faults.MaxRetryError) and error.reason is not None:
            if isinstance(error.reason, faults.ResponseError):
                return TransportError(f"{self.shown}: too many redirects")
            error = error.reason
        host = urlsplit(self.url).hostname or self.url
        check = f"check the network, or name another mirror (--mirror, PYBUILD_MIRROR); proxies: {self._proxy()}"
        if isinstance(error, faults.ProxyError):
            return _Transient(TransportError(f"{self.shown}: cannot reach the proxy {self._proxy()}", hint=check))
        if isinstance(error, faults.NameResolutionError):
            return _Transient(TransportError(f"{self.shown}: unknown host {host}", hint=check), nobody=True)
        if isinstance(error, faults.NewConnectionError):
            return _Transient(TransportError(f"{self.shown}: cannot connect to {host}", hint=check), nobody=True)
        if isinstance(error, faults.ConnectTimeoutError):
            return _Transient(TransportError(f"{self.shown}: no answer from {host}", hint=check))
        if isinstance(error, faults.SSLError):
            reason = str(error).partition("(_ssl")[0].strip(" (")
            hint = "check the system's CA certificates (ca-certificates) and the clock"
            return TransportError(f"{self.shown}: TLS failed: {reason}", hint=hint)
        if isinstance(error, faults.TimeoutError):
            seconds = f"{self.transport.timeout:g}"
            return _Transient(TransportError(f"{self.shown}: {host} stalled for {seconds} s", hint=check))
        if isinstance(error, faults.LocationParseError):
            return TransportError(f"{self.shown}: not a URL", hint="use http://HOST/PATH")
        if isinstance(error, (faults.HTTPError, OSError)):
            return _Transient(TransportError(f"{self.shown}: the connection broke off", hint=check))
        return error

    def _proxy(self) -> str:
        proxy = proxy_for(self.url, self.transport.environ)
        return redacted(proxy) if proxy else "none"


def _status_hint(status: int) -> str:
    if status in (401, 403):
        return "the server wants credentials, or does not serve you: use another mirror"
    if status == 407:
        return "the proxy wants credentials: put them into http_proxy / https_proxy"
    return "the server is in trouble: try again later or use another mirror"


def _sleep(seconds: float, cancel: Cancellation | None) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if cancel is not None:
            cancel.check()
        time.sleep(min(left, 0.1))


def _read_file(url: str, write: Write, limit: int, progress: BytesProgress | None, cancel: Cancellation | None) -> int:
    if url.startswith("file:"):
        parts = urlsplit(url)
        if parts.netloc not in ("", "localhost"):
            raise TransportError(f"{url}: a file URL names no host", hint="write file:///PATH")
        path = unquote(parts.path)
    else:
        path = url
    received = 0
    try:
        with open(path, "rb") as stream:
            while chunk := stream.read(_BLOCK):
                if cancel is not None:
                    cancel.check()
                received += len(chunk)
                if received > limit:
                    raise LimitError(f"{path}: longer than the {limit} bytes expected")
                write(chunk)
                if progress is not None:
                    progress(received)
    except (FileNotFoundError, NotADirectoryError):
        raise NotOnServerError(f"{path}: no such file") from None
    except OSError as error:
        raise TransportError(f"{path}: {error.strerror}", hint="check the mirror's directory") from None
    return received
