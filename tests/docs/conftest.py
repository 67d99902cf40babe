"""What the tests of the documentation share: the archive's indexes, read once per session."""

from __future__ import annotations

import fcntl
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import frozen

from tests.docs.session import environment


@frozen
class Locked:
    """cache: in which the archive's indexes were read.  rc: lines for ~/.pybuildrc without which locking fails here."""

    cache: Path
    rc: str


@pytest.fixture(scope="session")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Locked:
    """Once for all workers: `pybuild init`, so that pages need not read the indexes each for itself."""
    base = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        base = base.parent
    home = base / "docs_locked"
    home.mkdir(exist_ok=True)
    rc = home / "rc.done"
    with open(home / "guard", "w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if not rc.exists():
            done = subprocess.run(
                ["pybuild", "init", "hello"],
                cwd=home,
                env=environment(home),
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            # A mirror that lags behind for some architecture is no fault of the documentation.
            lines = "lock --allow_missing_indexes\n" if "could not be locked" in done.stderr else ""
            if lines:  # init stopped at the first index that is not there; the others are read here, for all pages
                words = ["pybuild", "-C", "hello", "lock", "--update", "--allow_missing_indexes"]
                subprocess.run(words, cwd=home, env=environment(home), capture_output=True, check=False)
            rc.write_text(lines)
    return Locked(home / ".cache/pybuild", rc.read_text())


@pytest.fixture
def containers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Podman as root may not raise limits in a container of its own; and it refuses storage at long paths."""
    if os.geteuid() != 0:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="pb-") as directory:
        settings = Path(directory) / "containers.conf"
        settings.write_text(
            '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n[engine]\nruntime = "runc"\n'
        )
        storage = Path(directory) / "storage.conf"
        # Twenty layers are twenty copies of the whole without overlays, which not every file system can hold.
        driver = "overlay" if _overlays(directory) else "vfs"
        storage.write_text(
            f'[storage]\ndriver = "{driver}"\ngraphroot = "{directory}/root"\nrunroot = "{directory}/run"\n'
        )
        monkeypatch.setenv("CONTAINERS_CONF", str(settings))
        monkeypatch.setenv("CONTAINERS_STORAGE_CONF", str(storage))
        yield


def _overlays(directory: str) -> bool:
    """Whether an overlay can be mounted in this directory."""
    places = {name: os.path.join(directory, "probe", name) for name in ("lower", "upper", "work", "all")}
    for path in places.values():
        os.makedirs(path)
    options = "lowerdir={lower},upperdir={upper},workdir={work}".format(**places)
    words = ["mount", "-t", "overlay", "overlay", "-o", options, places["all"]]
    if subprocess.run(words, capture_output=True, check=False).returncode:
        return False
    subprocess.run(["umount", places["all"]], capture_output=True, check=True)
    return True
