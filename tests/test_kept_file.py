"""Kept files: whole or not there."""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from rulesengine.kept_file import kept_body, read_kept, write_kept

_MARK = b"test 1\n"


def test_comes_back_under_its_own_mark_only(tmp_path: Path) -> None:
    path = str(tmp_path / "below" / "kept")
    assert read_kept(path, _MARK) is None
    assert write_kept(path, _MARK, b"body")
    assert bytes(read_kept(path, _MARK) or b"") == b"body"
    assert read_kept(path, b"test 2\n") is None
    assert os.listdir(tmp_path / "below") == ["kept"]


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    assert not write_kept(str(tmp_path / "kept"), _MARK, b"body")
    assert os.listdir(tmp_path) == ["kept"]


@given(st.binary(max_size=50), st.data())
def test_a_changed_byte_or_a_missing_end_is_noticed(body: bytes, data: st.DataObject) -> None:
    import hashlib

    whole = _MARK + hashlib.sha256(body).digest() + body
    at = data.draw(st.integers(0, len(whole) - 1))
    changed = bytearray(whole)
    changed[at] ^= data.draw(st.integers(1, 255))
    assert kept_body(bytes(changed), _MARK) is None
    assert kept_body(whole[:at], _MARK) is None
    assert bytes(kept_body(whole, _MARK) or b"") == body
