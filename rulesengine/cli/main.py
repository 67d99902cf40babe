"""From words to an exit code: startup options, rc files, flags, the command; every error becomes a message here."""

from __future__ import annotations

import importlib
import os
import sys

from rulesengine.cli.console import Console
from rulesengine.cli.context import Context
from rulesengine.cli.flags import command as find_command
from rulesengine.cli.flags import flags_of
from rulesengine.cli.parsing import Line, Options, defaults, read, split
from rulesengine.cli.rc import RcFiles, RcLine, find
from rulesengine.errors import (
    EXIT_INTERNAL,
    EXIT_INTERRUPTED,
    EXIT_OUT_OF_MEMORY,
    EXIT_SUCCESS,
    InternalError,
    RulesEngineError,
    UsageError,
    WorkspaceError,
)
from rulesengine.workspace.places import find_root
from rulesengine.workspace.stale import Stale

_OUTSIDE = ("init", "completion", "help", "version")
"""Commands that need no workspace."""


def run(words: list[str], stale: Stale | None = None) -> int:
    """Run a command line; the exit code.  Never raises, never shows a traceback.

    stale: the command's no-op index, where it no longer fits.
    """
    console = Console()
    console.json_errors = _wants_json(words)
    try:
        code = _run(words, console, stale)
        console.stdout.flush()
    except BrokenPipeError:
        return _quiet()
    except RulesEngineError as fault:
        return _report(fault, console)
    except KeyboardInterrupt:
        console.say("")
        return EXIT_INTERRUPTED
    except MemoryError:
        console.say(console.style("ERROR:", "red") + " out of memory\n  hint: close other programs, or lower --jobs")
        return EXIT_OUT_OF_MEMORY
    except RecursionError as fault:
        return _report(_internal(fault), console)
    except Exception as fault:  # noqa: BLE001 - the last border: a bug of ours becomes one line and a saved report
        return _report(_internal(fault), console)
    return code


def _run(words: list[str], console: Console, stale: Stale | None) -> int:
    line = split(words)
    directory = _directory(line.startup)
    root = _root(directory)
    files = find(line.startup, root, os.environ)
    options = defaults(flags_of(line.command).values())
    _startup_lines(files, line)
    used = files.apply(line.command, options)
    if options["enable_platform_specific_config"] or "--enable_platform_specific_config" in line.arguments:
        used += files.platform(line.command, options)
    arguments = _read(line, options, files, used)
    early = Console(str(options["color"]))
    console.colour = early.colour
    console.json_errors = options["error_format"] == "json"
    console.timestamps = bool(options.values.get("show_timestamps"))
    if options.values.pop("help", False):
        arguments, line = [line.command], Line(line.startup, "help", ())
    if options["announce_rc"]:
        for one, mine in used:
            console.info(f"{one.location}: {one.command}{':' + one.config if one.config else ''} {' '.join(mine)}")
    context = Context(
        line.command, options, line.startup, arguments, directory, root, console, words, dict(files.looked_at)
    )
    context.stale = stale
    if root is None and line.command not in _OUTSIDE and line.command != "info":
        find_root(directory)
    module = importlib.import_module(f"rulesengine.cli.commands.{line.command}")
    try:
        code = int(module.run(context))
    except BaseException as fault:
        code = context.recording.close(_exit_code(fault), fault)
        if isinstance(fault, RulesEngineError):
            fault.exit_code = code
        raise
    return context.recording.close(code)


def _exit_code(fault: BaseException) -> int:
    """What the process will exit with."""
    if isinstance(fault, RulesEngineError):
        return fault.exit_code
    if isinstance(fault, KeyboardInterrupt):
        return EXIT_INTERRUPTED
    if isinstance(fault, MemoryError):
        return EXIT_OUT_OF_MEMORY
    return EXIT_SUCCESS if isinstance(fault, BrokenPipeError) else EXIT_INTERNAL


def _wants_json(words: list[str]) -> bool:
    """Whether the command line asks for JSON errors: also those of a command line that is not understood."""
    own, _, _ = _at_dashes(words)
    return "--error_format=json" in own


def _startup_lines(files: RcFiles, line: Line) -> None:
    """`startup` lines of rc files first, then the command line's own again, which win."""
    if any(one.command == "startup" for one in files.lines):
        own = {name: line.startup.values[name] for name in line.startup.given}
        files.startup(line.startup)
        line.startup.values.update(own)


def _read(line: Line, options: Options, files: RcFiles, used: list[tuple[RcLine, tuple[str, ...]]]) -> list[str]:
    """The command line's own flags, `--config` ones expanded where they stand."""
    if line.command == "help":
        # `pybuild help --jobs` asks about a flag; these two say how it is answered.
        own = [word for word in line.arguments if word.startswith(("--output=", "--error_format="))]
        read(line.command, own, options)
        return [word for word in line.arguments if word not in own]
    before, dashes, after = _at_dashes(list(line.arguments))
    left: list[str] = []
    run: list[str] = []
    rest = iter(before)
    for word in rest:
        if word == "--config" or word.startswith("--config="):
            left += read(line.command, run, options)
            run = []
            name = word.partition("=")[2] if "=" in word else next(rest, "")
            if not name:
                raise UsageError("--config lacks its value", hint="write --config=NAME")
            used += files.config(line.command, options, name)
        else:
            run.append(word)
    left += read(line.command, run, options)
    return left + (after if dashes else [])


def _at_dashes(words: list[str]) -> tuple[list[str], bool, list[str]]:
    if "--" not in words:
        return words, False, []
    place = words.index("--")
    return words[:place], True, words[place + 1 :]


def _directory(startup: Options) -> str:
    named = startup["directory"]
    try:
        here = os.getcwd()
    except OSError:
        raise WorkspaceError("the current directory does not exist any more", hint="cd to one that does") from None
    if named is None:
        return here
    directory = os.path.join(here, os.path.expanduser(str(named)))
    if not os.path.isdir(directory):
        raise WorkspaceError(f"-C {named}: no such directory")
    return os.path.abspath(directory)


def _root(directory: str) -> str | None:
    try:
        return find_root(directory)
    except WorkspaceError:
        return None


def _report(fault: RulesEngineError, console: Console) -> int:
    try:
        console.error(fault)
    except OSError:
        _quiet()
    return fault.exit_code


def _internal(fault: BaseException) -> RulesEngineError:
    """A bug as a user sees it: what happened in one line, and where the traceback was saved."""
    import tempfile
    import traceback

    text = f"{sys.version}\n{' '.join(sys.argv)}\n\n" + "".join(traceback.format_exception(fault))
    where = ""
    try:
        descriptor, where = tempfile.mkstemp(prefix="pybuild-crash-", suffix=".txt")
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as stream:
            stream.write(text)
    except OSError:
        where = ""
    cause = " ".join(str(fault).split())[:200]
    error = InternalError(
        f"a bug in pybuild: {type(fault).__name__}{': ' + cause if cause else ''}",
        hint=f"please report it with {where}" if where else "please report it",
    )
    assert error.exit_code == EXIT_INTERNAL
    return error


def _quiet() -> int:
    """The reader of standard output went away, as `| head` does: end without a word, as other tools do."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    return 0


__all__ = ["find_command", "run"]
