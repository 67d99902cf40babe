"""A small HTTP server on 127.0.0.1 over a directory, with faults to turn on."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class FaultyServer:
    """Serves files below `root`; faults are set by path.

    missing: 404.  status: answer with this code.  truncate: promise all, send so many bytes, hang up.
    flip: change the byte at this offset.  stall: send so many bytes, then nothing for `stall_seconds`.
    redirect: send elsewhere.  A path in `once` loses its fault after the first request.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.missing: set[str] = set()
        self.status: dict[str, int] = {}
        self.truncate: dict[str, int] = {}
        self.flip: dict[str, int] = {}
        self.stall: dict[str, int] = {}
        self.redirect: dict[str, str] = {}
        self.once: set[str] = set()
        self.ranges = True
        self.stall_seconds = 3.0
        self.requests: list[tuple[str, str | None]] = []
        self.headers: list[dict[str, str]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                server.answer(self)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        path = request.path.removeprefix(self.url)
        wanted = request.headers.get("Range")
        self.requests.append((path, wanted))
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        faults = {name: getattr(self, name).get(path) for name in ("status", "truncate", "flip", "stall", "redirect")}
        missing = path in self.missing
        if path in self.once:
            self.once.discard(path)
            self.missing.discard(path)
            for name in faults:
                getattr(self, name).pop(path, None)
        file = self.root / path.lstrip("/")
        status = faults["status"] or (404 if missing or not file.is_file() else 0)
        if faults["redirect"]:
            request.send_response(302)
            request.send_header("Location", faults["redirect"])
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        if status:
            request.send_response(status)
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        data = bytearray(file.read_bytes())
        if faults["flip"] is not None:
            data[faults["flip"]] ^= 1
        start = 0
        if wanted and self.ranges:
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            request.send_response(206)
            request.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        else:
            request.send_response(200)
        body = bytes(data[start:])
        request.send_header("Content-Length", str(len(body)))
        request.send_header("ETag", '"one"')
        request.end_headers()
        stop = faults["truncate"] if faults["truncate"] is not None else faults["stall"]
        request.wfile.write(body if stop is None else body[:stop])
        if stop is not None:
            request.wfile.flush()
            request.close_connection = True
            if faults["stall"] is not None:
                time.sleep(self.stall_seconds)

    @contextmanager
    def running(self) -> Iterator[FaultyServer]:
        thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._http.shutdown()
            self._http.server_close()
            thread.join()
