"""LayerOutput: the three outputs of every operation that packs a layer.

--layer BLOB          the tar archive, compressed
--metadata JSON       {"diffId", "digest", "mediaType", "size"} and what the operation adds
--entries JSONL       one line for each member, in the layer's order, spelled as model.operation.Described
    with `size`; fields at their default are left out, `path`, `type` and `mode` never are
[--compression gzip|zstd|none] [--level N]
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from types import TracebackType
from typing import Any

from rulesengine.archive.compress import BlobPacker, check_level
from rulesengine.archive.entry import Entry
from rulesengine.archive.stream import Reader
from rulesengine.archive.tar import TarReader
from rulesengine.archive.writer import TarWriter
from rulesengine.errors import ExecutionError
from rulesengine.model.codec import canonical_json
from rulesengine.model.operation import OpArguments
from rulesengine.model.ports import OpContext
from rulesengine.oci import media_types

MEDIA_TYPES = {"gzip": media_types.LAYER_GZIP, "zstd": media_types.LAYER_ZSTD, "none": media_types.LAYER}
HELPERS = 1
"""Threads that compress beside the one that reads; the bytes do not depend on it."""


class LayerOutput:
    """Packs entries into the layer, in the order in which they are added; used as a context manager.

    Leaving it without an exception writes the outputs.  Raises ArchiveError, StoreError.
    """

    def __init__(self, context: OpContext, arguments: OpArguments) -> None:
        self._context = context
        self._layer = arguments.one("layer")
        self._metadata = arguments.one("metadata")
        self._entries = arguments.one("entries")
        self._compression = arguments.optional("compression", "gzip") or "gzip"
        level = arguments.optional("level")
        if level and not level.isdecimal():
            raise ExecutionError(f"flag --level is {level!r}, not a number")
        self._level = check_level(self._compression, int(level) if level else None)
        self._lines: list[str] = []
        self.extra: dict[str, Any] = {}
        """More keys of the metadata."""

    def __enter__(self) -> LayerOutput:
        self._create = self._context.create(self._layer)
        self._out = self._create.__enter__()
        self._packer = BlobPacker(self._out, self._compression, self._level, HELPERS, hashed=False)
        self._tar = TarWriter(self._packer)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._packer.abort()
            self._create.__exit__(kind, value, trace)
            return
        try:
            self._tar.close()
            self._packer.close()
        except BaseException as fault:
            self._create.__exit__(type(fault), fault, fault.__traceback__)
            raise
        self._create.__exit__(None, None, None)
        document = {
            **self.extra,
            "mediaType": MEDIA_TYPES[self._compression],
            "digest": str(self._out.digest),
            "size": self._out.digest.size,
            "diffId": str(self._packer.diff_id),
        }
        self._context.write(self._metadata, canonical_json(document) + b"\n")
        self._context.write(self._entries, "".join(self._lines).encode())

    def add(self, entry: Entry, data: bytes | Reader = b"") -> None:
        """Write an entry and its data."""
        self._tar.add(entry, data)
        self._lines.append(entry_line(entry))

    def copy(self, entry: Entry, reader: TarReader) -> None:
        """Write the reader's current entry, block for block where nothing has to change."""
        if reader.raw is not None:
            reader.copy(self._packer)
        else:
            self._tar.add(entry, reader)
        self._lines.append(entry_line(entry))


def entry_line(entry: Entry) -> str:
    """The line of the entry list, with its newline; in ASCII (bytes that are not UTF-8 as lone surrogates)."""
    owner = _owner(entry.uid, entry.gid, entry.uname, entry.gname)
    out = f'{{"path":{_quoted(entry.path)},"type":"{entry.type}","mode":{entry.mode}{owner}'
    if entry.mtime:
        out += f',"mtime":{entry.mtime}'
    if entry.size:
        out += f',"size":{entry.size}'
    if entry.link:
        out += f',"link":{_quoted(entry.link)}'
    if entry.major or entry.minor:
        out += f',"major":{entry.major},"minor":{entry.minor}'
    if entry.xattrs:
        out += f',"xattrs":{json.dumps(xattrs_as_text(entry))}'
    return out + "}\n"


@lru_cache(maxsize=1024)
def _owner(uid: int, gid: int, uname: str, gname: str) -> str:
    out = f',"uid":{uid}' if uid else ""
    out += f',"gid":{gid}' if gid else ""
    out += f',"uname":{_quoted(uname)}' if uname else ""
    return out + (f',"gname":{_quoted(gname)}' if gname else "")


def xattrs_as_text(entry: Entry) -> Mapping[str, str]:
    """Extended attributes as setfattr(1) takes them: `0x` and hexadecimal digits."""
    return {name: "0x" + value.hex() for name, value in entry.xattrs}


def _quoted(text: str) -> str:
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return json.dumps(text)
