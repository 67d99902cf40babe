"""Request: what a build is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rulesengine.values import field, frozen
from rulesengine.workspace.groups import Groups
from rulesengine.workspace.status import Status


@frozen
class Request:
    """What to build and how.

    settings, defines, compilation_mode, host_platform: as Workspace.build takes them; lists: its flags that are
    lists, by name.  toolchain_debug: its toolchain_resolution_debug.
    package: where relative patterns are written.  platform: OS/ARCHITECTURE[/VARIANT] or a label, None: the host's.
    execute: False stops after analysis (`--nobuild`).  program: say how the targets are run.
    aspects, aspects_parameters: as Workspace.build takes them.
    groups, status: what of the targets is made, and what is said of the build.
    tag_filters, stamp, details, only_check, links, symlink_prefix: as Workspace.build takes them.
    inherits: whether the caller's environment is part of what is built.
    """

    patterns: tuple[str, ...]
    package: str = ""
    platform: str | None = None
    settings: tuple[str, ...] = ()
    defines: tuple[str, ...] = ()
    compilation_mode: str = "fastbuild"
    host_platform: str | None = None
    lists: Mapping[str, Sequence[str]] = field(factory=dict)
    toolchain_debug: str = ""
    keep_going: bool = False
    execute: bool = True
    aspects: tuple[str, ...] = ()
    aspects_parameters: tuple[str, ...] = ()
    program: bool = False
    groups: Groups = field(factory=Groups)
    status: Status = field(factory=Status)
    stamp: bool = False
    details: bool = False
    only_check: bool = False
    links: str = "normal"
    symlink_prefix: str = "pybuild-"
    inherits: bool = False
    tag_filters: tuple[str, ...] = ()


def described(request: Request) -> dict[str, Any]:
    """What was asked for, as the history keeps it: nothing that says how to reach a server."""
    return {
        "patterns": list(request.patterns),
        "package": request.package,
        "platform": request.platform or "",
        "host_platform": request.host_platform or "",
        "settings": list(request.settings),
        "defines": list(request.defines),
        "compilation_mode": request.compilation_mode,
        "lists": {name: list(values) for name, values in request.lists.items() if values},
    }
