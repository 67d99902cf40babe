"""Layers of distroless `base` for amd64 against decompressing the same packages: the floor that nobody gets below."""

from __future__ import annotations

import gzip
import io
import lzma
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from benchmarks.measure import Cost, Report, medians, of_call
from benchmarks.workspaces import BASE, BASE_BUILD, blob, locked, pybuild_in

_MODES: tuple[tuple[str, tuple[str, ...]], ...] = (("gzip", ()), ("gzip", ("--level", "1")), ("zstd", ()))


def run(directory: Path, report: Report, quick: bool) -> None:
    """CPU of the operation against CPU of lzma; sizes against gzip -6; wall on two processors against its own CPU."""
    debs = _debs(directory)
    data = [_xz_member(directory / name) for name in debs]

    def floor() -> None:
        for one in data:
            lzma.decompress(one)

    times = 3 if quick else 9
    _convert(directory, debs, "gzip", (), helpers=0)  # imports and files are warm for all
    lzma_cost, normal, fast, zstd = medians(
        times,
        lambda: of_call(floor),
        *(partial(_one_thread, directory, debs, mode, flags) for mode, flags in _MODES),
    )
    against = "of lzma.decompress"
    report.line(f"{len(debs)} packages, {sum(map(len, data)):,} bytes of xz")
    report.ratio("CPU, gzip", normal.cpu, lzma_cost.cpu, against, goal=1.8)
    report.ratio("CPU, gzip in fast mode", fast.cpu, lzma_cost.cpu, against, goal=1.45)
    report.ratio("CPU, zstd", zstd.cpu, lzma_cost.cpu, against)

    ours, theirs = _sizes(directory, debs)
    report.ratio("size", ours, theirs, "of gzip -6", goal=1.0, unit="bytes")

    jobs = 2
    if len(os.sched_getaffinity(0)) < jobs:
        report.line("wall: this machine has one processor")
        return
    single, double = medians(
        times,
        lambda: _one_thread(directory, debs, "gzip", ()),
        lambda: of_call(lambda: _parallel(directory, debs, jobs)),
    )
    report.ratio(f"wall with {jobs} jobs", double.wall, single.cpu, "of CPU on one thread", goal=0.6)


def _debs(directory: Path) -> list[str]:
    """Lock and fetch the packages; hard links to them in `directory`, largest first as a scheduler would like them."""
    root, cache = directory / "base", directory / "cache"
    root.mkdir()
    (root / "MODULE.bazel").write_text("")
    (root / "BUILD").write_text(BASE_BUILD)
    pybuild_in(root, cache, "lock", "--allow_missing_indexes")
    pybuild_in(root, cache, "//:base")
    names = []
    for one in sorted(locked(root / "trixie.lock.json"), key=lambda one: -int(one["size"])):
        if one["name"] in BASE:
            names.append(f"{one['name']}.deb")
            os.link(blob(cache, one["sha256"]), directory / names[-1])
    assert len(names) == len(BASE)
    return names


def _xz_member(deb: Path) -> bytes:
    """The data member, cut out by binutils' ar."""
    done = subprocess.run(["ar", "p", deb, "data.tar.xz"], capture_output=True, check=True)
    return done.stdout


def _convert(directory: Path, debs: list[str], mode: str, flags: tuple[str, ...], helpers: int) -> None:
    for name in debs:
        _layer(directory, name, mode, flags, helpers)


def _layer(directory: Path, name: str, mode: str, flags: tuple[str, ...], helpers: int) -> None:
    from rulesengine.ops import layer_output
    from rulesengine.ops.deb_layer import deb_layer
    from rulesengine.ops.file_context import FileContext

    layer_output.HELPERS = helpers
    words = ["--deb", name, "--compression", mode, *flags, "--layer", f"{name}.layer"]
    words += ["--metadata", f"{name}.json", "--entries", f"{name}.entries"]
    with FileContext(words, str(directory)) as context:
        deb_layer.function(context)


def _one_thread(directory: Path, debs: list[str], mode: str, flags: tuple[str, ...]) -> Cost:
    return of_call(lambda: _convert(directory, debs, mode, flags, helpers=0))


def _parallel(directory: Path, debs: list[str], jobs: int) -> None:
    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(lambda name: _layer(directory, name, "gzip", (), helpers=1), debs))


def _sizes(directory: Path, debs: list[str]) -> tuple[int, int]:
    """Bytes of our layers, and of gzip -6 of the same tars."""
    _convert(directory, debs, "gzip", (), helpers=0)
    ours = theirs = 0
    for name in debs:
        layer = (directory / f"{name}.layer").read_bytes()
        ours += len(layer)
        tar = gzip.GzipFile(fileobj=io.BytesIO(layer)).read()
        theirs += len(subprocess.run(["gzip", "-6", "-n"], input=tar, capture_output=True, check=True).stdout)
    return ours, theirs
