"""The flags that say how processes run, read into a Spawning."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from rulesengine.errors import UsageError
from rulesengine.workspace.spawning import Spawning, strategy

_AMOUNT = r"(HOST_CPUS|HOST_RAM|auto|[0-9]+(?:\.[0-9]+)?)(?:([-*])([0-9]+(?:\.[0-9]+)?))?"
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


def spawning(options: Mapping[str, Any]) -> Spawning:
    """Raises UsageError for values that do not read."""
    strategies = {}
    for text in options["strategy"]:
        name, equals, words = text.partition("=")
        if not equals:
            name, words = "", text
        strategy(words)
        strategies[name] = words
    if options["genrule_strategy"]:
        strategy(options["genrule_strategy"])
        strategies["Genrule"] = options["genrule_strategy"]
    resources: dict[str, float] = {}
    for name in ("cpu", "ram"):
        text = options[f"local_{name}_resources"]
        if text:
            resources["memory" if name == "ram" else name] = amount(text, f"--local_{name}_resources")
    for text in options["local_resources"]:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageError(f"--local_resources={text}: it is NAME=AMOUNT", hint="for instance cpu=4 or memory=8192")
        resources[name] = amount(value, "--local_resources")
    tests = options["local_test_jobs"]
    return Spawning(
        strategies=strategies,
        mounts=tuple(_pair(text) for text in options["sandbox_add_mount_pair"]),
        writable=tuple(map(_absolute, options["sandbox_writable_path"])),
        empty=tuple(map(_absolute, options["sandbox_tmpfs_path"])),
        network=options["sandbox_default_allow_network"],
        processes=options["sandbox_pids_limit"],
        memory=_bytes(options["sandbox_memory_limit"], "--sandbox_memory_limit"),
        file_size=_bytes(options["sandbox_file_size_limit"], "--sandbox_file_size_limit"),
        resources=resources,
        tests=0 if tests in ("", "auto") else int(amount(tests, "--local_test_jobs")),
    )


def amount(text: str, flag: str) -> float:
    """`4`, `HOST_CPUS`, `HOST_CPUS-1`, `HOST_RAM*.67` (MB).  Raises UsageError."""
    found = re.fullmatch(_AMOUNT, text.replace("*.", "*0."))
    if found is None:
        raise UsageError(f"{flag}={text}: it is a number, HOST_CPUS or HOST_RAM, with -N or *N behind it")
    from rulesengine.execution.resources import memory, processors

    first, sign, second = found.groups()
    value = float(processors()) if first in ("HOST_CPUS", "auto") else memory() if first == "HOST_RAM" else float(first)
    if sign == "-":
        value -= float(second)
    elif sign == "*":
        value *= float(second)
    return max(value, 0.0)


def jobs(text: str) -> int | None:
    """What --jobs says; None: as many as processors.  Raises UsageError."""
    if text in ("auto", "HOST_CPUS"):
        return None
    try:
        count = int(amount(text, "--jobs")) if text.startswith("HOST_") else int(text)
    except ValueError:
        raise UsageError(f"--jobs={text}: it is a number or auto") from None
    if count < 1 and text.startswith("HOST_"):
        return 1
    if count < 1:
        raise UsageError(f"--jobs={text}: at least one action must run at a time", hint="leave it out: auto")
    return count


def _bytes(text: str, flag: str) -> int:
    found = re.fullmatch(r"([0-9]+)([kmgt]?)", text.lower())
    if found is None:
        raise UsageError(f"{flag}={text}: it is a number of bytes, with K, M, G or T behind it")
    return int(found[1]) * _UNITS[found[2]]


def _absolute(path: str) -> str:
    if not path.startswith("/"):
        raise UsageError(f"{path} is a path inside the sandbox, so it begins with /")
    return os.path.normpath(path)


def _pair(text: str) -> tuple[str, str]:
    source, _, target = text.partition(":")
    source, target = _absolute(source), _absolute(target or source)
    if not os.path.exists(source):
        raise UsageError(f"--sandbox_add_mount_pair={text}: there is no {source}")
    return source, target
