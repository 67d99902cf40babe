"""The helper of cells.Cell, a program of its own: namespaces made once, and for each command what must be its own.

Run by `python -I -S`, so that it starts within milliseconds; it imports nothing of the package.  Two processes: the
first waits for the second, which is process 1 of a namespace and starts the commands.

Process 1 of each command runs in the second's memory, which stands still meanwhile (as after vfork): a copy of the
memory would cost more than all the rest.

Once: user, network, IPC, UTS, cgroup, process and mount namespace, and in the last one the root that commands see.
For each command: process, mount and IPC namespaces, /proc, /tmp and /dev/shm, and a user namespace in which it is user
1000 and has no capability over anything named here.
"""

from __future__ import annotations

import ctypes
import errno
import marshal
import os
import struct
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_NEWNS, _NEWCGROUP, _NEWUTS, _NEWIPC = 0x20000, 0x2000000, 0x4000000, 0x8000000
_NEWUSER, _NEWPID, _NEWNET = 0x10000000, 0x20000000, 0x40000000
_VM, _VFORK, _SIGCHLD = 0x100, 0x4000, 17
_RDONLY, _NOSUID, _NODEV, _NOEXEC, _REMOUNT, _BIND, _REC, _PRIVATE = 1, 2, 4, 8, 32, 4096, 16384, 1 << 18
_DETACH = 2
_SET_PDEATHSIG, _SET_DUMPABLE, _SET_NAME, _SET_NO_NEW_PRIVS = 1, 4, 15, 38
_SIGNALS = (2, 13, 15, 25)  # what Python changes or a parent may have: INT, PIPE, TERM, XFSZ
_FSIZE, _NPROC = 1, 6
_MOUNT_SETATTR = 442
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41, "riscv64": 41, "ppc64le": 203, "s390x": 217}
# As in keyring.py, which is not there for this program.
_KEYCTL = {"x86_64": 250, "aarch64": 219, "riscv64": 219, "ppc64le": 271, "s390x": 280}
_USER = 1000
_READY, _NOT_MADE, _REMAINS = b"r", b"n", b"c"
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")

_BELOW = 1 << 20
"""Bytes of the stack that the second process has for itself; below them is that of process 1 of commands."""

_libc = ctypes.PyDLL(None, use_errno=True)  # there is one thread: nobody waits for the interpreter's lock
_Function = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)
_libc.clone.argtypes = [_Function, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p]


def _check(result: int, what: str) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _mount(source: str, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    words = [None if one is None else os.fsencode(one) for one in (source, target, kind)]
    result = _libc.mount(*words, ctypes.c_ulong(flags), None if data is None else data.encode())
    _check(result, f"mounting {target}")


def _attributes(target: str, flags: int) -> None:
    """Set mount flags (the numbers are those of mount(2) for these) of the mount at `target` and all below it."""
    wanted = ctypes.create_string_buffer(struct.pack("=QQQQ", flags, 0, 0, 0), 32)
    result = _libc.syscall(
        ctypes.c_long(_MOUNT_SETATTR), ctypes.c_int(-100), os.fsencode(target), ctypes.c_uint(0x8000), wanted,
        ctypes.c_size_t(32),
    )  # fmt: skip
    _check(result, f"mount flags of {target}")


def _bind(source: str, target: str, flags: int) -> None:
    _mount(source, target, None, _BIND | _REC)
    _attributes(target, flags)


def _write(path: str, text: str) -> None:
    fd = os.open(path, os.O_WRONLY)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)


def _map_user(inside: int, user: int, group: int) -> None:
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{inside} {user} 1")
    _write("/proc/self/gid_map", f"{inside} {group} 1")


def _hide_arguments() -> None:
    """Commands can read the command line of their process 1, and the paths in it are the host's."""
    with open("/proc/self/stat", "rb") as file:
        fields = file.read().rpartition(b")")[2].split()
    start, end = int(fields[45]), int(fields[46])
    ctypes.memset(start, 0, end - start)
    ctypes.memmove(start, b"init", 4)
    _libc.prctl(_SET_NAME, b"init", 0, 0, 0)


def _loopback_up() -> None:
    fd = _libc.socket(2, 2, 0)
    _check(fd, "a socket")
    request = ctypes.create_string_buffer(struct.pack("16sH", b"lo", 0x41), 40)
    result = _libc.ioctl(fd, ctypes.c_ulong(0x8914), request)
    os.close(fd)
    _check(result, "the loopback device")


def _build_root(setup: dict[str, list[tuple[str, str]]]) -> None:
    """Make the root that commands see the root of this mount namespace.

    links: (target, path).  shown: (path of the host, path), read-only.  own: the same, writable.
    """
    _mount("none", "/", None, _REC | _PRIVATE)
    _mount("tmpfs", "/tmp", "tmpfs", _NOSUID | _NODEV, "mode=0755")
    old = "/.host"
    os.mkdir("/tmp" + old)
    number = _PIVOT_ROOT[os.uname().machine]
    _check(_libc.syscall(ctypes.c_long(number), b"/tmp", ("/tmp" + old).encode()), "the new root")
    os.chdir("/")
    for name in ("proc", "dev", "tmp", "dev/pts", "dev/shm"):
        os.mkdir("/" + name)
    for target, path in setup["links"]:
        os.symlink(target, path)
    for mode, entries in ((_RDONLY, setup["shown"]), (0, setup["own"])):
        for source, path in entries:
            if not os.path.isdir(path):
                os.mkdir(path)
            _bind(old + source, path, mode | _NOSUID | _NODEV)
    for name in _DEVICES:
        os.close(os.open(f"/dev/{name}", os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o666))
        _mount(f"{old}/dev/{name}", f"/dev/{name}", None, _BIND)
        _attributes(f"/dev/{name}", _NOSUID | _NOEXEC)
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        os.symlink(f"/proc/self/fd/{number}", f"/dev/{name}")
    for target, name in (("/proc/self/fd", "fd"), ("/proc/kcore", "core"), ("pts/ptmx", "ptmx")):
        os.symlink(target, f"/dev/{name}")
    # A terminal goes with the last process that has it open.
    _mount("devpts", "/dev/pts", "devpts", _NOSUID | _NOEXEC, "newinstance,ptmxmode=0666,mode=620")
    # Each command mounts a /proc of its own over this one, which shows nothing but this helper.
    _mount("proc", "/proc", "proc", _NOSUID | _NODEV | _NOEXEC)
    _check(_libc.umount2(old.encode(), _DETACH), "letting go of the host's root")
    os.rmdir(old)
    _mount("none", "/", None, _REMOUNT | _BIND | _RDONLY | _NOSUID | _NODEV)


def _for_each_command(hidden: list[str]) -> list[tuple[Callable[..., int], tuple[object, ...], str]]:
    """The calls (and what each is for) that give process 1 its mounts and take its rights; made once, they are cheap.

    hidden: paths below /proc that become read-only.
    """
    proc, tmpfs = _NOSUID | _NODEV | _NOEXEC, _NOSUID | _NODEV
    mounts: list[tuple[bytes, bytes, bytes | None, int, bytes | None]] = [(b"proc", b"/proc", b"proc", proc, None)]
    for path in hidden:
        name = os.fsencode(path)
        mounts += [
            (name, name, None, _BIND | _REC, None),
            (b"none", name, None, _REMOUNT | _BIND | _RDONLY | proc, None),
        ]
    mounts += [(b"tmpfs", path, b"tmpfs", tmpfs, b"mode=0755") for path in (b"/tmp", b"/dev/shm")]
    header, none = ctypes.create_string_buffer(struct.pack("=Ii", 0x20080522, 0), 8), ctypes.create_string_buffer(24)
    return [
        *((_libc.mount, (*one[:3], ctypes.c_ulong(one[3]), one[4]), f"mounting {one[1]!r}") for one in mounts),
        (_own_keyring, (), "session keyring"),
        (_libc.prctl, (_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no new privileges"),
        (_libc.capset, (header, none), "capabilities"),
        # The memory holds what earlier commands were called with.
        (_libc.prctl, (_SET_DUMPABLE, 0, 0, 0, 0), "dumpable"),
    ]


def _own_keyring() -> int:
    """Leave the session keyring, which leads to keys of others, for an empty one; 0 also where the kernel has none."""
    number = _KEYCTL.get(os.uname().machine)
    if number is not None:
        _libc.syscall(ctypes.c_long(number), ctypes.c_int(1), None)
    return 0


def _own_streams() -> None:
    """The command's own open files: locks and flags of those that all commands share would outlive it."""
    for fd, path in ((0, "/dev/null"), (1, "/proc/self/fd/1"), (2, "/proc/self/fd/2")):
        own = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        os.dup2(own, fd)
        os.close(own)


def _limit(file_size: int, processes: int) -> None:
    for kind, amount in ((_FSIZE, file_size), (_NPROC, processes)):
        if amount:  # the module `resource` is a file of the host, which is not there any more
            wanted = ctypes.create_string_buffer(struct.pack("=QQ", amount, amount), 16)
            _check(_libc.prlimit64(0, kind, wanted, None), "limits")


def _spawn(arguments: list[str], environment: dict[str, str]) -> int:
    """Like execvp: a name without a slash is looked for in PATH, a file without a #! line is a shell script's.

    An empty element of PATH is the directory in which the command starts.
    """
    name = arguments[0]
    below = [""] if "/" in name else environment.get("PATH", "/bin:/usr/bin").split(":")
    paths = [f"{one}/{name}" if one else name for one in below]
    fault = OSError(errno.ENOENT, os.strerror(errno.ENOENT))
    for path in paths:
        try:
            return os.posix_spawn(path, arguments, environment, setsid=True, setsigdef=_SIGNALS)
        except OSError as one:
            if one.errno == errno.ENOEXEC:
                return os.posix_spawn(
                    "/bin/sh", ["sh", path, *arguments[1:]], environment, setsid=True, setsigdef=_SIGNALS
                )
            if one.errno != errno.ENOENT or fault.errno == errno.ENOENT:
                fault = one
    os.write(2, os.fsencode(f"{name} cannot be started: {os.strerror(fault.errno or 0)}\n"))
    return 0


def _first(
    calls: list[tuple[Callable[..., int], tuple[object, ...], str]],
    request: tuple[list[str], dict[str, str], int, int],
    replies: int,
) -> int:
    """Process 1 of the command's namespace; its exit code is the command's, or 128 and the number of a signal."""
    arguments, environment, file_size, processes = request
    try:
        _own_streams()
        _map_user(_USER, 0, 0)  # in the helper's /proc: in a new one nobody may write before
        for call, words, what in calls:
            if call(*words) < 0:
                _check(-1, what)
        _limit(file_size, processes)
    except Exception as fault:  # noqa: BLE001 - whatever it is: another sandbox is tried then
        os.write(2, f"{fault}\n".encode())
        _tell(replies, 0, _NOT_MADE)
        return 1
    os.closerange(3, 256)
    command = _spawn(arguments, environment)
    if not command:
        return 1
    while True:
        pid, status = os.waitpid(-1, 0)
        if pid == command:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def _remains() -> list[object]:
    """What outlives processes where the next command could meet it.

    Connections: they could disturb who uses the same port.  Not the number of orphans, which is the whole machine's.
    Rights of terminals' files: they are the commands' user's.
    """
    out: list[object] = []
    for name in ("sockstat", "sockstat6"):
        try:
            with open(f"/proc/self/net/{name}", "rb") as file:
                lines = file.read().split(b"\n")
        except OSError:  # no IPv6
            continue
        for line in lines:
            if line.startswith(b"TCP"):
                words = line.split()
                out += [words[at + 1] for at, word in enumerate(words) if word in (b"inuse", b"tw")]
    for path in ("/dev/pts", "/dev/pts/ptmx"):
        seen = os.stat(path)
        out += [seen.st_mode, seen.st_ctime_ns]
    return out


def _read(fd: int, size: int) -> bytes:
    parts = []
    while size:
        part = os.read(fd, size)
        if not part:
            os._exit(0)  # whom we work for has gone
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _request(fd: int) -> object:
    (size,) = struct.unpack("=Q", _read(fd, 8))
    return marshal.loads(_read(fd, size))


def _tell(fd: int, number: int, state: bytes = _READY) -> None:
    os.write(fd, struct.pack("=qc", number, state))


def _stack() -> int:
    """Where the stack of process 1 of commands begins.

    It is a part of this process's own: from Python 3.14 on the interpreter does not run on another.
    """
    with open("/proc/self/maps", "rb") as file:  # as text it would take modules, and those are not there any more
        for line in file:
            if line.endswith(b"[stack]\n"):
                return int(line.partition(b" ")[0].partition(b"-")[2], 16) - _BELOW
    raise OSError(errno.ENOENT, "the stack is not found")


def _serve(setup: dict[str, list[str]], requests: int, replies: int) -> None:
    clean = _remains()
    stack = _stack()
    calls = _for_each_command(setup["hidden"])
    request: object = None

    def first(_: object) -> int:
        # It must come back, so that the interpreter is as before, whose memory this is.
        try:
            return _first(calls, request, replies)  # type: ignore[arg-type]  # written by Cell.start
        except BaseException:  # noqa: BLE001 - whatever it is, see above
            return 1

    start = _Function(first)
    _tell(replies, 0)
    while True:
        request = _request(requests)
        # Nobody is there now; and the files below /proc/self belong to root where it is not, so _map_user fails.
        _check(_libc.prctl(_SET_DUMPABLE, 1, 0, 0, 0), "dumpable")
        flags = _VM | _VFORK | _NEWUSER | _NEWPID | _NEWNS | _NEWIPC | _SIGCHLD
        child = _libc.clone(start, stack, flags, None)
        _check(child, "namespaces of the command")
        _, status = os.waitpid(child, 0)
        if not os.WIFEXITED(status):  # it has left the memory as it was just then
            os._exit(1)
        _tell(replies, os.WEXITSTATUS(status), _READY if _remains() == clean else _REMAINS)


def main() -> int:
    """Set up, then serve.  Told are: the number of the second process, as the outside sees it; 0 when it is ready; the
    exit code of each command.  With it goes r (ready for the next), c (something is left, see _remains, so the cell
    must not be used again) or n (what the command needs could not be made: it was not started).
    """
    requests, replies = int(sys.argv[1]), int(sys.argv[2])
    os.umask(0o022)
    _libc.signal(2, None)  # Python's own handler would let commands end their process 1
    _hide_arguments()
    for fd in (requests, replies):
        os.set_inheritable(fd, False)
    setup = _request(requests)
    assert isinstance(setup, dict)
    user, group = os.geteuid(), os.getegid()
    if user == 0:
        try:  # noqa: SIM105 - contextlib takes longer to import than all else here
            os.setgroups([])
        except PermissionError:  # in a container for which the kernel forbids it
            pass
    _own_keyring()  # a command for which no other can be had, since the user has too many, finds this one
    _libc.unshare(_NEWCGROUP)  # where the kernel has it and allows it
    _check(_libc.unshare(_NEWUSER | _NEWNS | _NEWNET | _NEWIPC | _NEWUTS | _NEWPID), "namespaces")
    _map_user(0, user, group)
    _check(_libc.prctl(_SET_PDEATHSIG, 9, 0, 0, 0), "parent's death")
    if os.getppid() != setup["parent"]:
        return 1
    second = os.fork()
    if second:
        _tell(replies, second)
        os.closerange(0, 256)
        os.waitpid(second, 0)
        return 0
    _check(_libc.prctl(_SET_PDEATHSIG, 9, 0, 0, 0), "parent's death")
    _check(_libc.sethostname(b"localhost", ctypes.c_size_t(9)), "host name")
    _loopback_up()
    _build_root(setup)
    os.chdir("/execroot")
    _serve(setup, requests, replies)
    return 0


def run() -> None:
    """Run it, with the two pipes' numbers as the program's arguments."""
    try:
        status = main()
    except OSError as problem:
        sys.stderr.write(f"{problem}\n")
        sys.stderr.flush()
        status = 1
    os._exit(status)
