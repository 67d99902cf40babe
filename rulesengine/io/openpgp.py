"""OpenPGP: cleartext signatures of Release files (RFC 9580, section 7).

Whoever calls parses `SignedText.text` and nothing else.  The framework around the signature is read strictly here, so
that nothing can hide before, between or after what was signed.
"""

from __future__ import annotations

import re
from importlib import resources

from attrs import frozen

from rulesengine.errors import SignatureError

_BEGIN = b"-----BEGIN PGP SIGNED MESSAGE-----"
_SIGNATURE = b"-----BEGIN PGP SIGNATURE-----"
_END = b"-----END PGP SIGNATURE-----"
_HASH_HEADER = re.compile(rb"Hash: [A-Za-z0-9/, -]+")
_ARMOR_LINE = re.compile(rb"[A-Za-z0-9+/=]*|[A-Za-z]+: [ -~]*")
MAX_SIGNED = 16 << 20
"""Largest signed file that is read, in bytes."""
_MIRROR_HINT = "nothing of it was used; try another mirror, and check what stands between you and it"


@frozen
class SignedText:
    """Text whose signature is good.

    text: exactly what was signed, each line ended by a newline.  signers: fingerprints (upper-case hexadecimal) of the
    certificates whose signatures are good, sorted; at least one.
    """

    text: bytes
    signers: tuple[str, ...]


def debian_keyring() -> bytes:
    """Debian's public archive keys, as shipped in this package (data/README.md)."""
    return resources.files("rulesengine").joinpath("data/debian-archive-keyring.pgp").read_bytes()


def verify_clearsigned(data: bytes, keyring: bytes, *, source: str) -> SignedText:
    """Check a cleartext-signed message against a keyring (binary or armored certificates).

    One good signature by a key of the keyring suffices; signatures by unknown keys beside it do not matter.
    Raises SignatureError: not signed, malformed, tampered with, or no known signer.
    """
    text, message = _signed_part(data, source)
    try:
        import pysequoia  # noqa: F401 - is it there?
    except ImportError:
        signers = _verify_gpgv(message, text, keyring, source)
    else:
        signers = _verify_sequoia(message, text, keyring, source)
    return SignedText(text, signers)


def _signed_part(data: bytes, source: str) -> tuple[bytes, bytes]:
    """The text under the signature and the message in plain line ends, or SignatureError."""

    def refuse(why: str) -> SignatureError:
        return SignatureError(f"{source}: {why}", hint=_MIRROR_HINT)

    if len(data) > MAX_SIGNED:
        raise refuse(f"larger than {MAX_SIGNED} bytes")
    if b"\0" in data:
        raise refuse("it holds NUL bytes")
    lines = data.replace(b"\r\n", b"\n").split(b"\n")
    if b"\r" in data.replace(b"\r\n", b"\n"):
        raise refuse("it holds stray carriage returns")
    if lines[0] != _BEGIN:
        raise refuse("not signed: it does not begin with a PGP signed message")
    at = 1
    while at < len(lines) and lines[at]:
        if not _HASH_HEADER.fullmatch(lines[at]):
            raise refuse(f"bad header {lines[at][:60]!r} in its signed message")
        at += 1
    at += 1
    text: list[bytes] = []
    while at < len(lines) and not lines[at].startswith(b"-----"):
        line = lines[at]
        if line.startswith(b"- "):
            line = line[2:]
        elif line.startswith(b"-"):
            raise refuse(f"line {at + 1} begins with a dash that is not escaped")
        text.append(line.rstrip(b" \t"))
        at += 1
    if at >= len(lines) or lines[at] != _SIGNATURE:
        raise refuse("not signed: no PGP signature follows its text")
    at += 1
    while at < len(lines) and lines[at] != _END:
        if not _ARMOR_LINE.fullmatch(lines[at]):
            raise refuse(f"line {at + 1} does not belong in a PGP signature")
        at += 1
    if at >= len(lines):
        raise refuse("its PGP signature has no end: the file is truncated")
    if any(line.strip() for line in lines[at + 1 :]):
        raise refuse("text follows its PGP signature")
    return b"\n".join(text) + b"\n", b"\n".join(lines[: at + 1]) + b"\n"


def _canonical(text: bytes) -> bytes:
    """Lines without their trailing blanks: what a cleartext signature covers."""
    return b"\n".join(line.rstrip(b" \t\r") for line in text.rstrip(b"\r\n").split(b"\n"))


def _verify_sequoia(message: bytes, text: bytes, keyring: bytes, source: str) -> tuple[str, ...]:
    import pysequoia

    try:
        certificates = pysequoia.Cert.split_bytes(keyring)
    except Exception as error:  # noqa: BLE001 - the border: the binding raises bare exceptions
        raise SignatureError(f"cannot read the keyring: {error}") from None
    asked: list[str] = []

    def store(identifiers: list[str]) -> list[object]:
        asked.extend(identifiers)
        return list(certificates)

    try:
        verified = pysequoia.verify(bytes=message, store=store)
        signatures = list(verified.valid_sigs)
        covered = verified.bytes or b""
    except BaseException as error:  # a panic of the binding is no subclass of Exception
        if isinstance(error, (KeyboardInterrupt, SystemExit, GeneratorExit)):
            raise
        raise _bad_signature(source, str(error), asked) from None
    if not signatures:
        raise _bad_signature(source, "no valid signature", asked)
    if _canonical(covered) != _canonical(text):
        raise SignatureError(f"{source}: the signature covers another text than the one shown", hint=_MIRROR_HINT)
    return tuple(sorted({str(one.certificate).upper() for one in signatures}))


def _bad_signature(source: str, why: str, keys: list[str]) -> SignatureError:
    notes = [f"signed by key {one.upper()}" for one in dict.fromkeys(keys)]
    first = why.strip().split("\n")[0]
    return SignatureError(
        f"{source}: no good signature by a trusted key ({first})",
        notes=notes,
        hint=_MIRROR_HINT,
    )


def _verify_gpgv(message: bytes, text: bytes, keyring: bytes, source: str) -> tuple[str, ...]:
    """The same by GnuPG's verifier, where the binding is not installed."""
    import subprocess
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory(prefix="pybuild-gpgv-") as directory:
        folder = Path(directory)
        (folder / "keyring.gpg").write_bytes(keyring)
        (folder / "message").write_bytes(message)
        try:
            done = subprocess.run(
                [
                    "gpgv", "--homedir", directory, "--keyring", str(folder / "keyring.gpg"), "--status-fd", "1",
                    "--output", str(folder / "text"), str(folder / "message"),
                ],
                check=False, capture_output=True, timeout=60, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        except FileNotFoundError:
            raise SignatureError(
                f"{source}: cannot verify its signature: neither pysequoia nor gpgv is installed",
                hint="install the Python package pysequoia, or Debian's gpgv",
            ) from None
        except subprocess.SubprocessError as error:
            raise SignatureError(f"{source}: gpgv failed: {error}") from None
        good, keys = [], []
        for line in done.stdout.decode("ascii", "replace").splitlines():
            words = line.split()
            if words[:2] == ["[GNUPG:]", "VALIDSIG"]:
                good.append(words[-1])
            elif words[:2] in (["[GNUPG:]", "ERRSIG"], ["[GNUPG:]", "BADSIG"]):
                keys.append(words[2])
            if words[:2] == ["[GNUPG:]", "BADSIG"]:
                raise _bad_signature(source, "bad signature", keys)
        if not good:
            raise _bad_signature(source, "no valid signature", keys)
        covered = (folder / "text").read_bytes()
    if _canonical(covered) != _canonical(text):
        raise SignatureError(f"{source}: the signature covers another text than the one shown", hint=_MIRROR_HINT)
    return tuple(sorted(set(good)))
