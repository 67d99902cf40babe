"""Signatures read by statx(2) are those of os.stat, whatever the file; and they come back out of their text."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rulesengine.workspace import signatures
from rulesengine.workspace.signatures import Signature, signature

_TIME = st.integers(-(2**33) * 10**9, 2**33 * 10**9)
_SIGNATURE = st.tuples(
    st.integers(0, 2**63 - 1), _TIME, _TIME, st.integers(0, 2**64 - 1), st.integers(0, 2**16 - 1)
)  # fmt: skip


@given(st.lists(_SIGNATURE, max_size=20))
def test_text_and_back(wanted: list[Signature]) -> None:
    text = signatures.pack(wanted)
    assert len(text) == signatures.WIDTH * len(wanted)
    assert list(signatures.unpack(text)) == wanted


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    (tmp_path / "plain").write_text("x\n")
    (tmp_path / "empty").touch(mode=0o600)
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("plain")
    (tmp_path / os.fsdecode(b"\xff\n name")).write_text("odd")
    for name, size, time in (("old", 3, -1_500_000_000), ("large", 5 << 40, 7), ("late", 1, 2**33 * 10**9 + 1)):
        with open(tmp_path / name, "wb") as file:
            file.truncate(size)
        os.utime(tmp_path / name, ns=(0, time))
    os.mkfifo(tmp_path / "pipe", 0o644)
    return tmp_path


def test_both_ways_of_reading_say_what_stat_says(odd: Path) -> None:
    read = signatures.reader()
    assert read is not signatures.with_stat  # Linux has statx; the other way takes half as long again
    names = [*sorted(os.listdir(os.fsencode(odd))), b"."]
    wanted = [signature(os.path.join(odd, os.fsdecode(name))) for name in names]
    directory = os.open(odd, os.O_RDONLY)
    try:
        assert list(signatures.unpack(read(directory, names))) == wanted
        assert list(signatures.unpack(signatures.with_stat(directory, names))) == wanted
        assert read(directory, []) == b""
        many = names * (1 + signatures.MOST // len(names))
        assert list(signatures.unpack(read(directory, many))) == wanted * (1 + signatures.MOST // len(names))
        with pytest.raises(FileNotFoundError):
            read(directory, [*names, b"none"])
    finally:
        os.close(directory)


@pytest.mark.parametrize("field", range(5))
def test_each_field_counts(field: int) -> None:
    before = [(1, 2, 3, 4, 5), (6, 7, 8, 9, 10)]
    after = list(before[1])
    after[field] += 1
    assert signatures.pack([before[0], (after[0], after[1], after[2], after[3], after[4])]) != signatures.pack(before)
