"""`pybuild graph TARGET…`."""

from __future__ import annotations

import os

from rulesengine.cli.commands.cquery import configuring
from rulesengine.cli.context import Context
from rulesengine.errors import UsageError


def run(context: Context) -> int:
    """Draw targets or actions."""
    options = context.options
    if not context.arguments:
        raise UsageError(
            "no target is named", hint="for instance pybuild graph --output=html -o graph.html //base:static"
        )
    with context.watching() as listener:
        how = configuring(context, listener)
        how["implicit"] = options["implicit_deps"]
        how["tools"] = options["tool_deps"]
        picture = context.workspace().graph(
            *context.arguments, actions=options["actions"], conditions=options["conditions"], **how
        )
    text = picture.render(options["output"])
    path = options["output_file"]
    if path is None:
        context.console.stdout.write(text)
        return 0
    where = os.path.join(context.directory, path)
    try:
        with open(where, "w", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as fault:
        raise UsageError(f"cannot write {path}: {fault.strerror}") from None
    nodes, edges = len(picture.nodes), len(picture.edges)
    context.console.say(f"{context.shown(where)}: {nodes} node{'s' * (nodes != 1)}, {edges} edge{'s' * (edges != 1)}")
    return 0
