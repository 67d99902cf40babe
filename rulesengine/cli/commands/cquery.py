"""`pybuild cquery EXPRESSION`."""

from __future__ import annotations

import os

from rulesengine.cli.commands.query import expression, rendered, tell
from rulesengine.cli.context import Context
from rulesengine.errors import EXIT_BUILD_FAILED, RulesEngineError, UsageError
from rulesengine.model.ports import Listener
from rulesengine.workspace.how import HowToAnalyse

TYPE_CHECKING = False

if TYPE_CHECKING:
    from rulesengine.workspace.analyzed import ConfiguredResult


def run(context: Context) -> int:
    """Print the configured targets that an expression stands for."""
    options = context.options
    text = expression(context)
    with context.watching() as listener:
        result = context.workspace().cquery(text, **how(context, listener))
        if options["transitions"] != "none":
            lines = result.transitions(full=options["transitions"] == "full")
            shown = "".join(f"{line}\n" for line in lines)
        elif options["output"] == "files":
            shown = "".join(f"{path}\n" for path in result.files)
        elif options["output"] == "starlark":
            shown = _formatted(context, result)
        else:
            shown = rendered(context, result)
    context.console.stdout.write(shown)
    tell(context, result.faults, EXIT_BUILD_FAILED)
    return 0


def _formatted(context: Context, result: ConfiguredResult) -> str:
    """The answer of `--output=starlark`; what goes wrong for a target is told, and the target left out, as in Bazel."""
    lines = []
    for one in result.formatted(*_program(context)):
        if isinstance(one, RulesEngineError):
            context.console.error(one)
        else:
            lines.append(one + "\n")
    return "".join(lines)


def _program(context: Context) -> tuple[str, str]:
    """The function to apply, as text, and what messages call it.  Raises UsageError."""
    expression, path = context.options["starlark:expr"], context.options["starlark:file"]
    if path is None:
        return f"def format(target): return ({expression or 'str(target.label)'})\n", "--starlark:expr"
    if expression is not None:
        raise UsageError("--starlark:expr and --starlark:file exclude each other")
    try:
        with open(os.path.join(context.directory, path), encoding="utf-8") as stream:
            return stream.read(), path
    except (OSError, UnicodeDecodeError) as fault:
        raise UsageError(f"--starlark:file: cannot read {path}: {fault}") from None


def how(context: Context, listener: Listener) -> HowToAnalyse:
    """What the flags of `cquery` and `aquery` say."""
    options = context.options
    return {
        **configuring(context, listener),
        "universe": options["universe_scope"] or "",
        "implicit": options["implicit_deps"],
        "tools": options["tool_deps"],
    }


def configuring(context: Context, listener: Listener) -> HowToAnalyse:
    """What the flags of every command that analyses say."""
    options = context.options
    return {
        "package": context.package(context.workspace().root),
        "platform": options["platforms"],
        "settings": options["setting"],
        "defines": options["define"],
        "compilation_mode": options["compilation_mode"],
        "host_compilation_mode": options["host_compilation_mode"],
        "keep_going": options["keep_going"],
        "host_platform": options["host_platform"],
        "action_env": options["action_env"],
        "host_action_env": options["host_action_env"],
        "features": options["features"],
        "extra_toolchains": options["extra_toolchains"],
        "extra_execution_platforms": options["extra_execution_platforms"],
        "listener": listener,
        "cancel": context.cancel,
    }
