"""The operations of this installation: shipped ones by name, third parties' through entry points.

    [project.entry-points."rulesengine.ops"]
    rpm_layer = "my_rules.rpm:rpm_layer"

A module is imported when one of its operations is first asked for.  The version of an operation
is part of its cache key, so a module must not import slow things just to be asked for it.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping

from rulesengine.errors import ExecutionError, did_you_mean
from rulesengine.model.operation import Operation

SHIPPED = {
    "cacerts": "cacerts",
    "concat": "basic",
    "copy": "basic",
    "deb_layer": "deb_layer",
    "expand_template": "basic",
    "fetch": "fetch",
    "image": "image",
    "image_index": "image_index",
    "runfiles": "runfiles",
    "symlink": "basic",
    "tar_layer": "tar_layer",
    "write": "basic",
}
"""Name of an operation -> the module of rulesengine.ops that defines it, under the same name."""

GROUP = "rulesengine.ops"
"""The entry point group of third parties' operations."""


class Operations(Mapping[str, Operation]):
    """`NAME@VERSION` -> Operation.  Iterating imports every operation; looking one up imports that one.

    own: operations of this process alone, which win over installed ones of the same name.
    """

    def __init__(self, own: Iterable[Operation] = ()) -> None:
        self._found: dict[str, Operation] = {one.name: one for one in own}
        self._own = tuple(self._found)
        self._external: dict[str, object] | None = None

    def named(self, name: str) -> Operation:
        """The operation of that name.  Raises ExecutionError where there is none, or it cannot be loaded."""
        found = self._found.get(name)
        if found is None:
            found = self._found[name] = self._load(name)
        return found

    def names(self) -> list[str]:
        """All names, sorted; nothing is imported but the list of entry points."""
        return sorted({*self._own, *SHIPPED, *self._entry_points()})

    def __getitem__(self, key: str) -> Operation:
        name, at, version = key.partition("@")
        try:
            found = self.named(name)
        except ExecutionError:
            if name in self._own or name in SHIPPED or name in self._entry_points():
                raise  # it exists and is broken: say why
            raise KeyError(key) from None
        if at and found.version != version:
            raise KeyError(key)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter([self.named(name).key for name in self.names()])

    def __len__(self) -> int:
        return len(self.names())

    def _entry_points(self) -> dict[str, object]:
        if self._external is None:
            from importlib.metadata import entry_points

            self._external = {point.name: point for point in entry_points(group=GROUP)}
        return self._external

    def _load(self, name: str) -> Operation:
        module = SHIPPED.get(name)
        try:
            if module is not None:
                value: object = getattr(importlib.import_module(f"rulesengine.ops.{module}"), name)
            else:
                point = self._entry_points().get(name)
                if point is None:
                    raise ExecutionError(
                        f"there is no operation {name!r}",
                        hint=did_you_mean(name, self.names()) or "operations: " + ", ".join(self.names()),
                    )
                value = point.load()  # type: ignore[attr-defined]  # untyped before Python 3.12
        except (ImportError, AttributeError) as fault:
            raise ExecutionError(
                f"operation {name!r} cannot be loaded: {fault}", hint="reinstall the package that provides it"
            ) from fault
        if not isinstance(value, Operation) or value.name != name:
            raise ExecutionError(
                f"the entry point {name!r} of group {GROUP} is not an operation of that name",
                hint="it must name a function decorated with @operation",
            )
        return value


_operations = Operations()


def operations() -> Operations:
    """The operations of this installation."""
    return _operations


def operation_key(name: str) -> str:
    """`NAME@VERSION` for a name.  Raises ExecutionError where there is no such operation."""
    return _operations.named(name).key
