"""`pybuild dump action_cache|outputs|uses [DIGEST…]`."""

from __future__ import annotations

import json

from rulesengine.cli.context import Context
from rulesengine.errors import UsageError
from rulesengine.workspace.upkeep import dump


def run(context: Context) -> int:
    """Print what the cache holds, one JSON value a line."""
    if not context.arguments:
        raise UsageError("dump what?", hint="action_cache, outputs or uses")
    what, *names = context.arguments
    for one in dump(context.workspace(), what, tuple(names)):
        context.console.result(json.dumps(one, sort_keys=True))
    return 0
