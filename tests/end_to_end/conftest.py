"""What the end-to-end tests share: one workspace, built once per session, whatever the number of workers."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from attrs import frozen

from tests.end_to_end.command import STATIC, Done, Pybuild
from tests.oracles.oci_schemas import oci_schemas

__all__ = ["oci_schemas"]


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that every worker of this session sees."""
    base = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        base = base.parent
    base = base / "end_to_end"
    base.mkdir(exist_ok=True)
    return base


@contextmanager
def once(directory: Path, name: str) -> Iterator[Path]:
    """Enter one worker at a time; the path is a file that says whether the work is done."""
    with open(directory / f"{name}.guard", "w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        yield directory / f"{name}.json"


@pytest.fixture(scope="session")
def pybuild(shared: Path) -> Pybuild:
    """pybuild with the cache that these tests share."""
    home = shared / "home"
    home.mkdir(exist_ok=True)
    return Pybuild(shared / "cache", home)


@frozen
class Hello:
    """The first workspace: `pybuild init hello && pybuild -C hello //base:static`, from an empty cache."""

    root: Path
    init: Done
    build: Done
    seconds: float

    @property
    def layout(self) -> Path:
        return self.root / "pybuild-bin/base/static"

    @property
    def digest(self) -> str:
        return self.build.summary.digest


@pytest.fixture(scope="session")
def hello(pybuild: Pybuild, shared: Path) -> Hello:
    """Made once; no test may change it (command.copy_workspace gives a copy)."""
    root = shared / "hello"
    with once(shared, "hello") as done:
        if not done.exists():
            started = time.monotonic()
            init = pybuild("init", root)
            build = pybuild("-C", root, STATIC)
            seconds = time.monotonic() - started
            record = [[one.command, one.code, one.out, one.err] for one in (init, build)]
            done.write_text(json.dumps([*record, seconds]))
        init_record, build_record, seconds = json.loads(done.read_text())
    made = Hello(root, Done(*init_record), Done(*build_record), seconds)
    assert made.init.code == 0, str(made.init)
    assert made.build.code == 0, str(made.build)
    return made


@pytest.fixture
def apart(hello: Hello, pybuild: Pybuild, tmp_path: Path) -> tuple[Path, Pybuild]:
    """A copy of the first workspace to change, and a pybuild with the shared cache and a home of its own."""
    from tests.end_to_end.command import copy_workspace

    home = tmp_path / "home"
    home.mkdir()
    return copy_workspace(hello.root, tmp_path / "copy"), Pybuild(pybuild.cache, home)
