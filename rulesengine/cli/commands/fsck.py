"""`pybuild fsck [--repair]`."""

from __future__ import annotations

import json

from rulesengine.cli.context import Context
from rulesengine.cli.progress import size
from rulesengine.errors import EXIT_BUILD_FAILED, UsageError


def run(context: Context) -> int:
    """Check the cache; exit with 1 when something in it is damaged and stays so."""
    if context.arguments:
        raise UsageError(f"fsck takes no {context.arguments[0]!r}", hint="it checks the whole cache")
    repair = context.options["repair"]
    with context.watching() as listener:
        done = context.workspace().fsck(repair=repair, listener=listener, cancel=context.cancel)
    console = context.console
    if context.options["show_output"] == "json":
        faults = [{"what": one.what, "name": one.name, "reason": one.reason} for one in done.faults]
        value = {"blobs": done.blobs, "entries": done.entries, "bytes": done.bytes, "incomplete": done.incomplete}
        console.result(json.dumps({**value, "faults": faults, "repaired": repair}, indent=2))
    else:
        for one in done.faults:
            console.result(str(one))
    text = f"{done.blobs} blobs ({size(done.bytes)}) and {done.entries} action results are right"
    if done.incomplete:
        text += f"; {done.incomplete} results whose blobs are gone will be made again"
    if not done.faults:
        console.say(text)
        return 0
    count = f"{len(done.faults)} fault{'' if len(done.faults) == 1 else 's'}"
    console.say(f"{text}; {count} {'taken away' if repair else 'found: pybuild fsck --repair takes them away'}")
    return 0 if repair else EXIT_BUILD_FAILED
