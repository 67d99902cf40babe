"""Every case of the corpus gives what real Bazel gave; and Bazel still gives what was recorded."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from attrs import evolve

from tests.conformance import ours
from tests.conformance.bazel import Bazel, installed
from tests.conformance.corpus import Case, all_cases, recorded
from tests.oracles.tools import REQUIRED, missing

_CASES = all_cases()
ASKED_ANEW = 60
"""So many of them are put to Bazel at each run."""
EVERYTHING = "RULESENGINE_CORPUS"
"""`everything`: all are."""


def _parameters() -> list[object]:
    return [
        pytest.param(
            case, id=case.name, marks=[pytest.mark.xfail(reason=case.xfail, strict=True)] if case.xfail else []
        )
        for case in _CASES
    ]


@pytest.mark.parametrize("case", _parameters())
def test_as_bazel(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outputs byte for byte, answers to queries, prints, and class and place of failures."""
    monkeypatch.setenv("PYBUILD_CACHE", str(tmp_path / "cache"))
    assert case.expected, "tests/conformance/record has not been run for it"
    found = ours.differences(case, case.expected, ours.answer(case, tmp_path / "ws"))
    assert not found, "\n".join(found)


def test_no_case_was_changed_since_bazel_was_asked() -> None:
    """What one asks must be what was recorded: tests/conformance/record."""
    asked = {case.name: case.digest for case in _CASES if not case.oracle}
    assert asked == recorded()


def _asked_anew() -> list[Case]:
    """The cases that are put to Bazel: some, which a digest of the whole corpus chooses, or all where wished."""
    cases = [case for case in _CASES if not case.oracle]
    if os.environ.get(EVERYTHING) == "everything":
        return cases
    salt = hashlib.sha256("".join(case.digest for case in cases).encode()).hexdigest()
    chosen = sorted(cases, key=lambda case: hashlib.sha256(f"{salt}{case.name}".encode()).digest())[:ASKED_ANEW]
    return sorted(chosen, key=lambda case: case.name)


@pytest.mark.oracle
def test_bazel_still_answers_what_was_recorded() -> None:
    """Asks Bazel anew.  One test, because one server answers all.

    Compared as our answers are; what differs is asked a server of its own: how many of several failures Bazel
    reports depends on its threads and on what it has built before, and it leaves files of another workspace's tree
    in a tree of the same path.
    """
    if not installed() and os.environ.get(REQUIRED) != "required":
        pytest.skip("Bazel is not set up here: scripts/bazel")
    cases = _asked_anew()
    assert len(cases) >= ASKED_ANEW
    try:
        bazel = Bazel()
    except OSError as fault:
        missing(str(fault))
        return
    changed = []
    with bazel:
        for case in cases:
            # What its messages say was looked for in all it wrote; what is recorded of them is less.
            silent = evolve(case, steps=tuple(evolve(step, says=()) for step in case.steps))
            if ours.differences(silent, case.expected, bazel.answer(case)):
                bazel.forget()
                found = ours.differences(silent, case.expected, bazel.answer(case))
                changed += [f"{case.name}: {one}" for one in found]
    assert not changed, "\n".join(changed)


def test_the_corpus_is_large_enough() -> None:
    """A case that vanishes is noticed."""
    assert len(_CASES) >= 60
