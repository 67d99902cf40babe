"""`pybuild cquery EXPRESSION`."""

from __future__ import annotations

from rulesengine.cli.commands.query import expression
from rulesengine.cli.context import Context
from rulesengine.workspace import Question


def run(context: Context) -> int:
    """Print the configured targets that an expression stands for."""
    from rulesengine.workspace.analysing import files_of

    options = context.options
    asked = question(context)
    with context.watching() as listener:
        result, graph = context.workspace().cquery(asked, listener=listener, cancel=context.cancel)
        if options["output"] == "files":
            shown = "".join(f"{path}\n" for path in files_of(graph, result.nodes))
        else:
            shown = result.render(options["output"], options["order_output"])
    context.console.stdout.write(shown)
    return 0


def question(context: Context) -> Question:
    """What the command line asks.  Raises UsageError."""
    options = context.options
    return Question(
        expression(context),
        package=context.package(context.workspace().root),
        universe=options["universe_scope"] or "",
        platform=options["platforms"],
        settings=tuple(options["setting"]),
        defines=tuple(options["define"]),
        compilation_mode=options["compilation_mode"],
        keep_going=options["keep_going"],
        implicit=options["implicit_deps"],
        tools=options["tool_deps"],
        host_platform=options["host_platform"],
        lists={name: tuple(options[name]) for name in ("features", "extra_toolchains", "extra_execution_platforms")},
    )
