"""Values: `frozen`, `define`, `field` and `evolve` as attrs has them, for classes that nearly every build imports.

attrs takes 28 ms to import and 0.7 ms for each class, whether a build has a use for it or not: together as much as
ninja takes for a whole build of 10,000 targets.  Here a class is made without compiling anything; its methods are
compiled when they are first called, and `__init__`, of which many are called once or twice, when it is called again.
A type checker sees attrs itself, and attrs and cattrs see classes of their own (`attrs.fields`, `attrs.has`,
`attrs.evolve`, `attrs.asdict`).

`light` is `frozen` for values of which a build makes tens of thousands: only type checkers keep their fields from being
set.  What keeps others from it takes five times as long as to set a field, and that was a tenth of an analysis.

What there is of attrs: slots; init, repr, eq, order, cache_hash; defaults, factories and aliases of fields; bases;
`__attrs_post_init__`; methods that a class has already stay.  Not: validators, converters, cached properties,
`super()` without arguments.  Classes that need these, or that few builds import, use attrs.
"""

from __future__ import annotations

from _thread import allocate_lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, TypeVar

    _T = TypeVar("_T")

_NOTHING = object()
_lock = allocate_lock()
_UNCOMPILED = 2
"""So often is `__init__` called before it is compiled."""

_HASH = "_kept_hash"
_ORDER = {"__lt__": "<", "__le__": "<=", "__gt__": ">", "__ge__": ">="}


class Field:
    """A field of a class: see attrs.field.  alias: what the parameter is called."""

    __slots__ = ("alias", "default", "eq", "factory", "init", "name", "repr", "type")

    def __init__(
        self,
        *,
        default: Any = _NOTHING,
        factory: Callable[[], Any] | None = None,
        init: bool = True,
        eq: bool = True,
        order: bool = True,  # noqa: ARG002 - as eq; attrs wants it said
        repr: bool = True,
    ) -> None:
        self.name = self.alias = self.type = ""
        self.default = default
        self.factory = factory
        self.init = init
        self.eq = eq
        self.repr = repr


class _AttrsFields:
    """What attrs wants to know of a class, made when it asks."""

    __slots__ = ()

    def __get__(self, instance: object, owner: type) -> tuple[Any, ...]:
        with _lock:  # cattrs notes types in what it is given first: two threads must be given the same
            cls = next(one for one in owner.__mro__ if "__attrs_attrs__" in one.__dict__)
            found: tuple[Any, ...] | _AttrsFields = cls.__dict__["__attrs_attrs__"]
            if isinstance(found, _AttrsFields):
                found = self._made(cls)
                cls.__attrs_attrs__ = found  # type: ignore[attr-defined]  # every class made here has it
            return found

    @staticmethod
    def _made(owner: type) -> tuple[Any, ...]:
        import attrs

        names: dict[str, Any] = {
            one.name: attrs.field(
                **({} if one.default is _NOTHING else {"default": one.default}),
                factory=one.factory,
                init=one.init,
                eq=one.eq,
                repr=one.repr,
                alias=one.alias,
            )
            for one in fields(owner)
        }
        annotations = {one.name: one.type for one in fields(owner)}
        like = type(owner.__name__, (), {**names, "__annotations__": annotations, "__module__": owner.__module__})
        found: tuple[Any, ...] = attrs.fields(attrs.define(like, slots=False))
        return found


class _Signature:
    """What `inspect` and `help()` want to know of a class, made when they ask."""

    __slots__ = ()

    def __get__(self, instance: object, owner: type) -> Any:
        import inspect

        whole = inspect.signature(_compiled("__init__", owner, False))
        return whole.replace(parameters=tuple(whole.parameters.values())[1:])


def fields(cls: type) -> tuple[Field, ...]:
    """The fields of a class made here, those of its bases first."""
    found: tuple[Field, ...] = getattr(cls, "_fields_of_values")  # noqa: B009 - a type checker does not know it
    return found


def _frozen(cls: type[_T] | None = None, *, eq: bool = True, order: bool = False, cache_hash: bool = False) -> Any:
    if cls is None:
        return lambda cls: _made(cls, True, eq, order, cache_hash)
    return _made(cls, True, eq, order, cache_hash)


def _define(cls: type[_T] | None = None, *, eq: bool = True) -> Any:
    if cls is None:
        return lambda cls: _made(cls, False, eq, False, False)
    return _made(cls, False, eq, False, False)


def _light(cls: type[_T] | None = None, *, eq: bool = True, order: bool = False, cache_hash: bool = False) -> Any:
    if cls is None:
        return lambda cls: _made(cls, False, eq, order, cache_hash, eq)
    return _made(cls, False, eq, order, cache_hash, eq)


def _evolve(value: _T, **changes: Any) -> _T:
    """The same value with other fields."""
    given = {one.alias: getattr(value, one.name) for one in fields(type(value)) if one.init}
    return type(value)(**{**given, **changes})


def _made(
    cls: type[_T], is_frozen: bool, eq: bool, order: bool, cache_hash: bool, hashed: bool | None = None
) -> type[_T]:
    names: dict[str, Any] = dict(cls.__dict__)
    own: list[Field] = []
    for name, annotation in names.get("__annotations__", {}).items():
        if annotation.startswith("ClassVar"):
            continue
        value = names.pop(name, _NOTHING)
        one = value if type(value) is Field else Field(default=value)
        one.name, one.alias, one.type = name, name.lstrip("_"), annotation
        own.append(one)
    kept = {one.name for one in own}
    inherited: dict[str, Field] = {}
    for base in reversed(cls.__mro__[1:]):
        inherited.update((one.name, one) for one in base.__dict__.get("_fields_of_values", ()) if one.name not in kept)
    every = (*inherited.values(), *own)
    for name in ("__dict__", "__weakref__"):
        names.pop(name, None)
    slots = [one.name for one in own]
    if not any("__weakref__" in base.__dict__ for base in cls.__mro__[1:]):
        slots.append("__weakref__")
    if cache_hash:
        slots.append(_HASH)
    names["__slots__"] = tuple(slots)
    names["_fields_of_values"] = every
    names["__attrs_attrs__"] = _AttrsFields()
    names["__signature__"] = _Signature()
    names.setdefault("__match_args__", tuple([one.name for one in every if one.init]))
    late = ["__init__", "__repr__"]
    if eq:
        late.append("__eq__")
        if is_frozen if hashed is None else hashed:
            late.append("__hash__")
        else:
            names["__hash__"] = None
    if order:
        late += _ORDER
    if is_frozen:
        names.setdefault("__setattr__", _set_frozen)
        names.setdefault("__delattr__", _set_frozen)
        names.setdefault("__setstate__", _set_state)
    made: list[type] = []
    for name in late:
        if cls.__dict__.get(name) is None:  # Python sets __hash__ to None beside an __eq__
            names[name] = _late(made, name, is_frozen)
    meta: Any = type(cls)
    new: type[_T] = meta(cls.__name__, cls.__bases__, names)
    made.append(new)
    return new


def _late(made: list[type], name: str, is_frozen: bool) -> Callable[..., Any]:
    """A method that compiles itself when it is first called."""

    calls = 0

    def method(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        (cls,) = made
        now: Callable[..., Any] = cls.__dict__[name]
        if now is not method:  # who has kept this one calls it still
            return now(*arguments, **named)
        calls += 1
        if calls <= _UNCOMPILED and name == "__init__" and _initialised(cls, arguments, named):
            return None
        found = _compiled(name, cls, is_frozen)
        setattr(cls, name, found)
        return found(*arguments, **named)

    method.__name__ = name
    return method


def _compiled(name: str, cls: type, is_frozen: bool) -> Callable[..., Any]:
    scope: dict[str, Any] = {"_NOTHING": _NOTHING}
    text = "\n".join(_lines(name, cls, is_frozen, scope)) + "\n"
    exec(compile(text, f"<{name} of {cls.__qualname__}>", "exec"), scope)
    found: Callable[..., Any] = scope[name]
    found.__qualname__, found.__module__ = f"{cls.__qualname__}.{name}", cls.__module__
    return found


def _initialised(cls: type, arguments: tuple[Any, ...], named: dict[str, Any]) -> bool:
    """Do what `__init__` does; False, and nothing is done, where its arguments are not what it takes."""
    value, *given = arguments
    values: list[Any] = []
    used = 0
    for one in fields(cls):
        found = one.default
        if one.init and given:
            found = given.pop(0)
            if one.alias in named:
                return False
        elif one.init and one.alias in named:
            found = named[one.alias]
            used += 1
        elif one.init and found is _NOTHING and one.factory is None:
            return False
        values.append(found)
    if given or used < len(named):
        return False
    for one, found in zip(fields(cls), values, strict=True):
        if found is _NOTHING and one.factory is not None:
            found = one.factory()
        if found is not _NOTHING:
            getattr(cls, one.name).__set__(value, found)
    if hasattr(cls, _HASH):
        getattr(cls, _HASH).__set__(value, None)
    if hasattr(cls, "__attrs_post_init__"):
        value.__attrs_post_init__()
    return True


# ---- methods: their lines, and (in a scope) what these name -----------------------


def _init(cls: type, is_frozen: bool, scope: dict[str, Any]) -> Iterator[str]:
    parameters = ["self"]
    lines = []
    for one in fields(cls):
        name, value = one.name, one.alias
        if one.factory is not None:
            scope[f"make_{name}"] = one.factory
            if one.init:
                parameters.append(f"{value}=_NOTHING")
                value = f"{value} if {value} is not _NOTHING else make_{name}()"
            else:
                value = f"make_{name}()"
        elif one.default is not _NOTHING:
            scope[f"default_{name}"] = one.default
            if one.init:
                parameters.append(f"{value}=default_{name}")
            else:
                value = f"default_{name}"
        elif one.init:
            parameters.append(value)
        else:
            continue
        if is_frozen:
            lines.append(f"    {_setter(cls, name, scope)}(self, {value})")
        else:
            lines.append(f"    self.{name} = {value}")
    yield f"def __init__({', '.join(parameters)}):"
    yield from lines
    if hasattr(cls, _HASH):
        yield f"    {_setter(cls, _HASH, scope)}(self, None)"
    if hasattr(cls, "__attrs_post_init__"):
        yield "    self.__attrs_post_init__()"
    yield "    return None"


def _setter(cls: type, name: str, scope: dict[str, Any]) -> str:
    """Sets a field past `__setattr__`."""
    scope[f"set_{name}"] = getattr(cls, name).__set__
    return f"set_{name}"


def _shown(cls: type) -> Iterator[str]:
    yield "def __repr__(self):"
    yield "    name = self.__class__.__qualname__.rsplit('>.', 1)[-1]"
    shown = [f"{one.name}={{self.{one.name}!r}}" for one in fields(cls) if one.repr]
    yield f"    return f'{{name}}({', '.join(shown)})'"


def _compared(name: str, cls: type) -> Iterator[str]:
    yield f"def {name}(self, other):"
    yield "    if other.__class__ is not self.__class__:"
    yield "        return NotImplemented"
    if name == "__eq__":
        yield f"    return {' and '.join(f'self.{one} == other.{one}' for one in _compared_names(cls)) or 'True'}"
    else:
        yield f"    return {_as_tuple(cls, 'self')} {_ORDER[name]} {_as_tuple(cls, 'other')}"


def _hashed(cls: type, scope: dict[str, Any]) -> Iterator[str]:
    yield "def __hash__(self):"
    if not hasattr(cls, _HASH):
        yield f"    return hash({_as_tuple(cls, 'self')})"
        return
    yield f"    if self.{_HASH} is None:"
    yield f"        {_setter(cls, _HASH, scope)}(self, hash({_as_tuple(cls, 'self')}))"
    yield f"    return self.{_HASH}"


def _compared_names(cls: type) -> list[str]:
    return [one.name for one in fields(cls) if one.eq]


def _as_tuple(cls: type, of: str) -> str:
    return "(" + "".join(f"{of}.{name}, " for name in _compared_names(cls)) + ")"


def _lines(name: str, cls: type, is_frozen: bool, scope: dict[str, Any]) -> Iterator[str]:
    if name == "__init__":
        return _init(cls, is_frozen, scope)
    if name == "__repr__":
        return _shown(cls)
    return _hashed(cls, scope) if name == "__hash__" else _compared(name, cls)


def _set_frozen(self: object, name: str, value: object = None) -> None:  # noqa: ARG001 - the protocol's parameters
    from attrs.exceptions import FrozenInstanceError

    raise FrozenInstanceError


def _set_state(self: object, state: tuple[dict[str, Any] | None, dict[str, Any]]) -> None:
    """What copy and pickle ask of a new value; a kept hash is one process's."""
    for part in state:
        for name, value in (part or {}).items():
            object.__setattr__(self, name, None if name == _HASH else value)


if TYPE_CHECKING:
    from attrs import define, evolve, field, frozen
    from attrs import frozen as light
else:
    frozen, light, define, evolve, field = _frozen, _light, _define, _evolve, Field

__all__ = ["Field", "define", "evolve", "field", "fields", "frozen", "light"]
