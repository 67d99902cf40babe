"""The memo: what is remembered of texts is what would be worked out again, or nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from rulesengine.errors import LoadingError, SyntaxFault
from rulesengine.loading import Loader
from rulesengine.loading import memo as memo_module
from rulesengine.loading.memo import Known, Memo
from rulesengine.loading.python_tree import private_names
from rulesengine.loading.rewrite import rewrite
from rulesengine.loading.rewritten import Rewritten

TEXT = "_private = 1\n\ndef f(dep, x):\n    return dep.label, x[FooInfo], '%s' % x\n"


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    path = str(tmp_path / "deep" / "parsed")
    first = Memo(path)
    assert first.get(TEXT) is None
    known = Known(rewrite(TEXT), private_names(TEXT))
    first.put(TEXT, known)
    assert first.get(TEXT) == known
    first.save()
    assert Memo(path).get(TEXT) == known
    assert known.rewritten.text != TEXT, "the example is one that is rewritten"
    assert Memo(path).get(TEXT + "\n") is None
    assert [one.name for one in (tmp_path / "deep").iterdir()] == ["parsed"]


def test_every_damage_is_an_empty_memo(tmp_path: Path) -> None:
    path = tmp_path / "parsed"
    memo = Memo(str(path))
    memo.put(TEXT, Known(rewrite(TEXT), ("_private",)))
    memo.save()
    data = path.read_bytes()
    for place in range(0, len(data), 3):
        path.write_bytes(data[:place] + bytes([data[place] ^ 0x40]) + data[place + 1 :])
        assert Memo(str(path)).get(TEXT) is None, place
        path.write_bytes(data[:place])
        assert Memo(str(path)).get(TEXT) is None, place


def test_other_code_does_not_read_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(tmp_path / "parsed")
    memo = Memo(path)
    memo.put(TEXT, Known(rewrite(TEXT), ()))
    memo.save()
    monkeypatch.setattr(memo_module, "_CODE", ("rewrite.py",))
    assert Memo(path).get(TEXT) is None


def test_it_stays_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memo_module, "_MAX_ENTRIES", 3)
    path = str(tmp_path / "parsed")
    for number in range(5):
        memo = Memo(path)
        memo.put(f"x = {number}", Known(rewrite(f"x = {number}"), ()))
        memo.save()
    kept = [number for number in range(5) if Memo(path).get(f"x = {number}")]
    assert 4 in kept
    assert len(kept) <= 3


def test_a_memo_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    memo = Memo(str(tmp_path / "file" / "parsed"))
    memo.put(TEXT, Known(rewrite(TEXT), ()))
    memo.save()


def test_loading_is_the_same_with_a_memo(tmp_path: Path) -> None:
    root = tmp_path / "ws"
    (root / "a").mkdir(parents=True)
    (root / "MODULE.bazel").write_text("")
    (root / "a" / "d.bzl").write_text(
        "FooInfo = provider(fields = ['x'])\n\ndef _impl(ctx):\n    return [FooInfo(x = str(ctx.attr.dep.label))]\n\n"
        "_foo = rule(implementation = _impl, attrs = {'dep': attr.label()})\n\ndef foo(**kwargs):\n    _foo(**kwargs)\n"
    )
    (root / "a" / "BUILD").write_text('load(":d.bzl", "foo")\n\nfoo(name = "x")\n')
    memo = str(tmp_path / "parsed")
    seen = []
    for _ in range(3):
        loader = Loader(str(root), memo=memo)
        seen.append([(one.label.name, one.rule_name) for one in loader.package("", "a").targets.values()])
        loader.save()
    assert seen == [[("x", "_foo")]] * 3
    (root / "a" / "BUILD").write_text('load(":d.bzl", "foo")\n\nfoo(name = "x", nme = )\n')
    for _ in range(2):
        with pytest.raises(SyntaxFault, match="a/BUILD:3"):
            Loader(str(root), memo=memo).package("", "a")


def test_the_shipped_rules_have_a_memo_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is written beside the compiled modules; where that may not be, what is new stands in the other one."""
    (tmp_path / "MODULE.bazel").write_text("")
    (tmp_path / "BUILD").write_text('load("@rulesengine//files:defs.bzl", "tar")\n\ntar(name = "x")\n')
    shipped, memo = tmp_path / "shipped", tmp_path / "parsed"

    def loaded(writes: bool) -> None:
        monkeypatch.setattr("rulesengine.loading.loader.of_shipped_rules", lambda: Memo(str(shipped), writes))
        loader = Loader(str(tmp_path), memo=str(memo))
        assert [*loader.package("", "").targets]
        loader.save()

    loaded(False)
    assert not shipped.exists()
    alone = memo.stat().st_size
    memo.unlink()
    loaded(True)
    assert shipped.stat().st_size > 10_000
    assert memo.stat().st_size < alone - 10_000
    memo.unlink()
    monkeypatch.setattr("rulesengine.loading.border.rewrite", lambda text, kind: Rewritten(text, f"fail('{kind}')"))
    (tmp_path / "BUILD").write_text("tar = 1\n")
    with pytest.raises(LoadingError, match="build"):
        loaded(True)
