"""The sandbox of a command: bubblewrap where it works, else a bare directory of its own.

Inside: the execution directory at /execroot (writable; large inputs are bound read-only over it),
the host's /usr, /bin, /lib*, /etc read-only, private /tmp, /proc and /dev, no other file of the
host, no network, no other process, user and group 1000, host name `localhost`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Mapping, Sequence

from attrs import frozen

EXECROOT = "/execroot"
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc")
_PROBE_SECONDS = 10


@frozen
class Sandbox:
    """How commands are confined on this machine.

    program: the path of bwrap, or empty when commands run unconfined; reason: why, then.
    """

    program: str
    reason: str = ""

    def command(
        self, arguments: Sequence[str], directory: str, bound: Mapping[str, str], *, network: bool
    ) -> Sequence[str]:
        """The argv that runs `arguments` in `directory`.  bound: path below it -> real file, read-only."""
        if not self.program:
            return arguments
        wrapped = [self.program, *_namespaces(network), *_system()]
        wrapped += ["--bind", directory, EXECROOT]
        for path, real in bound.items():
            wrapped += ["--ro-bind", real, f"{EXECROOT}/{path}"]
        return [*wrapped, "--chdir", EXECROOT, "--", *arguments]


def _namespaces(network: bool) -> list[str]:
    out = [
        "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try",
        "--uid", "1000", "--gid", "1000", "--hostname", "localhost", "--cap-drop", "ALL",
        "--die-with-parent", "--new-session",
    ]  # fmt: skip
    return out if network else [*out, "--unshare-net"]


_system_cache: list[str] | None = None


def _system() -> list[str]:
    global _system_cache  # noqa: PLW0603 - a fact of the machine, found once
    if _system_cache is None:
        out = []
        for path in _SYSTEM:
            if os.path.islink(path):
                out += ["--symlink", os.readlink(path), path]
            elif os.path.isdir(path):
                out += ["--ro-bind", path, path]
        _system_cache = [*out, "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]
    return _system_cache


_lock = threading.Lock()
_probed: Sandbox | None = None


def probe() -> Sandbox:
    """What this machine allows; tried once a process."""
    global _probed  # noqa: PLW0603 - a fact of the machine, found once
    with _lock:
        if _probed is None:
            _probed = _probe()
        return _probed


def _probe() -> Sandbox:
    program = shutil.which("bwrap")
    if program is None:
        return Sandbox("", "bubblewrap (bwrap) is not installed")
    try:
        done = subprocess.run(
            [program, *_namespaces(network=False), *_system(), "--", "/bin/true"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PROBE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as fault:
        return Sandbox("", f"bubblewrap does not work here: {fault}")
    if done.returncode:
        text = done.stderr.decode("utf-8", "replace").strip() or f"exit code {done.returncode}"
        return Sandbox("", f"bubblewrap does not work here: {text}")
    return Sandbox(program)
