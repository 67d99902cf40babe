"""The sandbox of a command: bubblewrap where it works, else a bare directory of its own.

Inside: the execution directory at /execroot (writable; large inputs are bound read-only over it), the host's /usr
(with /bin, /lib*) read-only, an /etc of our own (see system_files), private /tmp, /proc and /dev, no other file of the
host, no network, no other process, user and group 1000, host name `localhost`.
"""

from __future__ import annotations

import functools
import os
import re
import subprocess
import threading
from collections.abc import Mapping, Sequence

from rulesengine.execution.system_files import NETWORK_FILES, bound_directories
from rulesengine.values import frozen

EXECROOT = "/execroot"
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
"""What is shown of the host, read-only, where it is there; links stay links."""

_PROBE_SECONDS = 10

PROCESSES = 2048
"""How many processes one action may have at a time, unless --sandbox_pids_limit says otherwise."""


@frozen
class SandboxOptions:
    """What the user adds to every action's sandbox, and how much one action may take.

    mounts: (path of the host, path inside), read-only.  writable: paths of the host that are writable at the same path.
    empty: paths that are empty, writable and private.  network: for every action.
    processes: at a time, 0 for no limit.  memory: bytes that an action's processes use together, 0 for no limit.
    file_size: bytes of the largest file that an action may write, 0 for no limit.
    """

    mounts: tuple[tuple[str, str], ...] = ()
    writable: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()
    network: bool = False
    processes: int = PROCESSES
    memory: int = 0
    file_size: int = 0


@frozen
class Sandbox:
    """How commands are confined on this machine.

    program: the path of bwrap, or empty when commands run unconfined; reason: why, then.
    """

    program: str
    reason: str = ""

    def command(
        self,
        arguments: Sequence[str],
        directory: str,
        bound: Mapping[str, str],
        etc: str,
        options: SandboxOptions,
        *,
        network: bool,
        held: bool = False,
    ) -> Sequence[str]:
        """The argv that runs `arguments` in `directory`.

        bound: path below it -> real file, read-only.  etc: the directory that is /etc.  held: the kernel counts the
        command's processes already (see PidsGroups).
        """
        limits = []
        if options.file_size:
            # dash and bash count blocks of 512 bytes when they are called sh.
            limits.append(f"ulimit -f {-(-options.file_size // 512)}")
        if self.program and (most := processes_inside(options, held=held)):
            # What bash calls -u is -p in dash.
            limits.append(f"ulimit -u {most} 2>/dev/null || ulimit -p {most}")
        if limits:
            arguments = ["/bin/sh", "-c", "; ".join([*limits, 'exec "$@"']), "sh", *arguments]
        if not self.program:
            return arguments
        network = network or options.network
        wrapped = [self.program, *_namespaces(network), *_system(), "--ro-bind", etc, "/etc"]
        for path in bound_directories():
            wrapped += ["--ro-bind", path, path]
        if network:
            for path in NETWORK_FILES:
                wrapped += ["--ro-bind-try", path, path]
        for path in options.empty:
            wrapped += ["--tmpfs", path]
        for source, target in options.mounts:
            wrapped += ["--ro-bind", source, target]
        for path in options.writable:
            wrapped += ["--bind", path, path]
        wrapped += ["--bind", directory, EXECROOT]
        for path, real in bound.items():
            wrapped += ["--ro-bind", real, f"{EXECROOT}/{path}"]
        return [*wrapped, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", EXECROOT, "--", *arguments]


def _namespaces(network: bool) -> list[str]:
    out = [
        "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try",
        "--uid", "1000", "--gid", "1000", "--hostname", "localhost", "--cap-drop", "ALL",
        "--die-with-parent", "--new-session",
    ]  # fmt: skip
    return out if network else [*out, "--unshare-net"]


@functools.cache
def counts_in_namespace() -> bool:
    """Whether RLIMIT_NPROC, set inside a sandbox, counts what is inside and nothing else: since Linux 5.14 it counts a
    user's processes in a user namespace.  It never binds user 0 of the machine."""
    found = re.match(r"(\d+)\.(\d+)", os.uname().release)
    return found is not None and (int(found[1]), int(found[2])) >= (5, 14) and os.geteuid() != 0


def processes_inside(options: SandboxOptions, *, held: bool) -> int:
    """RLIMIT_NPROC inside of the sandbox, 0 for none.  held: the kernel counts the processes already."""
    return options.processes if not held and counts_in_namespace() else 0


def read_only_below_proc(*others: str) -> list[str]:
    """The kernel lets user 0 of the machine write there, by whatever number the sandbox calls it.

    others: names that bwrap looks after itself.
    """
    if os.geteuid():
        return []
    return [path for path in (f"/proc/{name}" for name in ("sys", "sysrq-trigger", *others)) if os.path.exists(path)]


_system_cache: list[str] | None = None


def _system() -> list[str]:
    global _system_cache  # noqa: PLW0603 - a fact of the machine, found once
    if _system_cache is None:
        out = []
        for path in SYSTEM:
            if os.path.islink(path):
                out += ["--symlink", os.readlink(path), path]
            elif os.path.isdir(path):
                out += ["--ro-bind", path, path]
        out += ["--proc", "/proc"]
        for path in read_only_below_proc():
            out += ["--ro-bind", path, path]
        _system_cache = [*out, "--dev", "/dev", "--tmpfs", "/dev/shm", "--tmpfs", "/tmp"]
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


def likely() -> Sandbox:
    """What `probe` will say where bubblewrap is not broken: whether it is installed, unless it was tried already."""
    return _probed or _installed()


def _installed() -> Sandbox:
    for directory in os.get_exec_path():
        program = os.path.join(directory, "bwrap")
        if os.path.isfile(program) and os.access(program, os.X_OK):
            return Sandbox(program)
    return Sandbox("", "bubblewrap (bwrap) is not installed")


def _probe() -> Sandbox:
    installed = _installed()
    program = installed.program
    if not program:
        return installed
    try:
        done = subprocess.run(
            [program, *_namespaces(network=False), *_system(), "--", "/bin/true"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PROBE_SECONDS,
            check=False,
            start_new_session=True,  # Ctrl-C is for us: a probe that it ends is no answer
        )
    except (OSError, subprocess.TimeoutExpired) as fault:
        return Sandbox("", f"bubblewrap does not work here: {fault}")
    if done.returncode:
        text = done.stderr.decode("utf-8", "replace").strip() or f"exit code {done.returncode}"
        return Sandbox("", f"bubblewrap does not work here: {text}")
    return Sandbox(program)
