"""Operations `image` and `image_index`: layouts put together from digests."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from rulesengine.errors import AttributeValueError, ExecutionError, OciError, RulesEngineError
from rulesengine.model.digest import Digest
from rulesengine.oci.validate import validate_layout
from rulesengine.ops.image import image
from rulesengine.ops.image_index import image_index
from rulesengine.ops.layouts import layer_decompressor
from tests.oracles.layouts import (
    CONFIG,
    INDEX,
    LAYER_GZIP,
    MANIFEST,
    Layout,
    good_layout,
    sha256,
    tar_gzip,
)
from tests.oracles.layouts import image as base_image
from tests.oracles.oci_schemas import OciSchemas
from tests.oracles.op_context import MemoryContext, run_op
from tests.oracles.tools import run, tool

# A layer whose bytes depend on nothing (a plain tar of no entries), so that the goldens below do not either.
EMPTY_TAR = bytes(10240)
TAR = "application/vnd.oci.image.layer.v1.tar"

GOLDENS = {
    "image@1": "sha256:22fed5f45ac793eceeae7990f91b086f00a5693a9d5b3599f0bbba9dec0c773d",
    "image_index@1": "sha256:04f99e654201ba23356fcf077f21d9e4d3fdc68a65de35208302f8cc78319eed",
}


def metadata(blob: bytes, diff_id: str, media_type: str = LAYER_GZIP, **more: Any) -> bytes:
    document = {"mediaType": media_type, "digest": sha256(blob), "size": len(blob), "diffId": diff_id, **more}
    return json.dumps(document).encode()


LAYER, DIFF_ID = tar_gzip({"etc/": b"", "etc/passwd": b"root:x:0:0:root:/root:/sbin/nologin\n"})
INPUTS: dict[str, Any] = {
    "a.tar.gz": LAYER,
    "a.json": metadata(LAYER, DIFF_ID),
    "b.tar": EMPTY_TAR,
    "b.json": metadata(EMPTY_TAR, sha256(EMPTY_TAR), TAR),
}
LAYERS = ("--layer", "a.tar.gz", "--metadata", "a.json", "--layer", "b.tar", "--metadata", "b.json")


def make(inputs: dict[str, Any] | None = None, *arguments: str, **config: Any) -> MemoryContext:
    config.setdefault("platform", "linux/amd64")
    return run_op(
        image,
        inputs if inputs is not None else INPUTS,
        *(arguments or LAYERS),
        "--config",
        json.dumps(config),
        "--out",
        "o",
    )


def documents(context: MemoryContext) -> tuple[dict[str, Any], dict[str, Any]]:
    """(manifest, config) of the single image in output `o`."""
    files = context.tree_bytes("o")

    def load(descriptor: dict[str, Any]) -> Any:
        return json.loads(files["blobs/" + descriptor["digest"].replace(":", "/")])

    manifest = load(json.loads(files["index.json"])["manifests"][0])
    return manifest, load(manifest["config"])


def check(files: dict[str, bytes]) -> None:
    assert validate_layout(lambda path: io.BytesIO(files[path]), files, layer_decompressor()) == []


def test_an_image_is_valid_and_reads_no_layer() -> None:
    context = make(
        env={"PATH": "/bin", "X": "1"},
        user="65532:65532",
        workdir="/home/nonroot",
        entrypoint=["/app"],
        cmd=["-v"],
        labels={"b": "2", "a": "1"},
        annotations={"org.opencontainers.image.source": "https://example.org"},
        exposed_ports=["8080", "53/udp"],
        volumes=["/data"],
        stop_signal="int",
        created="20250809T010203Z",
        author="me",
    )
    check(context.tree_bytes("o"))
    assert Digest.of(LAYER) not in context.read_blobs
    assert Digest.of(EMPTY_TAR) not in context.read_blobs
    manifest, config = documents(context)
    assert [one["digest"] for one in manifest["layers"]] == [sha256(LAYER), sha256(EMPTY_TAR)]
    assert manifest["annotations"] == {"org.opencontainers.image.source": "https://example.org"}
    assert config == {
        "architecture": "amd64",
        "author": "me",
        "config": {
            "Cmd": ["-v"],
            "Entrypoint": ["/app"],
            "Env": ["PATH=/bin", "X=1"],
            "ExposedPorts": {"53/udp": {}, "8080/tcp": {}},
            "Labels": {"a": "1", "b": "2"},
            "StopSignal": "SIGINT",
            "User": "65532:65532",
            "Volumes": {"/data": {}},
            "WorkingDir": "/home/nonroot",
        },
        "created": "2025-08-09T01:02:03Z",
        "history": [{"created": "2025-08-09T01:02:03Z"}] * 2,
        "os": "linux",
        "rootfs": {"diff_ids": [DIFF_ID, sha256(EMPTY_TAR)], "type": "layers"},
    }


def test_the_schemas_take_an_image(oci_schemas: OciSchemas, tmp_path: Path) -> None:
    layout = Layout()
    layout.files = make(env=["A=b"], volumes=["/v"]).tree_bytes("o")
    assert len(oci_schemas.validate_layout(layout.write(tmp_path))) == 4


def _golden_image() -> MemoryContext:
    return make(
        {key: INPUTS[key] for key in ("b.tar", "b.json")},
        *LAYERS[4:],
        "--created_by",
        "//base:tmp",
        platform={"os": "linux", "architecture": "arm", "variant": "v7"},
        env={"PATH": "/bin", "B": "ü", "A": "$PATH:/x"},
        labels={"b": "2", "a": "1"},
        entrypoint=["/app"],
    )


def test_golden_bytes_of_an_image() -> None:
    index = json.loads(_golden_image().tree_bytes("o")["index.json"])
    assert index["manifests"][0]["platform"] == {"os": "linux", "architecture": "arm", "variant": "v7"}
    assert index["manifests"][0]["digest"] == GOLDENS[image.key], "bytes changed: raise the operation's version"


def test_golden_bytes_of_an_index() -> None:
    plain = make({key: INPUTS[key] for key in ("b.tar", "b.json")}, *LAYERS[4:], platform="linux/s390x")
    inputs = {"x": plain.tree_bytes("o"), "arm": _golden_image().tree_bytes("o")}
    context = run_op(image_index, inputs, "--image", "x", "--image", "arm", "--annotations", '{"k":"v"}', "--out", "o")
    entry = json.loads(context.tree_bytes("o")["index.json"])["manifests"][0]
    assert entry["digest"] == GOLDENS[image_index.key], "bytes changed: raise the operation's version"


def test_the_order_of_settings_does_not_matter_but_that_of_env_and_layers_does() -> None:
    def root(**config: Any) -> bytes:
        return make(**config).tree_bytes("o")["index.json"]

    assert root(labels={"a": "1", "b": "2"}, volumes=["/x", "/y"]) == root(
        volumes=["/y", "/x"], labels={"b": "2", "a": "1"}
    )
    assert root(env={"A": "1", "B": "2"}) != root(env={"B": "2", "A": "1"})
    assert make(None, *LAYERS).tree_bytes("o") != make(None, *LAYERS[4:], *LAYERS[:4]).tree_bytes("o")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"env": ["NOVALUE"]}, "attribute 'env': 'NOVALUE' has no '='"),
        ({"env": ["=x"]}, "attribute 'env': '' is not a variable's name"),
        ({"env": ["A=1", "A=2"]}, "attribute 'env': variable 'A' is given twice"),
        ({"env": {"A": 1}}, "attribute 'env': the value of 'A' is 1, not a string"),
        ({"env": {"A=B": "1"}}, "attribute 'env': 'A=B' is not a variable's name"),
        ({"env": {"A": "x\0"}}, "holds a NUL character"),
        ({"env": {"A": "${NOPE}"}}, "'A' refers to ${NOPE}, which neither the base nor an entry before it sets"),
        ({"env": {"PATHS": "/x", "A": "$PATH"}}, "did you mean 'PATHS'?"),
        ({"env": "A=1"}, "attribute 'env': 'A=1' is not a list of strings"),
        ({"user": "root:root:root"}, "attribute 'user': 'root:root:root' is not a user"),
        ({"user": "a b"}, "attribute 'user': 'a b' is not a user"),
        ({"user": 65532}, "attribute 'user': 65532 is not a string"),
        ({"user": "4294967295"}, "larger than any user or group number"),
        ({"workdir": "home"}, "attribute 'workdir': 'home' is not an absolute path"),
        ({"entrypoint": "/app"}, "attribute 'entrypoint': '/app' is not a list of strings"),
        ({"cmd": ["a", 1]}, "attribute 'cmd': 1 is not a string"),
        ({"labels": {"a": 1}}, "attribute 'labels': the value of 'a' is 1, not a string"),
        ({"labels": {"": "x"}}, "attribute 'labels': a key is empty"),
        ({"labels": ["a=b"]}, "attribute 'labels': ['a=b'] is not a dictionary of strings"),
        ({"annotations": {"a": None}}, "attribute 'annotations': the value of 'a' is None, not a string"),
        ({"annotations": {"a": "\ud800"}}, "is not Unicode text"),
        ({"exposed_ports": ["0"]}, "attribute 'exposed_ports': '0': a port is a number from 1 to 65535"),
        ({"exposed_ports": ["65536/tcp"]}, "a port is a number from 1 to 65535"),
        ({"exposed_ports": ["80/icmp"]}, "the protocol is tcp, udp or sctp"),
        ({"exposed_ports": ["http"]}, "'http' is not a port"),
        ({"exposed_ports": ["80", "80/tcp"]}, "'80/tcp' is given twice"),
        ({"volumes": ["data"]}, "attribute 'volumes': 'data' is not an absolute path"),
        ({"stop_signal": "SIGTREM"}, "did you mean 'SIGTERM'"),
        ({"stop_signal": "99"}, "99 is not a signal's number"),
        ({"stop_signal": "SIGRTMIN+31"}, "is not a signal"),
        ({"created": "yesterday"}, "attribute 'created': 'yesterday' is not an RFC 3339 time"),
        ({"created": "20251399T000000Z"}, "attribute 'created': '20251399T000000Z' is not a time"),
        ({"created": 10**20}, "attribute 'created': 100000000000000000000 is not a time"),
        ({"platform": "amd64"}, "bad platform 'amd64'"),
        ({"platform": {"arch": "x"}}, "attribute 'platform'"),
        ({"entrypont": ["x"]}, "did you mean 'entrypoint'?"),
    ],
)
def test_bad_settings_name_their_attribute(config: dict[str, Any], message: str) -> None:
    with pytest.raises((AttributeValueError, OciError)) as caught:
        make(**config)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("config", "path", "value"),
    [
        ({"user": "nonroot:65532"}, "User", "nonroot:65532"),
        ({"stop_signal": "SIGRTMIN+3"}, "StopSignal", "SIGRTMIN+3"),
        ({"stop_signal": "15"}, "StopSignal", "15"),
        ({"env": {"A": "$$HOME $", "B": "${A}x$A"}}, "Env", ["A=$HOME $", "B=$HOME $x$HOME $"]),
        ({"env": ["A=b=c"]}, "Env", ["A=b=c"]),
        ({"env": {"A": ""}}, "Env", ["A="]),
    ],
)
def test_good_settings(config: dict[str, Any], path: str, value: object) -> None:
    assert documents(make(**config))[1]["config"][path] == value


def test_a_layer_and_its_metadata_must_agree() -> None:
    with pytest.raises(OciError, match=r"a\.json tells of sha256:.* but layer a\.tar\.gz is sha256:"):
        make({**INPUTS, "a.tar.gz": LAYER + b"x"})
    with pytest.raises(OciError, match=r"a\.json: 'text/plain' is not the media type of a layer @ \$\.mediaType"):
        make({**INPUTS, "a.json": metadata(LAYER, DIFF_ID, "text/plain")})
    with pytest.raises(OciError, match=r"a\.json: 'nonsense' is not a digest .* @ \$\.diffId"):
        make({**INPUTS, "a.json": metadata(LAYER, "nonsense")})
    with pytest.raises(ExecutionError, match=r"layer a\.tar\.gz has no --metadata"):
        make(None, "--layer", "a.tar.gz")
    with pytest.raises(ExecutionError, match="--metadata does not follow a --layer of its own"):
        make(None, "--metadata", "a.json")
    with pytest.raises(ExecutionError, match="unknown flag --layers"):
        make(None, *LAYERS, "--layers", "x")
    with pytest.raises(ExecutionError, match="an image without a base needs a platform"):
        make(platform=None)


# ---- bases ------------------------------------------------------------------


def on_base(base: dict[str, bytes], *, layers: tuple[str, ...] = LAYERS[:4], **config: Any) -> MemoryContext:
    return make({**INPUTS, "base": base}, *layers, "--base", "base", **config)


def test_an_image_inherits_its_base() -> None:
    base = Layout()
    own = tar_gzip({"base": b"1"})
    entry = base_image(
        base,
        {"os": "linux", "architecture": "amd64"},
        [own],
        author="them",
        created="2024-01-01T00:00:00Z",
        config={
            "Env": ["PATH=/bin:/usr/bin", "KEEP=1"],
            "Entrypoint": ["/base"],
            "Cmd": ["args"],
            "Labels": {"a": "base", "b": "base"},
            "ExposedPorts": {"1/tcp": {}},
            "Healthcheck": {"Test": ["NONE"]},
            "User": "1",
        },
        history=[
            {"created": "2024-01-01T00:00:00Z", "created_by": "ENV x", "empty_layer": True},
            {"created": "2024-01-01T00:00:00Z", "created_by": "COPY base"},
        ],
    )
    base.root(entry)
    context = on_base(
        base.files,
        env={"PATH": "$PATH:/busybox", "NEW": "${KEEP}2"},
        entrypoint=["/busybox/sh"],
        labels={"b": "mine"},
        exposed_ports=["2"],
    )
    check(context.tree_bytes("o"))
    assert Digest.of(own[0]) not in context.read_blobs
    manifest, config = documents(context)
    assert [one["digest"] for one in manifest["layers"]] == [sha256(own[0]), sha256(LAYER)]
    assert config["config"] == {
        "Env": ["PATH=/bin:/usr/bin:/busybox", "KEEP=1", "NEW=12"],
        "Entrypoint": ["/busybox/sh"],  # the base's Cmd was for the base's entrypoint
        "Labels": {"a": "base", "b": "mine"},
        "ExposedPorts": {"1/tcp": {}, "2/tcp": {}},
        "Healthcheck": {"Test": ["NONE"]},
        "User": "1",
    }
    assert config["author"] == "them"
    assert config["created"] == "2024-01-01T00:00:00Z"
    assert [one.get("created_by") for one in config["history"]] == ["ENV x", "COPY base", None]
    assert documents(on_base(base.files))[1]["config"]["Cmd"] == ["args"]
    assert documents(on_base(base.files, cmd=["x"]))[1]["config"]["Entrypoint"] == ["/base"]


def test_the_platform_is_picked_from_a_base_that_is_an_index() -> None:
    base = good_layout()
    for text in ("linux/arm64/v8", "linux/amd64"):
        context = on_base(base.files, platform=text)
        check(context.tree_bytes("o"))
        assert documents(context)[1]["architecture"] == text.split("/")[1]
    with pytest.raises(OciError, match="base base has no image for linux/s390x, only linux/amd64, linux/arm64/v8"):
        on_base(base.files, platform="linux/s390x")


def test_a_base_without_history_gets_one_that_fits() -> None:
    base = Layout()
    base.root(base_image(base, {"os": "linux", "architecture": "amd64"}, [tar_gzip({"a": b""})] * 2, history=[]))
    context = on_base(base.files)
    check(context.tree_bytes("o"))
    assert len(documents(context)[1]["history"]) == 3


def test_docker_media_types_of_a_base_become_ocis() -> None:
    layout = Layout()
    own, diff_id = tar_gzip({"a": b""})
    docker = "application/vnd.docker."
    config = {"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": [diff_id]}}
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{docker}distribution.manifest.v2+json",
        "config": layout.document(config, f"{docker}container.image.v1+json"),
        "layers": [layout.blob(own, f"{docker}image.rootfs.diff.tar.gzip")],
    }
    layout.root(layout.document(manifest, f"{docker}distribution.manifest.v2+json"))
    context = on_base(layout.files)
    check(context.tree_bytes("o"))
    made = documents(context)[0]
    assert {one["mediaType"] for one in made["layers"]} == {LAYER_GZIP}
    assert made["config"]["mediaType"] == CONFIG


def test_damaged_bases() -> None:
    good = good_layout().files
    layer = next(path for path, data in good.items() if data[:2] == b"\x1f\x8b")
    cases: list[tuple[dict[str, bytes], str]] = [
        ({}, "is not an OCI layout: it has no oci-layout"),
        ({**good, "index.json": b"{}"}, r"index\.json: required key is missing @ \$\.manifests"),
        ({path: data for path, data in good.items() if path != layer}, "is not in the layout"),
        ({**good, layer: good[layer] + b"x"}, "is in truth sha256:"),
    ]
    two = good_layout()
    entry = json.loads(two.files["index.json"])["manifests"][0]
    two.root(entry, entry)
    cases.append((two.files, r"index\.json has 2 entries, not one"))
    for files, message in cases:
        failed = 0
        for platform in ("linux/amd64", "linux/arm64"):
            try:
                on_base(files, platform=platform)
            except OciError as fault:
                failed += 1
                with pytest.raises(OciError, match=message):
                    raise fault
        assert failed, message
    with pytest.raises(OciError, match="is a file, not an OCI layout"):
        make({**INPUTS, "base": b"x"}, "--base", "base")


# ---- indexes ----------------------------------------------------------------

SIX = ("linux/amd64", "linux/arm64/v8", "linux/arm/v7", "linux/s390x", "linux/ppc64le", "linux/riscv64")


def six() -> dict[str, Any]:
    inputs: dict[str, Any] = {}
    for text in SIX:
        blob, diff_id = tar_gzip({"arch": text.encode()})
        one = {**INPUTS, "own": blob, "own.json": metadata(blob, diff_id)}
        made = make(one, *LAYERS, "--layer", "own", "--metadata", "own.json", platform=text, cmd=["/arch"])
        inputs[text] = made.tree_bytes("o")
    return inputs


def index_of(inputs: dict[str, Any], *more: str) -> MemoryContext:
    flags = [part for name in inputs for part in ("--image", name)]
    return run_op(image_index, inputs, *flags, *more, "--out", "o")


def test_an_index_of_six() -> None:
    inputs = six()
    context = index_of(inputs, "--annotations", '{"a":"b"}')
    files = context.tree_bytes("o")
    check(files)
    root = json.loads(files["index.json"])["manifests"]
    assert len(root) == 1
    assert root[0]["mediaType"] == INDEX
    index = json.loads(files["blobs/" + root[0]["digest"].replace(":", "/")])
    assert [
        "/".join(one["platform"][key] for key in ("os", "architecture", "variant") if key in one["platform"])
        for one in index["manifests"]
    ] == list(SIX)
    assert index["annotations"] == {"a": "b"}
    assert {one["mediaType"] for one in index["manifests"]} == {MANIFEST}
    # 2 layers shared, 6 of their own, 6 configs, 6 manifests, 1 index; no layer was read
    assert sum(path.startswith("blobs/") for path in files) == 2 + 6 * 3 + 1
    assert not {one for one in context.read_blobs if context.blobs[one][:2] == b"\x1f\x8b"}


def test_the_order_of_an_index_is_that_of_its_images() -> None:
    inputs = six()
    turned = dict(reversed(inputs.items()))
    assert index_of(inputs).tree_bytes("o")["index.json"] != index_of(turned).tree_bytes("o")["index.json"]
    assert index_of(inputs).trees["o"] == index_of(dict(inputs)).trees["o"]


def test_indexes_of_indexes_are_flat_and_names_of_references_are_dropped() -> None:
    inputs = six()
    first = dict(list(inputs.items())[:2])
    rest = dict(list(inputs.items())[2:])
    nested = index_of({"first": index_of(first).tree_bytes("o"), **rest})
    assert nested.trees["o"] == index_of(inputs).trees["o"]
    document = json.loads(inputs[SIX[0]]["index.json"])
    document["manifests"][0]["annotations"] = {"org.opencontainers.image.ref.name": "latest"}
    inputs[SIX[0]] = {**inputs[SIX[0]], "index.json": json.dumps(document).encode()}
    assert index_of(inputs).trees["o"] == nested.trees["o"]


def test_faults_of_indexes() -> None:
    inputs = six()
    again = make(platform="linux/arm", cmd=["/other"]).tree_bytes("o")
    with pytest.raises(OciError, match="two images are for linux/arm/v7: linux/arm/v7 and again"):
        index_of({**inputs, "again": again})
    with pytest.raises(RulesEngineError, match="at least one image"):
        index_of({})
    with pytest.raises(AttributeValueError, match="attribute 'annotations': the value of 'a' is 1"):
        index_of(inputs, "--annotations", '{"a":1}')
    document = json.loads(again["index.json"])
    document["manifests"][0]["platform"]["architecture"] = "s390x"
    lying = {**again, "index.json": json.dumps(document).encode()}
    with pytest.raises(OciError, match="is listed for linux/s390x/v7, its config is for linux/arm/v7"):
        index_of({"lying": lying})


@pytest.mark.oracle
def test_skopeo_and_umoci_take_the_index(tmp_path: Path, oci_schemas: OciSchemas) -> None:
    layout = Layout()
    layout.files = index_of(six()).tree_bytes("o")
    layout.write(tmp_path / "layout")
    assert len(oci_schemas.validate_layout(tmp_path / "layout")) == 3 + 12
    run(tool("skopeo"), "copy", "--all", f"oci:{tmp_path}/layout", f"dir:{tmp_path}/all")
    run(
        tool("skopeo"),
        "--override-arch=arm",
        "--override-variant=v7",
        "copy",
        f"oci:{tmp_path}/layout",
        f"oci:{tmp_path}/one:t",
    )
    run(tool("umoci"), "unpack", "--rootless", "--image", f"{tmp_path}/one:t", tmp_path / "bundle")
    assert (tmp_path / "bundle/rootfs/arch").read_text() == "linux/arm/v7"
    assert (tmp_path / "bundle/rootfs/etc/passwd").exists()
