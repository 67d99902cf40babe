"""The same questions about every workspace of the corpus: what is there, what depends on what, what is done.

    python -m tests.conformance.everywhere record|show [CASE…]

`record` asks Bazel and writes everywhere.json, after every case; `show` tells where we differ.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.conformance import ours
from tests.conformance.bazel import Bazel
from tests.conformance.corpus import Case, Step, all_cases, query_lines

ANSWERS = Path(__file__).parent / "everywhere.json"
_PARTLY = "--keep_going"
"""A broken workspace is asked too: what is said of the parts that are whole."""
QUESTIONS = {
    name: Step(command, (expression,), (_PARTLY, *flags))
    for name, command, expression, *flags in (
        ("kinds", "query", "//...:*", "--output=label_kind"),
        ("places", "query", "//...", "--output=location", "--relative_locations"),
        ("declared", "query", "//...", "--output=build"),
        ("deps", "query", "deps(//...)", "--noimplicit_deps"),
        ("implicit", "query", "deps(//...)"),
        ("graph", "query", "deps(//...)", "--noimplicit_deps", "--output=graph", "--nograph:factored"),
        ("ranks", "query", "deps(//...)", "--noimplicit_deps", "--output=maxrank"),
        ("users", "query", 'rdeps(//..., kind("source file", //...:*), 1)'),
        ("labels", "query", "labels(srcs, //...) + labels(deps, //...) + labels(data, //...) + tests(//...)"),
        ("attrs", "query", 'attr(srcs, "[.:]", //...) + attr(tags, "[a-z]", //...) + attr(visibility, "//", //...)'),
        ("visible", "query", "visible(//..., //...:*)"),
        ("bzl", "query", "buildfiles(//...) + loadfiles(//...)"),
        ("configured", "cquery", "deps(//...)", "--noimplicit_deps", "--output=label_kind"),
        ("tools", "cquery", "deps(//...)"),
        ("files", "cquery", "//...", "--output=files"),
        ("actions", "aquery", "//..."),
    )
}
"""By name."""
ALWAYS = ("kinds", "places", "graph", "configured", "actions")
"""Those that the tests ask every workspace."""
FURTHER = tuple(name for name in QUESTIONS if name not in ALWAYS)
"""Those that say much the same, in other words: the tests ask some of the workspaces, `show` all."""
STATE = "workspace"
"""Beside the answers: the digest of the files that they are about."""
FAILS = "FAILS"
"""The first line of an answer that comes with an exit code other than 0."""
Answer = dict[str, list[str]]
"""What was answered, by the question's name."""

_THEIRS = re.compile(
    r"@*(?:bazel_tools|rules_java|rules_cc|local_config_\w+|rules_license|rules_python)[~+]?//|@*platforms//"
)
"""What the two tools bring along themselves, each in its way."""
_LEFT_OUT = re.compile(r"#   |# Rule |ExecutableSymlink |@bazel_skylib//")
"""Bazel's own comments in `--output=build` (where a rule was defined and called), how its sh_binary is done, and what
lies inside of bazel_skylib, which is another one here."""
_STATUS = re.compile(r"(?:bazel|pybuild)-out/((?:stable|volatile)-status\.txt)")
_SCRIPT = re.compile(r"^(CopyDirectory .*: \['/bin/bash', '-c', )'(?:[^'\\]|\\.)*'")
"""The text of bazel_skylib's own script, which is written afresh here."""
_OWN_FAULT = re.compile(
    r"external/(?:bazel_tools|rules_\w+|protobuf|zlib)[~+/]|remote_coverage_tools"
    r"|(?:error loading package|depends upon the target) '@@bazel_tools//"
)
"""Bazel's own tools that it would fetch from elsewhere: they are missing wherever Bazel comes from a distribution."""
_SUM = re.compile(r"[Ee]valuation of query .* failed|not all errors")
"""What Bazel says after that, whatever the fault was."""
_LONG = 1000
_CONFIGURED = re.compile(r" \([\w.-]+\)$")


def _settled(step: Step, code: int, out: str, root: str) -> list[str]:
    """An answer as it is compared: of a failure only that it is one; of configurations how many.

    root: the workspace, which is taken off paths."""
    out = out.replace(f"{root}/", "")
    if "--output=label_kind" in step.flags and step.command == "cquery":
        counted = Counter(_CONFIGURED.sub("", line) for line in sorted(set(out.splitlines())))
        out = "\n".join(line if count == 1 else f"{line} x{count}" for line, count in counted.items())
    lines = query_lines(out, step.command) if out.strip() else []
    lines = [_compared(one) for one in lines if not _THEIRS.search(one) and not _LEFT_OUT.match(one)]
    fails = code and step.command != "aquery"  # of a broken workspace, Bazel's aquery ends with 0 here and with 1 there
    return [*([FAILS] if fails else []), *lines]


def _compared(line: str) -> str:
    """A line without each tool's own words; of a long one its beginning, with the digest of the whole."""
    line = _SCRIPT.sub(r"\1SCRIPT", _STATUS.sub(r"OUT/\1", line))
    return line if len(line) <= _LONG else f"{line[:80]}… {hashlib.sha256(line.encode()).hexdigest()}"


def recorded() -> dict[str, Answer]:
    """Bazel's answers, by case."""
    return dict(json.loads(ANSWERS.read_text())) if ANSWERS.exists() else {}


def mine(case: Case, where: Path, questions: Iterable[str] = QUESTIONS) -> Answer:
    """Our answers to some questions; `where` becomes the workspace."""
    case.copy_to(where)
    return {name: _settled(QUESTIONS[name], *ours.ask(QUESTIONS[name], where)[:2], str(where)) for name in questions}


def theirs(case: Case, bazel: Bazel, questions: Iterable[str] = QUESTIONS) -> Answer:
    """Bazel's answers to some questions."""
    case.copy_to(bazel.workspace)
    out = {}
    for name in questions:
        step = QUESTIONS[name]
        code, text, err = bazel.ask(step)
        faults = [line for line in err.splitlines() if line.startswith("ERROR")]
        faults = [line for line in faults if not (_SUM.search(line) and not _OWN_FAULT.search(line))] or faults
        own = bool(faults) and all(_OWN_FAULT.search(line) for line in faults)
        out[name] = _settled(step, 0 if own else code, text, "/ws")
    return out


def difference(ours: list[str], theirs: list[str]) -> str:
    """How two answers differ, for people; empty when they do not."""
    only = Counter(ours) - Counter(theirs), Counter(theirs) - Counter(ours)
    return "\n".join(
        f"    only {who}  {line}"
        for who, lines in zip(("ours ", "Bazel"), only, strict=True)
        for line in lines.elements()
    )


def _record(names: list[str]) -> None:
    with Bazel() as bazel:
        for case in all_cases(names):
            if not case.oracle:
                known = {**recorded(), case.name: {STATE: [case.workspace_digest], **theirs(case, bazel)}}
                text = ",\n".join(
                    f"{json.dumps(name)}: {{\n{_lines(answer)}\n}}" for name, answer in sorted(known.items())
                )
                ANSWERS.write_text(f"{{\n{text}\n}}\n")
                print(case.name, flush=True)


def _lines(answer: Answer) -> str:
    """A question a line."""
    return ",\n".join(f" {json.dumps(name)}: {json.dumps(one, ensure_ascii=False)}" for name, one in answer.items())


def differing(names: list[str], questions: Iterable[str] = QUESTIONS) -> Iterator[tuple[str, str, str]]:
    """Case, question and difference, wherever we answer otherwise."""
    known = recorded()
    for case in all_cases(names):
        if case.name not in known:
            continue
        with tempfile.TemporaryDirectory() as scratch:
            os.environ["PYBUILD_CACHE"] = os.path.join(scratch, "cache")
            got = mine(case, Path(scratch, "ws"), questions)
        for name in questions:
            if found := difference(got[name], known[case.name][name]):
                yield case.name, name, found


if __name__ == "__main__":
    if sys.argv[1] == "record":
        _record(sys.argv[2:])
    else:
        for case_name, question, text in differing(sys.argv[2:]):
            print(f"{case_name}/{question}\n{text}", flush=True)
