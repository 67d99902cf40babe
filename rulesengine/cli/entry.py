"""`pybuild`: the way in.  A build with nothing to do is answered here, before anything slow is imported."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rulesengine.workspace.stale import Stale

_STACK = 64 << 20
"""Bytes; 200,000 lists inside of each other need about 50 MB of it.  What is not used costs nothing."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command line `arguments` (default: this process's); the exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    if words[:1] == ["__complete"]:  # asked by shells: see commands/completion.py
        from rulesengine.cli.completion import main as complete

        return complete(words[1:])
    import time

    started = time.perf_counter()
    answer: tuple[str, str] | Stale | None = None
    if words:
        from rulesengine import __version__
        from rulesengine.workspace import noop

        try:
            answer = noop.load(noop_directory(), noop.key(__version__, words))
        except OSError:  # the current directory is gone: the full path says so
            answer = None
    if isinstance(answer, tuple):
        shown, printed = answer
        try:
            if shown:
                text = shown.replace("\0", f"{time.perf_counter() - started:.2f} s")
                sys.stderr.write(text)
                sys.stderr.flush()
            if printed:
                sys.stdout.write(printed)
                sys.stdout.flush()
        except OSError:
            _quiet()
        if arguments is None:
            os._exit(0)  # nothing runs, all is written: to take the interpreter apart would be a tenth of the time
        return 0
    import gc

    # Modules, graphs and parsed files live until the end: to look through them for garbage every 700 allocations
    # costs a build a sixth of its time, and once more at the end of the process a tenth.
    if arguments is None:
        gc.set_threshold(1_000_000, 20, 20)
    _deepen_stack()
    from rulesengine.cli.main import run

    if arguments is None:
        from rulesengine import loading

        loading.watched = True
    code = run(words, answer)
    if arguments is None:
        _leave(code)
    return code


def _leave(code: int) -> None:
    """End the process without taking the interpreter apart, which costs a build a tenth of its time.

    Returns where something still runs: then Python waits for it.
    """
    import atexit
    import gc
    import threading

    gc.freeze()
    if threading.active_count() > 1:
        return
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        _quiet()
    os._exit(code)


def _deepen_stack() -> None:
    """Let this thread's stack grow: the interpreter of BUILD files walks deeply nested values natively."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_STACK)
    wanted = _STACK if hard == resource.RLIM_INFINITY else min(_STACK, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_STACK, (wanted, hard))


def noop_directory() -> str:
    """Where no-op indexes are: decided by the environment alone, so that no flag need be read to find them."""
    cache = os.environ.get("PYBUILD_CACHE")
    if cache:
        return os.path.abspath(os.path.expanduser(cache)) + "/noop"
    cache = os.environ.get("XDG_CACHE_HOME", "")
    if not cache.startswith("/"):
        cache = (os.environ.get("HOME") or os.path.expanduser("~")) + "/.cache"
    return cache + "/pybuild/noop"


def _quiet() -> None:
    """The reader of our output went away: say nothing more, not even at interpreter exit."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)


if __name__ == "__main__":
    sys.exit(main())
