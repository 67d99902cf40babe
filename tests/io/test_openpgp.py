"""Cleartext signatures: by our binding and by gpgv, on real and on hostile messages."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rulesengine.errors import SignatureError
from rulesengine.io import openpgp
from rulesengine.io.mirrors import Mirrors, mirror_order
from rulesengine.io.openpgp import debian_keyring, verify_clearsigned

if TYPE_CHECKING:
    from tests.io.fixture_archive import SigningKey

TEXT = b"Origin: Debian\n- a dash\n-----not armor\n\nSuite: x  \nLast: 1\n"


@pytest.fixture(params=["pysequoia", "gpgv"])
def verifier(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways to verify; for gpgv the binding is made to look absent."""
    if request.param == "gpgv":
        monkeypatch.setitem(sys.modules, "pysequoia", None)
    return str(request.param)


def test_good_signature(verifier: str, signing_key: SigningKey) -> None:
    message = signing_key.clearsign(TEXT)
    signed = verify_clearsigned(message, signing_key.certificate, source="InRelease")
    assert signed.text.rstrip(b"\n") == TEXT.replace(b"x  ", b"x").rstrip(b"\n")
    assert len(signed.signers) == 1
    assert len(signed.signers[0]) == 40
    assert verify_clearsigned(message.replace(b"\n", b"\r\n"), signing_key.certificate, source="x").text == signed.text


@pytest.mark.oracle
def test_gpgv_agrees_on_the_message(signing_key: SigningKey, tmp_path: Path) -> None:
    """The fixture's signatures are good to the field's own verifier too, so the tests here test the real thing."""
    (tmp_path / "keyring").write_bytes(signing_key.certificate)
    (tmp_path / "message").write_bytes(signing_key.clearsign(TEXT))
    command = ["gpgv", "--homedir", ".", "--keyring", "./keyring", "message"]
    subprocess.run(command, check=True, capture_output=True, cwd=tmp_path)


def hostile(key: SigningKey) -> dict[str, bytes]:
    good = key.clearsign(TEXT)
    other = key.clearsign(b"Origin: Other\n")
    begin = b"-----BEGIN PGP SIGNATURE-----"
    text, _, signature = good.partition(begin)
    return {
        "a flipped letter": good.replace(b"Suite", b"Suitf"),
        "a line added": text + b"Added: 1\n" + begin + signature,
        "a line removed": good.replace(b"Last: 1\n", b""),
        "text before the message": b"Origin: Evil\n\n" + good,
        "a blank line before the message": b"\n" + good,
        "text after the signature": good + b"Origin: Evil\n",
        "a message after the message": good + other,
        "headers that are text": good.replace(b"Hash: SHA512\n", b"Hash: SHA512\nOrigin: Evil\n"),
        "a header that is no Hash": good.replace(b"Hash: SHA512\n", b"Comment: Evil\n"),
        "an undashed armor line": good.replace(b"- -----not armor", b"-----not armor"),
        "an unescaped dash": good.replace(b"- - a dash", b"- a dash"),
        "an empty message before the signed one": b"-----BEGIN PGP SIGNED MESSAGE-----\n\nOrigin: Evil\n" + good,
        "signature of another text": text + other[other.index(begin) :],
        "truncated": good[:-40],
        "truncated in its text": good[: len(text) // 2],
        "no signature": TEXT,
        "empty": b"",
        "armor that is none": text + begin + b"\n\n!!!!\n-----END PGP SIGNATURE-----\n",
        "an empty signature": text + begin + b"\n\n-----END PGP SIGNATURE-----\n",
        "NUL": good.replace(b"Last: 1", b"Last: 1\0"),
        "stray carriage return": good.replace(b"Last: 1", b"Last: 1\rOrigin: Evil"),
        "form feed before the text": good.replace(b"Origin", b"\x0cOrigin"),
        "text between the message and its signature": text + b"-----BEGIN PGP MESSAGE-----\n" + begin + signature,
    }


@pytest.mark.parametrize("how", range(23))
def test_hostile_messages_are_refused(verifier: str, signing_key: SigningKey, how: int) -> None:
    attacks = hostile(signing_key)
    assert len(attacks) == 23
    name = list(attacks)[how]
    assert attacks[name] != signing_key.clearsign(TEXT)
    with pytest.raises(SignatureError) as caught:
        verify_clearsigned(attacks[name], signing_key.certificate, source="http://mirror/InRelease")
    assert str(caught.value).startswith("http://mirror/InRelease: ")
    assert caught.value.hint


def test_unknown_key(verifier: str, signing_key: SigningKey) -> None:
    with pytest.raises(SignatureError) as caught:
        verify_clearsigned(signing_key.clearsign(TEXT), debian_keyring(), source="InRelease")
    assert "no good signature by a trusted key" in str(caught.value)
    assert "signed by key" in str(caught.value)


@pytest.mark.live
def test_debians_own_suites(verifier: str) -> None:
    """Several signers, a keyring of nine certificates, signing subkeys."""
    mirrors = Mirrors(mirror_order((), {}))
    counts = {}
    for suite in ("bookworm", "trixie"):
        chunks: list[bytes] = []
        for base in mirrors.bases("debian")[:1]:
            mirrors.transport.get(f"{base}/dists/{suite}/InRelease", chunks.append, limit=openpgp.MAX_SIGNED)
        data = b"".join(chunks)
        signed = verify_clearsigned(data, debian_keyring(), source=suite)
        counts[suite] = len(signed.signers)
        assert f"Codename: {suite}".encode() in signed.text
        with pytest.raises(SignatureError):
            verify_clearsigned(data.replace(b"Codename: ", b"Codename: z"), debian_keyring(), source=suite)
    assert min(counts.values()) >= 2
