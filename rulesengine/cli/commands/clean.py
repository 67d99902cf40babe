"""`pybuild clean [--expunge]`."""

from __future__ import annotations

from rulesengine.cli.context import Context
from rulesengine.errors import UsageError


def run(context: Context) -> int:
    """Remove this workspace's outputs."""
    if context.arguments:
        raise UsageError(f"clean takes no {context.arguments[0]!r}", hint="it cleans the whole workspace")
    with context.watching() as listener:
        context.workspace().clean(expunge=context.options["expunge"], listener=listener, cancel=context.cancel)
    return 0
