from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.io.faulty_server import FaultyServer
    from tests.io.fixture_archive import FixtureArchive, SigningKey


def _load(name: str) -> ModuleType:
    """A helper module beside this file (there are no packages here: importmode=importlib)."""
    full = f"tests.io.{name}"
    if full not in sys.modules:
        spec = importlib.util.spec_from_file_location(full, Path(__file__).with_name(f"{name}.py"))
        assert spec is not None
        assert spec.loader is not None
        module = sys.modules[full] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules[full]


_load("faulty_server")
_load("fixture_archive")


@pytest.fixture(scope="session")
def signing_key() -> SigningKey:
    return _load("fixture_archive").SigningKey()  # type: ignore[no-any-return]


@pytest.fixture(scope="session")
def pool(tmp_path_factory: pytest.TempPathFactory, signing_key: SigningKey) -> Path:
    """The fixture archive, made once; tests work on copies."""
    root = tmp_path_factory.mktemp("archive") / "root"
    archive = _load("fixture_archive").FixtureArchive(root, signing_key)
    archive.deb("hello", "1.0-1", "Depends: libhello (>= 1), greeting | nothing")
    archive.deb("libhello", "1.0-1", "Multi-Arch: same", architecture="amd64")
    archive.deb("libhello", "1.0-1", "Multi-Arch: same", architecture="arm64")
    archive.deb("polite", "2", "Provides: greeting", size=300_000)
    archive.deb("broken", "1", "Depends: hello (>= 9)")
    archive.deb("libhello", "1.0-1+deb1", "Multi-Arch: same", kind="debian-security", architecture="amd64")
    archive.deb("libhello", "1.0-1+deb1", "Multi-Arch: same", kind="debian-security", architecture="arm64")
    archive.publish("trixie")
    archive.publish("trixie-security", kind="debian-security", valid=timedelta(days=7))
    return root


@pytest.fixture
def archive(pool: Path, signing_key: SigningKey, tmp_path: Path) -> FixtureArchive:
    """A copy of the fixture archive that a test may change."""
    import shutil

    shutil.copytree(pool, tmp_path / "archive")
    return _load("fixture_archive").FixtureArchive(tmp_path / "archive", signing_key)  # type: ignore[no-any-return]


@pytest.fixture
def server(archive: FixtureArchive) -> Iterator[FaultyServer]:
    with _load("faulty_server").FaultyServer(archive.root).running() as running:
        yield running
