"""The converter: strict decoding with paths, canonical bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from attrs import field, frozen
from hypothesis import given
from hypothesis import strategies as st

from rulesengine.errors import LockfileError, OciError
from rulesengine.model.codec import canonical_json, closed, decode, encode, key, parse_json, rest


@frozen
class Leaf:
    name: str = field(metadata=key("theName", check=lambda v: None if v else "is empty"))
    size: int = 0
    flag: bool = False


@closed
@frozen
class Tree:
    leaves: tuple[Leaf, ...] = ()
    lists: list[str] = field(factory=list)
    notes: Mapping[str, str] = field(factory=dict)
    parent: Leaf | None = None
    ports: tuple[str, ...] = field(default=(), metadata=key("Ports", keys_only=True))
    version: int = field(default=2, metadata=key("version", always=True))


@frozen
class Open:
    a: str = ""
    other: Mapping[str, Any] = field(factory=dict, metadata=rest())


def test_round_trip_and_canonical_bytes() -> None:
    tree = Tree(leaves=(Leaf("b", 3), Leaf("é")), notes={"z": "1", "a": "2"}, ports=("80/tcp",))
    data = encode(tree)
    assert (
        data
        == (
            '{"Ports":{"80/tcp":{}},"leaves":[{"size":3,"theName":"b"},{"theName":"é"}],'
            '"notes":{"a":"2","z":"1"},"version":2}'
        ).encode()
    )
    assert decode(Tree, data, what="tree") == tree


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ('{"leaves":[{"theName":"x"},{"theName":5}]}', "5 is not a string @ $.leaves[1].theName"),
        ('{"leaves":[{"theName":"x","size":"5"}]}', '"5" is not an integer @ $.leaves[0].size'),
        ('{"leaves":[{"theName":"x","size":true}]}', "true is not an integer @ $.leaves[0].size"),
        ('{"leaves":[{"theName":"x","size":1.5}]}', "1.5 is not an integer @ $.leaves[0].size"),
        ('{"leaves":[{"theName":""}]}', "is empty @ $.leaves[0].theName"),
        ('{"leaves":[{}]}', "required key is missing @ $.leaves[0].theName"),
        ('{"leaves":"abc"}', '"abc" is not an array @ $.leaves'),
        ('{"lists":"abc"}', '"abc" is not an array @ $.lists'),
        ('{"lists":[1]}', "1 is not a string @ $.lists[0]"),
        ('{"notes":{"a":1}}', "1 is not a string @ $.notes['a']"),
        ('{"notes":[]}', "an array is not an object @ $.notes"),
        ('{"parent":[]}', "an array is not an object @ $.parent"),
        ('{"Ports":[]}', "an array is not an object @ $.Ports"),
        ('{"other":1}', "unknown key 'other' @ $"),
        ("[]", "an array is not an object @ $"),
    ],
)
def test_faults_carry_their_path(document: str, message: str) -> None:
    with pytest.raises(OciError) as caught:
        decode(Tree, document.encode(), what="tree", error=OciError)
    assert str(caught.value) == f"tree: {message}"


def test_several_faults_are_all_told() -> None:
    with pytest.raises(LockfileError) as caught:
        decode(Tree, b'{"lists":[1],"version":"2"}', what="lock", error=LockfileError, hint="relock")
    assert str(caught.value) == (
        'lock: 2 faults\n  1 is not a string @ $.lists[0]\n  "2" is not an integer @ $.version\n  hint: relock'
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{"a":1,"a":2}', "key 'a' stands twice"),
        (b'{"a":NaN}', "NaN is not JSON"),
        (b"\xff", "is not UTF-8 (byte 0)"),
        (b'{"a":\n x}', "line 2 column 2"),
        (b"{} {}", "Extra data"),
        (b"[" * 100_000, "nests too deep"),
        (b"[" + b"1," * 2000 + b"1]", "at most 1000 are read"),
    ],
)
def test_text_that_is_not_one_json_document(data: bytes, message: str) -> None:
    with pytest.raises(OciError) as caught:
        parse_json(data, what="it", error=OciError, limit=1000 if len(data) < 99_000 else 1 << 20)
    assert message in str(caught.value)


def test_unknown_keys_are_kept_where_asked() -> None:
    value = decode(Open, b'{"a":"1","Healthcheck":{"Test":["x"]}}', what="x")
    assert value.other == {"Healthcheck": {"Test": ["x"]}}
    assert encode(value) == b'{"Healthcheck":{"Test":["x"]},"a":"1"}'


def test_null_is_absent_only_on_request() -> None:
    assert decode(Tree, b'{"notes":null,"leaves":[{"theName":"a","size":null}]}', what="x", null_is_absent=True) == (
        Tree(leaves=(Leaf("a"),))
    )
    with pytest.raises(OciError, match=r"null is not an object @ \$\.notes"):
        decode(Tree, b'{"notes":null}', what="x", error=OciError)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_canonical_json_has_one_spelling(value: Any) -> None:
    def turned(item: Any) -> Any:
        if isinstance(item, dict):
            return {name: turned(item[name]) for name in reversed(list(item))}
        return [turned(one) for one in item] if isinstance(item, list) else item

    data = canonical_json(value)
    assert canonical_json(turned(value)) == data
    assert json.loads(data) == value
    assert parse_json(data, what="it") == value
    assert not data.endswith(b"\n")


@pytest.mark.parametrize("value", [float("nan"), "\ud800", {1, 2}, {"a": b"x"}])
def test_what_has_no_json_form(value: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        canonical_json(value)
