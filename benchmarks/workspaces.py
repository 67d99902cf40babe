"""Workspaces to measure, locked against the machine's own mirrors."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from benchmarks.measure import environment, pybuild

# What upstream's `base` for Debian 13 is made of.
BASE = ("base-files", "libc6", "libssl3t64", "libzstd1", "media-types", "netbase", "tzdata", "zlib1g")

BASE_BUILD = f"""\
load("@rulesengine//debian:defs.bzl", "deb_archive")

deb_archive(
    name = "trixie",
    architectures = ["amd64"],
    dependencies = False,
    lock = "trixie.lock.json",
    packages = {json.dumps(BASE)},
    suites = ["trixie", "trixie-updates", "trixie-security"],
)

filegroup(name = "base", srcs = {json.dumps([f":trixie/{name}" for name in BASE])})
"""


def pybuild_in(root: Path, cache: Path, *arguments: str) -> str:
    """Run pybuild in a workspace; its standard output.  Raises SystemExit with what it said where it fails."""
    done = subprocess.run(
        [*pybuild(), "-C", str(root), *arguments], env=environment(cache), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"pybuild {' '.join(arguments)}: exit {done.returncode}\n{done.stderr}")
    return done.stdout


def hello(directory: Path) -> tuple[Path, Path]:
    """The first workspace, built; (root, cache)."""
    root, cache = directory / "hello", directory / "cache"
    done = subprocess.run(
        [*pybuild(), "init", str(root)], env=environment(cache), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"pybuild init: exit {done.returncode}\n{done.stderr}")
    pybuild_in(root, cache, "//base:static")
    return root, cache


def locked(lock: Path) -> list[dict[str, Any]]:
    """The packages of a lock file."""
    packages: list[dict[str, Any]] = json.loads(lock.read_text())["packages"]
    return packages


def blob(cache: Path, sha256: str) -> Path:
    """Where the cache keeps a blob."""
    return cache / "cas" / sha256[:2] / sha256


def fetched_only(cache: Path, lock: Path, target: Path) -> Path:
    """A cache that holds the .debs (as hard links, so that making it is cheap) and nothing that was made of them."""
    shutil.rmtree(target, ignore_errors=True)
    for one in locked(lock):
        source, copy = blob(cache, one["sha256"]), blob(target, one["sha256"])
        if source.exists() and not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            os.link(source, copy)
    return target
