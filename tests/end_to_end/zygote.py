"""Whole runs of the command line, each in a process forked from one that has imported everything already.

Reads lines `CWD\\0CACHE\\0WORD\\0…`, forks, answers with the child's pid, then with its exit status when it ends.
"""

from __future__ import annotations

import os
import sys


def main() -> None:
    import diskcache  # noqa: F401 - imported to be there
    import networkx  # noqa: F401 - imported to be there

    import rulesengine.workspace.build
    import rulesengine.workspace.engine  # noqa: F401 - imported to be there
    from rulesengine.cli import main as command

    for line in sys.stdin:
        directory, cache, log, *words = line.rstrip("\n").split("\0")
        child = os.fork()
        if child == 0:
            out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
            os.dup2(out, 1)
            os.dup2(out, 2)
            os.chdir(directory)
            os.environ["PYBUILD_CACHE"] = cache
            code = 99
            try:
                code = command.run(words)
                sys.stdout.flush()
                sys.stderr.flush()
            finally:
                os._exit(code)
        print(child, flush=True)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
