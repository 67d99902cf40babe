"""Question: what `cquery` and `aquery` are asked, and in which configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import field, frozen


@frozen
class Question:
    """A query about configured targets.  universe: patterns to analyse; empty: those that the expression names.

    lists: flags that are lists, by name.  The rest is as Workspace.build takes it.
    """

    expression: str
    package: str = ""
    universe: str = ""
    platform: str | None = None
    settings: tuple[str, ...] = ()
    defines: tuple[str, ...] = ()
    compilation_mode: str = "fastbuild"
    keep_going: bool = False
    implicit: bool = True
    tools: bool = True
    host_platform: str | None = None
    lists: Mapping[str, Sequence[str]] = field(factory=dict)
