"""Operation `image`: layers, an optional base and settings become an OCI layout of one manifest.

    image@V [--layer BLOB --metadata JSON [--created_by TEXT]]… [--base LAYOUT] --config JSON --out TREE

The blobs are named, never read: a layer's metadata (mediaType, digest, size, diffId, written by the
operation that made it) is all that a manifest needs.  The base may be an image or an index, of which
the manifest for the platform is taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import evolve, field, frozen

from rulesengine.errors import ExecutionError, OciError
from rulesengine.model.codec import decode, key
from rulesengine.model.digest import Digest
from rulesengine.model.operation import OpArguments, operation
from rulesengine.model.ports import OpContext
from rulesengine.oci import media_types
from rulesengine.oci.config import History, ImageConfig, RootFs
from rulesengine.oci.descriptor import Descriptor, check_digest
from rulesengine.oci.manifest import Manifest
from rulesengine.oci.platform import Platform
from rulesengine.ops.image_settings import EPOCH, ImageSettings
from rulesengine.ops.layouts import LayoutInput, put_layout


def _check_layer_type(text: str) -> str | None:
    return None if text in media_types.LAYER_COMPRESSION else f"{text!r} is not the media type of a layer"


@frozen
class LayerMetadata:
    """What a layer's maker says of it, as JSON beside the blob."""

    media_type: str = field(metadata=key("mediaType", check=_check_layer_type))
    digest: str = field(metadata=key("digest", check=check_digest))
    size: int = field(metadata=key("size"))
    diff_id: str = field(metadata=key("diffId", check=check_digest))
    annotations: Mapping[str, str] = field(factory=dict)

    @property
    def descriptor(self) -> Descriptor:
        """The layer's descriptor in a manifest."""
        return Descriptor(self.media_type, self.digest, self.size, annotations=self.annotations)


@frozen
class _Base:
    config: ImageConfig
    layers: tuple[Descriptor, ...] = ()
    annotations: Mapping[str, str] = field(factory=dict)


def _layers(context: OpContext, arguments: OpArguments) -> Iterator[tuple[LayerMetadata, str]]:
    groups: list[dict[str, str]] = []
    for name, value in arguments.pairs("layer", "metadata", "created_by"):
        if name == "layer":
            groups.append({})
        if not groups or name in groups[-1]:
            raise ExecutionError(f"flag --{name} does not follow a --layer of its own")
        groups[-1][name] = value
    for group in groups:
        if "metadata" not in group:
            raise ExecutionError(f"layer {group['layer']} has no --metadata")
        where = group["metadata"]
        data = context.read(where)
        metadata = decode(LayerMetadata, data, what=where, error=OciError)
        blob = context.digest(group["layer"])
        if (str(blob), blob.size) != (metadata.digest, metadata.size):
            raise OciError(
                f"{where} tells of {metadata.digest} ({metadata.size} bytes), but layer {group['layer']} is "
                f"{blob} ({blob.size} bytes)",
                hint="a layer and its metadata come from one action; give both outputs of the same target",
            )
        yield metadata, group.get("created_by", "")


def _base(context: OpContext, path: str, platform: Platform | None) -> _Base:
    layout = LayoutInput(context, path, "base")
    found: list[Platform] = []
    for descriptor in layout.manifests():
        if descriptor.platform is not None and platform not in (None, descriptor.platform.normalise()):
            found.append(descriptor.platform)
            continue
        manifest = layout.manifest(descriptor)
        if manifest.config.media_type not in media_types.CONFIGS:
            continue
        config = layout.config(manifest)
        if platform not in (None, config.platform):
            found.append(config.platform)
            continue
        for one in manifest.layers:
            layout.blob(one, "layer")
        layers = tuple(evolve(one, media_type=media_types.as_oci(one.media_type)) for one in manifest.layers)
        return _Base(config, layers, manifest.annotations)
    raise OciError(
        f"base {path} has no image for {platform}" + (f", only {', '.join(map(str, found))}" if found else ""),
        hint="build for one of the base's platforms, or take another base",
    )


def _history(base: ImageConfig) -> tuple[History, ...]:
    """The base's history; entries are made up where it has layers and tells nothing of them."""
    if not base.history and base.rootfs.diff_ids:
        return tuple(History(comment="from the base image") for _ in base.rootfs.diff_ids)
    told = sum(not one.empty_layer for one in base.history)
    if told != len(base.rootfs.diff_ids):
        raise OciError(
            f"base: history tells of {told} layers, rootfs of {len(base.rootfs.diff_ids)}",
            hint="the base image's config contradicts itself; take another base",
        )
    return base.history


def _parameters(arguments: OpArguments) -> Mapping[str, Any]:
    values = arguments.json("config", {})
    if not isinstance(values, dict):
        raise ExecutionError("flag --config is not a JSON object")
    return values


@operation("image", version="1")
def image(context: OpContext) -> None:
    """Assemble one image.  Raises AttributeValueError for settings, OciError for layers and bases."""
    arguments = OpArguments(context.arguments)
    settings = ImageSettings.of(_parameters(arguments))
    base_path = arguments.optional("base")
    layers = list(_layers(context, arguments))
    out = arguments.one("out")
    arguments.finish()

    if base_path:
        base = _base(context, base_path, settings.platform)
    elif settings.platform is not None:
        base = _Base(ImageConfig("none", "none", RootFs(())).with_platform(settings.platform))
    else:
        raise ExecutionError("an image without a base needs a platform")
    created = settings.created or base.config.created or EPOCH
    config = evolve(
        base.config,
        created=created,
        author=base.config.author if settings.author is None else settings.author,
        config=settings.execution(base.config.config),
        rootfs=RootFs((*base.config.rootfs.diff_ids, *(one.diff_id for one, _ in layers))),
        history=(
            *_history(base.config),
            *(History(created, created_by=created_by) for _, created_by in layers),
        ),
    )
    config_bytes = config.to_bytes()
    descriptors = (*base.layers, *(one.descriptor for one, _ in layers))
    manifest = Manifest(
        Descriptor.of(media_types.CONFIG, Digest.of(config_bytes)),
        descriptors,
        annotations={**base.annotations, **settings.annotations},
    ).to_bytes()
    root = Descriptor.of(media_types.MANIFEST, Digest.of(manifest), platform=config.platform)
    put_layout(context, out, root, [config_bytes, manifest], [one.blob for one in descriptors])
