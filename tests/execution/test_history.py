"""The history of builds: what is damaged is left out, and nothing else is lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rulesengine.execution import history
from rulesengine.execution.history import History, decode, encode


def build(number: int) -> history.Line:
    return {"t": "build", "n": number, "at": 0, "request": {}, "configurations": {}, "files": {"a/BUILD": f"{number}"}}


def action(number: int, path: str, key: str) -> history.Line:
    return {
        "t": "action", "n": number, "path": path, "key": key, "shape": "s", "configuration": "c", "ran": True,
        "owner": "//a:a", "outputs": {path: "f00:1"}, "inputs": [], "target": "",
    }  # fmt: skip


def test_lines_and_state_survive(tmp_path: Path) -> None:
    first = History(str(tmp_path))
    first.append([build(1), action(1, "x", "k1")])
    first.append([build(2), action(2, "x", "k2")])
    again = History(str(tmp_path))
    assert [line["n"] for line in again.lines()] == [1, 1, 2, 2]
    assert again.state().build == 2
    assert again.state().current.all() == {"x": ("k2", "s")}
    assert again.state().files.all() == {"a/BUILD": "2"}


@given(st.data())
def test_any_damage_loses_only_the_lines_it_hits(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    base = tmp_path_factory.mktemp("history")
    whole = History(str(base))
    for number in range(1, 6):
        whole.append([build(number), action(number, f"p{number}", "k")])
    path = base / "history"
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        content = content[:place]
        lost = set(range(len(bytes(content).splitlines()) - (not content.endswith(b"\n")), 10))
    else:
        content[place] ^= data.draw(st.integers(1, 255))
        hit = path.read_bytes()[:place].count(b"\n")
        lost = {hit, hit + 1}  # a line's end may be hit too
    path.write_bytes(bytes(content))
    kept = {encode(line) for line in History(str(base)).lines()}
    lines = [encode(line) for number in range(1, 6) for line in (build(number), action(number, f"p{number}", "k"))]
    assert kept <= set(lines)
    assert {number for number, line in enumerate(lines) if line not in kept} <= lost
    late = History(str(base))
    late.append([build(9), action(9, "late", "k")])
    assert [line["n"] for line in History(str(base)).lines()][-2:] == [9, 9]


def test_a_torn_line_does_not_take_the_next_with_it(tmp_path: Path) -> None:
    History(str(tmp_path)).append([build(1)])
    with open(tmp_path / "history", "ab") as stream:
        stream.write(encode(build(2))[:20])
    History(str(tmp_path)).append([build(3)])
    assert [line["n"] for line in History(str(tmp_path)).lines()] == [1, 3]


@pytest.mark.parametrize("damage", [b"", b"rubbish", b"\0" * 100])
def test_the_state_is_a_shortcut_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: bytes) -> None:
    monkeypatch.setattr(history, "_TAIL", 0)
    one = History(str(tmp_path))
    one.append([build(1), action(1, "x", "k1")])
    state = tmp_path / "history.state"
    assert state.exists()
    assert History(str(tmp_path)).state() == one.state()
    state.write_bytes(damage)
    assert History(str(tmp_path)).state() == one.state()
    os.unlink(tmp_path / "history")  # a state without lines is not believed
    assert History(str(tmp_path)).state().current.all() == {}


@settings(deadline=None)
@given(st.data())
def test_any_damage_of_the_state_is_made_good(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    base = tmp_path_factory.mktemp("history")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(history, "_TAIL", 0)
        whole = History(str(base))
        whole.append([build(1), *(action(1, f"p{number}", "k") for number in range(200))])
        patch.setattr(history, "_TAIL", 1 << 20)
        whole.append([build(2), action(2, "p7", "k2"), action(2, "new", "k")])
    content = bytearray((base / "history.state").read_bytes())
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=4)):
        content[place] ^= data.draw(st.integers(1, 255))
    (base / "history.state").write_bytes(content[: data.draw(st.sampled_from([len(content), len(content) // 2]))])
    found = History(str(base)).state()
    assert found.current.get("p7") == ("k2", "s")
    assert found.current.get("p8") == ("k", "s")
    assert found.current.get("p") is None
    assert history.known_action("new", "k") in found.known
    assert found == whole.state()


def test_what_is_old_goes_and_what_is_needed_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = History(str(tmp_path))
    one.append([build(1), action(1, "first", "k")])
    monkeypatch.setattr(history, "LIMIT", 20_000)
    for number in range(2, 400):
        one.append([build(number), action(number, "again", f"k{number}")])
    assert os.path.getsize(one.path) <= 20_000
    left = list(History(str(tmp_path)).lines())
    assert [line["key"] for line in left if line["t"] == "action" and line["path"] == "first"] == ["k"]
    assert History(str(tmp_path)).state().current.get("again") == ("k399", "s")
    assert 5 < len(left) < 200


def test_what_is_all_needed_is_not_looked_through_at_each_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "LIMIT", 20_000)
    monkeypatch.setattr(history, "_TAIL", 0)
    pruned: list[int] = []
    prune = History._prune

    def told(one: History) -> None:
        pruned.append(one.state().build)
        prune(one)

    monkeypatch.setattr(History, "_prune", told)
    History(str(tmp_path)).append([build(1), *(action(1, f"p{number}", "k") for number in range(500))])
    size = os.path.getsize(tmp_path / "history")
    assert size > 60_000
    for number in range(2, 600):
        History(str(tmp_path)).append([build(number), action(number, "again", f"k{number}")])
        assert os.path.getsize(tmp_path / "history") < 1.5 * (size + 20_000)
    assert 1 <= len(pruned) <= 4
    assert pruned[0] > 50
    assert len(History(str(tmp_path)).state().current.all()) == 501


def test_a_line_that_is_not_one() -> None:
    assert decode(b"") is None
    assert decode(b"zzzzzzzz {}\n") is None
    assert decode(encode({"t": "x"})) == {"t": "x"}
