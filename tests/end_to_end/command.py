"""`pybuild` as a user starts it: a process of its own, with a cache, a home and rc files of its own."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from attrs import field, frozen

from tests.oracles.tools import missing, run, tool

PLATFORMS = ("linux/amd64", "linux/arm64/v8", "linux/arm/v7", "linux/s390x", "linux/ppc64le", "linux/riscv64")
STATIC = "//base:static"
_SUMMARY = re.compile(
    r"^(?P<label>//\S+) (?P<digest>sha256:[0-9a-f]{64}) .*?"
    r"(?P<total>[0-9]+) actions?: (?P<run>[0-9]+) run, (?P<cached>[0-9]+) cached",
    re.M,
)
_KEPT = ("PATH", "PYTHONPATH")


def program() -> list[str]:
    """The console script beside this interpreter, else the module."""
    script = Path(sys.executable).with_name("pybuild")
    return [str(script)] if script.exists() else [sys.executable, "-m", "rulesengine.cli.entry"]


@frozen
class Summary:
    """The line that ends a build (DESIGN 8)."""

    label: str
    digest: str
    actions: int
    run: int
    cached: int


@frozen
class Done:
    """What a process left behind."""

    command: str
    code: int
    out: str
    err: str

    @property
    def summary(self) -> Summary:
        """The summary line of the one image that was built."""
        found = _SUMMARY.search(self.err)
        assert found is not None, f"no summary line in:\n{self}"
        numbers = (int(found[name]) for name in ("total", "run", "cached"))
        return Summary(found["label"], found["digest"], *numbers)

    def __str__(self) -> str:
        return f"$ {self.command}\nexit {self.code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


@frozen
class Pybuild:
    """A way to run pybuild.

    cache: its cache directory.  home: HOME, so that no file of the person who runs the tests takes part.
    environment: on top of PATH and what names proxies.  prefix: a command that runs commands (`unshare -n`).
    program: what is started.
    """

    cache: Path
    home: Path
    environment: Mapping[str, str] = {}
    prefix: tuple[str, ...] = ()
    program: tuple[str, ...] = field(factory=lambda: tuple(program()))

    def variables(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name in _KEPT or name.lower().endswith("_proxy")}
        return {**kept, "HOME": str(self.home), "PYBUILD_CACHE": str(self.cache), **self.environment}

    def start(self, *arguments: str | Path, cwd: Path | None = None) -> subprocess.Popen[str]:
        """Start it without waiting; output in pipes."""
        return subprocess.Popen(
            [*self.prefix, *self.program, *map(str, arguments)],
            cwd=cwd or self.home,
            env=self.variables(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *arguments: str | Path, cwd: Path | None = None, timeout: float = 300) -> Done:
        """Run it to its end, whatever that is.  No traceback may ever show."""
        with self.start(*arguments, cwd=cwd) as process:
            try:
                out, err = process.communicate(timeout=timeout)
            except subprocess.TimeoutExpired:
                process.kill()
                out, err = process.communicate()
                pytest.fail(f"pybuild {arguments} took longer than {timeout} s\n{out}{err}")
        done = Done("pybuild " + " ".join(map(str, arguments)), process.returncode, out, err)
        assert "Traceback" not in err, str(done)
        return done

    def good(self, *arguments: str | Path, cwd: Path | None = None) -> Done:
        """Run it; it must succeed."""
        done = self(*arguments, cwd=cwd)
        assert done.code == 0, str(done)
        return done

    def fails(self, code: int, *arguments: str | Path, says: Sequence[str], cwd: Path | None = None) -> Done:
        """Run it; it must fail with this exit code and say all of this on standard error."""
        done = self(*arguments, cwd=cwd)
        assert done.code == code, f"exit code {code} was expected\n{done}"
        missing = [part for part in says if part.casefold() not in done.err.casefold()]
        assert not missing, f"not said: {missing}\n{done}"
        return done


def index_of(layout: Path) -> dict[str, Any]:
    """The image index that a layout's index.json leads to."""
    document: dict[str, Any] = blob_of(layout, digest_of(layout))
    return document


def digest_of(layout: Path) -> str:
    """The digest that a registry would show."""
    entries = json.loads((layout / "index.json").read_text())["manifests"]
    assert len(entries) == 1
    return str(entries[0]["digest"])


def blob_of(layout: Path, digest: str) -> Any:
    return json.loads((layout / "blobs" / digest.replace(":", "/")).read_bytes())


def pick(layout: Path, platform: str, into: Path, name: str = "picked") -> Path:
    """One platform's image out of an index, with skopeo; the layout, whose image has the tag `tag`."""
    system, architecture, variant = (*platform.split("/"), "")[:3]
    out = into / name
    run(
        tool("skopeo"),
        f"--override-os={system}",
        f"--override-arch={architecture}",
        f"--override-variant={variant}",
        "copy",
        f"oci:{layout}",
        f"oci:{out}:tag",
    )
    return out


def unpack(layout: Path, into: Path) -> Path:
    """The root file system of the image tagged `tag`, with umoci; its config is beside it as config.json."""
    flags = [] if os.geteuid() == 0 else ["--rootless"]
    run(tool("umoci"), "unpack", *flags, "--image", f"{layout}:tag", into)
    return into / "rootfs"


def fetched_blobs(cache: Path, lock: Path) -> list[str]:
    """The .debs of a lock file that are in a cache, as paths below it."""
    hashes = {one["sha256"] for one in json.loads(lock.read_text())["packages"]}
    blobs = [path for path in (f"cas/{one[:2]}/{one}" for one in sorted(hashes)) if (cache / path).exists()]
    assert blobs
    return blobs


def fetched_cache(source: Path, target: Path, lock: Path) -> Path:
    """A cache that holds what was fetched (.debs that a lock file pins) and nothing that was made of it."""
    for blob in fetched_blobs(source, lock):
        (target / blob).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source / blob, target / blob)
    return target


def without_network() -> tuple[str, ...]:
    """A command prefix that leaves its command no network, not even the loopback interface."""
    words = (tool("unshare", "util-linux"), *(() if os.geteuid() == 0 else ("--map-root-user",)), "--net")
    if subprocess.run([*words, "true"], capture_output=True, check=False).returncode:
        missing("network namespaces cannot be made here")
    return words


def copy_workspace(source: Path, target: Path) -> Path:
    """The files a person would commit: no pybuild-bin."""
    shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns("pybuild-bin"))
    return target
