"""The validator: a good layout is valid, and every single mutation of it is found."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from collections.abc import Callable
from typing import Any, BinaryIO

import pytest

from rulesengine.oci.validate import Finding, validate_layout
from tests.oracles.layouts import CONFIG, INDEX, LAYER_GZIP, MANIFEST, Layout, decompress, good_layout, sha256


def findings(layout: Layout, **options: Any) -> list[Finding]:
    return validate_layout(layout.open, layout.files, decompress, **options)


def test_a_good_layout_has_no_findings() -> None:
    assert findings(good_layout()) == []


BLOBS = sorted(path for path in good_layout().files if path.startswith("blobs/"))


@pytest.mark.parametrize("number", range(len(BLOBS)))
@pytest.mark.parametrize("place", [0, 0.5, -1])
def test_a_flipped_byte_in_any_blob_is_found(number: int, place: float) -> None:
    layout = good_layout()
    path = BLOBS[number]
    data = bytearray(layout.files[path])
    data[int(len(data) * place) if place >= 0 else -1] ^= 1
    layout.files[path] = bytes(data)
    found = findings(layout)
    digest = path.removeprefix("blobs/").replace("/", ":")
    assert any(f"blob {digest} has the digest sha256:" in one.message for one in found), found


@pytest.mark.parametrize("path", BLOBS)
def test_a_missing_blob_is_found(path: str) -> None:
    layout = good_layout()
    del layout.files[path]
    digest = path.removeprefix("blobs/").replace("/", ":")
    assert any(one.message == f"blob {digest} is missing" for one in findings(layout))


@pytest.mark.parametrize("path", BLOBS)
@pytest.mark.parametrize("change", ["short", "long"])
def test_a_blob_of_another_length_is_found(path: str, change: str) -> None:
    layout = good_layout()
    data = layout.files[path]
    layout.files[path] = data[:-1] if change == "short" else data + b"\0"
    expected = "ends 1 bytes before its stated size" if change == "short" else "is longer than its stated size"
    assert any(expected in one.message for one in findings(layout))


class Mutated:
    """A good layout whose documents can be edited with everything above them made right again."""

    def __init__(self) -> None:
        self.layout = good_layout()
        self.top = json.loads(self.layout.files["index.json"])
        self.index = self.layout.load(self.top["manifests"][0])
        self.manifests = [self.layout.load(one) for one in self.index["manifests"]]
        self.configs = [self.layout.load(one["config"]) for one in self.manifests]

    def rebuild(self) -> Layout:
        out = Layout()
        for path, data in self.layout.files.items():
            layers = [one["digest"] for manifest in self.manifests for one in manifest["layers"]]
            if path.removeprefix("blobs/").replace("/", ":") in layers:
                out.files[path] = data
        for number, config in enumerate(self.configs):
            manifest, entry = self.manifests[number], self.index["manifests"][number]
            manifest["config"].update(out.document(config, manifest["config"]["mediaType"]))
            entry.update(out.document(manifest, entry["mediaType"]))
        self.top["manifests"][0].update(out.document(self.index, self.top["manifests"][0]["mediaType"]))
        out.root(*self.top["manifests"])
        return out


def test_the_mutation_helper_itself_changes_nothing() -> None:
    assert findings(Mutated().rebuild()) == []


ROOT = "index.json > manifests[0]"
FIRST = f"{ROOT} > manifests[0] linux/amd64"
SECOND = f"{ROOT} > manifests[1] linux/arm64/v8"


def _set(target: Callable[[Mutated], Any], name: Any, value: Any) -> Callable[[Mutated], None]:
    def change(mutated: Mutated) -> None:
        target(mutated)[name] = value

    return change


def _drop(target: Callable[[Mutated], Any], name: str) -> Callable[[Mutated], None]:
    def change(mutated: Mutated) -> None:
        del target(mutated)[name]

    return change


def _swap_layers(mutated: Mutated) -> None:
    mutated.manifests[0]["layers"].reverse()


def _second_platform_again(mutated: Mutated) -> None:
    mutated.index["manifests"].append(mutated.index["manifests"][1])


MUTATIONS: dict[str, tuple[Callable[[Mutated], None], str, str]] = {
    "diff_id": (
        _set(lambda m: m.configs[0]["rootfs"]["diff_ids"], 1, "sha256:" + "0" * 64),
        f"{FIRST} > config > rootfs.diff_ids[1]",
        "states sha256:000",
    ),
    "diff_id missing": (
        lambda m: m.configs[0]["rootfs"]["diff_ids"].pop(),
        f"{FIRST} > config",
        "1 diff_ids for 2 layers",
    ),
    "layers swapped": (_swap_layers, f"{FIRST} > config > rootfs.diff_ids[0]", "the layer is"),
    "layer size": (
        _set(lambda m: m.manifests[1]["layers"][1], "size", 7),
        f"{SECOND} > layers[1]",
        "is longer than its stated size of 7 bytes",
    ),
    "shared layer, two sizes": (
        _set(lambda m: m.manifests[1]["layers"][0], "size", 7),
        f"{SECOND} > layers[0]",
        "states 7 bytes where another descriptor states",
    ),
    "layer media type": (
        _set(lambda m: m.manifests[0]["layers"][0], "mediaType", "application/x-tar"),
        f"{FIRST} > layers[0]",
        "unexpected media type 'application/x-tar'",
    ),
    "layer said to be a plain tar": (
        _set(lambda m: m.manifests[0]["layers"][1], "mediaType", LAYER_GZIP.removesuffix("+gzip")),
        f"{FIRST} > config > rootfs.diff_ids[1]",
        "the layer is",
    ),
    "architecture": (
        _set(lambda m: m.configs[1], "architecture", "s390x"),
        f"{SECOND} > config",
        "is for linux/s390x/v8, its entry in the index for linux/arm64/v8",
    ),
    "variant": (
        _set(lambda m: m.configs[1], "variant", "v9"),
        f"{SECOND} > config",
        "is for linux/arm64/v9",
    ),
    "os": (_set(lambda m: m.configs[0], "os", "windows"), f"{FIRST} > config", "is for windows/amd64"),
    "entry without variant": (
        _drop(lambda m: m.index["manifests"][1]["platform"], "variant"),
        f"{ROOT} > manifests[1]",
        "lacks its variant",
    ),
    "entry without platform": (
        _drop(lambda m: m.index["manifests"][0], "platform"),
        f"{ROOT} > manifests[0]",
        "no platform",
    ),
    "platform twice": (
        _second_platform_again,
        f"{ROOT} > manifests[2]",
        "is manifests[1]'s as well",
    ),
    "history": (
        lambda m: m.configs[0]["history"].pop(),
        f"{FIRST} > config",
        "history tells of 1 layers, diff_ids of 2",
    ),
    "created": (
        _set(lambda m: m.configs[0], "created", "yesterday"),
        f"{FIRST} > config",
        "'yesterday' is not an RFC 3339 time such as 2025-08-09T00:00:00Z @ $.created",
    ),
    "rootfs type": (
        _set(lambda m: m.configs[0]["rootfs"], "type", "squashfs"),
        f"{FIRST} > config",
        "'squashfs' is not 'layers' @ $.rootfs.type",
    ),
    "no rootfs": (_drop(lambda m: m.configs[0], "rootfs"), f"{FIRST} > config", "missing @ $.rootfs"),
    "manifest's own media type": (
        _set(lambda m: m.manifests[0], "mediaType", INDEX),
        FIRST,
        "is not the media type of an image manifest @ $.mediaType",
    ),
    "index's own media type": (
        _set(lambda m: m.index, "mediaType", MANIFEST),
        ROOT,
        "is not the media type of an image index @ $.mediaType",
    ),
    "schema version": (_set(lambda m: m.manifests[0], "schemaVersion", 1), FIRST, "1 is not 2 @ $.schemaVersion"),
    "entry media type": (
        _set(lambda m: m.index["manifests"][0], "mediaType", CONFIG),
        FIRST,
        "unexpected media type",
    ),
    "index taken for a manifest": (
        _set(lambda m: m.top["manifests"][0], "mediaType", MANIFEST),
        ROOT,
        "is not the media type of an image manifest @ $.mediaType",
    ),
    "config media type": (
        _set(lambda m: m.manifests[0]["config"], "mediaType", "application/vnd.oci.empty.v1+json"),
        FIRST,
        "needs an artifactType",
    ),
    "annotation is no string": (
        _set(lambda m: m.manifests[0], "annotations", {"a": 1}),
        FIRST,
        "1 is not a string @ $.annotations['a']",
    ),
    "label is no string": (
        _set(lambda m: m.configs[0]["config"], "Labels", {"a": []}),
        f"{FIRST} > config",
        "an array is not a string @ $.config.Labels['a']",
    ),
    "data field": (
        _set(lambda m: m.manifests[0]["config"], "data", base64.b64encode(b"{}").decode()),
        f"{FIRST} > config",
        "its data field is not the content",
    ),
    "second entry of index.json": (
        lambda m: m.top["manifests"].append(m.index["manifests"][0]),
        "index.json",
        "has 2 entries, not one",
    ),
    "no entry of index.json": (lambda m: m.top["manifests"].clear(), "index.json", "has 0 entries, not one"),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_every_mutation_is_found_where_it_is(name: str) -> None:
    change, path, message = MUTATIONS[name]
    mutated = Mutated()
    if name == "no entry of index.json":
        layout = mutated.rebuild()
        layout.root()
    else:
        # a size that is edited survives rebuild(), everything else above it is made right
        change(mutated)
        layout = mutated.rebuild()
    found = findings(layout)
    assert any(one.path.startswith(path) and message in one.message for one in found), found


def test_digest_of_another_algorithm() -> None:
    layout = Layout()
    data = b"{}"
    hexadecimal = hashlib.sha512(data).hexdigest()
    layout.files[f"blobs/sha512/{hexadecimal}"] = data
    entry = {"mediaType": MANIFEST, "digest": f"sha512:{hexadecimal}", "size": 2}
    layout.root(entry)
    assert [str(one) for one in findings(layout)] == [
        f"{ROOT}: required key is missing @ $.config",
        f"{ROOT}: required key is missing @ $.layers",
    ]
    layout.root({**entry, "digest": f"blake3:{hexadecimal}"})
    assert "unknown algorithm 'blake3'" in str(findings(layout)[0])


@pytest.mark.parametrize(
    ("path", "data", "message"),
    [
        ("oci-layout", None, "oci-layout: is missing"),
        ("oci-layout", b'{"imageLayoutVersion":"2.0.0"}', "not 1.0.0"),
        ("oci-layout", b"{}", "required key is missing @ $.imageLayoutVersion"),
        ("oci-layout", b"nonsense", "is not JSON"),
        ("index.json", None, "index.json: is missing"),
        ("index.json", b"{", "is not JSON"),
        ("index.json", b'{"schemaVersion":2}', "required key is missing @ $.manifests"),
        ("index.json", b" " * (4 << 20) + b"{}", "is longer than"),
        ("blobs/sha256/" + "0" * 64, b"stray", "no descriptor refers to this blob"),
    ],
)
def test_the_layouts_own_files(path: str, data: bytes | None, message: str) -> None:
    layout = good_layout()
    if data is None:
        del layout.files[path]
    else:
        layout.files[path] = data
    assert any(message in str(one) for one in findings(layout))


def test_files_that_the_specification_does_not_know_are_tolerated() -> None:
    layout = good_layout()
    layout.files["manifest.json"] = b"[]"
    assert findings(layout) == []


def test_damage_inside_a_layer_whose_digest_is_right() -> None:
    mutated = Mutated()
    data = mutated.layout.files["blobs/" + mutated.manifests[0]["layers"][1]["digest"].replace(":", "/")][:-9]
    mutated.layout.files["blobs/" + sha256(data).replace(":", "/")] = data
    mutated.manifests[0]["layers"][1] = {"mediaType": LAYER_GZIP, "digest": sha256(data), "size": len(data)}
    found = findings(mutated.rebuild())
    assert [one.path for one in found] == [f"{FIRST} > layers[1]"]
    assert "is not a good gzip stream" in found[0].message


def test_nested_indexes_end_somewhere() -> None:
    layout = Layout()
    below = layout.document({"schemaVersion": 2, "manifests": []}, INDEX)
    for _ in range(12):
        below = layout.document({"schemaVersion": 2, "manifests": [below]}, INDEX)
    layout.root(below)
    assert any("nest deeper than 8" in one.message for one in findings(layout))


class _Counting(io.BytesIO):
    taken = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        _Counting.taken += len(data)
        return data


def test_no_more_than_one_byte_past_the_stated_size_is_read() -> None:
    mutated = Mutated()
    layer = mutated.manifests[0]["layers"][1]
    path = "blobs/" + layer["digest"].replace(":", "/")
    layout = mutated.rebuild()
    layout.files[path] += b"\0" * 10_000_000

    def opened(name: str) -> BinaryIO:
        return _Counting(layout.files[name]) if name == path else layout.open(name)

    _Counting.taken = 0
    found = validate_layout(opened, layout.files, decompress)
    assert any("is longer than its stated size" in one.message for one in found)
    assert _Counting.taken == layer["size"] + 1


def test_a_shared_layer_is_decompressed_once() -> None:
    layout = good_layout()
    calls: list[str] = []

    def counted(stream: BinaryIO, compression: str) -> Any:
        calls.append(compression)
        return decompress(stream, compression)

    assert validate_layout(layout.open, layout.files, counted) == []
    assert calls == ["gzip"] * 3
