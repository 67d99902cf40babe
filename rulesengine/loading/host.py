"""This machine, in constraint values."""

from __future__ import annotations

import os

_CPU = {
    "aarch64": "aarch64",
    "arm64": "aarch64",
    "armv6l": "aarch32",
    "armv7l": "armv7",
    "armv8l": "armv7",
    "i386": "x86_32",
    "i586": "x86_32",
    "i686": "x86_32",
    "ppc64le": "ppc64le",
    "riscv64": "riscv64",
    "s390x": "s390x",
    "x86_64": "x86_64",
}


def host_constraints() -> list[str]:
    """Labels of the constraint values that this machine has: its processor and its operating system."""
    cpu = _CPU.get(os.uname().machine)
    return [*([f"@platforms//cpu:{cpu}"] if cpu else []), "@platforms//os:linux"]
