"""`pybuild aquery EXPRESSION`."""

from __future__ import annotations

from rulesengine.cli.commands.cquery import how
from rulesengine.cli.commands.query import expression, tell
from rulesengine.cli.context import Context
from rulesengine.errors import EXIT_BUILD_FAILED


def run(context: Context) -> int:
    """Print the actions of the targets that an expression stands for."""
    from rulesengine.query.actions import render

    options = context.options
    text = expression(context)
    with context.watching() as listener:
        found = context.workspace().aquery(text, **how(context, listener))
    context.console.stdout.write(
        render(
            found,
            options["output"],
            commandline=options["include_commandline"],
            artifacts=options["include_artifacts"],
            param_files=options["include_param_files"],
        )
    )
    tell(context, found.faults, EXIT_BUILD_FAILED)
    return 0
