"""`pybuild run TARGET -- ARGUMENT…`: the program takes this process's place."""

from __future__ import annotations

import json
import os
import shlex

from rulesengine.cli.commands.build import common
from rulesengine.cli.context import Context
from rulesengine.errors import ExecutionError, UsageError
from rulesengine.workspace import Program

_SHELL = "/bin/bash"


def run(context: Context) -> int:
    """Build one program and become it; returns only where it is not to be started, or cannot be."""
    options = context.options
    if not context.arguments:
        raise UsageError("no target is named", hint="for instance pybuild run //tools:hello -- its arguments")
    label, *arguments = context.arguments
    if label.startswith("-"):
        raise UsageError(f"{label}: one target is run, and none can be taken away")
    workspace = context.workspace()
    from rulesengine.workspace.test_options import names_target, parse_command

    under = parse_command(options["run_under"])
    wrapped = bool(under) and names_target(under[0])
    with context.watching() as listener:
        how = common(context, workspace, listener)
        if wrapped:
            under = (workspace.runnable(under[0], **how).path, *under[1:])
        program = workspace.runnable(label, **how)
    words = [program.path, *program.arguments, *arguments]
    if wrapped:
        words = [*under, *words]
    elif under:  # as for Bazel, a shell reads it: it says which command there is not, and ends with 127
        words = [_SHELL, "-c", f'{options["run_under"]} {shlex.join(words)} "$@"', _SHELL]
    own = {"BUILD_WORKSPACE_DIRECTORY": workspace.root, "BUILD_WORKING_DIRECTORY": context.directory}
    if options["show_output"] == "json":
        console = context.console
        console.result(json.dumps(_json(label, program), indent=2))
        console.stdout.flush()
    if options["script_path"]:
        _script(os.path.join(context.directory, options["script_path"]), program, words, own)
        return 0
    if not options["run"]:
        return 0
    console = context.console
    console.stdout.flush()
    console.stderr.flush()
    if code := context.recording.close(0):
        return code
    environment = {**program.variables(console.environment), **own}
    try:
        os.chdir(program.directory)
        os.execvpe(words[0], words, environment)
    except OSError as fault:
        raise ExecutionError(f"{words[0]} cannot be started: {fault.strerror}") from None


def _json(label: str, program: Program) -> dict[str, object]:
    """The document of `--show_output=json`."""
    return {
        "label": label,
        "path": program.path,
        "directory": program.directory,
        "arguments": list(program.arguments),
        "environment": dict(program.environment),
        "inherited": list(program.inherited),
    }


def _script(path: str, program: Program, words: list[str], own: dict[str, str]) -> None:
    """A shell script that does what this command would: it takes further arguments."""
    lines = ["#!/bin/bash", f"cd {shlex.quote(program.directory)} || exit 1"]
    for name, value in {**program.environment, **own}.items():
        text = f"export {name}={shlex.quote(value)}"
        lines.append(f'[ -n "${{{name}+x}}" ] || {text}' if name in program.inherited else text)
    lines.append(f'exec {shlex.join(words)} "$@"')
    try:
        with open(path, "w", encoding="utf-8") as stream:
            stream.write("\n".join(lines) + "\n")
        os.chmod(path, 0o755)
    except OSError as fault:
        raise UsageError(f"--script_path: {path} cannot be written: {fault.strerror}") from None
