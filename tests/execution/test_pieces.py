"""Plan files: what was written is read, piece by piece; anything else is noticed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rulesengine.execution import pieces
from rulesengine.execution.pieces import CHUNK, DamagedError, Pieces

_PLAIN = st.recursive(
    st.none() | st.integers() | st.text() | st.binary(), lambda one: st.lists(one) | st.tuples(one, one), max_leaves=5
)


@given(st.lists(_PLAIN, max_size=3 * CHUNK), st.dictionaries(st.text(), _PLAIN))
def test_written_and_read(elements: list[Any], other: dict[str, Any]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as directory:
        path = directory + "/new/plan"
        digest = pieces.write(path, {"list": pieces.chunks(elements), "other": [other]})
        assert digest is not None
        found = Pieces(path, digest)
        assert [found.element("list", number) for number in range(len(elements))] == elements
        assert found.piece("other") == other
        again = pieces.write(path, {"other": [1, 2]}, found)
        assert again is not None and again != digest
        renewed = Pieces(path, again)
        assert [renewed.element("list", number) for number in range(len(elements))] == elements
        assert (renewed.piece("other", 0), renewed.piece("other", 1)) == (1, 2)
        assert found.piece("other") == other  # who has it open goes on with the old one
        with pytest.raises(DamagedError):
            Pieces(path, digest)


def test_every_flipped_byte_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "plan"
    digest = pieces.write(str(path), {"list": pieces.chunks(list(range(70))), "other": ["text"]})
    assert digest is not None
    data = path.read_bytes()

    def read() -> list[Any]:
        found = Pieces(str(path), digest)
        return [*(found.element("list", number) for number in range(70)), found.piece("other")]

    assert read() == [*range(70), "text"]
    for place in range(len(data)):
        path.write_bytes(data[:place] + bytes([data[place] ^ 4]) + data[place + 1 :])
        with pytest.raises(DamagedError):
            read()
    for length in range(len(data)):
        path.write_bytes(data[:length])
        with pytest.raises(DamagedError):
            read()
    path.unlink()
    with pytest.raises(DamagedError):
        read()
    assert pieces.write("/proc/none/plan", {}) is None
