"""`pybuild explain TARGET…`, `pybuild explain --digest OLD NEW`."""

from __future__ import annotations

import os

from rulesengine.cli.commands.cquery import configuring
from rulesengine.cli.context import Context
from rulesengine.errors import UsageError


def run(context: Context) -> int:
    """Print why actions ran, or why a digest changed."""
    options = context.options
    workspace = context.workspace()
    words = context.arguments
    if options["digest"]:
        if len(words) not in (2, 3):
            raise UsageError("--digest wants two digests", hint="pybuild explain --digest OLD NEW [TARGET]")
        here = [os.path.join(context.directory, one) for one in words[:2]]
        old, new = (path if os.path.isdir(path) else word for path, word in zip(here, words[:2], strict=True))
        label = words[2] if len(words) == 3 else ""
        with context.watching():
            found = workspace.explain_digest(old, new, label, cancel=context.cancel)
    else:
        if not words:
            raise UsageError("no target is named", hint="for instance pybuild explain //base:static")
        with context.watching() as listener:
            found = workspace.explain(*words, **configuring(context, listener))
    context.console.result(found.json() if options["output"] == "json" else found.text().rstrip("\n"))
    return 0
