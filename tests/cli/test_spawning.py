"""Flags that say how processes run, and what they say of values that do not read."""

from __future__ import annotations

import os
from typing import Any

import pytest

from rulesengine.cli.flags import flags_of
from rulesengine.cli.spawning import amount, jobs, spawning
from rulesengine.errors import UsageError
from rulesengine.execution.sandbox import probe
from rulesengine.workspace.spawning import strategy
from tests.cli.conftest import Space


def options(**given: object) -> dict[str, Any]:
    defaults = {
        name: flag.default or [] if flag.kind == "list" else flag.default for name, flag in flags_of("build").items()
    }
    return {**defaults, **given}


def test_defaults() -> None:
    one = spawning(options())
    assert (one.strategies, one.mounts, one.network, one.processes, one.memory, one.tests) == (
        {},
        (),
        False,
        2048,
        0,
        0,
    )


def test_values() -> None:
    one = spawning(
        options(
            strategy=["Genrule=local", "auto"], sandbox_add_mount_pair=["/etc", "/usr:/opt/usr"],
            sandbox_tmpfs_path=["/a/../b"], sandbox_memory_limit="2G", sandbox_file_size_limit="3k",
            local_resources=["cpu=3", "gpu=2"], local_ram_resources="512", local_test_jobs="1",
        )
    )  # fmt: skip
    assert one.strategies == {"Genrule": "local", "": "auto"}
    assert one.mounts == (("/etc", "/etc"), ("/usr", "/opt/usr"))
    assert (one.empty, one.memory, one.file_size, one.tests) == (("/b",), 2 << 30, 3072, 1)
    assert one.resources == {"cpu": 3, "gpu": 2, "memory": 512}


def test_amounts_of_the_machine() -> None:
    cores = len(os.sched_getaffinity(0))
    assert amount("HOST_CPUS", "-j") == cores
    assert amount("HOST_CPUS*.5", "-j") == cores / 2
    assert amount("HOST_CPUS-1", "-j") == cores - 1
    assert amount("HOST_RAM*0.5", "-j") > 100
    assert jobs("auto") is None
    assert jobs("HOST_CPUS*2") == 2 * cores
    assert jobs("HOST_CPUS*.001") == 1


@pytest.mark.parametrize(
    "words, wanted",
    [
        ("sandboxed", True), ("linux-sandbox", True), ("local", False), ("standalone", False), ("auto", None),
        ("sandboxed,local", None), ("worker,linux-sandbox", True), ("remote,worker,standalone", False),
    ],
)  # fmt: skip
def test_strategies(words: str, wanted: bool | None) -> None:
    assert strategy(words) is wanted


@pytest.mark.parametrize(
    "given",
    [
        {"strategy": ["Genrule=docker-ish"]}, {"strategy": ["worker"]}, {"local_resources": ["cpu"]},
        {"local_resources": ["cpu=many"]}, {"sandbox_memory_limit": "2X"}, {"sandbox_tmpfs_path": ["relative"]},
        {"sandbox_add_mount_pair": ["/no/such/path"]}, {"local_test_jobs": "x"},
    ],
)  # fmt: skip
def test_values_that_do_not_read(given: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        spawning(options(**given))


@pytest.mark.skipif(not probe().program, reason=probe().reason or "bubblewrap works")
def test_they_reach_the_action(space: Space) -> None:
    space.write(
        "s/BUILD", 'genrule(name = "where", outs = ["w"], cmd = "pwd > $@; ls /shown >> $@ 2>/dev/null || true")\n'
    )
    space.write("shown/file", "")

    done = space.run("build", f"--sandbox_add_mount_pair={space.root}/shown:/shown", "//s:where")
    assert done.returncode == 0, done.stderr
    assert (space.root / "pybuild-bin/s/w").read_text().split() == ["/execroot", "file"]
    space.write("s/BUILD", 'genrule(name = "where", outs = ["w"], cmd = "pwd > $@; # again")\n')
    assert space.run("build", "--strategy=Genrule=local", "//s:where").returncode == 0
    assert (space.root / "pybuild-bin/s/w").read_text() != "/execroot\n"
    assert space.run("build", "--spawn_strategy=nonsense", "//s:where").returncode == 2
