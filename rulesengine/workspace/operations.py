"""The operations of this installation, in the two forms that loading and execution ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rulesengine.model.operation import Operation


def operations() -> Mapping[str, Operation]:
    """`NAME@VERSION` -> operation."""
    import importlib
    import pkgutil

    import rulesengine.ops

    out = {}
    for info in pkgutil.iter_modules(rulesengine.ops.__path__):
        if info.name in ("command", "registry"):
            continue
        module = importlib.import_module(f"rulesengine.ops.{info.name}")
        for value in vars(module).values():
            if isinstance(value, Operation):
                out[value.key] = value
    return out


def operation_key() -> Callable[[str], str]:
    """Name -> `NAME@VERSION`; raises KeyError."""
    by_name = {one.name: key for key, one in operations().items()}
    return lambda name: by_name[name]
