"""`pybuild query EXPRESSION`."""

from __future__ import annotations

import os

from rulesengine.cli.context import Context
from rulesengine.errors import UsageError


def run(context: Context) -> int:
    """Print the targets that an expression stands for."""
    path = context.options["query_file"]
    if path is not None:
        if context.arguments:
            raise UsageError("--query_file and an expression exclude each other")
        try:
            with open(os.path.join(context.directory, path), encoding="utf-8") as stream:
                expression = stream.read()
        except (OSError, UnicodeDecodeError) as fault:
            raise UsageError(f"cannot read the query file {path}: {fault}") from None
    else:
        expression = " ".join(context.arguments)
    if not expression.strip():
        raise UsageError("no query is given", hint="for instance pybuild query 'deps(//base:static)'")
    workspace = context.workspace()
    with context.watching() as listener:
        result = workspace.query(
            expression,
            package=context.package(workspace.root),
            implicit=context.options["implicit_deps"],
            listener=listener,
            cancel=context.cancel,
        )
        text = result.render(context.options["output"])
    context.console.stdout.write(text)
    return 0
