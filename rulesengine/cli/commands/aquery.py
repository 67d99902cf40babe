"""`pybuild aquery EXPRESSION`."""

from __future__ import annotations

from rulesengine.cli.commands.cquery import how
from rulesengine.cli.commands.query import expression
from rulesengine.cli.context import Context


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
    return 0
