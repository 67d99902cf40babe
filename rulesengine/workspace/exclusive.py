"""One process (and one thread) at a time per workspace, by flock on a file of the output base."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from rulesengine.errors import StoreError, WorkspaceBusyError
from rulesengine.model.events import WaitingForWorkspace
from rulesengine.model.ports import Cancellation, Listener

_POLL_SECONDS = 0.05


@contextmanager
def exclusive(path: str, *, wait: bool, cancel: Cancellation, listener: Listener | None) -> Iterator[None]:
    """Hold the lock file `path` while the block runs.

    The kernel releases the lock when the holder dies, however it dies.
    Raises WorkspaceBusyError when it is held and `wait` is false, InterruptedBuild while waiting.
    """
    import time

    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as fault:
        raise StoreError(
            f"cannot write {path}: {fault.strerror}",
            hint="choose a directory you can write with --disk_cache or PYBUILD_CACHE",
        ) from None
    try:
        told = False
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as fault:
                if fault.errno not in (errno.EAGAIN, errno.EACCES):
                    raise StoreError(f"cannot lock {path}: {fault.strerror}") from None
            holder = _holder(descriptor)
            if not wait:
                raise WorkspaceBusyError(
                    f"another pybuild{f' (process {holder})' if holder else ''} is building this workspace",
                    hint="wait for it, or leave out --noblock_for_lock",
                )
            if not told and listener is not None:
                listener(WaitingForWorkspace(holder))
                told = True
            cancel.check()
            time.sleep(_POLL_SECONDS)
        # Told to those who wait; on a full disk they are told less.
        with suppress(OSError):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _holder(descriptor: int) -> int:
    text = os.pread(descriptor, 32, 0)
    return int(text) if text.isdigit() else 0
