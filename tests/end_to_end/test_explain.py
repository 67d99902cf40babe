"""explain --digest names the true cause: ten seeded changes of an image index, each on real builds."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import define, evolve, field

from rulesengine.model.operation import Operation, operation
from rulesengine.model.ports import OpContext
from rulesengine.workspace import Workspace
from rulesengine.workspace.explanation import Cause, Explanation
from tests.end_to_end.command import Pybuild
from tests.end_to_end.fixture_archive import _deb, index, make_archive

pytestmark = pytest.mark.oracle

IMAGE = "//app:image"

RULES = """
def _motto_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.run(outputs = [out], executable = op("motto"), arguments = ["--out", out.path, "--text", ctx.attr.text])
    return [DefaultInfo(files = depset([out]))]

motto = rule(implementation = _motto_impl, attrs = {"text": attr.string()})

def _told_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.run_shell(outputs = [out], command = "echo told $MODE > " + out.path, env = {"MODE": ctx.attr.mode})
    return [DefaultInfo(files = depset([out]))]

told = rule(implementation = _told_impl, attrs = {"mode": attr.string()})
"""

APP = """
load("//rules:defs.bzl", "motto", "told")
load("@rulesengine//files:defs.bzl", "tar")
load("@rulesengine//oci:defs.bzl", "oci_image", "oci_image_index")

config_setting(name = "loud", define_values = {"voice": "loud"})
motto(name = "motto", text = "festina lente")
told(name = "told", mode = "quiet")
tar(name = "etc", srcs = ["motd.txt", ":motto", ":told"], package_dir = "etc", compression = "gzip")
tar(name = "share", srcs = glob(["share/**"]), package_dir = "usr/share")
tar(name = "voice", content = select({":loud": {"voice": "LOUD"}, "//conditions:default": {"voice": "soft"}}))
oci_image(name = "base_one", tars = [":voice"])
oci_image(name = "base_two", tars = [":voice"], user = "1000")
oci_image(
    name = "one",
    base = ":base_one",
    tars = ["//debian:fixture/base-thing/closure", ":etc", ":share"],
    env = {"LEVEL": "1"},
)
oci_image_index(name = "image", image = ":one", platforms = ["linux/amd64", "linux/arm64/v8"])
"""

DEBIAN = """
load("@rulesengine//debian:defs.bzl", "deb_archive")
deb_archive(
    name = "fixture",
    architectures = ["amd64", "arm64"],
    keyring = "fixture.asc",
    lock = "fixture.lock.json",
    packages = ["base-thing"],
    suites = ["fixture"],
    visibility = ["//visibility:public"],
)
"""


@operation("motto", version="1")
def motto(context: OpContext) -> None:
    """Write `--text` into `--out`."""
    _, out, _, text = context.arguments
    context.write(out, text.encode())


def louder(context: OpContext) -> None:
    """The same in capitals."""
    _, out, _, text = context.arguments
    context.write(out, text.upper().encode())


@define
class Site:
    """A workspace, its archive, and what to change between two builds."""

    root: Path
    cache: Path
    archive: Path
    operations: tuple[Operation, ...] = (motto,)
    how: dict[str, Any] = field(factory=dict)

    @property
    def workspace(self) -> Workspace:
        return Workspace(self.root, cache=self.cache, operations=self.operations, mirrors=[f"debian={self.archive}"])

    def edit(self, path: str, old: str, new: str) -> None:
        file = self.root / path
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))

    def digest(self) -> str:
        image = self.workspace.build(IMAGE, **self.how).targets[0].image
        assert image is not None
        return str(image.digest)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Site:
    base = tmp_path_factory.mktemp("explain")
    (base / "archive").mkdir()
    site = Site(base / "root", base / "cache", make_archive(base / "archive"))
    files = {
        "MODULE.bazel": "", "rules/BUILD": "", "rules/defs.bzl": RULES, "app/BUILD": APP, "debian/BUILD": DEBIAN,
        "app/motd.txt": "hello\n", "app/share/a.txt": "a\n",
    }  # fmt: skip
    for path, text in files.items():
        (site.root / path).parent.mkdir(parents=True, exist_ok=True)
        (site.root / path).write_text(text)
    shutil.copy(site.archive / "key.asc", site.root / "debian/fixture.asc")
    site.workspace.lock()
    site.digest()
    return site


@pytest.fixture
def site(first: Site, tmp_path: Path) -> Iterator[Site]:
    """The workspace as it was first, with all that was built in it before."""
    kept = shutil.copytree(first.root, tmp_path / "kept", ignore=shutil.ignore_patterns("pybuild-bin"))
    yield evolve(first, how={})
    for path in ("app", "rules", "debian"):
        shutil.rmtree(first.root / path)
        shutil.copytree(kept / path, first.root / path)


def bump(site: Site) -> None:
    """The archive gets a newer package, and the lock file follows."""
    _deb(site.archive, "base-thing", "1.1", "all", {"usr/share/thing/read.me": "new\n"}, "Depends: lib-thing (>= 1:1)")
    index(site.archive)
    site.workspace.lock(update=True)


CASES: dict[str, tuple[Callable[[Site], object], Cause]] = {
    "source edit": (
        lambda site: site.edit("app/motd.txt", "hello", "good day"),
        Cause("source", "app/motd.txt"),
    ),
    "rule change": (
        lambda site: site.edit("rules/defs.bzl", "echo told", "echo said"),
        Cause("rule", "told, implemented in rules/defs.bzl", place="rules/defs.bzl", label="//app:told"),
    ),
    "operation's version": (
        lambda site: setattr(site, "operations", (Operation("motto", "2", louder),)),
        Cause("op", "motto", "1", "2", label="//app:motto"),
    ),
    "platform": (
        lambda site: site.edit("app/BUILD", ', "linux/arm64/v8"]', "]"),
        Cause("platform", "platforms", '["linux/arm64/v8"]', "", "app/BUILD:20", IMAGE),
    ),
    "environment of an action": (
        lambda site: site.edit("app/BUILD", '"quiet"', '"frank"'),
        Cause("environment", "MODE", "quiet", "frank", "app/BUILD:8", "//app:told"),
    ),
    "environment of the image": (
        lambda site: site.edit("app/BUILD", '"LEVEL": "1"', '"LEVEL": "2"'),
        Cause("environment", "LEVEL", "1", "2", "app/BUILD:14", "//app:one"),
    ),
    "flag": (
        lambda site: site.how.update(defines=["voice=loud"]),
        Cause("flag", "--define=voice", "", "loud"),
    ),
    "base image": (
        lambda site: site.edit("app/BUILD", 'base = ":base_one"', 'base = ":base_two"'),
        Cause("base image", "base", "//app:base_one", "//app:base_two", "app/BUILD:14", "//app:one"),
    ),
    "added file": (
        lambda site: (site.root / "app/share/b.txt").write_text("b\n"),
        Cause("added", "app/share/b.txt", place="app/BUILD:10, srcs: a glob takes it in", label="//app:share"),
    ),
    "compressor": (
        lambda site: site.edit("app/BUILD", 'compression = "gzip"', 'compression = "zstd"'),
        Cause("compressor", "compression", "gzip", "zstd", "app/BUILD:9", "//app:etc"),
    ),
    "lock bump": (bump, Cause("lock", "base-thing (all)", "1.0", "1.1", label="//debian:fixture/base-thing")),
}


def explained(site: Site, change: Callable[[Site], object]) -> Explanation:
    old = site.digest()
    change(site)
    new = site.digest()
    assert old != new
    return site.workspace.explain_digest(old, new)


@pytest.mark.parametrize("name", CASES)
def test_names_the_true_cause(site: Site, name: str) -> None:
    change, wanted = CASES[name]
    found = explained(site, change)
    causes = list(found.causes)
    if wanted.kind == "source":
        causes = [evolve(one, old="", new="") for one in causes]
    if wanted.kind == "lock":
        assert all(one.place.startswith("debian/fixture.lock.json:") for one in causes), found.text()
        causes = [evolve(one, place="") for one in causes if one.what != "snapshot"]
    assert wanted in causes, found.text()
    if name == "environment of an action":
        causes = [one for one in causes if one.kind != "attribute"]
    assert len(causes) == 1, found.text()
    assert json.loads(found.json())["causes"][0]["kind"] in (wanted.kind, "attribute")


def test_two_platforms_are_two_platforms(site: Site) -> None:
    """The same target for another platform."""
    site.how["platform"] = "linux/amd64"
    one = site.workspace.build("//app:one", platform="linux/amd64").targets[0].image
    other = site.workspace.build("//app:one", platform="linux/arm64").targets[0].image
    assert one is not None
    assert other is not None
    found = site.workspace.explain_digest(str(one.digest), str(other.digest)[:19])
    assert Cause("platform", "--platforms", "linux/amd64", "linux/arm64/v8") in found.causes, found.text()


def test_layouts_layers_and_what_is_not_known(site: Site, tmp_path: Path) -> None:
    old = site.digest()
    kept = shutil.copytree(site.root / "pybuild-bin/app/image", tmp_path / "old")
    site.edit("app/motd.txt", "hello", "bye")
    new = site.digest()
    run = Pybuild(site.cache, tmp_path)
    done = run.good("-C", site.root, "explain", "--digest", kept, site.root / "pybuild-bin/app/image")
    assert "source file edited: app/motd.txt" in done.out
    assert "image index of //app:image" in done.out
    assert run.good("-C", site.root, "explain", "--digest", old, new, IMAGE).out == done.out
    run.fails(2, "-C", site.root, "explain", "--digest", old, "ffffffff", says=["ffffffff", "history"])
    run.fails(2, "-C", site.root, "explain", "--digest", old, says=["two digests"])
    run.fails(2, "-C", site.root, "explain", "--digest", old, "nonsense", says=["neither a digest"])
    layers = []
    for layout in (kept, site.root / "pybuild-bin/app/image"):
        manifests = json.loads((layout / "index.json").read_text())["manifests"]
        document = json.loads((layout / "blobs" / manifests[0]["digest"].replace(":", "/")).read_text())
        manifest = json.loads((layout / "blobs" / document["manifests"][0]["digest"].replace(":", "/")).read_text())
        layers.append([one["digest"] for one in manifest["layers"]])
    (pair,) = [pair for pair in zip(*layers, strict=True) if pair[0] != pair[1]]
    found = site.workspace.explain_digest(*pair)
    assert [one.what for one in found.causes] == ["app/motd.txt"], found.text()
    assert found.changes[0].label == "//app:etc"
