"""Operation: a versioned function that makes bytes, and the command-line form of its arguments.

An operation is written as

    @operation("deb_layer", version="1+" + COMPRESSORS["gzip"])
    def deb_layer(context: OpContext) -> None:
        arguments = OpArguments(context.arguments)
        deb = arguments.one("deb")
        ...
        arguments.finish()

The name and version stand in the action's command line, hence in its cache key: **whenever the
bytes an operation makes can change, its version changes**.  An operation sees only its
arguments and its inputs; it reads no clock, no environment, no file system.

Arguments are flags: `--name value` or `--name=value`, repeated where there are several.

An operation that packs files takes them as described entries: see `Described`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from rulesengine.errors import ExecutionError
from rulesengine.model.ports import OpContext
from rulesengine.values import field, frozen

Function = Callable[[OpContext], None]


@frozen
class Operation:
    """A named, versioned function that makes output bytes from input bytes."""

    name: str
    version: str
    function: Function

    @property
    def key(self) -> str:
        """`NAME@VERSION`, argv[1] of its actions."""
        return f"{self.name}@{self.version}"


def operation(name: str, *, version: str) -> Callable[[Function], Operation]:
    """Decorator: make an Operation of a function.  `ops/registry.py` lists the shipped ones by module."""
    if not re.fullmatch(r"[a-z][a-z0-9_.]*", name) or not version or "@" in version:
        raise ValueError(f"bad operation name or version: {name!r} {version!r}")

    def wrap(function: Function) -> Operation:
        return Operation(name, version, function)

    return wrap


class OpArguments:
    """The flags of an operation, taken one by one; `finish()` refuses what nobody took."""

    def __init__(self, arguments: Sequence[str]) -> None:
        self._pairs: list[tuple[str, str]] = []
        items = iter(arguments)
        for item in items:
            if not item.startswith("--"):
                raise ExecutionError(f"argument {item!r} is not a flag", hint="write --NAME VALUE")
            name, equals, value = item[2:].partition("=")
            if not equals:
                try:
                    value = next(items)
                except StopIteration:
                    raise ExecutionError(f"flag --{name} lacks its value") from None
            self._pairs.append((name, value))
        self._taken: set[str] = set()

    def many(self, name: str) -> list[str]:
        """All values of a repeated flag, in order."""
        self._taken.add(name)
        return [value for key, value in self._pairs if key == name]

    def optional(self, name: str, default: str = "") -> str:
        """The value of a flag that may be absent.  Raises ExecutionError when given twice."""
        values = self.many(name)
        if len(values) > 1:
            raise ExecutionError(f"flag --{name} is given {len(values)} times")
        return values[0] if values else default

    def one(self, name: str) -> str:
        """The value of a flag that must be there once."""
        if len(self.many(name)) != 1:
            raise ExecutionError(f"flag --{name} must be given once")
        return self.optional(name)

    def boolean(self, name: str, default: bool = False) -> bool:
        """`true` or `false`."""
        text = self.optional(name, "true" if default else "false").lower()
        if text not in ("true", "false", "1", "0"):
            raise ExecutionError(f"flag --{name} is {text!r}, not true or false")
        return text in ("true", "1")

    def json(self, name: str, default: Any = None) -> Any:
        """A flag whose value is JSON."""
        text = self.optional(name)
        if not text:
            return default
        try:
            return json.loads(text)
        except ValueError as fault:
            raise ExecutionError(f"flag --{name} is not JSON: {fault}") from None

    def pairs(self, *names: str) -> Iterator[tuple[str, str]]:
        """The values of several flags in the order in which they were given."""
        self._taken.update(names)
        return iter([pair for pair in self._pairs if pair[0] in names])

    def finish(self) -> None:
        """Raise ExecutionError where a flag was given that nobody took."""
        unknown = sorted({name for name, _ in self._pairs} - self._taken)
        if unknown:
            raise ExecutionError(f"unknown flag --{unknown[0]}")


@frozen
class Described:
    """One entry of a layer as a files rule describes it, before it is packed.

    On an operation's command line it is `--entry JSON` with the fields below (absent ones at their
    default), followed by `--source PATH` where the bytes come from an input.  One spelling for
    Starlark (`ContentInfo.entries`), for the packing operation and for a layer's entry list.

    type: `file`, `directory`, `symlink`, `hardlink`, `char`, `block`, `fifo`, or
        `tree` (all members of an input tree, below `path`),
        `mtree` (entries of an mtree specification; its contents= name other sources),
        `archive` (all entries of an input tar archive, compressed or not, below `path`).
    path: in the layer, relative (`etc/passwd`); `""` or `.` is the root itself.
    mode: permission bits; None: 0755 for directories, trees' directories and executables, else 0644; symlinks 0777.
    mtime: seconds since the epoch.
    link: target of a symlink or hardlink.
    content: the bytes themselves where there is no source (UTF-8).
    """

    path: str
    type: str = "file"
    mode: int | None = None
    uid: int = 0
    gid: int = 0
    uname: str = ""
    gname: str = ""
    mtime: int = 0
    link: str = ""
    content: str | None = None
    source: str | None = None
    major: int = 0
    minor: int = 0
    xattrs: dict[str, str] = field(factory=dict)
