"""OCI documents: canonical bytes, round trips, tolerance of what others write."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rulesengine.errors import OciError
from rulesengine.model.digest import Digest
from rulesengine.oci import media_types
from rulesengine.oci.config import Execution, History, ImageConfig, RootFs, check_time
from rulesengine.oci.descriptor import Descriptor, check_digest
from rulesengine.oci.index import ImageIndex
from rulesengine.oci.layout import LayoutHeader, layout_files, read_root
from rulesengine.oci.manifest import Manifest
from rulesengine.oci.platform import Platform

LAYER = Digest.of(b"layer")
CONFIG = ImageConfig(
    architecture="arm",
    os="linux",
    variant="v7",
    rootfs=RootFs((str(Digest.of(b"tar")),)),
    created="2025-08-09T00:00:00Z",
    config=Execution(user="65532", exposed_ports=("80/tcp",), env=("B=2", "A=ü"), labels={"b": "2", "a": "<&>"}),
    history=(History("2025-08-09T00:00:00Z", created_by="x"),),
)

# The bytes of documents are part of every image's digest: a change here changes all of them.
CONFIG_BYTES = (
    '{"architecture":"arm","config":{"Env":["B=2","A=ü"],"ExposedPorts":{"80/tcp":{}},'
    '"Labels":{"a":"<&>","b":"2"},"User":"65532"},"created":"2025-08-09T00:00:00Z",'
    '"history":[{"created":"2025-08-09T00:00:00Z","created_by":"x"}],"os":"linux",'
    '"rootfs":{"diff_ids":["sha256:3d1d5fbc21fbb1a1e7ff2ea0a9bd9a2a2c0e9a6a"],"type":"layers"},"variant":"v7"}'
).replace("sha256:3d1d5fbc21fbb1a1e7ff2ea0a9bd9a2a2c0e9a6a", str(Digest.of(b"tar")))


def test_config_bytes() -> None:
    assert CONFIG.to_bytes() == CONFIG_BYTES.encode()
    assert ImageConfig.from_bytes(CONFIG.to_bytes()) == CONFIG
    assert CONFIG.platform == Platform("linux", "arm", "v7")


def test_manifest_and_index_bytes() -> None:
    config = Descriptor.of(media_types.CONFIG, Digest("c" * 64, 10))
    manifest = Manifest(config, (Descriptor.of(media_types.LAYER_GZIP, Digest("d" * 64, 20)),))
    assert (
        manifest.to_bytes()
        == (
            '{"config":{"digest":"sha256:CC","mediaType":"application/vnd.oci.image.config.v1+json","size":10},'
            '"layers":[{"digest":"sha256:DD","mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","size":20}],'
            '"mediaType":"application/vnd.oci.image.manifest.v1+json","schemaVersion":2}'
        )
        .replace("CC", "c" * 64)
        .replace("DD", "d" * 64)
        .encode()
    )
    entry = Descriptor.of(media_types.MANIFEST, Digest("e" * 64, 30), platform=Platform.parse("linux/arm64"))
    index = ImageIndex((entry,), annotations={"k": "v"})
    assert (
        index.to_bytes()
        == (
            '{"annotations":{"k":"v"},"manifests":[{"digest":"sha256:%s",'
            '"mediaType":"application/vnd.oci.image.manifest.v1+json",'
            '"platform":{"architecture":"arm64","os":"linux","variant":"v8"},"size":30}],'
            '"mediaType":"application/vnd.oci.image.index.v1+json","schemaVersion":2}' % ("e" * 64)
        ).encode()
    )
    assert Manifest.from_bytes(manifest.to_bytes()) == manifest
    assert ImageIndex.from_bytes(index.to_bytes()) == index


def test_what_docker_and_others_write_is_taken() -> None:
    document = {
        "architecture": "amd64",
        "os": "linux",
        "container": "abc",
        "docker_version": "20.10",
        "config": {"Entrypoint": None, "Volumes": None, "Healthcheck": {"Test": ["NONE"]}, "Cmd": ["sh"]},
        "rootfs": {"type": "layers", "diff_ids": []},
        "history": None,
        "x-unknown": [1, 2],
    }
    config = ImageConfig.from_bytes(json.dumps(document, indent=3).encode())
    assert config.config.cmd == ("sh",)
    assert config.config.entrypoint == ()
    assert json.loads(config.to_bytes())["config"] == {"Cmd": ["sh"], "Healthcheck": {"Test": ["NONE"]}}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"digest": "sha256:" + "A" * 64}, "takes 64 lower-case hexadecimal digits @ $.manifests[1].digest"),
        ({"digest": "sha256:" + "a" * 63}, "takes 64 lower-case hexadecimal digits @ $.manifests[1].digest"),
        ({"digest": "../../etc/passwd"}, "is not a digest (ALGORITHM:ENCODED) @ $.manifests[1].digest"),
        ({"digest": "x:../y"}, "is not a digest (ALGORITHM:ENCODED) @ $.manifests[1].digest"),
        ({"size": -1}, "-1 is not a size in bytes @ $.manifests[1].size"),
        ({"size": "5"}, '"5" is not an integer @ $.manifests[1].size'),
        ({"mediaType": "text"}, "is not a media type (TYPE/SUBTYPE) @ $.manifests[1].mediaType"),
        ({"platform": {"os": "linux"}}, "required key is missing @ $.manifests[1].platform.architecture"),
        ({"platform": {"os": "", "architecture": "x"}}, "is empty @ $.manifests[1].platform.os"),
        ({"annotations": {"": "x"}}, "a key is empty @ $.manifests[1].annotations"),
        ({"data": "%%%"}, "is not base64 @ $.manifests[1].data"),
        ({"urls": "https://x"}, '"https://x" is not an array @ $.manifests[1].urls'),
    ],
)
def test_faults_name_their_place(change: dict[str, Any], message: str) -> None:
    good = {"mediaType": media_types.MANIFEST, "digest": str(LAYER), "size": 5}
    data = json.dumps({"schemaVersion": 2, "manifests": [good, {**good, **change}]}).encode()
    with pytest.raises(OciError) as caught:
        ImageIndex.from_bytes(data)
    assert str(caught.value).startswith("image index: ")
    assert str(caught.value).endswith(message)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("linux/amd64", "linux/amd64"),
        ("linux/x86_64", "linux/amd64"),
        ("linux/amd64/v1", "linux/amd64"),
        ("linux/amd64/v3", "linux/amd64/v3"),
        ("linux/arm64", "linux/arm64/v8"),
        ("linux/aarch64", "linux/arm64/v8"),
        ("linux/arm64/8", "linux/arm64/v8"),
        ("linux/arm64/v8.0", "linux/arm64/v8"),
        ("linux/arm64/v9", "linux/arm64/v9"),
        ("linux/arm", "linux/arm/v7"),
        ("linux/armhf", "linux/arm/v7"),
        ("linux/armel", "linux/arm/v6"),
        ("linux/arm/6", "linux/arm/v6"),
        ("Linux/ARM/V7", "linux/arm/v7"),
        ("linux/i386", "linux/386"),
        ("linux/ppc64el", "linux/ppc64le"),
        ("linux/ppc64le", "linux/ppc64le"),
        ("linux/s390x", "linux/s390x"),
        ("linux/riscv64", "linux/riscv64"),
        ("macos/arm64", "darwin/arm64/v8"),
    ],
)
def test_platforms_are_normalised(text: str, normal: str) -> None:
    assert str(Platform.parse(text)) == normal
    assert Platform.parse(normal) == Platform.parse(text)


@pytest.mark.parametrize("text", ["", "linux", "linux/", "/amd64", "linux/arm/v7/x", "linux/ärm", "linux//v7"])
def test_bad_platforms(text: str) -> None:
    with pytest.raises(OciError, match="bad platform"):
        Platform.parse(text)


@pytest.mark.parametrize(
    "text", ["2025-08-09T00:00:00Z", "2015-10-31T22:22:56.015925234Z", "2025-01-01t00:00:60+02:00"]
)
def test_times(text: str) -> None:
    assert check_time(text) is None


@pytest.mark.parametrize("text", ["", "2025-08-09", "2025-13-09T00:00:00Z", "2025-08-09T00:00:00", "1723161600"])
def test_bad_times(text: str) -> None:
    assert "is not an RFC 3339 time" in str(check_time(text))


def test_digest_of_bytes_is_a_digest() -> None:
    assert check_digest(str(Digest.of(b""))) is None
    with pytest.raises(OciError, match="not a SHA-256"):
        _ = Descriptor("a/b", "sha512:" + "a" * 128, 1).blob


def test_a_layout_holds_digests_not_layers() -> None:
    config = CONFIG.to_bytes()
    manifest = Manifest(
        Descriptor.of(media_types.CONFIG, Digest.of(config)), (Descriptor.of(media_types.LAYER, LAYER),)
    ).to_bytes()
    root = Descriptor.of(media_types.MANIFEST, Digest.of(manifest), platform=CONFIG.platform)
    files = layout_files(root, [manifest, config], [LAYER])
    assert files[f"blobs/sha256/{LAYER.hash}"] == LAYER
    assert list(files) == sorted(files)
    assert files["oci-layout"] == b'{"imageLayoutVersion":"1.0.0"}' == LayoutHeader().to_bytes()
    documents = {path: data for path, data in files.items() if isinstance(data, bytes)}
    assert read_root(documents, "x") == root
    with pytest.raises(OciError, match="not among its documents"):
        layout_files(root, [config], [LAYER])


def test_a_root_is_one() -> None:
    entry = Descriptor.of(media_types.MANIFEST, LAYER)
    files = {"oci-layout": LayoutHeader().to_bytes(), "index.json": ImageIndex((entry, entry)).to_bytes()}
    with pytest.raises(OciError, match=r"base: index\.json has 2 entries, not one\n  hint: copy"):
        read_root(files, "base")
    with pytest.raises(OciError, match=r"base is not an OCI layout: it has no oci-layout"):
        read_root({}, "base")


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
TEXTS = st.lists(TEXT, max_size=3).map(tuple)
KEYS = st.lists(NAMES, max_size=3, unique=True).map(lambda names: tuple(sorted(names)))
EXECUTIONS = st.builds(
    Execution, TEXT, KEYS, TEXTS, TEXTS, TEXTS, KEYS, TEXT, st.dictionaries(NAMES, TEXT, max_size=3), TEXT
)
CONFIGS = st.builds(
    ImageConfig,
    architecture=NAMES,
    os=NAMES,
    rootfs=st.builds(RootFs, st.lists(st.binary().map(lambda b: str(Digest.of(b))), max_size=3).map(tuple)),
    variant=TEXT,
    os_version=TEXT,
    os_features=TEXTS,
    created=st.none() | st.datetimes().map(lambda time: time.isoformat() + "Z"),
    author=TEXT,
    config=EXECUTIONS,
    history=st.lists(st.builds(History, st.none(), TEXT, TEXT, TEXT, st.booleans()), max_size=2).map(tuple),
)


@given(CONFIGS)
def test_any_config_survives_the_trip(config: ImageConfig) -> None:
    data = config.to_bytes()
    assert ImageConfig.from_bytes(data) == config
    assert ImageConfig.from_bytes(data).to_bytes() == data
    shuffled = json.dumps(dict(reversed(json.loads(data).items())), indent=1).encode()
    assert ImageConfig.from_bytes(shuffled).to_bytes() == data


@given(st.binary(max_size=200))
def test_arbitrary_bytes_raise_only_our_error(data: bytes) -> None:
    for cls in (ImageConfig, Manifest, ImageIndex, LayoutHeader):
        with pytest.raises(OciError):
            cls.from_bytes(data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["config", "layers", "manifests", "platform", "digest", "size", "mediaType", "rootfs", "diff_ids", "os"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_arbitrary_json_raises_only_our_error(value: Any) -> None:
    data = json.dumps(value).encode()
    for cls in (ImageConfig, Manifest, ImageIndex):
        try:
            cls.from_bytes(data)
        except OciError as fault:
            assert "$" in str(fault)
