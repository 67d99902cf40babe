"""A second build does nothing, and a change makes again what depends on it and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from attrs import evolve

from tests.end_to_end.command import PLATFORMS, STATIC, Pybuild, blob_of, digest_of, index_of
from tests.end_to_end.conftest import Hello

pytestmark = pytest.mark.live


def layers(layout: Path) -> list[list[str]]:
    """The layers' digests of each image."""
    return [
        [layer["digest"] for layer in blob_of(layout, one["digest"])["layers"]] for one in index_of(layout)["manifests"]
    ]


def test_a_second_build_runs_nothing(hello: Hello, pybuild: Pybuild) -> None:
    # The same command may be answered from the no-op index; this one cannot.
    for arguments in ((STATIC,), ("build", "--jobs=3", STATIC)):
        summary = pybuild.good("-C", hello.root, *arguments).summary
        assert (summary.digest, summary.run) == (hello.digest, 0)
        assert summary.cached == summary.actions == hello.build.summary.actions


def test_nor_does_one_in_another_workspace_with_the_same_files(apart: tuple[Path, Pybuild], hello: Hello) -> None:
    root, pybuild = apart
    summary = pybuild.good("-C", root, STATIC).summary
    assert (summary.digest, summary.run) == (hello.digest, 0)


def test_files_that_are_touched_but_not_changed_run_nothing(apart: tuple[Path, Pybuild]) -> None:
    root, pybuild = apart
    pybuild.good("-C", root, STATIC)
    for path in (root / "base/BUILD", root / "debian/trixie.lock.json", root / "MODULE.bazel"):
        path.touch()
    assert pybuild.good("-C", root, STATIC).summary.run == 0


def test_a_changed_config_tar_remakes_its_layer_six_manifests_and_the_index(
    apart: tuple[Path, Pybuild], hello: Hello, tmp_path: Path
) -> None:
    root, pybuild = apart
    build = root / "base/BUILD"
    text = build.read_text()
    changed = text.replace("hosts: files dns", f"hosts: files dns # {tmp_path}")
    assert changed != text
    build.write_text(changed)

    summary = pybuild.good("-C", root, STATIC).summary
    assert summary.run == 1 + len(PLATFORMS) + 1
    assert summary.cached == summary.actions - summary.run
    assert summary.actions == hello.build.summary.actions

    layout = root / "pybuild-bin/base/static"
    assert digest_of(layout) == summary.digest != hello.digest
    for before, after in zip(layers(hello.layout), layers(layout), strict=True):
        assert [one == other for one, other in zip(before, after, strict=True)].count(False) == 1
    manifests = [{one["digest"] for one in index_of(where)["manifests"]} for where in (hello.layout, layout)]
    assert not manifests[0] & manifests[1]

    build.write_text(text)
    back = pybuild.good("-C", root, STATIC).summary
    assert (back.digest, back.run) == (hello.digest, 0)


def test_a_changed_setting_remakes_no_layer(apart: tuple[Path, Pybuild], hello: Hello, tmp_path: Path) -> None:
    root, pybuild = apart
    build = root / "base/BUILD"
    build.write_text(build.read_text().replace('workdir = "/home/nonroot"', f'workdir = "{tmp_path}"'))
    assert pybuild.good("-C", root, STATIC).summary.run == len(PLATFORMS) + 1
    assert layers(root / "pybuild-bin/base/static") == layers(hello.layout)


def test_outputs_that_were_removed_or_damaged_come_back(apart: tuple[Path, Pybuild], hello: Hello) -> None:
    root, pybuild = apart
    pybuild.good("-C", root, STATIC)
    layout = root / "pybuild-bin/base/static"
    (layout / "index.json").unlink()
    victim = max((layout / "blobs/sha256").iterdir(), key=lambda path: path.stat().st_size)
    victim.unlink()
    victim.write_bytes(b"something else")
    done = pybuild.good("-C", root, STATIC)
    assert done.summary.run == 0
    assert digest_of(layout) == hello.digest
    assert victim.read_bytes() == (hello.layout / "blobs/sha256" / victim.name).read_bytes()


def test_results_go_to_standard_output_when_asked(hello: Hello, pybuild: Pybuild) -> None:
    done = pybuild.good("-C", hello.root, "build", "--show_output=digests", STATIC)
    assert done.out == f"{STATIC} {hello.digest}\n"
    shown = json.loads(pybuild.good("-C", hello.root, "build", "--show_output=json", STATIC).out)
    image = shown["targets"][0]["outputs"][0]["image"]
    assert image["digest"] == hello.digest
    assert [one["platform"] for one in image["platforms"]] == list(PLATFORMS)


def test_the_no_op_index_does_not_hide_a_change_of_the_environment(
    hello: Hello, pybuild: Pybuild, tmp_path: Path
) -> None:
    """Another cache is another answer."""
    other = evolve(pybuild, cache=tmp_path / "cache")
    summary = other.good("-C", hello.root, f"--output_base={tmp_path / 'out'}", STATIC).summary
    assert summary.digest == hello.digest
    assert summary.run > 0
