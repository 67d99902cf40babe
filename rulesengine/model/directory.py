"""Merkle trees of REAPI Directory messages: built from paths, read back into paths."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from rulesengine.errors import StoreError
from rulesengine.model import wire
from rulesengine.model.digest import Digest
from rulesengine.values import frozen


@frozen
class TreeFile:
    """A regular file of a tree."""

    digest: Digest
    executable: bool = False


@frozen
class TreeLink:
    """A symbolic link of a tree."""

    target: str


@frozen
class TreeNode:
    """A whole subtree, by the digest of its Directory."""

    digest: Digest


Member = TreeFile | TreeLink | TreeNode

MAX_DEPTH = 256
"""Directories nested deeper than this are refused on reading."""


def build_tree(members: Mapping[str, Member], put: Callable[[bytes], Digest]) -> Digest:
    """Store the Directory messages of `members` (relative path -> member) through `put`; the root's digest.

    Names are sorted by code point, as the REAPI demands; equal mappings give equal digests.
    A path that is both a file and a directory raises StoreError.
    """
    root: dict[str, object] = {}
    for path, member in members.items():
        parts = path.split("/")
        if not all(part and part not in (".", "..") for part in parts):
            raise StoreError(f"{path!r} is not a path of a tree")
        here = root
        for part in parts[:-1]:
            below = here.setdefault(part, {})
            if not isinstance(below, dict):
                raise StoreError(f"{path!r}: {part!r} is a file and a directory at once")
            here = below
        if here.setdefault(parts[-1], member) is not member:
            raise StoreError(f"{path!r} is a file and a directory at once")

    def store(node: dict[str, object]) -> Digest:
        files = []
        directories = []
        links = []
        for name in sorted(node):
            value = node[name]
            if isinstance(value, TreeFile):
                files.append((name, value.digest, value.executable))
            elif isinstance(value, TreeLink):
                links.append((name, value.target))
            else:
                child = value.digest if isinstance(value, TreeNode) else store(value)  # type: ignore[arg-type]  # the other arm is a tree node's
                directories.append((name, child))
        return put(wire.directory(files, directories, links))

    return store(root)


def walk_tree(root: Digest, get: Callable[[Digest], bytes]) -> Iterator[tuple[str, TreeFile | TreeLink | None]]:
    """The members below `root` in path order; None stands for an empty directory.

    Raises StoreError where a Directory does not decode or nests too deep.
    """
    stack: list[tuple[str, Digest]] = [("", root)]
    while stack:
        prefix, digest = stack.pop()
        if prefix.count("/") > MAX_DEPTH:
            raise StoreError(f"a tree nests deeper than {MAX_DEPTH} directories", hint="run pybuild clean")
        try:
            found = wire.read_directory(get(digest))
        except wire.WireError as fault:
            raise StoreError(f"{digest} is not a REAPI Directory: {fault}") from fault
        for name, file, executable in found.files:
            yield prefix + name, TreeFile(file, executable)
        for name, target in found.links:
            yield prefix + name, TreeLink(target)
        if prefix and not (found.files or found.links or found.directories):
            yield prefix[:-1], None
        for name, below in reversed(found.directories):
            stack.append((f"{prefix}{name}/", below))
