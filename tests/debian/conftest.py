"""The live archive, through this machine's own apt sources: indexes of trixie for amd64."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from rulesengine.debian.packages_index import PackagesIndex
from rulesengine.io.archive_index import ArchiveReader
from rulesengine.io.mirrors import Mirrors, mirror_order
from rulesengine.io.openpgp import debian_keyring

SUITES = ("trixie", "trixie-updates", "trixie-security")


@pytest.fixture(scope="session")
def live_reader(tmp_path_factory: pytest.TempPathFactory) -> ArchiveReader:
    mirrors = Mirrors(mirror_order((), {}))
    return ArchiveReader(mirrors, debian_keyring(), tmp_path_factory.mktemp("indexes"), datetime.now(UTC))


@pytest.fixture(scope="session")
def live_indexes(live_reader: ArchiveReader) -> list[PackagesIndex]:
    """Packages of the three suites for amd64, in order."""
    return [index for suite in SUITES for index in live_reader.indexes(live_reader.suite(suite), "main", "amd64")]


@pytest.fixture(scope="session")
def live_files(live_reader: ArchiveReader, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same Packages files, uncompressed, for apt: suite -> path."""
    folder = tmp_path_factory.mktemp("packages")
    out = {}
    for suite in SUITES:
        out[suite] = folder / suite
        out[suite].write_bytes(live_reader.packages(live_reader.suite(suite), "main", "amd64"))
    return out
