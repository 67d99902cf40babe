"""`pybuild test TARGET…`."""

from __future__ import annotations

import json
import os
import statistics

from rulesengine.cli.commands.build import as_json as build_json
from rulesengine.cli.commands.build import common, summary, words
from rulesengine.cli.context import Context
from rulesengine.cli.exit_codes import of_failures
from rulesengine.errors import EXIT_NO_TESTS, EXIT_TESTS_FAILED, RulesEngineError, UsageError
from rulesengine.workspace import PerTest, RunOfTest, TestOptions, TestReport, TestResult

_WIDTH = 78
_COLOURS = {"PASSED": "green", "FLAKY": "magenta", "NO STATUS": "yellow", "SKIPPED": "yellow"}


def run(context: Context) -> int:
    """Test; 0 when all passed, 3 when a test failed, 1 when something was not built, 4 when there are no tests."""
    options, console = context.options, context.console
    if not context.arguments:
        raise UsageError("no target is named", hint="for instance pybuild test //... for every test of the workspace")
    workspace = context.workspace()
    with context.watching() as listener:

        def stream(data: bytes) -> None:
            listener.line(data.decode("utf-8", "replace").rstrip("\n"))

        report = workspace.test(
            *context.arguments,
            options=_options(context, stream if options["test_output"] == "streamed" else None),
            **common(context, workspace, listener),
        )
    context.recording.built(report.build)
    console.stderr.write(summary(context, report.build).replace("\0", f"{report.build.elapsed:.1f} s"))
    console.stderr.flush()
    as_json = options["show_output"] == "json"
    lines = [*_logs(context, report), *_summary(context, report)]
    for line in lines:
        # With a machine reading standard output, people read on standard error.
        (console.say if as_json else console.result)(line)
    if as_json:
        console.stdout.write(json.dumps(_json(report), indent=2) + "\n")
    for fault in report.build.errors:
        console.error(fault)
    if not report.build.ok:
        return of_failures(report.build.errors)
    if not report.tests:
        none = RulesEngineError("No test targets were found, yet testing was requested")
        none.exit_code = EXIT_NO_TESTS
        console.error(none)
        return EXIT_NO_TESTS
    return 0 if report.ok else EXIT_TESTS_FAILED


def _options(context: Context, stream: object) -> TestOptions:
    from rulesengine.workspace.test_options import parse_command, parse_sharding, parse_timeouts

    given = context.options
    attempts = [text for text in given["flaky_test_attempts"] if text != "default"]
    return TestOptions(
        filter=given["test_filter"],
        arguments=tuple(given["test_arg"]),
        environment=tuple(given["test_env"]),
        tag_filters=words(given["test_tag_filters"]),
        size_filters=words(given["test_size_filters"]),
        timeout_filters=words(given["test_timeout_filters"]),
        lang_filters=words(given["test_lang_filters"]),
        timeouts=parse_timeouts(given["test_timeout"]),
        runs=tuple(PerTest.parse(text, "--runs_per_test") for text in given["runs_per_test"]),
        attempts=tuple(PerTest.parse(text, "--flaky_test_attempts") for text in attempts),
        cache=given["cache_test_results"],
        shards=parse_sharding(given["test_sharding_strategy"]),
        build_only=given["build_tests_only"],
        keep_going=given["test_keep_going"],
        run_under=parse_command(given["run_under"]),
        one_at_a_time=given["test_strategy"] == "exclusive",
        stream=stream,  # type: ignore[arg-type]  # opened for it above
        caller=dict(os.environ),
    )


# ---- logs -------------------------------------------------------------------


def _logs(context: Context, report: TestReport) -> list[str]:
    wanted = context.options["test_output"]
    if wanted not in ("errors", "all"):
        return []
    out = []
    for test in report.tests:
        for one in test.runs:
            if one.log and (wanted == "all" or one.status != "PASSED"):
                out.append(f"{'=' * 20} Test output for {test.label}{_which(test, one)}:")
                with open(one.log, encoding="utf-8", errors="replace") as stream:
                    text = stream.read().rstrip("\n")
                if text:
                    out.append(text)
                out.append("=" * 80)
    return out


def _which(test: TestResult, one: RunOfTest) -> str:
    parts = []
    shards, runs = (max(getattr(run, name) for run in test.runs) for name in ("shard", "run"))
    if shards > 1:
        parts.append(f"shard {one.shard} of {shards}")
    if runs > 1:
        parts.append(f"run {one.run} of {runs}")
    return f" ({', '.join(parts)})" if parts else ""


# ---- the summary ------------------------------------------------------------------


def _summary(context: Context, report: TestReport) -> list[str]:
    form = context.options["test_summary"]
    if form == "none" or not report.tests:
        return []
    out = []
    for test in report.tests:
        if form == "terse" and test.status == "PASSED":
            continue
        out += _test(context, test)
        if form == "detailed":
            out += [f"    {line}" for one in test.runs for line in _cases(one)]
    return [*out, "", _executed(report)]


def _test(context: Context, test: TestResult) -> list[str]:
    status = test.status
    cached = "(cached) " if test.cached else ""
    colour = _COLOURS.get(status, "red")
    attempts = sum(len(one.seconds) for one in test.runs)
    text = ""
    if status in ("PASSED", "TIMEOUT", "FAILED", "FLAKY") and test.built:
        bad = sum(1 for one in test.runs if one.status not in ("PASSED", "FLAKY"))
        if status == "FLAKY":
            text = f", failed in {attempts - len(test.runs)} out of {attempts}"
        elif bad and len(test.runs) > 1:
            text = f" in {bad} out of {len(test.runs)}"
        text += f" in {max(test.seconds):.1f}s"
    label = test.label.ljust(_WIDTH - len(cached) - len(status))
    lines = [f"{label} {cached}{context.console.style(status, colour)}{text}"]
    if len(test.seconds) > 1 and test.built:
        seconds = test.seconds
        lines.append(
            f"  Stats over {len(seconds)} runs: max = {max(seconds):.1f}s, min = {min(seconds):.1f}s, "
            f"avg = {statistics.fmean(seconds):.1f}s, dev = {statistics.pstdev(seconds):.1f}s"
        )
    for one in test.runs:
        if one.log and one.status != "PASSED":
            lines.append(f"  {context.shown(one.log)}")
            if one.attempts:
                lines += [
                    f"  {context.shown(os.path.join(one.attempts, name))}"
                    for name in sorted(os.listdir(one.attempts))
                    if name.endswith(".log")
                ]
    return lines


def _cases(one: RunOfTest) -> list[str]:
    """The failed cases of a report."""
    from xml.etree import ElementTree

    if not one.report or one.status == "PASSED":
        return []
    try:
        tree = ElementTree.parse(one.report)
    except (ElementTree.ParseError, OSError):
        return ["(its XML report does not parse)"]
    return [
        f"FAILED  {case.get('classname', '')}{'.' if case.get('classname') else ''}{case.get('name', '')} "
        f"({case.get('time', '0')}s)"
        for case in tree.iter("testcase")
        if case.find("failure") is not None or case.find("error") is not None
    ]


def _executed(report: TestReport) -> str:
    tests = report.tests
    run = sum(1 for one in tests if any(run.seconds and not run.cached for run in one.runs))
    passed = sum(one.status in ("PASSED", "FLAKY") for one in tests)
    failed = sum(one.status in ("FAILED", "TIMEOUT") for one in tests)
    unbuilt = sum(one.status == "FAILED TO BUILD" for one in tests)
    skipped = sum(one.status in ("NO STATUS", "SKIPPED") for one in tests)
    parts = []
    if passed:
        parts.append(f"{passed} test{'s pass' if passed > 1 else ' passes'}")
    if unbuilt:
        parts.append(f"{unbuilt} fail{'' if unbuilt > 1 else 's'} to build")
    if failed:
        parts.append(f"{failed} fail{'' if failed > 1 else 's'} locally")
    if skipped:
        parts.append(f"{skipped} {'were' if skipped > 1 else 'was'} skipped")
    joined = parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]
    return f"Executed {run} out of {len(tests)} test{'' if len(tests) == 1 else 's'}: {joined}."


def _json(report: TestReport) -> dict[str, object]:
    return {
        **build_json(report.build),
        "tests": [
            {
                "label": test.label,
                "status": test.status,
                "cached": test.cached,
                "runs": [
                    {
                        "shard": one.shard,
                        "run": one.run,
                        "status": one.status,
                        "cached": one.cached,
                        "seconds": list(one.seconds),
                        "exitCode": one.exit_code,
                        "log": one.log,
                        "xml": one.report,
                        "outputs": one.outputs,
                    }
                    for one in test.runs
                ],
            }
            for test in report.tests
        ],
        "ok": report.ok,
    }
