"""`pybuild clean [--expunge]`."""

from __future__ import annotations

import json

from rulesengine.cli.context import Context
from rulesengine.errors import UsageError


def run(context: Context) -> int:
    """Remove this workspace's outputs."""
    if context.arguments:
        raise UsageError(f"clean takes no {context.arguments[0]!r}", hint="it cleans the whole workspace")
    with context.watching() as listener:
        removed = context.workspace().clean(
            expunge=context.options["expunge"], listener=listener, cancel=context.cancel
        )
    form = context.options["show_output"]
    if form == "json":
        context.console.result(json.dumps({"removed": list(removed)}, indent=2))
    elif form == "files":
        for path in removed:
            context.console.result(context.shown(path))
    return 0
