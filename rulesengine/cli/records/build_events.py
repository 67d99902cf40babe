"""`--build_event_json_file`: the build event protocol, one JSON object a line (build_event_stream.proto of Bazel).

Said earlier is never taken back: `started` comes first, `buildFinished` near the end, `lastMessage` in the last line;
every identifier that a `children` list announces comes, at least as `aborted`.
"""

from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import Any

from rulesengine.cli.exit_codes import name_of
from rulesengine.cli.records.execution_log import moment
from rulesengine.cli.records.record import Invocation, Output, Record, chain
from rulesengine.cli.records.secrets import without_secrets
from rulesengine.errors import AnalysisError, InterruptedBuild, LoadingError, RulesEngineError
from rulesengine.model.events import (
    ActionDetails,
    ActionFinished,
    Event,
    OutputFile,
    PatternsResolved,
    TargetCompleted,
    TargetConfigured,
    TestRunCompleted,
)
from rulesengine.workspace.result import BuildResult
from rulesengine.workspace.test_report import RunOfTest, TestResult

_KEPT = 4096
"""Bytes of an action's output that its event holds."""


def uri(path: str) -> str:
    """`file:///…` of an absolute path."""
    return PurePath(path).as_uri()


class BuildEvents(Record):
    """Writes the stream.  Each event is a line that readers see at once."""

    def __init__(
        self, write: Callable[[dict[str, Any]], None], close: Callable[[], None], invocation: Invocation
    ) -> None:
        self._write = write
        self._close = close
        self._invocation = invocation
        self._patterns: dict[str, Any] = {"pattern": {"pattern": list(invocation.targets)}}
        self._resolved = False
        self._waiting: dict[str, TargetConfigured] = {}
        self._kinds: dict[str, TargetConfigured] = {}
        self._configurations: set[str] = set()
        self._failed: dict[str, list[dict[str, Any]]] = {}
        self._details: dict[str, dict[str, Any]] = {}
        self._sets = 0
        self._counts: dict[str, list[float]] = {}
        self._seen = [0, 0]
        self._runners: dict[str, int] = {}
        self._result: BuildResult | None = None
        self._progress = 0
        self._runs: dict[str, list[TestRunCompleted]] = {}
        self._begin()

    # ---- the beginning ----

    def _begin(self) -> None:
        known = self._invocation
        first: list[dict[str, Any]] = [{"unstructuredCommandLine": {}}, {"optionsParsed": {}}, {"workspaceStatus": {}}]
        if known.targets:
            first.append(self._patterns)
        self._say(
            {"started": {}},
            "started",
            {
                "uuid": known.id,
                "startTimeMillis": _millis(known.started),
                "startTime": moment(known.started),
                "buildToolVersion": known.version,
                "optionsDescription": " ".join(known.options),
                "command": known.command,
                "workingDirectory": known.directory,
                "workspaceDirectory": known.root,
                "serverPid": str(os.getpid()),
            },
            [{"progress": {}}, *first, {"buildFinished": {}}],
        )
        self._say({"unstructuredCommandLine": {}}, "unstructuredCommandLine", {"args": list(known.words)})
        options = {
            "startupOptions": list(known.startup),
            "explicitStartupOptions": list(known.startup),
            "cmdLine": list(known.options),
            "explicitCmdLine": [word for word in known.options if word in set(known.words)],
            "invocationPolicy": {},
        }
        self._say({"optionsParsed": {}}, "optionsParsed", options)
        self._say({"workspaceStatus": {}}, "workspaceStatus", {"item": []})

    def _say(
        self,
        identity: dict[str, Any],
        kind: str,
        payload: Mapping[str, Any],
        children: list[dict[str, Any]] | None = None,
    ) -> None:
        self._write({"id": identity, **({"children": children} if children else {}), kind: payload})

    # ---- as the build goes ----

    def __call__(self, event: Event) -> None:
        """Write what an event says."""
        if isinstance(event, PatternsResolved):
            self._resolved = True
            children = [{"targetConfigured": {"label": label}} for label in event.labels]
            self._say(self._patterns, "expanded", {}, children)
            self._waiting.update(dict.fromkeys(event.labels, TargetConfigured("", "", "", "")))
        elif isinstance(event, TargetConfigured):
            self._configured(event)
        elif isinstance(event, ActionDetails):
            self._action(event)
        elif isinstance(event, ActionFinished):
            self._seen[0 if event.cached else 1] += 1
            self._printed(event)
        elif isinstance(event, TargetCompleted):
            self._completed(event)
        elif isinstance(event, TestRunCompleted):
            self._test_run(event)

    def _printed(self, event: ActionFinished) -> None:
        """What an action printed, as a person sees it now."""
        text = (event.stdout + event.stderr)[-_KEPT:].decode("utf-8", "replace")
        if not event.failed and not text:
            return
        how = "FAILED" if event.failed else "INFO"
        self._say_progress(f"{how}: {event.message} of {event.owner}{':' if text else ''}\n{text}")

    def _say_progress(self, text: str, *, last: bool = False) -> None:
        """The next of a chain of events, of which each announces the following one."""
        count = self._progress
        self._progress += 1
        children = [] if last else [{"progress": {"opaqueCount": self._progress}}]
        payload = {"stderr": without_secrets(text)} if text else {}
        self._say({"progress": {"opaqueCount": count} if count else {}}, "progress", payload, children)

    def _configured(self, event: TargetConfigured) -> None:
        if event.configuration not in self._configurations:
            self._configurations.add(event.configuration)
            cpu = event.platform.partition("/")[2]
            payload = {
                "mnemonic": event.configuration,
                "platformName": event.platform,
                "cpu": cpu,
                "makeVariable": {"TARGET_CPU": cpu, "BINDIR": f"pybuild-out/{event.configuration}/bin"},
            }
            self._say({"configuration": {"id": event.configuration}}, "configuration", payload)
        payload = {"targetKind": event.kind}
        if event.size:
            payload["testSize"] = event.size.upper()
        if event.tags:
            payload["tag"] = list(event.tags)
        self._waiting[event.label] = self._kinds[event.label] = event
        identity = {"targetConfigured": {"label": event.label}}
        self._say(identity, "configured", payload, [_completed_id(event.label, event.configuration)])

    def _action(self, event: ActionDetails) -> None:
        if event.cached:
            return
        self._runners[event.runner or "other"] = self._runners.get(event.runner or "other", 0) + 1
        count = self._counts.setdefault(event.mnemonic, [0, event.started, 0.0])
        count[0] += 1
        count[1] = min(count[1], event.started)
        count[2] = max(count[2], event.started + event.seconds)
        if not event.failed:
            return
        detail = {
            "message": f"{event.message} failed",
            "spawn": {"code": "NON_ZERO_EXIT", "spawnExitCode": event.exit_code},
        }
        if not event.exit_code:
            detail = {
                "message": f"{event.message} failed",
                "execution": {"code": "ACTION_NOT_UP_TO_DATE" if not event.seconds else "EXECUTION_UNKNOWN"},
            }
        identity = {
            "actionCompleted": {
                "primaryOutput": event.listed[0] if event.listed else "",
                "label": event.owner,
                "configuration": {"id": event.configuration},
            }
        }
        payload: dict[str, Any] = {
            "exitCode": event.exit_code or 1,
            "label": event.owner,
            "configuration": {"id": event.configuration},
            "type": event.mnemonic,
            "commandLine": [without_secrets(word) for word in event.arguments],
            "startTime": moment(event.started),
            "endTime": moment(event.started + event.seconds),
            "failureDetail": detail,
        }
        for name, data in (("stdout", event.stdout), ("stderr", event.stderr)):
            if data:
                payload[name] = {"name": name, "contents": base64.b64encode(data[-_KEPT:]).decode("ascii")}
        self._failed.setdefault(event.owner, []).append(identity)
        self._details[event.owner] = detail
        self._say(identity, "action", payload)

    def _completed(self, event: TargetCompleted) -> None:
        configured = self._waiting.pop(event.label, None)
        tags = {"tag": list(configured.tags)} if configured is not None and configured.tags else {}
        identity = _completed_id(event.label, event.configuration)
        if event.failed:
            detail = self._details.get(event.label, {"message": "an action it needs failed"})
            self._say(identity, "completed", {**tags, "failureDetail": detail}, self._failed.get(event.label))
            return
        groups, files = [], []
        for name, outputs in event.groups:
            number = str(self._sets)
            self._sets += 1
            shown = [_file(one) for one in outputs]
            self._say({"namedSet": {"id": number}}, "namedSetOfFiles", {"files": shown} if shown else {})
            groups.append({"name": name, "fileSets": [{"id": number}]})
            files += shown
        payload = {"success": True, "outputGroup": groups, **tags}
        if files:
            payload["importantOutput"] = files
        self._say(identity, "completed", payload)

    def built(self, result: BuildResult) -> None:
        """Write how the tests went."""
        self._result = result
        for test in result.tests:
            configured = self._kinds.get(test.label)
            self._test(test, configured.configuration if configured is not None else "")

    def _test_run(self, run: TestRunCompleted) -> None:
        """A run of a test, when it is over; and the test, when all of its runs are."""
        told = self._runs.setdefault(run.label, [])
        told.append(run)
        one = RunOfTest(
            run.status, run.shard, run.run, run.cached, run.seconds, run.exit_code, run.log, run.report
        )  # fmt: skip
        self._test_result(run.label, run.configuration, one)
        if len(told) == run.total:
            runs = tuple(
                RunOfTest(each.status, each.shard, each.run, each.cached, each.seconds, each.exit_code, each.log)
                for each in sorted(told, key=lambda each: (each.run, each.shard))
            )
            self._test_summary(TestResult(run.label, runs), run.configuration)

    def _test(self, test: TestResult, configuration: str) -> None:
        """What was not told of a test while the build went on."""
        told = {(one.run, one.shard) for one in self._runs.get(test.label, ())}
        for one in test.runs:
            if one.log and (one.run, one.shard) not in told:
                self._test_result(test.label, configuration, one)
        if not test.runs or len(told) < len(test.runs):
            self._test_summary(test, configuration)

    def _test_result(self, label: str, configuration: str, one: RunOfTest) -> None:
        files = [("test.log", one.log), ("test.xml", one.report)]
        milliseconds = round(sum(one.seconds[-1:]) * 1000)
        identity = {
            "testResult": {
                "label": label,
                "run": one.run,
                "shard": one.shard,
                "attempt": max(len(one.seconds), 1),
                "configuration": {"id": configuration},
            }
        }
        payload: dict[str, Any] = {
            "testActionOutput": [{"name": name, "uri": uri(path)} for name, path in files if path],
            "testAttemptDurationMillis": str(milliseconds),
            "testAttemptDuration": f"{milliseconds / 1000:.3f}s",
            "status": _status(one),
        }
        if one.cached:
            payload |= {"cachedLocally": True, "executionInfo": {}}
        self._say(identity, "testResult", payload)

    def _test_summary(self, test: TestResult, configuration: str) -> None:
        logs: dict[str, list[dict[str, str]]] = {"passed": [], "failed": []}
        for one in test.runs:
            if one.log:
                logs["passed" if one.status in ("PASSED", "FLAKY") else "failed"].append({"uri": uri(one.log)})
        total = round(sum(test.seconds) * 1000)
        summary: dict[str, Any] = {
            "totalRunCount": len(test.runs),
            **{name: value for name, value in logs.items() if value},
            "overallStatus": test.status.replace(" ", "_"),
            "totalRunDurationMillis": str(total),
            "runCount": max((one.run for one in test.runs), default=1),
            "totalRunDuration": f"{total / 1000:.3f}s",
            "attemptCount": max((len(one.seconds) for one in test.runs), default=1),
        }
        shards = max((one.shard for one in test.runs), default=1)
        if shards > 1:
            summary["shardCount"] = shards
        cached = sum(one.cached for one in test.runs)
        if cached:
            summary["totalNumCached"] = cached
        self._say(
            {"testSummary": {"label": test.label, "configuration": {"id": configuration}}}, "testSummary", summary
        )

    # ---- the end ----

    def close(self, code: int, fault: BaseException | None) -> None:
        """Write what is open as aborted, and the end."""
        errors = list(chain(fault, self._result))
        if self._invocation.targets and not self._resolved:
            reason = "USER_INTERRUPTED" if isinstance(fault, InterruptedBuild) else "LOADING_FAILURE"
            description = errors[0].message if errors else "nothing was loaded"
            self._say(self._patterns, "aborted", {"reason": reason, "description": description})
        self._abort(fault, errors)
        self._say_progress("".join(f"ERROR: {one.message}\n" for one in errors), last=True)
        now = time.time()
        finished: dict[str, Any] = {
            **({"overallSuccess": True} if code == 0 else {}),
            "finishTimeMillis": _millis(now),
            "exitCode": {"name": name_of(code), **({"code": code} if code else {})},
            "finishTime": moment(now),
        }
        if errors:
            finished["failureDetail"] = {"message": without_secrets(errors[0].message)}
        self._say({"buildFinished": {}}, "finished", finished, [{"buildToolLogs": {}}, {"buildMetrics": {}}])
        self._say({"buildMetrics": {}}, "buildMetrics", self._metrics(now))
        elapsed = base64.b64encode(f"{now - self._invocation.started:.6f}".encode()).decode("ascii")
        self._write(
            {
                "id": {"buildToolLogs": {}},
                "lastMessage": True,
                "buildToolLogs": {"log": [{"name": "elapsed time", "contents": elapsed}]},
            }
        )
        self._close()

    def _abort(self, fault: BaseException | None, errors: list[RulesEngineError]) -> None:
        by_label = {one.label: one for one in errors if one.label is not None}
        for label, configured in self._waiting.items():
            error = by_label.get(label)
            if label in self._failed:
                payload = {"failureDetail": self._details[label]}
                self._say(_completed_id(label, configured.configuration), "completed", payload, self._failed[label])
                continue
            if isinstance(fault, InterruptedBuild):
                aborted = {"reason": "USER_INTERRUPTED"}
            elif isinstance(error, AnalysisError | LoadingError):
                aborted = {"reason": "ANALYSIS_FAILURE", "description": error.message}
            elif not errors and not configured.label:
                aborted = {"reason": "SKIPPED"}
            else:
                aborted = {"reason": "INCOMPLETE"}
            identity = (
                _completed_id(label, configured.configuration)
                if configured.label
                else {"targetConfigured": {"label": label}}
            )
            self._say(identity, "aborted", aborted)

    def _metrics(self, now: float) -> dict[str, Any]:
        used = os.times()
        cached, ran = self._seen
        data = [
            {
                "mnemonic": mnemonic,
                "actionsExecuted": str(int(count)),
                "firstStartedMs": _millis(first),
                "lastEndedMs": _millis(last),
            }
            for mnemonic, (count, first, last) in sorted(self._counts.items(), key=lambda pair: -pair[1][0])
        ]
        return {
            "actionSummary": {
                "actionsCreated": str(cached + ran),
                "actionsExecuted": str(ran),
                "actionData": data,
                "runnerCount": [
                    {"name": "total", "count": cached + ran},
                    *([{"name": "disk cache hit", "count": cached}] if cached else []),
                    *({"name": name, "count": count} for name, count in sorted(self._runners.items())),
                ],
            },
            "targetMetrics": {"targetsConfigured": str(len(self._kinds))},
            "timingMetrics": {
                "cpuTimeInMs": str(round((used[0] + used[1]) * 1000)),
                "wallTimeInMs": str(round((now - self._invocation.started) * 1000)),
            },
        }


def _completed_id(label: str, configuration: str) -> dict[str, Any]:
    return {"targetCompleted": {"label": label, "configuration": {"id": configuration}}}


def _file(one: OutputFile) -> dict[str, Any]:
    prefix = {"pathPrefix": one.prefix.split("/")} if one.prefix else {}
    return {"name": one.name, "uri": uri(one.path), **prefix, "digest": one.hash, "length": str(one.size)}


def _status(one: RunOfTest) -> str:
    return "PASSED" if one.status == "FLAKY" else one.status.replace(" ", "_")


def _millis(seconds: float) -> str:
    return str(round(seconds * 1000))


def json_lines(output: Output) -> Callable[[dict[str, Any]], None]:
    """Writes each event as a line of JSON."""

    def write(event: dict[str, Any]) -> None:
        output.write(json.dumps(event, ensure_ascii=False, separators=(",", ":")) + "\n", flush=True)

    return write


def text_blocks(output: Output) -> Callable[[dict[str, Any]], None]:
    """Writes each event as `event { … }`, as protocol buffers' text format has it."""

    def write(event: dict[str, Any]) -> None:
        output.write("event {\n" + "".join(_text(event, 1)) + "}\n\n", flush=True)

    return write


def _text(value: Mapping[str, Any], depth: int) -> list[str]:
    out = []
    pad = "  " * depth
    for name, one in value.items():
        field = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
        for single in one if isinstance(one, list) else [one]:
            if isinstance(single, Mapping):
                out += [f"{pad}{field} {{\n", *_text(single, depth + 1), f"{pad}}}\n"]
            elif isinstance(single, bool):
                out.append(f"{pad}{field}: {'true' if single else 'false'}\n")
            else:
                out.append(f"{pad}{field}: {json.dumps(single, ensure_ascii=False)}\n")
    return out
