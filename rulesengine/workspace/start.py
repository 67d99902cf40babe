"""Starting a program and waiting for it, for `Workspace.run`."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress

from rulesengine.errors import ExecutionError
from rulesengine.model.ports import Cancellation
from rulesengine.workspace.result import Program

_POLL_SECONDS = 0.05
_GRACE_SECONDS = 5.0


def wait_for(
    program: Program, arguments: Sequence[str], root: str, *, capture: bool, cancel: Cancellation
) -> subprocess.CompletedProcess[bytes]:
    """Run a program with its environment, in a process group of its own, which ends when `cancel` says so.

    root: the workspace's, for BUILD_WORKSPACE_DIRECTORY.  Raises ExecutionError where it cannot be started,
    InterruptedBuild.
    """
    words = [program.path, *program.arguments, *arguments]
    own = {"BUILD_WORKSPACE_DIRECTORY": root, "BUILD_WORKING_DIRECTORY": os.getcwd()}
    pipe = subprocess.PIPE if capture else None
    try:
        process = subprocess.Popen(
            words,
            cwd=program.directory,
            env={**program.variables(os.environ), **own},
            stdout=pipe,
            stderr=pipe,
            start_new_session=True,
        )
    except OSError as fault:
        raise ExecutionError(f"{program.path} cannot be started: {fault.strerror}") from None
    with process:
        try:
            while True:
                try:
                    out, err = process.communicate(timeout=_POLL_SECONDS)
                    break
                except subprocess.TimeoutExpired:
                    cancel.check()
        except BaseException:
            _end(process)
            raise
    return subprocess.CompletedProcess(words, process.returncode, out, err)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the whole process group: politely, then not."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_SECONDS)
        os.killpg(process.pid, signal.SIGKILL)
