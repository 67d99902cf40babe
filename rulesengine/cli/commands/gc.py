"""`pybuild gc`."""

from __future__ import annotations

import json
import re

from rulesengine.cli.context import Context
from rulesengine.cli.progress import size
from rulesengine.errors import UsageError

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?", re.IGNORECASE)
_AGE = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def run(context: Context) -> int:
    """Collect what is old."""
    if context.arguments:
        raise UsageError(f"gc takes no {context.arguments[0]!r}", hint="it is about the whole cache")
    options = context.options
    with context.watching():
        done = context.workspace().gc(
            max_bytes=_bytes(options["max_size"]) if options["max_size"] else None,
            max_age=_age("--max_age", options["max_age"]) if options["max_age"] else None,
            grace=_age("--grace", options["grace"]) if options["grace"] else None,
            dry_run=options["dry_run"],
            cancel=context.cancel,
        )
    if options["show_output"] == "json":
        value = {
            "dry_run": options["dry_run"],
            "dropped": {
                "entries": done.entries_dropped,
                "blobs": done.blobs_dropped,
                "bytes": done.bytes_dropped,
                "workspaces": done.workspaces_dropped,
            },
            "kept": {
                "entries": done.entries_kept,
                "blobs": done.blobs_kept,
                "bytes": done.bytes_kept,
                "roots": done.roots,
            },
        }
        context.console.result(json.dumps(value, indent=2))
    would = "would drop" if options["dry_run"] else "dropped"
    context.console.say(
        f"{would} {size(done.bytes_dropped)}: {done.blobs_dropped} blobs, {done.entries_dropped} action results, "
        f"{done.workspaces_dropped} output trees · {size(done.bytes_kept)} left: {done.blobs_kept} blobs, "
        f"{done.entries_kept} action results ({done.roots} of workspaces' last builds)"
    )
    return 0


def _bytes(text: str) -> int:
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise UsageError(f"--max_size={text}: it is a number of bytes with K, M, G or T", hint="for instance 10G")
    return int(float(found[1]) * 1024 ** " KMGT".index(found[2].upper() or " "))


def _age(flag: str, text: str) -> float:
    found = _AGE.fullmatch(text.strip())
    if found is None:
        raise UsageError(f"{flag}={text}: it is a number with s, m, h, d or w", hint="for instance 30d")
    return float(found[1]) * _SECONDS[found[2]]
