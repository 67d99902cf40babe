from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rulesengine.errors import StoreError
from rulesengine.model.digest import Digest
from rulesengine.model.directory import Member, TreeFile, TreeLink, TreeNode, build_tree, walk_tree

_PATHS = st.lists(st.text(alphabet="abc.é", min_size=1, max_size=3), min_size=1, max_size=4).map("/".join)


class Blobs(dict[Digest, bytes]):
    def store(self, data: bytes) -> Digest:
        digest = Digest(hashlib.sha256(data).hexdigest(), len(data))
        self[digest] = data
        return digest


def digest(text: str) -> Digest:
    return Digest(hashlib.sha256(text.encode()).hexdigest(), len(text))


@given(st.dictionaries(_PATHS, st.booleans(), max_size=8))
def test_what_was_built_is_read_back(shape: dict[str, bool]) -> None:
    members: dict[str, Member] = {
        path: TreeFile(digest(path), True) if is_file else TreeLink("../" + path) for path, is_file in shape.items()
    }
    blobs = Blobs()
    valid = all(part not in (".", "..") for path in members for part in path.split("/")) and not any(
        other.startswith(path + "/") for path in members for other in members
    )
    if not valid:
        with pytest.raises(StoreError):
            build_tree(members, blobs.store)
        return
    root = build_tree(members, blobs.store)
    assert {path: member for path, member in walk_tree(root, blobs.__getitem__) if member is not None} == members
    assert build_tree(dict(reversed(members.items())), Blobs().store) == root


def test_subtrees_by_digest_and_empty_directories() -> None:
    blobs = Blobs()
    empty = build_tree({}, blobs.store)
    below = build_tree({"f": TreeFile(digest("x"))}, blobs.store)
    root = build_tree({"a/b": TreeNode(below), "e": TreeNode(empty)}, blobs.store)
    assert dict(walk_tree(root, blobs.__getitem__)) == {"a/b/f": TreeFile(digest("x")), "e": None}
    assert root == build_tree({"a/b/f": TreeFile(digest("x")), "e": TreeNode(empty)}, Blobs().store)


def test_names_are_sorted_and_the_empty_directory_has_the_digest_of_nothing() -> None:
    assert build_tree({}, Blobs().store) == Digest(hashlib.sha256(b"").hexdigest(), 0)


def test_damage_and_depth_are_refused() -> None:
    blobs = Blobs()
    bad = blobs.store(b"\xff\xff\xff")
    with pytest.raises(StoreError):
        list(walk_tree(bad, blobs.__getitem__))
    node = build_tree({"f": TreeFile(digest("x"))}, blobs.store)
    for _ in range(300):
        node = build_tree({"d": TreeNode(node)}, blobs.store)
    with pytest.raises(StoreError, match="nests deeper"):
        list(walk_tree(node, blobs.__getitem__))
