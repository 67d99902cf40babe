"""The same questions to every workspace of the corpus are answered as Bazel answered them (everywhere.json)."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.conformance import everywhere
from tests.conformance.bazel import Bazel, installed
from tests.conformance.corpus import Case, all_cases
from tests.conformance.everywhere_known import KNOWN
from tests.oracles.tools import REQUIRED, missing

_RECORDED = everywhere.recorded()
_CASES = [case for case in all_cases() if case.name in _RECORDED]
_SHARE, _FURTHER_SHARE = 0.002, 0.005
_ASKED_FURTHER = 4
"""One of so many workspaces is asked the further questions."""
_ASKED_ANEW = 12
"""One of so many workspaces is put to Bazel again."""


def _one_of(cases: list[Case], many: int) -> list[Case]:
    """A part of the workspaces, chosen by their names."""
    return [case for case in cases if int(hashlib.sha256(case.name.encode()).hexdigest(), 16) % many == 0]


def _wrong(case: Case, where: Path, questions: Sequence[str]) -> str:
    """What is answered otherwise than Bazel, and is not known to be; or is known to be, and is not."""
    got = everywhere.mine(case, where, questions)
    wrong = []
    for question in questions:
        found = everywhere.difference(got[question], _RECORDED[case.name][question])
        name = f"{case.name}/{question}"
        if found and name not in KNOWN:
            wrong.append(f"{name}\n{found}")
        elif not found and name in KNOWN:
            wrong.append(f"{name}: known to differ, and does not: take it out of the table")
    return "\n".join(wrong)


@pytest.mark.parametrize("case", _CASES, ids=lambda case: case.name)
def test_as_bazel(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is there, where, what depends on what, in which configurations, and what is done.

    A known difference that is none any more fails as well: it must be taken out of the table.
    """
    monkeypatch.setenv("PYBUILD_CACHE", str(tmp_path / "cache"))
    assert not _wrong(case, tmp_path / "ws", everywhere.ALWAYS)


@pytest.mark.parametrize("case", _one_of(_CASES, _ASKED_FURTHER), ids=lambda case: case.name)
def test_further_questions_as_bazel(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is declared, files, tools, labels, attributes, visibility, .bzl files, ranks, reverse dependencies."""
    monkeypatch.setenv("PYBUILD_CACHE", str(tmp_path / "cache"))
    assert not _wrong(case, tmp_path / "ws", everywhere.FURTHER)


def test_what_was_recorded_is_of_these_workspaces() -> None:
    """Every workspace that Bazel can answer about was put to it, as it is now."""
    state = {case.name: [case.workspace_digest] for case in all_cases() if not case.oracle}
    old = [name for name, digest in state.items() if _RECORDED.get(name, {}).get(everywhere.STATE) != digest]
    assert not old, f"python -m tests.conformance.everywhere record {' '.join(sorted(old))}"
    assert not set(_RECORDED) - set(state)


def test_most_questions_are_answered_alike() -> None:
    """The table of known differences names what is asked, and stays small."""
    assert len(_CASES) >= 150
    everything = set()
    for questions, share in ((everywhere.ALWAYS, _SHARE), (everywhere.FURTHER, _FURTHER_SHARE)):
        asked = {f"{case.name}/{question}" for case in _CASES for question in questions}
        assert len(asked & set(KNOWN)) < len(asked) * share
        everything |= asked
    assert not set(KNOWN) - everything


@pytest.mark.oracle
def test_bazel_still_answers_what_was_recorded() -> None:
    """A sample of the workspaces, chosen by their names, is put to Bazel anew."""
    if not installed() and os.environ.get(REQUIRED) != "required":
        pytest.skip("Bazel is not set up here: scripts/bazel")
    chosen = _one_of(_CASES, _ASKED_ANEW)
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
