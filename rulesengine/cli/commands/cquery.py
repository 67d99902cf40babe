"""`pybuild cquery EXPRESSION`."""

from __future__ import annotations

from rulesengine.cli.commands.query import expression, rendered, tell
from rulesengine.cli.context import Context
from rulesengine.errors import EXIT_BUILD_FAILED
from rulesengine.model.ports import Listener
from rulesengine.workspace.how import HowToAnalyse


def run(context: Context) -> int:
    """Print the configured targets that an expression stands for."""
    options = context.options
    text = expression(context)
    with context.watching() as listener:
        result = context.workspace().cquery(text, **how(context, listener))
        if options["output"] == "files":
            shown = "".join(f"{path}\n" for path in result.files)
        else:
            shown = rendered(context, result)
    context.console.stdout.write(shown)
    tell(context, result.faults, EXIT_BUILD_FAILED)
    return 0


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
