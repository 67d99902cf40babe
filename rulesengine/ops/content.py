"""Content: described entries (model.operation.Described) resolved to tar entries and where their bytes are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import BinaryIO

from rulesengine.archive.entry import DIRECTORY, FILE, HARDLINK, ROOT, SYMLINK, TYPES, Entry, canonical
from rulesengine.errors import ExecutionError
from rulesengine.model.artifact import OUTPUT_ROOT
from rulesengine.model.codec import decode
from rulesengine.model.digest import Digest
from rulesengine.model.directory import TreeFile, TreeLink
from rulesengine.model.operation import Described
from rulesengine.model.ports import OpContext
from rulesengine.ops.mtree import MtreeEntry, parse_mtree
from rulesengine.values import evolve, frozen

DIRECTORY_MODE = 0o755
PROGRAM_MODE = 0o755
FILE_MODE = 0o644
LINK_MODE = 0o777


@frozen
class Item:
    """One entry of the layer to be.

    data: the bytes, the execution path of an input, or the digest of a member of an input tree.
    origin: what described it, for messages.
    mode_given: whether the description says the mode (a hard link that does not takes its target's fields).
    """

    entry: Entry
    data: bytes | str | Digest = b""
    origin: str = ""
    mode_given: bool = True

    def open(self, context: OpContext) -> bytes | BinaryIO:
        """The bytes, or a stream of them."""
        if isinstance(self.data, bytes):
            return self.data
        return context.open(self.data) if isinstance(self.data, str) else context.open_blob(self.data)


@frozen
class Archive:
    """An input tar archive whose entries go below `prefix`."""

    source: str
    prefix: str


def described(pairs: Iterator[tuple[str, str]]) -> list[Described]:
    """The entries of a command line: `--entry JSON`, each with at most one `--source PATH` behind it.

    Raises ExecutionError.
    """
    out: list[Described] = []
    for name, value in pairs:
        if name == "entry":
            out.append(decode(Described, value.encode("utf-8", "surrogatepass"), what="--entry", error=ExecutionError))
        elif not out or out[-1].source is not None:
            raise ExecutionError(f"flag --source {value} does not follow an --entry of its own")
        else:
            out[-1] = evolve(out[-1], source=value)
    return out


def resolve(context: OpContext, descriptions: Sequence[Described]) -> Iterator[Item | Archive]:
    """Items and archives in the order described; trees and specifications are expanded.

    Raises ExecutionError where a description makes no sense, ArchiveError for a bad path.
    """
    sources = [one.source for one in descriptions if one.source is not None]
    for one in descriptions:
        if one.type == "tree":
            yield from _tree(context, one)
        elif one.type == "archive":
            yield Archive(_source(one), canonical(one.path or ROOT, "prefix of an archive"))
        elif one.type == "mtree":
            spec = _source(one)
            for entry in parse_mtree(context.read(spec), spec):
                found = _mtree(context, entry, one.path, sources)
                if found is not None:
                    yield found
        else:
            yield _item(context, one, f"{one.type} {one.path!r}")


def _source(one: Described) -> str:
    if one.source is None:
        raise ExecutionError(f"entry {one.path!r} of type {one.type} has no --source")
    return one.source


def _item(context: OpContext, one: Described, origin: str) -> Item:
    if one.type not in TYPES:
        raise ExecutionError(
            f"entry {one.path!r} has the unknown type {one.type!r}",
            hint="one of " + ", ".join((*TYPES, "tree", "mtree", "archive")),
        )
    data: bytes | str = b""
    size = 0
    executable = False
    if one.type == FILE:
        if one.source is not None and one.content is not None:
            raise ExecutionError(f"entry {one.path!r} has both content and a source")
        if one.source is not None:
            if context.is_tree(one.source):
                raise ExecutionError(
                    f"entry {one.path!r} is a file, but its source {one.source} is a directory", hint="type tree"
                )
            data, size, executable = one.source, context.digest(one.source).size, context.executable(one.source)
        else:
            data = (one.content or "").encode("utf-8", "surrogateescape")
            size = len(data)
    elif one.source is not None or one.content is not None:
        raise ExecutionError(f"entry {one.path!r} is a {one.type}, which has no content")
    mode = one.mode
    if mode is None:
        if one.type == DIRECTORY or executable:
            mode = PROGRAM_MODE
        else:
            mode = LINK_MODE if one.type == SYMLINK else FILE_MODE
    entry = Entry(
        path=canonical(one.path or ROOT),
        type=one.type,
        mode=mode,
        uid=one.uid,
        gid=one.gid,
        uname=one.uname,
        gname=one.gname,
        size=size,
        mtime=one.mtime,
        link=canonical(one.link, f"target of hard link {one.path!r}") if one.type == HARDLINK else one.link,
        major=one.major,
        minor=one.minor,
        xattrs=tuple(sorted((name, _xattr(name, value)) for name, value in one.xattrs.items())),
    )
    return Item(entry, data, origin, one.mode is not None)


def _xattr(name: str, text: str) -> bytes:
    """As setfattr(1): `0x` and hexadecimal, `0s` and base64, or the text itself."""
    import base64
    import binascii

    try:
        if text.startswith("0x"):
            return bytes.fromhex(text[2:])
        if text.startswith("0s"):
            return base64.b64decode(text[2:], validate=True)
    except (ValueError, binascii.Error):
        raise ExecutionError(f"extended attribute {name} has the bad value {text!r}") from None
    return text.encode("utf-8", "surrogateescape")


def _tree(context: OpContext, one: Described) -> Iterator[Item]:
    source = _source(one)
    if not context.is_tree(source):
        raise ExecutionError(f"entry {one.path!r} is a tree, but its source {source} is a file", hint="type file")
    base = canonical(one.path or ROOT)
    origin = f"tree {source}"
    owner = Entry(ROOT, uid=one.uid, gid=one.gid, uname=one.uname, gname=one.gname, mtime=one.mtime)
    seen: set[str] = set()

    def directories(path: str) -> Iterator[Item]:
        new = []
        while path not in seen and path != ROOT:
            new.append(path)
            path = path.rpartition("/")[0] or ROOT
            if base != ROOT and len(path) < len(base):
                break
        for name in reversed(new):
            seen.add(name)
            yield Item(evolve(owner, path=name, type=DIRECTORY, mode=DIRECTORY_MODE), origin=origin)

    yield from directories(base)
    for relative, member in context.tree(source):
        path = canonical(relative if base == ROOT else f"{base}/{relative}")
        if member is None:
            yield from directories(path)
            continue
        yield from directories(path.rpartition("/")[0] or ROOT)
        if isinstance(member, TreeFile):
            mode = one.mode
            if mode is None:
                mode = PROGRAM_MODE if member.executable else FILE_MODE
            size = member.digest.size
            yield Item(evolve(owner, path=path, type=FILE, mode=mode, size=size), member.digest, origin)
        elif isinstance(member, TreeLink):
            yield Item(evolve(owner, path=path, type=SYMLINK, mode=LINK_MODE, link=member.target), origin=origin)


def _mtree(context: OpContext, entry: MtreeEntry, prefix: str, sources: Sequence[str]) -> Item | None:
    one = entry.described
    path = one.path.lstrip("/") or ROOT
    name = one.source
    source = None
    if name is not None:
        source = _named(name, sources)
        if source is None:
            if entry.optional:
                return None
            raise ExecutionError(
                f"contents={name} names no source of this layer",
                location=entry.location,
                hint="it has " + (", ".join(sorted(sources)) or "none"),
            )
    item = _item(
        context,
        evolve(one, path=f"{prefix}/{path}" if prefix else path, source=source),
        f"{entry.location.path}:{entry.location.line}",
    )
    if entry.size is not None and entry.size != item.entry.size:
        raise ExecutionError(f"size={entry.size}, but the content has {item.entry.size}", location=entry.location)
    if entry.sha256 is not None and one.type == FILE:
        digest = Digest.of(item.data) if isinstance(item.data, bytes) else context.digest(str(item.data))
        if digest.hash != entry.sha256.lower():
            raise ExecutionError(f"sha256={entry.sha256}, but the content has {digest.hash}", location=entry.location)
    return item


def _named(name: str, sources: Sequence[str]) -> str | None:
    """The source with this execution path, or the one output whose path below its root is this."""
    if name in sources:
        return name
    found = [one for one in sources if one.startswith(OUTPUT_ROOT + "/") and one.split("/", 3)[-1] == name]
    return found[0] if len(set(found)) == 1 else None
