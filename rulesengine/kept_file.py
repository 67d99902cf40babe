"""A kept file: what is known already, in a file that is whole or not there: a mark, a checksum, a body.

For what only saves time: a file that is damaged, of another format or not writable is no error.
"""

from __future__ import annotations

import contextlib
import hashlib
import os


def write_kept(path: str, mark: bytes, body: bytes) -> bool:
    """Write the file at once, with its directory where that is missing; whether that could be done."""
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(temporary, "wb") as out:
            out.write(mark + hashlib.sha256(body).digest())
            out.write(body)
        os.replace(temporary, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        return False
    return True


def read_kept(path: str, mark: bytes) -> memoryview | None:
    """The body; None where there is none that has this mark and is whole."""
    try:
        with open(path, "rb") as stream:
            data = stream.read()
    except OSError:
        return None
    return kept_body(data, mark)


def kept_body(data: bytes, mark: bytes) -> memoryview | None:
    """The body of what stands in a kept file, as `read_kept` gives it."""
    head = len(mark) + 32
    body = memoryview(data)[head:]
    if data[: len(mark)] != mark or hashlib.sha256(body).digest() != data[len(mark) : head]:
        return None
    return body
