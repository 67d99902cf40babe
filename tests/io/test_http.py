"""The transport against a server with faults."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

import pytest

from rulesengine.errors import InterruptedBuild, LimitError, NotOnServerError, TransportError
from rulesengine.io.http import UrlTransport, proxy_for, redacted

if TYPE_CHECKING:
    from tests.io.faulty_server import FaultyServer

PATH = "/debian/pool/main/p/polite/polite_2_all.deb"
QUICK = UrlTransport(timeout=0.5, attempts=3, backoff=0.01, environ={})


def content(server: FaultyServer) -> bytes:
    return (server.root / PATH.lstrip("/")).read_bytes()


def test_body_arrives_whole_with_progress(server: FaultyServer) -> None:
    chunks: list[bytes] = []
    seen: list[int] = []
    size = QUICK.get(server.url + PATH, chunks.append, limit=1 << 20, progress=seen.append)
    assert b"".join(chunks) == content(server)
    assert size == seen[-1] == len(content(server))
    assert seen == sorted(seen)


@pytest.mark.parametrize("ranges", [True, False])
def test_broken_transfer_is_resumed(server: FaultyServer, ranges: bool) -> None:
    server.truncate[PATH] = 1000
    server.once.add(PATH)
    server.ranges = ranges
    assert QUICK.read(server.url + PATH, limit=1 << 20) == content(server)
    assert [wanted for _, wanted in server.requests] == [None, "bytes=1000-"]
    assert server.headers[1]["if-range"] == '"one"'


def test_transfer_that_breaks_again_and_again_is_given_up(server: FaultyServer) -> None:
    server.truncate[PATH] = 0
    with pytest.raises(TransportError, match="the connection broke off") as caught:
        QUICK.read(server.url + PATH, limit=1 << 20)
    assert len(server.requests) == 3
    assert "PYBUILD_MIRROR" in str(caught.value)


def test_stalled_server_is_given_up_in_time(server: FaultyServer) -> None:
    server.stall[PATH] = 100
    begin = time.monotonic()
    with pytest.raises(TransportError, match=r"stalled for 0\.5 s"):
        UrlTransport(timeout=0.5, attempts=1, environ={}).read(server.url + PATH, limit=1 << 20)
    assert time.monotonic() - begin < 2.5


def test_stall_is_resumed(server: FaultyServer) -> None:
    server.stall[PATH] = 100
    server.once.add(PATH)
    assert QUICK.read(server.url + PATH, limit=1 << 20) == content(server)
    assert server.requests[-1] == (PATH, "bytes=100-")


@pytest.mark.parametrize("status", [404, 410])
def test_not_on_server_is_not_retried(server: FaultyServer, status: int) -> None:
    server.status[PATH] = status
    with pytest.raises(NotOnServerError, match=f"not on the server \\(HTTP {status}\\)"):
        QUICK.read(server.url + PATH, limit=1 << 20)
    assert len(server.requests) == 1


@pytest.mark.parametrize(("status", "requests"), [(500, 3), (503, 3), (429, 3), (403, 1), (407, 1)])
def test_server_errors(server: FaultyServer, status: int, requests: int) -> None:
    server.status[PATH] = status
    with pytest.raises(TransportError, match=f"HTTP {status}") as caught:
        QUICK.read(server.url + PATH, limit=1 << 20)
    assert len(server.requests) == requests
    assert caught.value.hint


def test_server_error_once_is_survived(server: FaultyServer) -> None:
    server.status[PATH] = 503
    server.once.add(PATH)
    assert QUICK.read(server.url + PATH, limit=1 << 20) == content(server)


def test_redirects(server: FaultyServer) -> None:
    server.redirect["/a"] = PATH
    assert QUICK.read(server.url + "/a", limit=1 << 20) == content(server)
    server.redirect["/b"] = "/b"
    with pytest.raises(TransportError, match="too many redirects"):
        QUICK.read(server.url + "/b", limit=1 << 20)


@pytest.mark.parametrize("limit", [0, 1, 1000])
def test_limit(server: FaultyServer, limit: int) -> None:
    chunks: list[bytes] = []
    with pytest.raises(LimitError):
        QUICK.get(server.url + PATH, chunks.append, limit=limit)
    assert sum(map(len, chunks)) <= limit
    with pytest.raises(LimitError):
        QUICK.get(f"file://{server.root}{PATH}", chunks.append, limit=limit)


def test_unreachable() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/x"
        with pytest.raises(TransportError, match="cannot connect to 127") as caught:
            QUICK.read(url, limit=1)
    assert "check the network" in str(caught.value)
    with pytest.raises(TransportError, match="unknown host"):
        QUICK.read("http://no-such-host.invalid/x", limit=1)
    for url in ("http://", "http://[", "ftp://x/y", "x"):
        with pytest.raises(TransportError):
            QUICK.read(url, limit=1)


def test_tls_needs_a_known_certificate(server: FaultyServer) -> None:
    with pytest.raises(TransportError):
        QUICK.read(server.url.replace("http:", "https:") + PATH, limit=1)


def test_password_is_sent_but_never_shown(server: FaultyServer) -> None:
    url = server.url.replace("http://", "http://me:secret@") + PATH
    assert QUICK.read(url, limit=1 << 20) == content(server)
    assert server.headers[0]["authorization"].startswith("Basic ")
    server.status[PATH] = 403
    with pytest.raises(TransportError) as caught:
        QUICK.read(url, limit=1 << 20)
    assert "secret" not in str(caught.value)
    assert redacted(url) == server.url + PATH


def test_proxy_of_the_environment(server: FaultyServer) -> None:
    """The server stands in for a proxy: it is asked for the whole URL."""
    transport = UrlTransport(timeout=1, attempts=1, environ={"http_proxy": server.url})
    (server.root / "http:").mkdir()
    with pytest.raises(NotOnServerError):
        transport.read("http://mirror.invalid/debian/x", limit=1)
    assert server.requests == [("http://mirror.invalid/debian/x", None)]
    assert proxy_for("http://a.b/", {"http_proxy": "p:1"}) == "http://p:1"
    assert proxy_for("https://a.b/", {"HTTPS_PROXY": "http://p:1", "no_proxy": "c,.b"}) is None
    assert proxy_for("https://a.b/", {"all_proxy": "http://p:1", "no_proxy": "a.b:80"}) == "http://p:1"
    assert proxy_for("http://a.b/", {"http_proxy": "http://p:1", "NO_PROXY": "*"}) is None
    assert proxy_for("http://a.b/", {"HTTP_PROXY": "http://p:1", "REQUEST_METHOD": "GET"}) is None
    assert proxy_for("http://a.b/", {}) is None


def test_files(server: FaultyServer) -> None:
    path = f"{server.root}{PATH}"
    assert QUICK.read(path, limit=1 << 20) == QUICK.read(f"file://{path}", limit=1 << 20) == content(server)
    with pytest.raises(NotOnServerError):
        QUICK.read("/nonexistent/x", limit=1)
    with pytest.raises(TransportError, match="Is a directory"):
        QUICK.read(str(server.root), limit=1)


def test_cancel(server: FaultyServer) -> None:
    class Stop:
        def check(self) -> None:
            raise InterruptedBuild("interrupted")

    for url in (server.url + PATH, f"{server.root}{PATH}"):
        with pytest.raises(InterruptedBuild):
            QUICK.get(url, lambda _: None, limit=1 << 20, cancel=Stop())
