"""Real Bazel as the oracle: one server, one workspace directory whose content each case replaces.

Outputs, failures and prints are read from the build event protocol and from standard error.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import unquote

from tests.conformance.corpus import QUERIES, Case, Step, apply, content, query_lines, same_words

SCRIPT = Path(__file__).parents[2] / "scripts" / "bazel"
_STARTUP = "--nosystem_rc --nohome_rc --noworkspace_rc --bazelrc=/bazelrc"
_BUILD_FLAGS = ("--spawn_strategy=local", "--build_event_json_file=/tmp/events.json", "--nostamp")
_FRAME = re.compile(r'^\tFile "/ws/([^"]+)", line (\d+), column (\d+), in ', re.MULTILINE)
_PLACE = re.compile(r"^ERROR: /ws/([^:\s]+):(\d+):(\d+)", re.MULTILINE)
_DEBUG = re.compile(
    r"^DEBUG: /ws/([^:\s]+):(\d+):\d+: (.*?)(?=^(?:[A-Z]+: |\t|Target |Loading|Analyzing)|\Z)", re.MULTILINE | re.DOTALL
)
_BEFORE_EXECUTION = {
    "analysis", "packageLoading", "starlarkLoading", "targetPatterns", "loading", "query", "toolchain",
    "externalRepository", "buildConfiguration", "externalDeps", "starlark", "packageOptions",
}  # fmt: skip
_OWN_GROUPS = re.compile(r".*(?:_INTERNAL_|_hidden_).*|_validation.*")


def installed() -> bool:
    """Whether Bazel's root is there, so that asking it costs no download."""
    return subprocess.run([str(SCRIPT), "--installed"], capture_output=True, check=False).returncode == 0


class Bazel:
    """A Bazel in its own root (scripts/bazel); a context manager that ends its server.

    Raises OSError where the root cannot be set up.
    """

    def __init__(self) -> None:
        done = subprocess.run([str(SCRIPT)], capture_output=True, text=True, check=False)
        if done.returncode:
            raise OSError(done.stderr.strip())
        self.root = Path(done.stdout.strip())
        self.workspace = self.root / "ws"
        # One at a time: there is one workspace, and one server.
        self._turn = open(self.root.with_suffix(".turn"), "w")  # noqa: SIM115 - closed by __exit__
        fcntl.flock(self._turn, fcntl.LOCK_EX)
        self._shell = subprocess.Popen(
            [str(SCRIPT), "bash"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def __enter__(self) -> Bazel:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._run("shutdown")
        assert self._shell.stdin is not None
        self._shell.stdin.close()
        self._shell.wait(60)
        assert self._shell.stdout is not None
        self._shell.stdout.close()
        self._turn.close()

    def _run(self, *words: str) -> tuple[int, str, str]:
        """Run Bazel in the workspace: exit code, standard output, standard error."""
        line = f"cd /ws && bazel {_STARTUP} {shlex.join(words)} </dev/null >/tmp/out 2>/tmp/err; echo $?\n"
        assert self._shell.stdin is not None and self._shell.stdout is not None
        self._shell.stdin.write(line)
        self._shell.stdin.flush()
        code = int(self._shell.stdout.readline())
        out, err = ((self.root / "tmp" / name).read_text(errors="replace") for name in ("out", "err"))
        return code, out, err

    @property
    def version(self) -> str:
        """`7.7.1`."""
        return self._run("--version")[1].split()[-1]

    def forget(self) -> None:
        """End the server and take its outputs away: what it answers may depend on what it has built before."""
        self._run("clean")
        self._run("shutdown")

    def answer(self, case: Case) -> dict[str, Any]:
        """Run every step of a case; the answer in the form of expected.json."""
        case.copy_to(self.workspace)
        steps, prints = [], set[str]()
        for step in case.steps:
            apply(step, self.workspace)
            made, err = self._step(step)
            for word in step.says:
                if word not in err:
                    raise AssertionError(f"{case.name}: Bazel does not say {word!r}:\n{err}")
            prints |= {f"{m[1]}:{m[2]}: {same_words(m[3].rstrip())}" for m in _DEBUG.finditer(err)}
            steps.append(made)
        out: dict[str, Any] = {"steps": steps}
        if case.prints and prints:
            out["prints"] = sorted(prints)
        return out

    def ask(self, step: Step) -> tuple[int, str, str]:
        """Put one question about what is in the workspace: exit code, standard output, standard error."""
        form = ("--output=jsonproto",) if step.command == "aquery" else ()
        return self._run(step.command, *form, *step.flags, "--", *step.arguments)

    def _step(self, step: Step) -> tuple[dict[str, Any], str]:
        if step.command in QUERIES:
            code, out, err = self.ask(step)
            made: dict[str, Any] = {"exit": code}
            if code == 0:
                made["lines"] = query_lines(out, step.command)
            else:
                made["failure"] = _failure(err, "analysis")
            return made, err
        if step.command == "run":
            code, out, err = self._run("run", "--spawn_strategy=local", *step.flags, "--", *step.arguments)
            return {"exit": code, "printed": same_words(out)}, err
        events_file = self.root / "tmp" / "events.json"
        events_file.unlink(missing_ok=True)
        code, _, err = self._run(step.command, *_BUILD_FLAGS, *step.flags, "--", *step.arguments)
        events = [json.loads(line) for line in events_file.read_text().splitlines()] if events_file.exists() else []
        made = {"exit": code, "outputs": self._outputs(events)}
        if step.command == "test":
            made["tests"] = {
                same_words(one["id"]["testSummary"]["label"]).removeprefix("@@"): {
                    "status": one["testSummary"]["overallStatus"],
                    "runs": one["testSummary"].get("totalRunCount", 0),
                }
                for one in events
                if "testSummary" in one
            }
        if code == 2 or not events:
            made["failure"] = _failure(err, "command line")
        elif code:
            made["failure"] = _failure(err, _kind(events))
        return made, err

    def _outputs(self, events: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
        """What targets gave, by label; of a target and of the aspects on it, which are told in any order, together."""
        out: dict[str, dict[str, Any]] = {}
        for label, files in self._completed(events):
            out.setdefault(label, {}).update(files)
        return out

    def _completed(self, events: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
        sets = {one["id"]["namedSet"]["id"]: one["namedSetOfFiles"] for one in events if "namedSetOfFiles" in one}

        def files(number: str) -> Iterator[dict[str, Any]]:
            yield from sets[number].get("files", ())
            for child in sets[number].get("fileSets", ()):
                yield from files(child["id"])

        for event in events:
            done = event.get("completed")
            if done is None or not done.get("success"):
                continue
            found = {}
            for group in done.get("outputGroup", ()):
                if _OWN_GROUPS.fullmatch(group["name"]):
                    continue
                for one in group.get("fileSets", ()):
                    for file in files(one["id"]):
                        if "symlinkTargetPath" in file:
                            found[same_words(file["name"])] = {"link": file["symlinkTargetPath"]}
                            continue
                        path = unquote(file["uri"].removeprefix("file://"))
                        found[same_words(file["name"])] = content(self._read(path))
            yield same_words(event["id"]["targetCompleted"]["label"]).removeprefix("@@"), found

    def _read(self, path: str) -> bytes:
        """A file inside Bazel's root; its links are followed as they are meant there."""
        for _ in range(40):
            parts, at = Path(path).parts, self.root
            for index, part in enumerate(parts[1:], 1):
                at = at / part
                if at.is_symlink():
                    target = os.readlink(at)
                    path = os.path.normpath(os.path.join("/", *parts[1:index], target, *parts[index + 1 :]))
                    break
            else:
                return at.read_bytes()
        raise OSError(f"too many links: {path}")


def _kind(events: list[dict[str, Any]]) -> str:
    """The class of a failure, from Bazel's own failure details."""
    for event in events:
        if event.get("finished", {}).get("exitCode", {}).get("name") in ("TESTS_FAILED", "NO_TESTS_FOUND"):
            return "test"
        detail = event.get("finished", {}).get("failureDetail", {})
        keys = set(detail) - {"message"}
        if keys & {"command", "clientEnvironment", "buildProgress"}:
            return "command line"
        if keys & _BEFORE_EXECUTION:
            return "analysis"
        if keys:
            return "execution"
    return "command line"


def _failure(err: str, kind: str) -> dict[str, Any]:
    """Class, the places that Bazel names (the user's innermost frame first) and message."""
    frames = [f"{m[1]}:{m[2]}" for m in _FRAME.finditer(err)]
    places = [f"{m[1]}:{m[2]}" for m in _PLACE.finditer(err)]
    message = [line for line in err.splitlines() if line.startswith(("ERROR:", "Error"))]
    return {
        "class": kind,
        "at": list(dict.fromkeys([*reversed(frames), *places])),
        "message": same_words("\n".join(message[:3])),
    }
