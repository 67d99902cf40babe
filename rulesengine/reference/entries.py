"""What a .bzl file offers, as its reference shows it."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen

from rulesengine.model.label import Label


@frozen
class Attribute:
    """An attribute, a parameter or a provider's field.  kind: as in `attr.KIND`; empty where there is none.

    default: as it is written; None where there is none.
    """

    name: str
    doc: str = ""
    kind: str = ""
    mandatory: bool = False
    default: str | None = None
    values: tuple[Any, ...] = ()


@frozen
class Entry:
    """One name.  kind: `rule`, `provider`, `function`, `macro` or `aspect`.  file: where it is defined.

    signature: of a function.  edges: the attributes along which an aspect goes.
    """

    name: str
    kind: str
    file: Label
    doc: str = ""
    attributes: tuple[Attribute, ...] = ()
    signature: str = ""
    returns: str = ""
    deprecated: str = ""
    executable: bool = False
    test: bool = False
    edges: tuple[str, ...] = ()


@frozen
class FileReference:
    """A file: its docstring and its public names, in the order in which it defines them."""

    label: Label
    doc: str = ""
    entries: tuple[Entry, ...] = field(default=())

    def of(self, *kinds: str) -> list[Entry]:
        """The entries of some kinds, by name."""
        return sorted((one for one in self.entries if one.kind in kinds), key=lambda one: one.name)
