"""Operation `image_index`: several image layouts become one layout whose root is an image index.

    image_index@V --image LAYOUT… [--annotations JSON] --out TREE

Manifests keep the order in which their images are given; a layer that several images share is in the
layout once, and no blob is read or copied.
"""

from __future__ import annotations

from attrs import evolve

from rulesengine.errors import AttributeValueError, ExecutionError, OciError
from rulesengine.model.digest import Digest
from rulesengine.model.operation import OpArguments, operation
from rulesengine.model.ports import OpContext
from rulesengine.oci import media_types
from rulesengine.oci.annotations import REF_NAME
from rulesengine.oci.descriptor import Descriptor
from rulesengine.oci.index import ImageIndex
from rulesengine.oci.platform import Platform
from rulesengine.ops.image_settings import ImageSettings
from rulesengine.ops.layouts import LayoutInput, put_layout


def _entry(
    layout: LayoutInput, descriptor: Descriptor, documents: dict[Digest, bytes], blobs: set[Digest]
) -> Descriptor:
    """One entry of the index; its manifest, config and layers are noted for the layout."""
    # A reference's name is a layout's matter (image-spec annotations.md) and would differ with its origin.
    annotations = {name: text for name, text in descriptor.annotations.items() if name != REF_NAME}
    descriptor = evolve(descriptor, annotations=annotations)
    data = layout.document(descriptor, "manifest")
    documents[descriptor.blob] = data
    manifest = layout.manifest(descriptor)
    documents[manifest.config.blob] = layout.document(manifest.config, "config")
    blobs.update(layout.blob(one, "layer") for one in manifest.layers)
    if manifest.config.media_type not in media_types.CONFIGS:
        return descriptor
    platform = layout.config(manifest).platform
    if descriptor.platform is not None and descriptor.platform.normalise() != platform:
        raise OciError(
            f"{layout.name}: manifest {descriptor.digest} is listed for {descriptor.platform}, "
            f"its config is for {platform}"
        )
    return evolve(descriptor, platform=platform)


@operation("image_index", version="1")
def image_index(context: OpContext) -> None:
    """Assemble an index.  Raises OciError where two images are for one platform."""
    arguments = OpArguments(context.arguments)
    paths = arguments.many("image")
    annotations = ImageSettings.of({"annotations": arguments.json("annotations")}).annotations
    out = arguments.one("out")
    arguments.finish()
    if not paths:
        raise AttributeValueError("attribute 'images': an index needs at least one image")

    entries: list[Descriptor] = []
    documents: dict[Digest, bytes] = {}
    blobs: set[Digest] = set()
    seen: dict[Platform, str] = {}
    for path in paths:
        layout = LayoutInput(context, path, f"image {path}")
        for descriptor in layout.manifests():
            context.check()
            entry = _entry(layout, descriptor, documents, blobs)
            if entry.platform is not None and entry.platform.os != "unknown":
                if entry.platform in seen:
                    raise OciError(
                        f"two images are for {entry.platform}: {seen[entry.platform]} and {path}",
                        hint="give each image once; an index has one image for a platform",
                    )
                seen[entry.platform] = path
            entries.append(entry)
    if not entries:
        raise ExecutionError("the images hold no manifest")
    index = ImageIndex(tuple(entries), annotations=annotations).to_bytes()
    root = Descriptor.of(media_types.INDEX, Digest.of(index))
    put_layout(context, out, root, [*documents.values(), index], sorted(blobs - set(documents)))
