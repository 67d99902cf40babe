"""The same four questions about every workspace of the corpus: what is there, what depends on what, what is done.

    python -m tests.conformance.everywhere record|show [CASE…]

`record` asks Bazel and writes everywhere.json; `show` tells where we differ.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from attrs import evolve

from tests.conformance import ours
from tests.conformance.corpus import Case, Step, all_cases

ANSWERS = Path(__file__).parent / "everywhere.json"
QUESTIONS = (
    Step("query", ("//...:*",), ("--output=label_kind",)),
    Step("query", ("deps(//...)",), ("--noimplicit_deps",)),
    Step("cquery", ("deps(//...)",), ("--noimplicit_deps",)),
    Step("aquery", ("//...",)),
)
_THEIRS = re.compile(
    r"@*(?:bazel_tools|rules_java|rules_cc|local_config_\w+|rules_license|rules_python)[~+]?//|@*platforms//"
)
"""What the two tools bring along themselves, each in its way."""


def asked(case: Case) -> Case:
    """A case that puts the questions."""
    return evolve(case, steps=QUESTIONS, prints=False)


def settled(answer: dict[str, Any]) -> list[Any]:
    """An answer as it is compared: of a failure only that it is one."""
    out: list[Any] = []
    for step in answer["steps"]:
        lines = step.get("lines")
        out.append("fails" if lines is None else [one for one in lines if not _THEIRS.search(one)])
    return out


def recorded() -> dict[str, list[Any]]:
    """Bazel's answers, by case."""
    return dict(json.loads(ANSWERS.read_text()))


def mine(case: Case, where: Path) -> list[Any]:
    """Our answers."""
    return settled(ours.answer(asked(case), where))


def _record(names: list[str]) -> None:
    from tests.conformance.bazel import Bazel

    known = recorded() if ANSWERS.exists() else {}
    with Bazel() as bazel:
        for case in all_cases(names):
            if not case.oracle:
                known[case.name] = settled(bazel.answer(asked(case)))
    ANSWERS.write_text(json.dumps(known, indent=0, sort_keys=True, ensure_ascii=False) + "\n")


def _show(names: list[str]) -> None:
    for case in all_cases(names):
        if case.name not in recorded():
            continue
        with tempfile.TemporaryDirectory() as scratch:
            os.environ["PYBUILD_CACHE"] = os.path.join(scratch, "cache")
            got = mine(case, Path(scratch, "ws"))
        for step, theirs, our in zip(QUESTIONS, recorded()[case.name], got, strict=True):
            if theirs != our:
                head = f"{case.name}: {step.command} {step.arguments[0]}"
                if isinstance(theirs, str) or isinstance(our, str):
                    print(f"{head}: ours {str(our)[:60]!r}, Bazel {str(theirs)[:60]!r}")
                else:
                    print(f"{head}\n    only ours  {sorted(set(our) - set(theirs))}")
                    print(f"    only Bazel {sorted(set(theirs) - set(our))}")


if __name__ == "__main__":
    {"record": _record, "show": _show}[sys.argv[1]](sys.argv[2:])
