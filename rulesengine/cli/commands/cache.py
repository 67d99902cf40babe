"""`pybuild cache stats`."""

from __future__ import annotations

import json
import time

from rulesengine.cli.context import Context
from rulesengine.cli.progress import size
from rulesengine.errors import UsageError


def run(context: Context) -> int:
    """Show what the cache holds."""
    if context.arguments != ["stats"]:
        raise UsageError("write pybuild cache stats", hint="pybuild gc takes away what is old, pybuild fsck checks it")
    found = context.workspace().cache_statistics(cancel=context.cancel)
    console = context.console
    if context.options["show_output"] == "json":
        value = {
            "cache": found.cache,
            "areas": {one.name: {"files": one.files, "bytes": one.bytes} for one in found.areas},
            "entries": found.entries,
            "blobs": found.blobs,
            "oldest": found.oldest,
            "ages": [{"days": days if days != float("inf") else None, "entries": count} for days, count in found.ages],
        }
        console.result(json.dumps(value, indent=2))
        return 0
    console.result(found.cache)
    for one in found.areas:
        console.result(f"  {one.name:<16}{size(one.bytes):>12}  {one.files} files")
    console.result(f"  {found.entries} action results, {found.blobs} blobs")
    shown = ", ".join(
        f"{count} within {days:.0f} day{'' if days == 1 else 's'}" if days != float("inf") else f"{count} older"
        for days, count in found.ages
    )
    console.result(f"  last used: {shown}; the oldest {(time.time() - found.oldest) / 86400:.1f} days ago")
    return 0
