"""Session keyrings: what a command runs with must not lead to the keys of the user's login (keyrings(7)).

A thread hands its session keyring on to what it starts, so the threads that start sandboxes leave the user's.
"""

from __future__ import annotations

import os
import threading

KEYCTL = {"x86_64": 250, "aarch64": 219, "riscv64": 219, "ppc64le": 271, "s390x": 280}
"""The system call's number, by machine; where it is not known, or the kernel has no keys, all stays as it is."""
_JOIN_SESSION_KEYRING = 1
_left = threading.local()


def leave() -> None:
    """Give the calling thread an empty session keyring of its own, once.

    Not the main thread, which is the caller's: what it does otherwise may need its keys.
    """
    if getattr(_left, "done", False) or threading.current_thread() is threading.main_thread():
        return
    _left.done = True
    number = KEYCTL.get(os.uname().machine)
    if number is not None:
        import ctypes

        ctypes.CDLL(None).syscall(ctypes.c_long(number), ctypes.c_int(_JOIN_SESSION_KEYRING), None)
