"""Recompute everything an OCI layout states from its bytes.

`validate_layout` reads through a small port, so that a directory, a store's tree and a registry's
answer are all checked by the same code.  It never reads more than one byte past a stated size, parses
nothing whose digest is wrong, and decompresses each distinct layer once.
"""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO

from attrs import field, frozen, mutable

from rulesengine.errors import OciError, RulesEngineError
from rulesengine.oci import media_types
from rulesengine.oci.config import MAX_CONFIG, ImageConfig
from rulesengine.oci.descriptor import Descriptor
from rulesengine.oci.index import ImageIndex
from rulesengine.oci.layout import BLOBS, HEADER_PATH, INDEX_PATH, LayoutHeader
from rulesengine.oci.manifest import Manifest
from rulesengine.oci.platform import Platform

Open = Callable[[str], BinaryIO]
"""Opens a file of the layout by its relative path; raises KeyError or OSError where there is none."""

Decompress = Callable[[BinaryIO, str], Iterable[bytes]]
"""(compressed stream, `""`, `gzip` or `zstd`) -> the tar's bytes in pieces, under the caller's limits.

Raises RulesEngineError on damage or where a limit is exceeded.
"""

MAX_NESTING = 8
"""Indexes nested deeper than this are a finding."""

_BLOCK = 1 << 18
_VARIANT_NEEDED = frozenset({"arm", "arm64"})


@frozen
class Finding:
    """Something wrong with a layout.

    path: the descriptors from the root, such as `index.json > manifests[0] > manifests[2] linux/arm64/v8 > layers[1]`.
    """

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


class _Measured(io.RawIOBase):
    """A stream that stops at the stated size and hashes what went through."""

    def __init__(self, inner: BinaryIO, size: int, algorithm: str) -> None:
        self.inner = inner
        self._left = size
        self.hash = hashlib.new(algorithm)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]  # typeshed wants any buffer
        view = memoryview(buffer).cast("B")
        data = self.inner.read(min(len(view), self._left))
        self._left -= len(data)
        self.hash.update(data)
        view[: len(data)] = data
        return len(data)

    def finish(self) -> str | None:
        """Read what is left of the stated size; what is wrong with the size, or None."""
        while self.read(_BLOCK):
            pass
        if self._left:
            return f"ends {self._left} bytes before its stated size"
        if self.inner.read(1):
            return "is longer than its stated size"
        return None


@mutable
class _Validation:
    open: Open
    decompress: Decompress
    findings: list[Finding] = field(factory=list)
    referenced: set[str] = field(factory=set)
    sizes: dict[str, int] = field(factory=dict)
    diff_ids: dict[tuple[str, str, int, str], str | None] = field(factory=dict)

    def wrong(self, path: str, message: str) -> None:
        self.findings.append(Finding(path, message))

    # ---- blobs --------------------------------------------------------------

    def blob(self, path: str, descriptor: Descriptor) -> _Measured | None:
        """Open a descriptor's content for reading; None (and a finding) where that cannot be."""
        self.referenced.add(descriptor.path)
        algorithm = descriptor.digest.partition(":")[0]
        if algorithm not in ("sha256", "sha384", "sha512"):
            self.wrong(path, f"digest {descriptor.digest} cannot be checked: unknown algorithm {algorithm!r}")
            return None
        stated = self.sizes.setdefault(descriptor.digest, descriptor.size)
        if stated != descriptor.size:
            self.wrong(path, f"states {descriptor.size} bytes where another descriptor states {stated}")
        try:
            return _Measured(self.open(descriptor.path), descriptor.size, algorithm)
        except (KeyError, OSError):
            self.wrong(path, f"blob {descriptor.digest} is missing")
            return None

    def content(self, path: str, descriptor: Descriptor) -> bytes | None:
        """A document's bytes, or None (and a finding) where they are not what the descriptor says."""
        if descriptor.size > MAX_CONFIG:
            self.referenced.add(descriptor.path)
            self.wrong(path, f"is {descriptor.size} bytes long; documents have at most {MAX_CONFIG}")
            return None
        stream = self.blob(path, descriptor)
        if stream is None:
            return None
        with stream.inner:
            data = stream.read(descriptor.size) if descriptor.size else b""
            while descriptor.size > len(data) and (more := stream.read(descriptor.size - len(data))):
                data += more
            fault = stream.finish()
        if not self.agrees(path, descriptor, stream, fault):
            return None
        if descriptor.data is not None and base64.b64decode(descriptor.data) != data:
            self.wrong(path, "its data field is not the content of its blob")
        return data

    def agrees(self, path: str, descriptor: Descriptor, stream: _Measured, fault: str | None) -> bool:
        if fault is not None:
            self.wrong(path, f"blob {descriptor.digest} {fault} of {descriptor.size} bytes")
            return False
        found = f"{stream.hash.name}:{stream.hash.hexdigest()}"
        if found != descriptor.digest:
            self.wrong(path, f"blob {descriptor.digest} has the digest {found}")
            return False
        return True

    # ---- documents ----------------------------------------------------------

    def entry(self, path: str, descriptor: Descriptor, depth: int) -> None:
        """A descriptor of index.json or of an index."""
        if descriptor.platform is not None:
            path = f"{path} {descriptor.platform}"
        if descriptor.media_type in media_types.INDEXES:
            self.index(path, descriptor, depth)
        elif descriptor.media_type in media_types.MANIFESTS:
            self.manifest(path, descriptor)
        else:
            self.wrong(path, f"unexpected media type {descriptor.media_type!r}")
            stream = self.blob(path, descriptor)
            if stream is not None:
                with stream.inner:
                    self.agrees(path, descriptor, stream, stream.finish())

    def index(self, path: str, descriptor: Descriptor, depth: int) -> None:
        data = self.content(path, descriptor)
        if data is None:
            return
        if depth > MAX_NESTING:
            self.wrong(path, f"indexes nest deeper than {MAX_NESTING}")
            return
        try:
            index = ImageIndex.from_bytes(data, what="document")
        except OciError as fault:
            self.fault(path, fault)
            return
        if media_types.as_oci(index.media_type) != media_types.as_oci(descriptor.media_type):
            self.wrong(path, f"document says {index.media_type!r}, descriptor {descriptor.media_type!r}")
        self.subject(index.subject)
        seen: dict[Platform, int] = {}
        for number, one in enumerate(index.manifests):
            below = f"{path} > manifests[{number}]"
            if one.platform is not None:
                first = seen.setdefault(one.platform.normalise(), number)
                if first != number:
                    self.wrong(below, f"platform {one.platform} is manifests[{first}]'s as well")
                if one.platform.architecture in _VARIANT_NEEDED and not one.platform.variant:
                    self.wrong(below, f"platform {one.platform} lacks its variant")
            elif one.media_type in media_types.MANIFESTS and one.artifact_type is None:
                self.wrong(below, "no platform")
            self.entry(below, one, depth + 1)

    def manifest(self, path: str, descriptor: Descriptor) -> None:
        data = self.content(path, descriptor)
        if data is None:
            return
        try:
            manifest = Manifest.from_bytes(data, what="document")
        except OciError as fault:
            self.fault(path, fault)
            return
        if media_types.as_oci(manifest.media_type) != media_types.as_oci(descriptor.media_type):
            self.wrong(path, f"document says {manifest.media_type!r}, descriptor {descriptor.media_type!r}")
        self.subject(manifest.subject)
        config_path = f"{path} > config"
        document = self.content(config_path, manifest.config)
        if manifest.config.media_type not in media_types.CONFIGS:
            self.artifact(path, manifest)
            return
        config: ImageConfig | None = None
        if document is not None:
            try:
                config = ImageConfig.from_bytes(document, what="document")
            except OciError as fault:
                self.fault(config_path, fault)
        found = [self.layer(f"{path} > layers[{number}]", layer) for number, layer in enumerate(manifest.layers)]
        if config is not None:
            self.config(config_path, config, descriptor.platform, found)

    def artifact(self, path: str, manifest: Manifest) -> None:
        """A manifest that is no image: its blobs only (image-spec manifest.md, "Guidelines for artifacts")."""
        if manifest.config.media_type == media_types.EMPTY and not manifest.artifact_type:
            self.wrong(path, "an artifact with an empty config needs an artifactType")
        for number, layer in enumerate(manifest.layers):
            below = f"{path} > layers[{number}]"
            stream = self.blob(below, layer)
            if stream is not None:
                with stream.inner:
                    self.agrees(below, layer, stream, stream.finish())

    def config(self, path: str, config: ImageConfig, platform: Platform | None, found: list[str | None]) -> None:
        diff_ids = config.rootfs.diff_ids
        if len(diff_ids) != len(found):
            self.wrong(path, f"{len(diff_ids)} diff_ids for {len(found)} layers")
        for number, (stated, real) in enumerate(zip(diff_ids, found, strict=False)):
            if real is not None and stated != real:
                self.wrong(f"{path} > rootfs.diff_ids[{number}]", f"states {stated}, the layer is {real}")
        if config.history:
            layers = sum(not one.empty_layer for one in config.history)
            if layers != len(diff_ids):
                self.wrong(path, f"history tells of {layers} layers, diff_ids of {len(diff_ids)}")
        if platform is not None and platform.normalise() != config.platform:
            self.wrong(path, f"is for {config.platform}, its entry in the index for {platform}")

    def layer(self, path: str, descriptor: Descriptor) -> str | None:
        """Check a layer's blob; its diff_id, or None where it cannot be told."""
        compression = media_types.LAYER_COMPRESSION.get(descriptor.media_type)
        if compression is None:
            self.wrong(path, f"unexpected media type {descriptor.media_type!r}")
        known = (descriptor.digest, descriptor.media_type, descriptor.size, descriptor.data or "")
        if known in self.diff_ids:
            return self.diff_ids[known]
        self.diff_ids[known] = None  # a damaged layer is reported once, where it is met first
        stream = self.blob(path, descriptor)
        if stream is None:
            return None
        # SHA-256 whatever the blob's algorithm: diff_ids state it, and a layer's own may be absent.
        uncompressed = hashlib.sha256()
        damage: str | None = None
        with stream.inner:
            if compression is not None:
                buffered = io.BufferedReader(stream, _BLOCK)
                try:
                    for piece in self.decompress(buffered, compression):
                        uncompressed.update(piece)
                except RulesEngineError as fault:
                    damage = fault.message
                buffered.detach()
            size_fault = stream.finish()
        if not self.agrees(path, descriptor, stream, size_fault):
            return None
        if damage is not None:
            self.wrong(path, f"blob {descriptor.digest} is not a good {compression or 'tar'} stream: {damage}")
        if damage is not None or compression is None:
            return None
        self.diff_ids[known] = "sha256:" + uncompressed.hexdigest()
        return self.diff_ids[known]

    def subject(self, subject: Descriptor | None) -> None:
        """A weak reference: it may be elsewhere, but counts as a reference where it is here."""
        if subject is not None:
            self.referenced.add(subject.path)

    def fault(self, path: str, fault: OciError) -> None:
        for note in fault.notes or (fault.message.removeprefix("document: "),):
            self.wrong(path, note)


def validate_layout(
    open_file: Open, paths: Iterable[str], decompress: Decompress, *, one_entry: bool = True
) -> list[Finding]:
    """All that is wrong with a layout; empty where it is valid.

    open_file: opens a file of the layout.  paths: all its files, relative, with `/`.
    decompress: see `Decompress`.  one_entry: more than one entry in index.json is a finding (DESIGN 8).
    Files outside `blobs/` that the specification does not know are no findings (image-layout.md).
    """
    check = _Validation(open_file, decompress)
    header = _small_file(check, HEADER_PATH)
    if header is not None:
        try:
            LayoutHeader.from_bytes(header)
        except OciError as fault:
            check.fault(HEADER_PATH, fault)
    data = _small_file(check, INDEX_PATH)
    if data is not None:
        try:
            index = ImageIndex.from_bytes(data, what="document")
        except OciError as fault:
            check.fault(INDEX_PATH, fault)
        else:
            if one_entry and len(index.manifests) != 1:
                check.wrong(INDEX_PATH, f"has {len(index.manifests)} entries, not one")
            for number, descriptor in enumerate(index.manifests):
                check.entry(f"{INDEX_PATH} > manifests[{number}]", descriptor, 1)
    for path in _unreferenced(paths, check.referenced):
        check.wrong(path, "no descriptor refers to this blob")
    return check.findings


def _small_file(check: _Validation, path: str) -> bytes | None:
    try:
        stream = check.open(path)
    except (KeyError, OSError):
        check.wrong(path, "is missing")
        return None
    with stream:
        data = stream.read(MAX_CONFIG + 1)
    if len(data) > MAX_CONFIG:
        check.wrong(path, f"is longer than {MAX_CONFIG} bytes")
        return None
    return data


def _unreferenced(paths: Iterable[str], referenced: set[str]) -> Iterator[str]:
    return (path for path in sorted(paths) if path.startswith(BLOBS) and path not in referenced)
