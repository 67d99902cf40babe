"""buildifier accepts the format of every BUILD and .bzl file of the project."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.oracles.tools import missing

_ROOT = Path(__file__).parents[2]
_NAMES = ("BUILD", "BUILD.bazel", "MODULE.bazel")
_BROKEN_ON_PURPOSE = (
    "tests/conformance/cases/starlark_static_faults/",
    "tests/conformance/cases/starlark_rebinding/loads/",
    "tests/conformance/cases/starlark_rebinding/once/",
)


def _buildifier() -> str:
    """The program, from npm; kept in the directory of oracles."""
    found = shutil.which("buildifier")
    if found:
        return found
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    home = Path(os.environ.get("PYBUILD_ORACLES") or os.path.join(cache, "rulesengine-oracles"), "npm")
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    program = home / f"node_modules/@bazel/buildifier/buildifier-linux_{machine}"
    if not program.exists():
        npm = shutil.which("npm")
        if npm is None:
            missing("npm, which brings buildifier, is not installed: apt-get install npm")
        home.mkdir(parents=True, exist_ok=True)
        command = [str(npm), "install", "--silent", "--prefix", str(home), "@bazel/buildifier"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode:
            missing(f"npm cannot install buildifier: {done.stderr.strip()}")
    return str(program)


def _files() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=_ROOT, capture_output=True, text=True, check=True,
    ).stdout.split("\0")  # fmt: skip
    return [
        name
        for name in listed
        if (os.path.basename(name) in _NAMES or name.endswith(".bzl"))
        and not name.startswith(_BROKEN_ON_PURPOSE)
        and (_ROOT / name).is_file()
    ]


@pytest.mark.oracle
def test_buildifier_accepts_every_file() -> None:
    files = _files()
    assert len(files) > 100
    done = subprocess.run(
        [_buildifier(), "-mode=check", "-lint=off", *files], cwd=_ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr + done.stdout
