"""`pybuild init [DIR]`."""

from __future__ import annotations

import json
import os

from rulesengine.cli.commands import lock as lock_command
from rulesengine.cli.context import Context
from rulesengine.errors import TransportError, TrustError, UsageError
from rulesengine.values import evolve
from rulesengine.workspace.initialise import initialise, install_shipped_lock, lock_path, shipped_lock


def run(context: Context) -> int:
    """Write the files of a new workspace, then lock its packages."""
    if len(context.arguments) > 1:
        raise UsageError("init takes one directory", hint="pybuild init hello")
    named = context.arguments[0] if context.arguments else "."
    directory = os.path.join(context.directory, os.path.expanduser(named))
    done = initialise(directory)
    console = context.console
    for path in done.kept:
        console.warning(f"{context.shown(os.path.join(directory, path))} exists and is left as it is")
    for path in done.written:
        console.say(f"wrote {context.shown(os.path.join(directory, path))}")
    inside = evolve(context, directory=done.directory, root=done.directory)
    lock = _lock(inside)
    form = context.options["show_output"]
    if form == "json":
        value = {"directory": done.directory, "written": list(done.written), "kept": list(done.kept), "lock": lock}
        console.result(json.dumps(value, indent=2))
    elif form == "files":
        for path in done.written:
            console.result(context.shown(os.path.join(directory, path)))
    if os.path.samefile(directory, os.getcwd()):
        console.say("Next: pybuild //base:static")
    else:
        console.say(f"Next: pybuild -C {context.shown(done.directory)} //base:static")
    return 0


def _lock(context: Context) -> str:
    """Lock from the archive as it is today; where it cannot be reached, take the lock that ships with the package.

    Returns which it is now: `kept`, `locked`, `shipped` or `none`.
    """
    console = context.console
    path = lock_path(context.directory)
    if os.path.lexists(path):
        console.warning(f"{context.shown(path)} exists and is left as it is; pybuild lock --update refreshes it")
        return "kept"
    if not context.options["lock"] or context.options["offline"]:
        return _shipped(context, path, "")
    workspace = context.workspace()
    try:
        with context.watching() as listener:
            results = workspace.lock("//debian/...", listener=listener, cancel=context.cancel)
    except (TransportError, TrustError) as fault:
        # Whatever the archive served, nothing of it was used; the lock that ships with the package is as good as ever.
        if shipped_lock() is None:
            fault.notes = (*fault.notes, "the other files of the workspace are written; only the lock file is missing")
            raise
        console.warning(str(fault))
        return _shipped(context, path, "the archive could not be locked as it is today")
    for result in results:
        lock_command.tell(context, evolve(result, changes=()))
    return "locked"


def _shipped(context: Context, path: str, reason: str) -> str:
    """Write the lock that ships with the package; reason: why not a fresh one, or empty where nobody asked for it."""
    console = context.console
    shown = context.shown(path)
    if install_shipped_lock(context.directory):
        why = f"{reason}; " if reason else ""
        console.say(f"wrote {shown}")
        console.warning(f"{why}{shown} is the one that ships with pybuild; pybuild lock --update refreshes it")
        return "shipped"
    why = f": {reason}" if reason else ""
    console.warning(f"there is no {shown} yet{why}; pybuild lock writes it")
    return "none"
