"""Operation `cacerts`: the bundle, strict PEM, and Debian's own tool as oracle."""

from __future__ import annotations

import base64
import io
import lzma
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rulesengine.errors import DebianError, ExecutionError
from rulesengine.model.digest import Digest
from rulesengine.ops.cacerts import cacerts
from rulesengine.ops.pem import Certificate, parse_certificates
from tests.oracles.layouts import tar
from tests.oracles.op_context import MemoryContext, run_op
from tests.oracles.tools import missing, run, tool

GOLDENS = {"cacerts@1": "sha256:7ebb0c66b10eb0197691175d4539a84517de20c93a14aba194b97ff4fd403a8c"}


def der(*bodies: bytes) -> bytes:
    """The outer structure of a certificate, told apart by its to-be-signed part."""

    def element(tag: int, body: bytes) -> bytes:
        if len(body) < 0x80:
            return bytes([tag, len(body)]) + body
        if len(body) < 0x100:
            return bytes([tag, 0x81, len(body)]) + body
        return bytes([tag, 0x82]) + len(body).to_bytes(2, "big") + body

    return element(0x30, element(0x30, b"".join(bodies)) + element(0x30, b"") + element(0x03, b"\0"))


def pem(data: bytes, label: str = "CERTIFICATE", newline: str = "\n", columns: int = 64) -> bytes:
    text = base64.b64encode(data).decode()
    lines = [text[start : start + columns] for start in range(0, len(text), columns)]
    return newline.join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""]).encode()


A, B, C = (der(bytes([number]) * (40 + 100 * number)) for number in range(3))


def ar(members: dict[str, bytes]) -> bytes:
    out = b"!<arch>\n"
    for name, data in members.items():
        out += f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(data):<10}`\n".encode() + data
        out += b"\n" * (len(data) % 2)
    return out


def deb(certificates: dict[str, bytes], control: bytes = b"Package: ca-certificates\n") -> bytes:
    doc = "usr/share/doc/ca-certificates/copyright"
    sums = b"".join(b"%032x  %s\n" % (number, name.encode()) for number, name in enumerate([*certificates, doc]))
    data = tar(
        {"./": b"", "./usr/": b"", **{f"./{name}": one for name, one in certificates.items()}, f"./{doc}": b"MPL\n"}
    )
    return ar(
        {
            "debian-binary": b"2.0\n",
            "control.tar.xz": lzma.compress(tar({"./": b"", "./control": control, "./md5sums": sums})),
            "data.tar.xz": lzma.compress(data),
        }
    )


DEB = deb(
    {
        "usr/share/ca-certificates/mozilla/b.crt": pem(A)[:-1],
        "usr/share/ca-certificates/mozilla/B.crt": pem(B),
        "usr/share/ca-certificates/mozilla/b_.crt": pem(B),
        "usr/sbin/update-ca-certificates": b"#!/bin/sh",
    }
)


def bundle(inputs: dict[str, bytes], *arguments: str) -> MemoryContext:
    flags = [part for name in inputs for part in ("--deb" if name.endswith(".deb") else "--pem", name)]
    return run_op(cacerts, inputs, *flags, "--bundle", "o", *arguments)


def test_the_bundle_is_sorted_by_path_and_holds_each_certificate_once() -> None:
    context = bundle({"x.deb": DEB, "corp.pem": b"# ours\n" + pem(C) + pem(A)})
    assert context.outputs["o"] == pem(B) + pem(A) + pem(C)


def test_golden_bytes() -> None:
    context = bundle({"x.deb": DEB, "corp.pem": pem(C, newline="\r\n")})
    assert str(Digest.of(context.outputs["o"])) == GOLDENS[cacerts.key], "bytes changed: raise the operation's version"


def test_what_else_is_taken_from_the_package() -> None:
    flags = ("--status", "s", "--md5sums", "m", "--copyright", "c", "--certificates", "t")
    context = bundle({"x.deb": DEB, "corp.pem": pem(C) + pem(A) + pem(der(b"9"))}, *flags)
    assert context.outputs["s"] == b"Package: ca-certificates\n"
    assert context.outputs["m"] == b"%032x  usr/share/doc/ca-certificates/copyright\n" % 4
    assert context.outputs["c"] == b"MPL\n"
    assert context.tree_bytes("t") == {
        "B.crt": pem(B), "b.crt": pem(A), "corp-1.crt": pem(C), "corp-3.crt": pem(der(b"9")),
    }  # fmt: skip
    assert bundle({"x.deb": DEB}, "--md5sums", "m").outputs["m"] == b""
    with pytest.raises(ExecutionError, match="flag --status needs --deb"):
        bundle({"corp.pem": pem(A)}, "--status", "s")


def test_files_of_one_name_stay_apart() -> None:
    context = bundle({"a/corp.pem": pem(A), "b/corp.pem": pem(B)}, "--certificates", "t")
    assert context.tree_bytes("t") == {"corp.crt": pem(A), "corp-2.crt": pem(B)}


def test_other_spellings_of_pem() -> None:
    wide = pem(A, columns=76)
    text = b"Bag Attributes\n    friendlyName: x\n" + wide + b"\n\n  trailing words\n"
    for data in (text, pem(A, newline="\r\n"), pem(A, label="X509 CERTIFICATE"), b"\xef\xbb\xbf\n" + pem(A)):
        assert [one.pem for one in parse_certificates(data, "x")] == [pem(A)]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "corp.pem: corp.pem holds no certificate in PEM form"),
        (A, "write it as PEM: openssl x509 -inform DER"),
        (b"hello\n", "a PEM file has a line -----BEGIN CERTIFICATE-----"),
        (pem(A)[:60], "corp.pem:2: the certificate that begins in line 1 has no END line"),
        (pem(A)[:60] + b"\n" + pem(B), "the certificate that begins in line 1 has no END line"),
        (b"\n-----END CERTIFICATE-----\n", "corp.pem:2: an END line without a BEGIN line"),
        (pem(A).replace(b"END CERT", b"END X509 CERT"), "this END line does not match line 1"),
        (pem(A).replace(b"MC", b"M!", 1), "corp.pem:2: this line of a certificate is not base64"),
        (pem(A).replace(b"=", b""), "corp.pem:1: the certificate's base64 is broken"),
        (pem(A[:-1]), "corp.pem:1: this is no X.509 certificate"),
        (pem(A + b"\0"), "this is no X.509 certificate"),
        (pem(b"\x30\x00"), "this is no X.509 certificate"),
        (pem(A.replace(b"\x03\x01", b"\x04\x01")), "this is no X.509 certificate"),
        (pem(A, "TRUSTED CERTIFICATE"), "openssl x509 -in FILE -out FILE.pem"),
        (pem(A, "CERTIFICATE REQUEST"), "'CERTIFICATE REQUEST' is not a certificate"),
        (pem(A) + pem(b"x", "X509 CRL"), "corp.pem:5: 'X509 CRL' is not a certificate"),
    ],
)
def test_what_is_no_file_of_certificates(data: bytes, message: str) -> None:
    with pytest.raises(ExecutionError) as caught:
        bundle({"corp.pem": data})
    assert message in str(caught.value)


@pytest.mark.parametrize("label", ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY"])
def test_a_private_key_is_refused_and_never_shown(label: str) -> None:
    secret = pem(b"very secret", label)
    with pytest.raises(ExecutionError) as caught:
        bundle({"corp.pem": pem(A) + secret})
    message = str(caught.value)
    assert message.startswith(
        f"corp.pem:{pem(A).count(bytes([10])) + 1}: a PRIVATE KEY ({label}) stands in a file of trusted"
    )
    assert secret.split(b"\n")[1].decode() not in message


@pytest.mark.parametrize(
    ("package", "message"),
    [
        (deb({}), "holds no certificate below usr/share/ca-certificates/"),
        (ar({"debian-binary": b"2.0\n"}), "no control file in its control member"),
        (deb({"usr/share/ca-certificates/x.crt": b"x" * (2 << 20)}), "at most 1048576 are read"),
    ],
)
def test_packages_that_cannot_be_used(package: bytes, message: str) -> None:
    with pytest.raises(DebianError) as caught:
        bundle({"x.deb": package})
    assert message in str(caught.value)


def test_nothing_given() -> None:
    with pytest.raises(ExecutionError, match="needs the ca-certificates package or PEM files"):
        bundle({})


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=4))
def test_any_certificate_survives_the_trip(bodies: list[bytes]) -> None:
    found = [Certificate(der(body)) for body in bodies]
    again = parse_certificates(b"".join(one.pem for one in found), "x")
    assert [one.der for one in again] == [one.der for one in found]


@given(st.binary(max_size=200), st.sampled_from([b"", b"-----BEGIN CERTIFICATE-----\n"]))
def test_arbitrary_bytes_raise_only_our_error(data: bytes, head: bytes) -> None:
    with pytest.raises(ExecutionError):
        parse_certificates(head + data, "x")


@pytest.mark.oracle
@pytest.mark.live
def test_the_bundle_is_what_update_ca_certificates_makes(tmp_path: Path) -> None:
    """The real package, fetched as apt does; the package's own script makes the other bundle."""
    done = subprocess.run(
        [tool("apt-get", "apt"), "download", "ca-certificates"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    found = sorted(tmp_path.glob("*.deb"))
    if not found:
        missing(f"apt-get download ca-certificates: {done.stderr}")
    root = tmp_path / "root"
    run(tool("dpkg-deb", "dpkg"), "-x", found[0], root)
    # The script refuses to go on without `openssl rehash`, which makes links that are not compared here.
    stub = tmp_path / "bin"
    stub.mkdir()
    (stub / "openssl").write_text("#!/bin/sh\n")
    (stub / "openssl").chmod(0o755)
    (root / "etc/ca-certificates.conf").write_text("")
    path = f"{stub}:/usr/sbin:/usr/bin:/sbin:/bin"
    run("/bin/sh", root / "usr/sbin/update-ca-certificates", "--sysroot", root, "--default", env={"PATH": path})
    expected = (root / "etc/ssl/certs/ca-certificates.crt").read_bytes()
    context = bundle({"x.deb": found[0].read_bytes()}, "--copyright", "c", "--status", "s", "--md5sums", "m")
    assert context.outputs["o"] == expected
    assert len(parse_certificates(expected, "x")) > 100
    assert context.outputs["c"] == (root / "usr/share/doc/ca-certificates/copyright").read_bytes()
    assert b"Package: ca-certificates\n" in context.outputs["s"]
    assert context.outputs["m"].endswith(b"  usr/share/doc/ca-certificates/copyright\n")
    assert context.outputs["m"].count(b"\n") == 1
    assert io.BytesIO(expected).readline() == b"-----BEGIN CERTIFICATE-----\n"


@pytest.mark.oracle
def test_openssl_reads_what_is_written(tmp_path: Path) -> None:
    key, made = tmp_path / "key.pem", tmp_path / "made.pem"
    run(
        tool("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
        "-subj", "/CN=x", "-days", "1", "-keyout", key, "-out", made,
    )  # fmt: skip
    context = bundle({"corp.pem": made.read_bytes()})
    assert context.outputs["o"] == made.read_bytes()
    with pytest.raises(ExecutionError, match="PRIVATE KEY"):
        bundle({"corp.pem": made.read_bytes() + key.read_bytes()})
