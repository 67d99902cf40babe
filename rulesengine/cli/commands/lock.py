"""`pybuild lock [--check|--update] [TARGET…]`."""

from __future__ import annotations

import json
from collections.abc import Sequence

from rulesengine.cli.context import Context
from rulesengine.errors import EXIT_BUILD_FAILED, UsageError
from rulesengine.workspace.archives import LockResult

_SHOWN_CHANGES = 200


def run(context: Context) -> int:
    """Bring lock files up to date, or check that they are; exit with 1 when a check finds a stale one."""
    options = context.options
    workspace = context.workspace()
    if options["check"] and workspace.offline and options["update"]:
        raise UsageError("--check --update needs the archive, which --offline forbids")
    with context.watching() as listener:
        results = workspace.lock(
            *context.arguments,
            check=options["check"],
            update=options["update"],
            allow_missing=options["allow_missing_indexes"],
            package=context.package(workspace.root),
            listener=listener,
            cancel=context.cancel,
        )
    for result in results:
        tell(context, result)
    if options["show_output"] == "json":
        context.console.result(json.dumps([as_json(one) for one in results], indent=2))
    elif options["show_output"] == "files":
        for result in results:
            context.console.result(context.shown(result.path))
    return EXIT_BUILD_FAILED if any(one.state == "stale" for one in results) else 0


def tell(context: Context, result: LockResult) -> None:
    """Say what became of one lock file and which packages changed."""
    console = context.console
    path = context.shown(result.path)
    if result.state == "fresh":
        console.say(f"{result.label} {path} is up to date · {result.packages} packages")
    elif result.state == "written":
        console.say(f"{result.label} {path} written · {result.packages} packages, {_count(result.changes)}")
    else:
        reason = result.reason or _count(result.changes)
        console.say(f"{result.label} {path} is stale: {reason}")
    for change in result.changes[:_SHOWN_CHANGES]:
        console.say(f"  {change}")
    if len(result.changes) > _SHOWN_CHANGES:
        console.say(f"  … {len(result.changes) - _SHOWN_CHANGES} more")
    if result.state == "stale":
        console.say("  hint: run pybuild lock" + (" --update" if not result.reason else "") + " and commit the file")


def _count(changes: Sequence[object]) -> str:
    return f"{len(changes)} change" + ("" if len(changes) == 1 else "s")


def as_json(result: LockResult) -> dict[str, object]:
    """The form of `--show_output=json`."""
    return {
        "label": result.label,
        "path": result.path,
        "state": result.state,
        "packages": result.packages,
        "reason": result.reason,
        "changes": [
            {"name": one.name, "before": one.before, "after": one.after, "architectures": list(one.architectures)}
            for one in result.changes
        ],
    }
