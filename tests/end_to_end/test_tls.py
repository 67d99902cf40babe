"""A static TLS client on top of the image verifies chains with the image's own bundle; FROM scratch it cannot.

This is the fault that sends people to distroless: "x509: certificate signed by unknown authority".
"""

from __future__ import annotations

import os
import shutil
import socketserver
import ssl
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import frozen

from tests.end_to_end.command import Done, Pybuild, copy_workspace
from tests.end_to_end.conftest import Hello
from tests.oracles.tools import missing, run, tool

pytestmark = [pytest.mark.live, pytest.mark.oracle]

NAME = "service.company.test"
UNKNOWN = "x509: certificate signed by unknown authority"
MOZILLA = Path("/usr/share/ca-certificates/mozilla/ISRG_Root_X1.crt")

BUILD = """\
load("@rulesengine//files:defs.bzl", "cacerts", "tar")
load("@rulesengine//oci:defs.bzl", "oci_image")

tar(name = "program", files = {"client": "client", "mozilla.pem": "mozilla.pem"}, modes = {"client": "0755"})

cacerts(name = "roots", package = "//debian:trixie/ca-certificates", certificates = ["company-root.pem"])

# The starter image as it is, with its own bundle.
oci_image(name = "plain", base = "//base:static_image", tars = [":program"], entrypoint = ["/client"])

# ... with the company's root as well: the layer lies over the base's bundle.
oci_image(name = "company", base = "//base:static_image", tars = [":roots", ":program"], entrypoint = ["/client"])

oci_image(name = "scratch", tars = [":program"], entrypoint = ["/client"])
"""


@frozen
class Authority:
    """A throwaway root, and a server's chain below it (with an intermediate, as it is in life)."""

    root: Path
    chain: Path
    key: Path


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    directory = tmp_path_factory.mktemp("authority")
    openssl = tool("openssl")

    def certificate(name: str, subject: str, issuer: str, *extensions: str) -> None:
        (directory / f"{name}.ext").write_text("[v3]\n" + "\n".join(extensions) + "\n")
        run(openssl, "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", directory / f"{name}.key")
        run(
            openssl,
            "req",
            "-new",
            "-key",
            directory / f"{name}.key",
            "-subj",
            subject,
            "-out",
            directory / f"{name}.csr",
        )
        signed_by: list[str | Path] = (
            ["-signkey", directory / f"{name}.key"]
            if issuer == name
            else ["-CA", directory / f"{issuer}.pem", "-CAkey", directory / f"{issuer}.key", "-CAcreateserial"]
        )
        run(
            openssl, "x509", "-req", "-in", directory / f"{name}.csr", "-days", "30", "-sha256", *signed_by,
            "-extfile", directory / f"{name}.ext", "-extensions", "v3", "-out", directory / f"{name}.pem",
        )  # fmt: skip

    authority = (
        "basicConstraints=critical,CA:TRUE",
        "keyUsage=critical,keyCertSign,cRLSign",
        "subjectKeyIdentifier=hash",
    )
    certificate("root", "/O=Company/CN=Company Root", "root", *authority)
    certificate("issuing", "/O=Company/CN=Company Issuing", "root", *authority, "authorityKeyIdentifier=keyid")
    certificate("server", f"/CN={NAME}", "issuing", f"subjectAltName=DNS:{NAME}", "extendedKeyUsage=serverAuth")
    chain = directory / "chain.pem"
    chain.write_bytes((directory / "server.pem").read_bytes() + (directory / "issuing.pem").read_bytes())
    return Authority(directory / "root.pem", chain, directory / "server.key")


@pytest.fixture(scope="module")
def server(authority: Authority) -> Iterator[str]:
    """A TLS server on the loopback interface; its address."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.chain, authority.key)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            try:
                with context.wrap_socket(self.request, server_side=True) as stream:
                    stream.recv(1)
            except OSError:  # the client hangs up where it does not trust us
                pass

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as listening:
        listening.daemon_threads = True
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        host, port = listening.server_address[:2]
        yield f"{host!s}:{port}"
        listening.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def images(hello: Hello, pybuild: Pybuild, authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three images of the client for this machine's architecture: plain, company, scratch; where their layouts lie."""
    root = copy_workspace(hello.root, tmp_path_factory.mktemp("tls") / "workspace")
    app = root / "app"
    app.mkdir()
    (app / "BUILD").write_text(BUILD)
    shutil.copy(authority.root, app / "company-root.pem")
    if not MOZILLA.exists():
        missing(f"{MOZILLA} is not there: apt-get install ca-certificates")
    shutil.copy(MOZILLA, app / "mozilla.pem")
    source = Path(__file__).parent / "tls"
    run(
        tool("go", "golang-go"), "build", "-trimpath", "-buildvcs=false", "-o", app / "client", ".",
        cwd=source, env={"CGO_ENABLED": "0", "GOFLAGS": "-mod=mod"},
    )  # fmt: skip
    pybuild.good("-C", root, "//app:plain", "//app:company", "//app:scratch")
    return root / "pybuild-bin/app"


@pytest.fixture(scope="module")
def storage() -> Iterator[Path]:
    """podman's storage for this module alone; podman refuses paths longer than 50 characters."""
    with tempfile.TemporaryDirectory(prefix="pb-") as directory:
        yield Path(directory)


def container(layout: Path, storage: Path, *command: str) -> Done:
    """Run the image with podman and the network of this machine, where the server listens."""
    if os.geteuid() != 0:
        missing("containers are run as root here")
    words = [
        tool("podman"), "--runtime", tool("runc"), "--root", str(storage / "root"), "--runroot", str(storage / "run"),
        "--storage-driver", "vfs", "run", "--rm", "--network=host", "--ulimit", "nofile=1024:1024",
        "--ulimit", "nproc=1024:1024", f"oci:{layout}", *command,
    ]  # fmt: skip
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    return Done(" ".join(words), done.returncode, done.stdout, done.stderr)


def test_the_company_root_verifies_a_chain(images: Path, storage: Path, server: str) -> None:
    done = container(images / "company", storage, "connect", server, NAME)
    assert (done.code, done.out) == (0, "3 certificates, root CN=Company Root,O=Company\n"), str(done)


@pytest.mark.parametrize("image", ["plain", "company"])
def test_a_root_of_mozillas_is_trusted(images: Path, storage: Path, image: str) -> None:
    done = container(images / image, storage, "verify", "/mozilla.pem")
    assert (done.code, done.out) == (0, "verified CN=ISRG Root X1,O=Internet Security Research Group,C=US\n"), str(done)


def test_without_the_company_root_its_chain_is_refused(images: Path, storage: Path, server: str) -> None:
    done = container(images / "plain", storage, "connect", server, NAME)
    assert done.code == 1
    assert UNKNOWN in done.err


@pytest.mark.parametrize("what", ["connect", "verify"])
def test_from_scratch_nothing_is_trusted(images: Path, storage: Path, server: str, what: str) -> None:
    arguments = ["connect", server, NAME] if what == "connect" else ["verify", "/mozilla.pem"]
    done = container(images / "scratch", storage, *arguments)
    assert done.code == 1
    assert UNKNOWN in done.err


def test_another_name_than_the_certificates_is_refused(images: Path, storage: Path, server: str) -> None:
    """The client does verify: it is not the bundle alone that decides."""
    done = container(images / "company", storage, "connect", server, "other.company.test")
    assert done.code == 1
    assert f"certificate is valid for {NAME}" in done.err
