"""Certificates in PEM (RFC 7468): read strictly, written in one spelling."""

from __future__ import annotations

import base64
import binascii
import re

from rulesengine.errors import ExecutionError, Location
from rulesengine.values import frozen

_BEGIN = re.compile(rb"-----BEGIN ([ -~]*?)-----")
_MARK = re.compile(rb"-----(BEGIN|END)\b.*")
_CERTIFICATES = frozenset({"CERTIFICATE", "X509 CERTIFICATE"})
_BASE64 = re.compile(rb"[A-Za-z0-9+/]*={0,2}")
_SEQUENCE = 0x30
_BIT_STRING = 0x03
_COLUMNS = 64


@frozen
class Certificate:
    """One certificate: its DER bytes, and the line of its BEGIN mark in the file it came from."""

    der: bytes
    line: int = 0

    @property
    def pem(self) -> bytes:
        """RFC 7468 form: 64 columns, ends with a newline."""
        text = base64.b64encode(self.der)
        lines = [text[start : start + _COLUMNS] for start in range(0, len(text), _COLUMNS)]
        return b"\n".join([b"-----BEGIN CERTIFICATE-----", *lines, b"-----END CERTIFICATE-----", b""])


def parse_certificates(data: bytes, source: str) -> list[Certificate]:
    """The certificates of a PEM file, in order; text between them is passed over (RFC 7468 section 5.2).

    Raises ExecutionError with `source` and line where the file holds none, or anything else than
    certificates: above all a private key, which must never enter an image.
    """
    out: list[Certificate] = []
    body: list[bytes] = []
    began = 0
    begin = b""
    number = 0
    for number, raw in enumerate(data.split(b"\n"), 1):
        line = raw.strip()
        mark = _MARK.fullmatch(line)
        if mark is None:
            if began and line:
                if not _BASE64.fullmatch(line):
                    raise _fault(source, number, "this line of a certificate is not base64", raw)
                body.append(line)
            continue
        if mark[1] == b"BEGIN":
            if began:
                raise _fault(source, number, f"the certificate that begins in line {began} has no END line", raw)
            _check_label(line, source, number)
            began, begin, body = number, line, []
        else:
            if not began:
                raise _fault(source, number, "an END line without a BEGIN line", raw)
            if line.replace(b"-----END ", b"-----BEGIN ", 1) != begin:
                raise _fault(source, number, f"this END line does not match line {began}", raw)
            out.append(Certificate(_decode(b"".join(body), source, began), began))
            began = 0
    if began:
        raise _fault(source, number, f"the certificate that begins in line {began} has no END line", b"")
    if not out:
        hint = "write it as PEM: openssl x509 -inform DER -in FILE -out FILE.pem"
        if data[:1] != bytes([_SEQUENCE]):
            hint = "a PEM file has a line -----BEGIN CERTIFICATE-----"
        raise ExecutionError(f"{source} holds no certificate in PEM form", location=Location(source), hint=hint)
    return out


def _check_label(line: bytes, source: str, number: int) -> None:
    match = _BEGIN.fullmatch(line)
    label = match[1].decode("ascii") if match else ""
    if label in _CERTIFICATES:
        return
    if "PRIVATE KEY" in label:
        # No excerpt: what follows is a secret.
        raise ExecutionError(
            f"a PRIVATE KEY ({label}) stands in a file of trusted certificates",
            location=Location(source, number),
            hint="it was not used; remove it from the file, and replace the key if the file was published",
        )
    message = f"{label or line.decode('ascii', 'replace')!r} is not a certificate"
    hint = "only CERTIFICATE blocks belong in a file of trusted certificates"
    if label == "TRUSTED CERTIFICATE":
        hint = "write it as a plain certificate: openssl x509 -in FILE -out FILE.pem"
    raise ExecutionError(message, location=Location(source, number), hint=hint)


def _decode(body: bytes, source: str, line: int) -> bytes:
    try:
        der = base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as fault:
        raise _fault(source, line, f"the certificate's base64 is broken: {fault}", b"") from None
    if not _is_certificate(der):
        raise _fault(source, line, "this is no X.509 certificate (its DER structure is broken)", b"")
    return der


def _fault(source: str, line: int, message: str, excerpt: bytes) -> ExecutionError:
    text = excerpt.decode("utf-8", "replace").strip()[:100]
    return ExecutionError(
        message,
        location=Location(source, line, 0, text),
        hint="the file is damaged; export the certificate again",
    )


def _element(data: bytes, position: int) -> tuple[int, int, int] | None:
    """(tag, start, end) of the DER element at `position`, or None (X.690 sections 8.1 and 10.1)."""
    if position + 2 > len(data):
        return None
    tag, length = data[position], data[position + 1]
    start = position + 2
    if length & 0x80:
        count = length & 0x7F
        if not 1 <= count <= 4 or start + count > len(data):
            return None
        length = int.from_bytes(data[start : start + count], "big")
        if length < 0x80 or length >> (8 * (count - 1)) == 0:
            return None  # not the shortest form
        start += count
    if start + length > len(data):
        return None
    return tag, start, start + length


def _is_certificate(der: bytes) -> bool:
    """Whether this is SEQUENCE { SEQUENCE tbs, SEQUENCE algorithm, BIT STRING signature } (RFC 5280 section 4.1)."""
    outer = _element(der, 0)
    if outer is None or outer[0] != _SEQUENCE or outer[2] != len(der):
        return False
    position = outer[1]
    for tag in (_SEQUENCE, _SEQUENCE, _BIT_STRING):
        element = _element(der, position)
        if element is None or element[0] != tag:
            return False
        position = element[2]
    return position == len(der)
