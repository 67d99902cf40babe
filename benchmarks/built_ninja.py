"""What a build with ninja leaves: outputs, and the log of commands (version 5: ninja 1.5 to 1.11).

Written, not built: to start 100,000 programs is not what is measured.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from benchmarks import monorepo

_MASK = (1 << 64) - 1
_FACTOR = 0xC6A4A7935BD1E995
_SEED = 0xDECAFBADDECAFBAD


def write(root: Path, targets: int) -> None:
    """Outputs and log beside the `build.ninja` of `monorepo.write_ninja`."""
    lines = ["# ninja log v5"]
    for package in range(targets // monorepo.PER_PACKAGE):
        (root / "out" / f"p{package:04}").mkdir(parents=True)
        for number in range(monorepo.PER_PACKAGE):
            path = f"out/{monorepo.output(package, number)}"
            (root / path).write_bytes(b"made\n")
            command = f"cat {monorepo.ninja_inputs(package, number)} > {path}"
            lines.append(f"0\t1\tTIME\t{path}\t{murmur(command.encode()):x}")
    # What ninja compares inputs with is the time in its log.
    now = time.time_ns()
    (root / ".ninja_log").write_text("\n".join(lines).replace("\tTIME\t", f"\t{now}\t") + "\n")
    os.utime(root / "build.ninja", ns=(now, now))


def murmur(data: bytes) -> int:
    """MurmurHash64A, by which ninja's log names a command."""
    value = _SEED ^ (len(data) * _FACTOR & _MASK)
    whole = len(data) & ~7
    for start in range(0, whole, 8):
        part = int.from_bytes(data[start : start + 8], "little") * _FACTOR & _MASK
        part = (part ^ (part >> 47)) * _FACTOR & _MASK
        value = (value ^ part) * _FACTOR & _MASK
    if data[whole:]:
        value = (value ^ int.from_bytes(data[whole:], "little")) * _FACTOR & _MASK
    value = (value ^ (value >> 47)) * _FACTOR & _MASK
    return value ^ (value >> 47)
