"""A small Debian archive made with Debian's own tools, signed by a throwaway key, and a mirror of it that can lie."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType

from attrs import define, field

from tests.oracles.tools import run, tool

SUITE = "fixture"
ARCHITECTURES = ("amd64", "arm64")

Fault = Callable[[bytes], bytes | None]
"""A file's bytes -> what is served instead; None: not found."""


def flipped(at: int) -> Fault:
    """One bit of the byte at `at` (negative: from the end) is another."""

    def fault(data: bytes) -> bytes:
        out = bytearray(data)
        out[at] ^= 1
        return bytes(out)

    return fault


def replaced(old: bytes, new: bytes) -> Fault:
    def fault(data: bytes) -> bytes:
        assert old in data
        return data.replace(old, new)

    return fault


def absent(data: bytes) -> None:
    return None


def make_archive(root: Path) -> Path:
    """Packages base-thing -> lib-thing, needs-missing -> nowhere; the public key is at root/key.asc."""
    for architecture in ARCHITECTURES:
        content = f"library of {architecture}\n" * 1000
        _deb(root, "lib-thing", "1:2.0-1", architecture, {"usr/lib/thing": content})
    _deb(root, "base-thing", "1.0", "all", {"usr/share/thing/read.me": "fixture\n"}, "Depends: lib-thing (>= 1:1)")
    _deb(root, "needs-missing", "1.0", "all", {"usr/share/needs": "\n"}, "Depends: nowhere (>= 3)")
    packages(root)
    home = root / "gnupg"
    home.mkdir(mode=0o700)
    gpg = (
        tool("gpg", "gnupg"),
        "--homedir",
        home,
        "--batch",
        "--no-tty",
        "--pinentry-mode",
        "loopback",
        "--passphrase",
        "",
    )
    run(*gpg, "--quick-gen-key", "Fixture archive <archive@company.test>", "rsa2048", "sign", "never")
    (root / "key.asc").write_text(run(*gpg, "--armor", "--export"))
    release(root)
    return root


def index(root: Path) -> None:
    """Write the indexes of what the archive holds now, and sign them."""
    packages(root)
    release(root)


def packages(root: Path) -> None:
    """Write the Packages files."""
    for architecture in ARCHITECTURES:
        binary = root / f"dists/{SUITE}/main/binary-{architecture}"
        binary.mkdir(parents=True, exist_ok=True)
        text = run(tool("apt-ftparchive", "apt-utils"), "--arch", architecture, "packages", "pool", cwd=root)
        (binary / "Packages").write_text(text)
        run(tool("xz", "xz-utils"), "--keep", "--force", binary / "Packages")


def release(root: Path, *, date: str = "", valid_until: str = "") -> None:
    """Write and sign InRelease anew.  date, valid_until: RFC 2822; the default is now, and for ever."""
    suite = root / f"dists/{SUITE}"
    (suite / "InRelease").unlink(missing_ok=True)
    settings = {
        "Origin": "Fixture", "Label": "Fixture", "Suite": SUITE, "Codename": SUITE, "Version": "1",
        "Architectures": " ".join(ARCHITECTURES), "Components": "main",
    }  # fmt: skip
    options = [f"-oAPT::FTPArchive::Release::{name}={value}" for name, value in settings.items()]
    text = run(tool("apt-ftparchive", "apt-utils"), *options, "release", f"dists/{SUITE}", cwd=root)
    lines = text.splitlines()
    if date:
        lines = [f"Date: {date}" if line.startswith("Date:") else line for line in lines]
    if valid_until:
        lines.insert(1, f"Valid-Until: {valid_until}")
    (root / "Release.unsigned").write_text("\n".join(lines) + "\n")
    home = root / "gnupg"
    run(
        tool("gpg", "gnupg"), "--homedir", home, "--batch", "--no-tty", "--pinentry-mode", "loopback",
        "--passphrase", "", "--digest-algo", "SHA512",
        "--output", suite / "InRelease", "--clearsign", root / "Release.unsigned",
    )  # fmt: skip
    # The agent would outlive the tests.
    subprocess.run([tool("gpgconf", "gnupg"), "--homedir", home, "--kill", "all"], check=False, capture_output=True)


def _deb(root: Path, name: str, version: str, architecture: str, files: dict[str, str], *fields: str) -> None:
    tree = root / "trees" / f"{name}_{architecture}"
    control = (
        f"Package: {name}", f"Version: {version}", f"Architecture: {architecture}", *fields,
        "Maintainer: Nobody <nobody@company.test>", "Section: misc", "Priority: optional",
        f"Description: fixture {name}",
    )  # fmt: skip
    for path, text in {"DEBIAN/control": "\n".join(control) + "\n", **files}.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True, mode=0o755)
        (tree / path).write_text(text)
    out = root / "pool/main" / name[0] / name
    out.mkdir(parents=True, exist_ok=True)
    file = f"{name}_{version.partition(':')[2] or version}_{architecture}.deb"
    run(tool("dpkg-deb", "dpkg"), "-Zxz", "--root-owner-group", "--build", tree, out / file)


@define
class Mirror:
    """A mirror on the loopback interface.

    faults: glob of the path -> what is done to the file.  asked: every path that was asked for.
    delay: seconds before each answer.
    """

    root: Path
    faults: dict[str, Fault] = field(factory=dict)
    asked: list[str] = field(factory=list)
    delay: float = 0.0
    url: str = ""
    _server: ThreadingHTTPServer | None = None
    _thread: threading.Thread | None = None

    def __enter__(self) -> Mirror:
        mirror = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                data = mirror.answer(self.path.lstrip("/"))
                self.send_response(404 if data is None else 200)
                self.send_header("Content-Length", str(len(data or b"")))
                self.end_headers()
                self.wfile.write(data or b"")

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()

    def answer(self, path: str) -> bytes | None:
        self.asked.append(path)
        time.sleep(self.delay)
        file = self.root / path
        if not path.startswith(("dists/", "pool/")) or ".." in path or not file.is_file():
            return None
        data: bytes | None = file.read_bytes()
        for pattern, fault in self.faults.items():
            if data is not None and fnmatch(path, pattern):
                data = fault(data)
        return data

    @contextmanager
    def damaged(self, pattern: str, fault: Fault) -> Iterator[None]:
        """While the block runs, files that match are served with the fault; at least one must have been asked for."""
        self.faults[pattern] = fault
        before = len(self.asked)
        try:
            yield
        finally:
            del self.faults[pattern]
        assert any(fnmatch(path, pattern) for path in self.asked[before:]), f"nobody asked for {pattern}"
