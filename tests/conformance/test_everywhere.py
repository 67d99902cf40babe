"""The same questions to every workspace of the corpus are answered as Bazel answered them (everywhere.json)."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from tests.conformance import everywhere
from tests.conformance.bazel import Bazel, installed
from tests.conformance.corpus import Case, all_cases
from tests.conformance.everywhere_known import KNOWN
from tests.oracles.tools import REQUIRED, missing

_RECORDED = everywhere.recorded()
_CASES = [case for case in all_cases() if case.name in _RECORDED]
_SHARE = 0.01
_ASKED_ANEW = 12
"""One of so many workspaces is put to Bazel again."""


@pytest.mark.parametrize("case", _CASES, ids=lambda case: case.name)
def test_as_bazel(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is there, where, what depends on what, in which configurations, and what is done.

    A known difference that is none any more fails as well: it must be taken out of the table.
    """
    monkeypatch.setenv("PYBUILD_CACHE", str(tmp_path / "cache"))
    got = everywhere.mine(case, tmp_path / "ws", everywhere.ALWAYS)
    wrong = []
    for question in everywhere.ALWAYS:
        found = everywhere.difference(got[question], _RECORDED[case.name][question])
        name = f"{case.name}/{question}"
        if found and name not in KNOWN:
            wrong.append(f"{name}\n{found}")
        elif not found and name in KNOWN:
            wrong.append(f"{name}: known to differ, and does not: take it out of the table")
    assert not wrong, "\n".join(wrong)


def test_most_questions_are_answered_alike() -> None:
    """The table of known differences names what is asked, and stays small."""
    asked = {f"{case.name}/{question}" for case in _CASES for question in everywhere.ALWAYS}
    assert not set(KNOWN) - asked
    assert len(_CASES) >= 150
    assert len(KNOWN) < len(asked) * _SHARE


@pytest.mark.oracle
def test_bazel_still_answers_what_was_recorded() -> None:
    """A sample of the workspaces, chosen by their names, is put to Bazel anew."""
    if not installed() and os.environ.get(REQUIRED) != "required":
        pytest.skip("Bazel is not set up here: scripts/bazel")
    chosen = [case for case in _CASES if int(hashlib.sha256(case.name.encode()).hexdigest(), 16) % _ASKED_ANEW == 0]
    assert chosen
    try:
        bazel = Bazel()
    except OSError as fault:
        missing(str(fault))
        return
    changed = []
    with bazel:
        for case in chosen:
            now = json.loads(json.dumps(everywhere.theirs(case, bazel, everywhere.ALWAYS)))
            for question, answer in now.items():
                if found := everywhere.difference(_RECORDED[case.name][question], answer):
                    changed.append(f"{case.name}/{question} (ours: recorded, Bazel: now)\n{found}")
    assert not changed, "\n".join(changed)
