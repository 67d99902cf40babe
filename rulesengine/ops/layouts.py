"""Reading an OCI layout that is an input tree, and writing one as an output tree.

Documents are read and checked; layers are known by digest only and pass from tree to tree uncopied.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO

from rulesengine.archive.decompress import PLAIN, Decompressor
from rulesengine.archive.limits import DEFAULT, Limits
from rulesengine.archive.stream import BLOCK
from rulesengine.errors import OciError
from rulesengine.model.digest import Digest
from rulesengine.model.directory import Member, TreeFile
from rulesengine.model.ports import OpContext
from rulesengine.oci import media_types
from rulesengine.oci.config import MAX_CONFIG, ImageConfig
from rulesengine.oci.descriptor import Descriptor
from rulesengine.oci.index import ImageIndex
from rulesengine.oci.layout import HEADER_PATH, INDEX_PATH, layout_files, read_root
from rulesengine.oci.manifest import Manifest

MAX_NESTING = 8


class LayoutInput:
    """An OCI layout among an operation's inputs.

    path: the tree's execution path; name: what errors call it.  Raises OciError where it is no
    layout with one root.
    """

    def __init__(self, context: OpContext, path: str, name: str) -> None:
        self.name = name
        self._context = context
        if not context.is_tree(path):
            raise OciError(
                f"{name} {path} is a file, not an OCI layout",
                hint="give an oci_image or oci_image_index target, or a directory in OCI layout",
            )
        self._files = {where: member.digest for where, member in context.tree(path) if isinstance(member, TreeFile)}
        documents = {
            where: self._read(where, self._files[where]) for where in (HEADER_PATH, INDEX_PATH) if where in self._files
        }
        self.root = read_root(documents, f"{name} {path}")

    def _read(self, where: str, digest: Digest) -> bytes:
        if digest.size > MAX_CONFIG:
            raise OciError(f"{self.name}: {where} is {digest.size} bytes long; documents have at most {MAX_CONFIG}")
        with self._context.open_blob(digest) as stream:
            return stream.read()

    def blob(self, descriptor: Descriptor, what: str) -> Digest:
        """The digest of a descriptor's content, which is in the tree.  Raises OciError where it is not."""
        wanted = descriptor.blob
        found = self._files.get(descriptor.path)
        if found is None:
            raise OciError(
                f"{self.name}: {what} {descriptor.digest} is not in the layout",
                hint="fetch the image whole, for instance with skopeo copy --all",
            )
        if found != wanted:
            raise OciError(
                f"{self.name}: {what} {descriptor.digest} ({descriptor.size} bytes) is in truth {found} "
                f"({found.size} bytes)",
                hint="the layout is damaged; fetch the image again",
            )
        return wanted

    def document(self, descriptor: Descriptor, what: str) -> bytes:
        """The bytes of a manifest, index or config."""
        return self._read(descriptor.path, self.blob(descriptor, what))

    def manifest(self, descriptor: Descriptor) -> Manifest:
        """Decode a manifest.  Raises OciError."""
        data = self.document(descriptor, "manifest")
        return Manifest.from_bytes(data, what=f"{self.name}: manifest {descriptor.digest}")

    def config(self, manifest: Manifest) -> ImageConfig:
        """Decode a manifest's config.  Raises OciError, also where its diff_ids are not as many as its layers."""
        data = self.document(manifest.config, "config")
        config = ImageConfig.from_bytes(data, what=f"{self.name}: config {manifest.config.digest}")
        if len(config.rootfs.diff_ids) != len(manifest.layers):
            raise OciError(
                f"{self.name}: config {manifest.config.digest} has {len(config.rootfs.diff_ids)} diff_ids "
                f"for {len(manifest.layers)} layers"
            )
        return config

    def manifests(self) -> Iterator[Descriptor]:
        """The root where it is a manifest, else the manifests of the index, those of nested ones in place."""
        yield from self._below(self.root, 1)

    def _below(self, descriptor: Descriptor, depth: int) -> Iterator[Descriptor]:
        if descriptor.media_type in media_types.MANIFESTS:
            yield descriptor
            return
        if descriptor.media_type not in media_types.INDEXES:
            raise OciError(f"{self.name}: {descriptor.digest} is a {descriptor.media_type}, not an image")
        if depth > MAX_NESTING:
            raise OciError(f"{self.name}: indexes nest deeper than {MAX_NESTING}")
        data = self.document(descriptor, "index")
        index = ImageIndex.from_bytes(data, what=f"{self.name}: index {descriptor.digest}")
        for one in index.manifests:
            yield from self._below(one, depth + 1)


def put_layout(
    context: OpContext, path: str, root: Descriptor, documents: Iterable[bytes], blobs: Iterable[Digest]
) -> None:
    """Make an output tree that is a layout with one root; no blob is copied."""
    members: dict[str, Member] = {
        where: TreeFile(data if isinstance(data, Digest) else context.put(data))
        for where, data in layout_files(root, documents, blobs).items()
    }
    context.put_tree(path, members)


def layer_decompressor(limits: Limits = DEFAULT) -> Callable[[BinaryIO, str], Iterator[bytes]]:
    """What `rulesengine.oci.validate.validate_layout` takes as its decompressor: the archive room's, under limits."""

    def pieces(stream: BinaryIO, compression: str) -> Iterator[bytes]:
        source = Decompressor(stream, limits, compression or PLAIN)
        return iter(lambda: source.read(BLOCK), b"")

    return pieces
