"""`pybuild affected --since=REVISION`."""

from __future__ import annotations

import json

from attrs import asdict

from rulesengine.cli.context import Context
from rulesengine.errors import UsageError


def run(context: Context) -> int:
    """Print the targets whose result can differ."""
    options = context.options
    if context.arguments:
        raise UsageError(
            f"affected takes no {context.arguments[0]!r}", hint="write --universe=PATTERNS for the targets to look at"
        )
    if not options["since"]:
        raise UsageError("--since is missing", hint="for instance pybuild affected --since=origin/main")
    universe = [one for one in options["universe"].split(",") if one]
    with context.watching() as listener:
        found = context.workspace().affected(
            options["since"],
            *universe,
            kind=options["kind"],
            tests=options["tests"],
            listener=listener,
            cancel=context.cancel,
        )
    form = options["output"]
    if form == "json":
        context.console.result(json.dumps(asdict(found), indent=2, ensure_ascii=False))
        return 0
    for one in found.targets:
        if form == "label_kind":
            context.console.result(f"{one.kind} {one.label}")
        else:
            context.console.result(one.label if form == "label" else f"{one.label}: {one.reason}")
    return 0
