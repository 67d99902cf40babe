"""The same questions put to `pybuild`, through its command line, inside this process."""

from __future__ import annotations

import ast
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any
from unittest import mock

from rulesengine.errors import (
    AnalysisError,
    ExecutionError,
    InternalError,
    LabelError,
    LoadingError,
    RulesEngineError,
    UsageError,
)
from tests.conformance.corpus import QUERIES, Case, Step, apply, content, query_lines, same_words
from tests.memory import let_go

_DEBUG = re.compile(r"^DEBUG: ([^:\s]+):(\d+)(?::\d+)?: (.*?)(?=^(?:[A-Z]+: |//)|\Z)", re.MULTILINE | re.DOTALL)


def answer(case: Case, where: Path) -> dict[str, Any]:
    """Run every step of a case in a directory; the answer in the form of expected.json."""
    case.copy_to(where)
    steps, prints = [], set[str]()
    for step in case.steps:
        apply(step, where)
        made, err = _step(step, where)
        steps.append(made)
        prints |= {f"{m[1]}:{m[2]}: {same_words(m[3].rstrip())}" for m in _DEBUG.finditer(err)}
    out: dict[str, Any] = {"steps": steps}
    if case.prints and prints:
        out["prints"] = sorted(prints)
    return out


def _run(where: Path, words: list[str]) -> tuple[int, str, str, RulesEngineError | None]:
    from rulesengine.cli import main
    from rulesengine.cli.console import Console

    caught: list[RulesEngineError] = []
    shown = Console.error

    def keep(console: Console, fault: RulesEngineError) -> None:
        caught.append(fault)
        shown(console, fault)

    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), mock.patch.object(Console, "error", keep):
        code = main.run(["--ignore_all_rc_files", "-C", str(where), *words])
    let_go()
    return code, out.getvalue(), err.getvalue(), caught[0] if caught else None


def ask(step: Step, where: Path) -> tuple[int, str, str, RulesEngineError | None]:
    """Put one question about what is in a workspace: exit code, standard output, standard error, what was raised."""
    form = ("--output=jsonproto",) if step.command == "aquery" else ()
    return _run(where, [step.command, *form, *step.flags, "--", *step.arguments])


def _step(step: Step, where: Path) -> tuple[dict[str, Any], str]:
    if step.command in QUERIES:
        code, out, err, fault = ask(step, where)
        made: dict[str, Any] = {"exit": code}
        if code == 0:
            made["lines"] = query_lines(out, step.command)
        else:
            made["failure"] = {**_failure(fault, err), "class": "analysis"}  # as Bazel's: the exit code says which
        return made, err
    if step.command == "run":
        return _program(step, where)
    code, out, err, fault = _run(where, [step.command, "--show_output=json", *step.flags, "--", *step.arguments])
    made = {"exit": code, "outputs": {}}
    if out:
        answered = json.loads(out)
        if step.command == "test":
            made["tests"] = {
                same_words(one["label"]): {
                    "status": one["status"].replace(" ", "_"),
                    "runs": sum(len(run["seconds"]) for run in one["runs"]),
                }
                for one in answered["tests"]
                if one["status"] != "FAILED TO BUILD"
            }
        for target in answered["targets"]:
            if not target["failed"]:
                made["outputs"][same_words(target["label"])] = dict(
                    pair for one in target["outputs"] for pair in _files(one)
                )
    if code:
        made["failure"] = _failure(fault, err)
        if step.command == "test" and code in (3, 4) and (fault is None or fault.exit_code == code):
            made["failure"]["class"] = "test"
    return made, err


def _program(step: Step, where: Path) -> tuple[dict[str, Any], str]:
    """`run` replaces its process: a process of its own, and what the program printed."""
    words = ["--ignore_all_rc_files", "-C", str(where), "run", *step.flags, "--", *step.arguments]
    program = "import sys; from rulesengine.cli.entry import main; sys.exit(main())"
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        env={**os.environ, "PYTHONPATH": root},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return {"exit": done.returncode, "printed": same_words(done.stdout)}, done.stderr


def _files(output: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    name, path = same_words(output["name"]), output["path"]
    if output["type"] == "directory":
        return [
            (f"{name}/{os.path.relpath(os.path.join(here, file), path)}", content(Path(here, file).read_bytes()))
            for here, _, files in os.walk(path, followlinks=True)
            for file in files
        ]
    if os.path.islink(path) and not os.path.exists(path):
        return [(name, {"link": os.readlink(path)})]
    return [(name, content(Path(path).read_bytes()))]


def _failure(fault: RulesEngineError | None, err: str) -> dict[str, Any]:
    """Class, every place that the message names, and the message."""
    said = err[max(err.find("ERROR: "), 0) :]  # what was built stands before it
    return {"class": _class(fault), "at": re.findall(r"([\w./+-]+:\d+)", said), "message": err}


def _class(fault: RulesEngineError | None) -> str:
    if fault is None:
        return "unknown"
    if isinstance(fault, UsageError):
        return "command line"
    if isinstance(fault, (LoadingError, AnalysisError, LabelError)):
        return "analysis"
    if isinstance(fault, ExecutionError):
        return "execution"
    return "internal" if isinstance(fault, InternalError) else type(fault).__name__


def differences(case: Case, expected: dict[str, Any], ours: dict[str, Any]) -> list[str]:
    """What we answer otherwise than Bazel; empty when nothing."""
    out: list[str] = []
    written: dict[str, str | None] = {}
    for number, (step, theirs, mine) in enumerate(zip(case.steps, expected["steps"], ours["steps"], strict=True), 1):
        written |= step.write
        head = f"step {number} ({step.command} {' '.join((*step.flags, *step.arguments))}): "
        if theirs["exit"] != mine["exit"] and not (step.differs and theirs["exit"] and mine["exit"]):
            said = f"\n{mine['failure']['message']}" if "failure" in mine else ""
            out.append(f"{head}exit {mine['exit']}, Bazel {theirs['exit']}{said}")
            continue
        if "tests" in theirs and theirs["tests"] != mine.get("tests"):
            out.append(f"{head}tests\n  ours  {mine.get('tests')}\n  Bazel {theirs['tests']}")
        for key in ("lines", "printed"):
            if theirs.get(key) != mine.get(key):
                out.append(f"{head}lines\n  ours  {mine.get(key)}\n  Bazel {theirs.get(key)}")
        if step.outputs:
            out += [head + one for one in _outputs(theirs.get("outputs", {}), mine.get("outputs", {}))]
        if "failure" in theirs:
            a, b = theirs["failure"], mine["failure"]
            if a["class"] != b["class"] and not step.differs:
                out.append(f"{head}failure is {b['class']}, Bazel: {a['class']}\n{b['message']}")
            if a["at"] and not any(_same_place(one, b["at"][:2], case, written) for one in a["at"]):
                out.append(f"{head}failure is not at {a['at']}:\n{b['message']}\nBazel: {a['message']}")
            out += [f"{head}does not say {word!r}:\n{b['message']}" for word in step.says if word not in b["message"]]
    if expected.get("prints") != ours.get("prints"):
        out.append(f"prints\n  ours  {ours.get('prints')}\n  Bazel {expected.get('prints')}")
    return out


def _same_place(place: str, ours: list[str], case: Case, written: Mapping[str, str | None]) -> bool:
    """Whether we name the line that Bazel names; in a BUILD file, any line of the statement that starts there:
    Bazel names the call, and we may name the attribute.  written: what the steps have written until now."""
    if place in ours:
        return True
    name, line = place.rsplit(":", 1)
    path = case.directory / name
    text = written.get(name) or (path.read_text() if path.exists() else "")
    if path.name not in ("BUILD", "BUILD.bazel"):
        return False
    try:
        statements = ast.parse(text).body
    except SyntaxError:
        return False
    lines = [
        range(one.lineno, (one.end_lineno or 0) + 1)
        for one in statements
        if one.lineno <= int(line) <= (one.end_lineno or 0)
    ]
    return any(f"{name}:{number}" in ours for one in lines for number in one)


def _outputs(theirs: dict[str, Any], mine: dict[str, Any]) -> list[str]:
    theirs, mine = ({label: made for label, made in one.items() if made} for one in (theirs, mine))
    out = []
    if sorted(theirs) != sorted(mine):
        out.append(f"targets {sorted(mine)}, Bazel {sorted(theirs)}")
    for label in sorted(set(theirs) & set(mine)):
        a, b = theirs[label], mine[label]
        if sorted(a) != sorted(b):
            out.append(f"outputs of {label}: {sorted(b)}, Bazel {sorted(a)}")
        for name in sorted(set(a) & set(b)):
            if a[name] != b[name]:
                texts = [one.get("text", one) for one in (b[name], a[name])]
                out.append(f"{name} differs\n--- ours\n{texts[0]}\n--- Bazel\n{texts[1]}")
    return out


if __name__ == "__main__":  # what we answer to the named cases, and how it differs
    import tempfile

    from tests.conformance.corpus import all_cases

    wrong = 0
    for one in all_cases(sys.argv[1:]):
        with tempfile.TemporaryDirectory() as scratch:
            os.environ["PYBUILD_CACHE"] = os.path.join(scratch, "cache")
            mine = answer(one, Path(scratch, "ws"))
        if not one.expected:
            print(f"NEW  {one.name}: {json.dumps(mine, indent=1, ensure_ascii=False)}")
            continue
        found = differences(one, one.expected, mine)
        wrong += bool(found)
        print(
            f"{'FAIL' if found else 'ok  '} {one.name}" + "".join("\n    " + x.replace("\n", "\n    ") for x in found)
        )
    print(f"{wrong} failed")
