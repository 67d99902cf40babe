"""The platform of this machine."""

from __future__ import annotations

import os

from rulesengine.model.platform import Platform

_MACHINES = {"armv8l": "armv7", "armv7l": "armv7", "armv6l": "armv6", "i586": "i386"}


def host_platform() -> Platform:
    """`linux/ARCHITECTURE` as the kernel names it.  Images are Linux's, whatever the machine."""
    machine = os.uname().machine
    return Platform.parse("linux/" + _MACHINES.get(machine, machine))
