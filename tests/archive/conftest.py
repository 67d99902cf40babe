"""Fixtures of the archive room."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

PACKAGES = ("netbase", "base-files", "ca-certificates", "tzdata", "libssl3|libssl3t64")


@pytest.fixture(scope="session")
def debs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Real packages from this machine's own apt sources."""
    directory = tmp_path_factory.mktemp("debs")
    for names in PACKAGES:
        for name in names.split("|"):
            done = subprocess.run(["apt-get", "download", name], cwd=directory, capture_output=True, check=False)
            if done.returncode == 0:
                break
    found = sorted(directory.glob("*.deb"))
    if len(found) < len(PACKAGES):
        pytest.skip("apt has no sources here")
    return found
