"""The field's own tools, found on this machine.

A tool that is missing skips its test, except where `RULESENGINE_ORACLES=required` is set, as in CI:
there it fails.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

REQUIRED = "RULESENGINE_ORACLES"


def missing(message: str) -> None:
    """Skip the test, or fail it where oracles are required."""
    if os.environ.get(REQUIRED) == "required":
        pytest.fail(message)
    pytest.skip(message)


def tool(name: str, package: str = "") -> str:
    """The path of a command; the test is skipped (in CI: fails) without it."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin:/usr/local/go/bin:/usr/lib/go/bin")
    if found is None:
        missing(f"{name} is not installed: apt-get install {package or name}")
    return str(found)


def run(*command: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    """Run a tool; its standard output.  Fails the test with what it said when it fails."""
    done = _run(command, cwd, env)
    if done.returncode:
        pytest.fail(f"{' '.join(map(str, command))}: exit {done.returncode}\n{done.stderr}{done.stdout}")
    return done.stdout


def _run(
    command: Sequence[str | Path], cwd: Path | None, env: dict[str, str] | None
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "LC_ALL": "C", **(env or {})}
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
