"""From a test target to its test actions, one for each run and shard."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path
from typing import Any

from rulesengine.analysis import Analysis, ConfiguredTarget
from rulesengine.analysis.expansion import MAIN_REPOSITORY, expand_location, expand_make, make_variables
from rulesengine.analysis.requirements import resources_of
from rulesengine.analysis.runfiles import runfiles_path
from rulesengine.errors import AnalysisError, AttributeValueError, check_text
from rulesengine.execution.test_runner import ATTEMPTS, FILES, LOG, OUTCOME, REPORT
from rulesengine.loading import Loader
from rulesengine.model.action import Action, TestRun
from rulesengine.model.artifact import OUTPUT_ROOT, Artifact
from rulesengine.model.depset import Depset
from rulesengine.model.label import Label
from rulesengine.model.rule import AttributeSchema
from rulesengine.values import frozen
from rulesengine.workspace.test_options import MOST_SHARDS, TestOptions, number_for, size_of

FLAKY_ATTEMPTS = 3
_SCRIPT = Path(__file__).with_name("test_setup.sh")
_EXECUTION_TAGS = ("local", "no-sandbox")


@frozen
class TestAction:
    """A test action of a target.  shard and run count from 1."""

    __test__ = False

    shard: int
    run: int
    action: Action

    def output(self, name: str) -> Artifact | None:
        """The output of that name, if it has one."""
        return next((one for one in self.action.outputs if os.path.basename(one.path) == name), None)


def common(analysis: Analysis, one: ConfiguredTarget, name: str, kind: str, default: Any) -> Any:
    """An attribute that every executable or test rule has: select() resolved, the default where it is not given."""
    value = one.target.attributes.get(name)
    if value is None:
        return default
    assert analysis.conditions is not None
    schema = AttributeSchema(kind, default)
    value = analysis.conditions.resolve(one.target, name, schema, value, one.configuration)
    if value is None:
        return default
    types: dict[str, tuple[type, ...]] = {
        "string_list": (list,), "bool": (bool, int), "int": (int,), "string": (str,),
    }  # fmt: skip
    if not isinstance(value, types[kind]):
        raise AttributeValueError(
            f"attribute '{name}' is a {kind.replace('_', ' ')}, not {value!r}",
            label=one.label,
            location=one.target.location,
        )
    return value


def program_arguments(one: ConfiguredTarget, analysis: Analysis) -> list[str]:
    """The `args` of a program: labels become the paths of files in its runfiles, words are split as a shell does."""
    texts = common(analysis, one, "args", "string_list", [])
    if not texts:
        return []
    known = {}
    for key in one.dependencies:
        found = analysis.configured.get(key)
        if found is not None:
            files = [found.executable] if found.executable is not None else list(found.files)
            known[str(found.label)] = [[file.path, file.short_path] for file in files]
    variables = make_variables(one.configuration)
    out: list[str] = []
    for written in texts:
        text = expand_location(re.sub(r"\$\(location(s?) ", r"$(rootpath\1 ", str(written)), one.label, known)
        try:
            out += shlex.split(expand_make(text, variables))
        except ValueError as fault:
            raise AnalysisError(
                f"attribute 'args': {text!r}: {fault}", label=one.label, location=one.target.location
            ) from None
    return out


def test_actions(
    one: ConfiguredTarget, analysis: Analysis, options: TestOptions, wrapper: ConfiguredTarget | None = None
) -> list[TestAction]:
    """Declare the runs of a test in the action graph.  wrapper: the target of --run_under.  Raises AnalysisError."""
    if one.executable is None or analysis.runfiles_tree is None:
        raise AnalysisError(
            "a test rule has to make an executable", label=one.label, hint="return DefaultInfo(executable = ...)"
        )
    shards = common(analysis, one, "shard_count", "int", 0)
    if not 0 <= shards <= MOST_SHARDS:
        raise AttributeValueError(
            f"shard_count is {shards}; it is from 0 to {MOST_SHARDS}", label=one.label, location=one.target.location
        )
    if options.shards is not None:
        shards = options.shards
    runs = number_for(str(one.label), options.runs, 1)
    inputs = [analysis.runfiles_tree(one.executable.path)]
    under = list(options.run_under)
    if wrapper is not None:
        program = wrapper.executable or wrapper.files[0]
        under[0] = f"@root@/{program.path}"
        inputs.append(program)
        if wrapper.executable is not None:
            inputs.append(analysis.runfiles_tree(program.path))
    arguments = (str(len(under)), *under, *program_arguments(one, analysis), *options.arguments)
    out = []
    for run in range(1, runs + 1):
        for shard in range(1, max(shards, 1) + 1):
            made = _action(analysis, one, inputs, arguments, (run, runs), (shard, shards), options)
            analysis.graph.add(made)
            out.append(TestAction(shard, run, made))
    return out


def _action(
    analysis: Analysis,
    one: ConfiguredTarget,
    inputs: list[Artifact],
    arguments: tuple[str, ...],
    run: tuple[int, int],
    shard: tuple[int, int],
    options: TestOptions,
) -> Action:
    assert one.executable is not None
    label, tags = one.label, {*one.target.tags, *one.requirements}
    parts = []
    if shard[1] > 1:
        parts.append(f"shard_{shard[0]}_of_{shard[1]}")
    if run[1] > 1:
        parts.append(f"run_{run[0]}_of_{run[1]}")
    base = "/".join(
        part
        for part in (
            f"{OUTPUT_ROOT}/{one.configuration.mnemonic}/testlogs",
            f"external/{label.repo}" if label.repo else "",
            label.package,
            label.name,
            "_".join(parts),
        )
        if part
    )
    flaky = bool(common(analysis, one, "flaky", "bool", False))
    attempts = number_for(str(label), options.attempts, FLAKY_ATTEMPTS if flaky else 1)
    outputs = [LOG, REPORT, OUTCOME, FILES, *([ATTEMPTS] if attempts > 1 else [])]
    artifacts = tuple(
        Artifact(f"{base}/{name}", str(label), is_directory=name in (FILES, ATTEMPTS)) for name in outputs
    )
    timeout = options.seconds(one.target)
    environment = _inherited(one, options)
    environment |= _environment(one, inputs[0].path, base, timeout)
    if options.filter:
        environment["TESTBRIDGE_TEST_ONLY"] = options.filter
    if run[1] > 1:
        environment["TEST_RUN_NUMBER"] = str(run[0])
    if shard[1] > 0:
        environment |= {
            "TEST_TOTAL_SHARDS": str(shard[1]),
            "TEST_SHARD_INDEX": str(shard[0] - 1),
            "TEST_SHARD_STATUS_FILE": f"{base}/test.shard",
            "GTEST_TOTAL_SHARDS": str(shard[1]),
            "GTEST_SHARD_INDEX": str(shard[0] - 1),
            "GTEST_SHARD_STATUS_FILE": f"{base}/test.shard",
        }
    fresh = options.cache == "no" or "external" in tags or (options.cache == "auto" and run[1] > 1)
    local = bool(common(analysis, one, "local", "bool", False)) or bool(tags & set(_EXECUTION_TAGS))
    program = runfiles_path(one.executable)
    words = ["/bin/bash", "-c", _script(), "test-setup.sh", artifacts[0].path, program, *arguments]
    described = " ".join(part.replace("_", " ") for part in parts)
    return Action(
        owner=str(label),
        mnemonic="TestRunner",
        arguments=tuple(words),
        inputs=Depset(inputs),
        outputs=artifacts,
        configuration=one.configuration.mnemonic,
        environment=tuple(sorted(environment.items())),
        progress_message=f"Testing {label}" + (f" ({described})" if parts else ""),
        network=bool(tags & {"requires-network", "external"}),
        cacheable="no-cache" not in tags,
        timeout=timeout,
        local=local,
        resources=resources_of(tags, label),
        exclusive=bool(tags & {"exclusive", "exclusive-if-local"}),
        test=TestRun(f"{label.package}/{label.name}" if label.package else label.name, attempts, fresh),
    )


def _script() -> str:
    return _SCRIPT.read_text(encoding="utf-8")


def _inherited(one: ConfiguredTarget, options: TestOptions) -> dict[str, str]:
    """`--test_env`, then what the rule says; a variable that the rule inherits wins where the caller has it."""
    out = {}
    for text in options.environment:
        name, equals, value = text.partition("=")
        if equals:
            out[name] = value
        elif name in options.caller:
            out[name] = options.caller[name]
        check_text(out.get(name, ""), f"--test_env={name}")
    out |= one.environment
    for name in one.inherited:
        if name in options.caller:
            out[name] = options.caller[name]
            check_text(out[name], f"{name}, which {one.label} inherits")
    return out


def program_environment(one: ConfiguredTarget, tree: str) -> dict[str, str]:
    """What a test finds that is run by itself, without its log, report and clock.  tree: absolute."""
    named = ("RUNFILES_DIR", "TEST_BINARY", "TEST_SIZE", "TEST_SRCDIR", "TEST_TARGET", "TEST_WORKSPACE", "TZ")
    made = _environment(one, tree, "", 0)
    return {
        name: made[name] for name in (*named, "BAZEL_TEST", "JAVA_RUNFILES", "PYTHON_RUNFILES", "RUN_UNDER_RUNFILES")
    }


def _environment(one: ConfiguredTarget, tree: str, base: str, timeout: int) -> dict[str, str]:
    """What every test finds; paths are relative to the execution root, and made absolute by test_setup.sh."""
    assert one.executable is not None
    binary = one.executable.short_path
    temporary = "_tmp/test"
    return {
        "BAZEL_TEST": "1",
        "GTEST_TMP_DIR": temporary,
        "HOME": temporary,
        "JAVA_RUNFILES": tree,
        "LOGNAME": "user",
        "PYTHON_RUNFILES": tree,
        "RUNFILES_DIR": tree,
        "RUN_UNDER_RUNFILES": "1",
        "TEST_BINARY": "external/" + binary[3:] if binary.startswith("../") else binary,
        "TEST_INFRASTRUCTURE_FAILURE_FILE": f"{base}/test.infrastructure_failure",
        "TEST_PREMATURE_EXIT_FILE": f"{base}/test.exited_prematurely",
        "TEST_SIZE": size_of(one.target),
        "TEST_SRCDIR": tree,
        "TEST_TARGET": str(one.label),
        "TEST_TIMEOUT": str(timeout),
        "TEST_TMPDIR": temporary,
        "TEST_UNDECLARED_OUTPUTS_DIR": f"{base}/{FILES}",
        "TEST_WARNINGS_OUTPUT_FILE": f"{base}/test.warnings",
        "TEST_WORKSPACE": MAIN_REPOSITORY,
        "TEST_XML_OUTPUT_FILE": f"{base}/{REPORT}",
        "TZ": "UTC",
        "USER": "user",
        "XML_OUTPUT_FILE": f"{base}/{REPORT}",
    }


def is_exclusive(label: Label, loader: Loader) -> bool:
    """Whether a test must run while no other does."""
    tags = set(loader.target(label).tags)
    return bool(tags & {"exclusive", "exclusive-if-local"})
