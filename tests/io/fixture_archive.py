"""A small signed archive, made by dpkg-deb and apt-ftparchive, with a key of its own."""

from __future__ import annotations

import hashlib
import lzma
import random
import subprocess
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pysequoia

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


class SigningKey:
    """A throw-away OpenPGP key."""

    def __init__(self) -> None:
        self._key = pysequoia.Tsk.generate(user_id="fixture <fixture@example.org>")
        self.certificate = bytes(self._key.extract_certificate())

    def clearsign(self, text: bytes) -> bytes:
        return bytes(pysequoia.sign(self._key.signer(), text, mode=pysequoia.SignatureMode.CLEAR))


class FixtureArchive:
    """Archives `debian` and `debian-security` below one root."""

    def __init__(self, root: Path, key: SigningKey) -> None:
        self.root = root
        self.key = key

    def deb(
        self, name: str, version: str, *fields: str, kind: str = "debian", architecture: str = "all", size: int = 50
    ) -> Path:
        """Build a .deb into the pool, with a file of `size` bytes."""
        tree = self.root.parent / "trees" / f"{name}_{version}_{architecture}"
        (tree / "DEBIAN").mkdir(parents=True)
        (tree / "usr/share/doc" / name).mkdir(parents=True)
        (tree / "usr/share/doc" / name / "copyright").write_bytes(random.Random(name).randbytes(size))
        control = [
            f"Package: {name}", f"Version: {version}", f"Architecture: {architecture}",
            "Maintainer: Nobody <nobody@example.org>", f"Description: {name}", *fields,
        ]  # fmt: skip
        (tree / "DEBIAN/control").write_text("\n".join(control) + "\n")
        pool = self.root / kind / "pool/main" / name[0] / name
        pool.mkdir(parents=True, exist_ok=True)
        command = ["dpkg-deb", "--root-owner-group", "-Zxz", "-b", str(tree), str(pool)]
        subprocess.run(command, check=True, capture_output=True)
        return pool / f"{name}_{version.partition(':')[2] or version}_{architecture}.deb"

    def publish(
        self,
        suite: str,
        *packages: str,
        kind: str = "debian",
        date: datetime = NOW,
        valid: timedelta | None = None,
        architectures: tuple[str, ...] = ("amd64", "arm64"),
        codename: str | None = None,
        by_hash: bool = True,
        key: SigningKey | None = None,
    ) -> Path:
        """Write a suite's indexes, of the pool's packages with these names (all by default), and its InRelease."""
        archive = self.root / kind
        done = subprocess.run(["apt-ftparchive", "packages", "pool"], cwd=archive, check=True, capture_output=True)
        stanzas = [one + b"\n" for one in done.stdout.split(b"\n\n") if one.strip()]
        listed: list[str] = []
        for architecture in architectures:
            folder = archive / "dists" / suite / "main" / f"binary-{architecture}"
            chosen = [
                one
                for one in stanzas
                if (f"Architecture: {architecture}\n".encode() in one or b"Architecture: all\n" in one)
                and (not packages or one.partition(b"\n")[0].decode().removeprefix("Package: ") in packages)
            ]
            data = b"\n".join(chosen)
            for name, content in (("Packages", data), ("Packages.xz", lzma.compress(data))):
                digest = hashlib.sha256(content).hexdigest()
                listed.append(f" {digest} {len(content)} main/binary-{architecture}/{name}")
                folder.mkdir(parents=True, exist_ok=True)
                if name != "Packages":
                    (folder / name).write_bytes(content)
                if by_hash:
                    (folder / "by-hash/SHA256").mkdir(parents=True, exist_ok=True)
                    (folder / "by-hash/SHA256" / digest).write_bytes(content)
        fields = [
            "Origin: Debian", "Label: Debian", f"Suite: {suite}", f"Codename: {codename or suite}", "Version: 1",
            f"Date: {utc(date)}",
        ]  # fmt: skip
        if valid is not None:
            fields.append(f"Valid-Until: {utc(date + valid)}")
        fields += [f"Acquire-By-Hash: {'yes' if by_hash else 'no'}", "No-Support-for-Architecture-all: Packages"]
        fields += [f"Architectures: {' '.join(architectures)}", "Components: main", "SHA256:", *listed]
        release = archive / "dists" / suite / "InRelease"
        release.write_bytes((key or self.key).clearsign(("\n".join(fields) + "\n").encode()))
        return release


def utc(moment: datetime) -> str:
    return format_datetime(moment).replace("+0000", "UTC")
