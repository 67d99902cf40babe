"""The one converter between JSON documents and frozen values (cattrs).

A class says in its fields' metadata how it looks as JSON:

    @frozen
    class Descriptor:
        media_type: str = field(metadata=key("mediaType", check=check_media_type))

`decode` is strict: no string becomes a number, no duplicate key is accepted, and an error names the
place (`$.manifests[0].digest`).  Unknown keys are ignored, as most foreign formats demand, unless the
class is marked `@closed`: do that for formats of our own.

`canonical_json` is the only JSON that enters a digest: keys sorted by code point, no white space
between tokens, UTF-8 without escapes where JSON allows it, and **no newline at the end**; equal values
give equal bytes.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from rulesengine.errors import RulesEngineError

if TYPE_CHECKING:
    from cattrs import Converter
    from cattrs.errors import ClassValidationError

T = TypeVar("T")
Check = Callable[[Any], str | None]
"""Says what is wrong with a decoded value, or None."""

MAX_DOCUMENT = 64 << 20
"""Largest JSON document that is decoded, in bytes, unless the caller says otherwise."""


class _WrongValueError(ValueError):
    """A value that a field does not take; its message is shown with the path."""


def key(name: str, *, check: Check | None = None, always: bool = False, keys_only: bool = False) -> dict[str, Any]:
    """Metadata of a field: its JSON key and how it is treated.

    check: called with the decoded value; a returned text is an error at this field's path.
    always: written even where the value is the field's default.
    keys_only: the value is a tuple of names, the JSON an object that maps each to `{}`
        (Go's `map[string]struct{}`, as in an image config's ExposedPorts).
    """
    return {"codec": {"name": name, "check": check, "always": always, "keys_only": keys_only}}


def rest() -> dict[str, Any]:
    """Metadata of a `Mapping[str, Any]` field that keeps the JSON keys no other field takes."""
    return {"codec": {"rest": True}}


def closed(cls: type[T]) -> type[T]:
    """Class decorator: unknown keys are errors."""
    cls.__codec_closed__ = True  # type: ignore[attr-defined]  # a mark of ours on the class
    return cls


def canonical_json(value: object) -> bytes:
    """JSON with one spelling: sorted keys, no spare white space, UTF-8, no final newline.

    Raises ValueError where a value has no JSON form (NaN, lone surrogates, other types).
    """
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
    except TypeError as fault:
        raise ValueError(str(fault)) from None


def encode(value: object) -> bytes:
    """A value as canonical JSON.  Raises ValueError where it has no JSON form."""
    return canonical_json(unstructure(value))


def unstructure(value: object) -> Any:
    """A value as dicts, lists, strings, numbers and booleans; defaults are left out."""
    return converter().unstructure(value)


def parse_json(
    data: bytes,
    *,
    what: str,
    error: type[RulesEngineError] = RulesEngineError,
    limit: int = MAX_DOCUMENT,
    hint: str | None = None,
) -> Any:
    """JSON text to plain values, strictly: one document, UTF-8, no duplicate keys, no NaN.

    what: how an error names the document.  Raises `error`.
    """
    if len(data) > limit:
        raise error(f"{what} is {len(data)} bytes long; at most {limit} are read", hint=hint)

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        out = dict(pairs)
        if len(out) != len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise _WrongValueError(f"key {twice!r} stands twice in one object")
        return out

    def constant(text: str) -> Any:
        raise _WrongValueError(f"{text} is not JSON")

    try:
        return json.loads(data.decode(), object_pairs_hook=members, parse_constant=constant)
    except UnicodeDecodeError as fault:
        raise error(f"{what} is not UTF-8 (byte {fault.start})", hint=hint) from None
    except json.JSONDecodeError as fault:
        message = f"{what} is not JSON: line {fault.lineno} column {fault.colno}: {fault.msg}"
        raise error(message, hint=hint) from None
    except RecursionError:
        raise error(f"{what} nests too deep", hint=hint) from None
    except ValueError as fault:
        raise error(f"{what} is not JSON: {fault}", hint=hint) from None


def decode(
    cls: type[T],
    data: bytes,
    *,
    what: str,
    error: type[RulesEngineError] = RulesEngineError,
    limit: int = MAX_DOCUMENT,
    null_is_absent: bool = False,
    hint: str | None = None,
) -> T:
    """A JSON document as a value of `cls`.

    null_is_absent: members whose value is null are dropped first (OCI image-spec, config.md, "Properties").
    Raises `error` with one note for each fault, each ending in its path.
    """
    document = parse_json(data, what=what, error=error, limit=limit, hint=hint)
    if null_is_absent:
        document = _without_nulls(document)
    return structure(cls, document, what=what, error=error, hint=hint)


def structure(
    cls: type[T],
    document: object,
    *,
    what: str,
    error: type[RulesEngineError] = RulesEngineError,
    hint: str | None = None,
) -> T:
    """Plain values (as from JSON) as a value of `cls`.  Raises `error` as `decode` does."""
    from cattrs import transform_error

    try:
        return converter().structure(document, cls)
    except _WrongValueError as fault:
        raise error(f"{what}: {fault} @ $", hint=hint) from None
    except Exception as fault:  # noqa: BLE001 - the border: cattrs wraps whatever a class raises
        notes = transform_error(fault, format_exception=_describe)
        if len(notes) == 1:
            raise error(f"{what}: {notes[0]}", hint=hint) from None
        raise error(f"{what}: {len(notes)} faults", hint=hint, notes=notes) from None


def _describe(fault: BaseException, expected: type[Any] | None) -> str:
    from cattrs.errors import ForbiddenExtraKeysError

    if isinstance(fault, _WrongValueError):
        return str(fault)
    if isinstance(fault, ForbiddenExtraKeysError):
        return "unknown key " + ", ".join(repr(name) for name in sorted(fault.extra_fields))
    if isinstance(fault, KeyError):
        return "required key is missing"
    if isinstance(fault, ValueError) and str(fault):
        return str(fault)
    if isinstance(fault, (TypeError, AttributeError)):
        return f"not {_article(expected)}"
    return f"{type(fault).__name__}: {fault}"


def _article(expected: object) -> str:
    text = str(getattr(expected, "__name__", expected)).lower()
    if text in ("tuple", "list", "sequence") or text.startswith("tuple["):
        return "an array"
    return "an object"


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value


@functools.lru_cache(maxsize=1)
def converter() -> Converter:
    """The converter; made when first used, because cattrs costs 40 ms to import."""
    import attrs
    from cattrs.preconf.json import make_converter

    made = make_converter(omit_if_default=True)

    def primitive(kind: type, name: str) -> None:
        def hook(value: Any, _: type) -> Any:
            if type(value) is not kind:
                raise _WrongValueError(f"{_shown(value)} is not {name}")
            return value

        made.register_structure_hook(kind, hook)

    primitive(str, "a string")
    primitive(int, "an integer")
    primitive(bool, "a boolean")
    made.register_structure_hook(float, _number)
    # cattrs iterates whatever it is given, so a string would become an array of characters.
    _guard_collections(made)
    made.register_structure_hook_factory(attrs.has, lambda cls: _structure_function(cls, made))
    made.register_unstructure_hook_factory(attrs.has, lambda cls: _unstructure_function(cls, made))
    return made


def _guard_collections(made: Converter) -> None:
    from cattrs.cols import is_sequence
    from cattrs.gen import make_mapping_structure_fn

    def is_tuple(kind: Any) -> bool:
        return getattr(kind, "__origin__", None) is tuple and kind.__args__[-1:] == (Ellipsis,)

    def sequence(kind: Any) -> Callable[[Any, Any], Any]:
        from cattrs.cols import list_structure_factory

        inner = list_structure_factory(list[kind.__args__[0]], made)
        make = tuple if is_tuple(kind) else list

        def hook(value: Any, _: Any) -> Any:
            if not isinstance(value, (list, tuple)):
                raise _WrongValueError(f"{_shown(value)} is not an array")
            return make(inner(list(value), list))

        return hook

    def mapping(kind: Any) -> Callable[[Any, Any], Any]:
        inner = make_mapping_structure_fn(kind, made, structure_to=dict)

        def hook(value: Any, of: Any) -> Any:
            if not isinstance(value, dict):
                raise _WrongValueError(f"{_shown(value)} is not an object")
            return inner(value, of)

        return hook

    def is_mapping(kind: Any) -> bool:
        return getattr(kind, "__origin__", None) in (dict, Mapping)

    made.register_structure_hook_factory(
        lambda kind: is_tuple(kind) or (is_sequence(kind) and hasattr(kind, "__args__")), sequence
    )
    made.register_structure_hook_factory(is_mapping, mapping)


def _number(value: Any, _: type) -> float:
    if type(value) not in (int, float):
        raise _WrongValueError(f"{_shown(value)} is not a number")
    return float(value)


def _shown(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, (dict, list)):
        return "an object" if isinstance(value, dict) else "an array"
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, (str, bool)) else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _structure_function(cls: type, made: Converter) -> Callable[[Any, Any], Any]:
    import attrs
    from cattrs.errors import ClassValidationError
    from cattrs.gen import make_dict_structure_fn, override

    attrs.resolve_types(cls)
    overrides: dict[str, Any] = {}
    remainder: str | None = None
    json_names: dict[str, str] = {}
    for one in attrs.fields(cls):
        options = one.metadata.get("codec", {})
        if options.get("rest"):
            remainder = one.name
            overrides[one.name] = override(omit=True)
            continue
        hook = _field_hook(one.type, options, made)
        name = options.get("name", one.name)
        json_names[one.name] = name
        overrides[one.name] = override(rename=name, struct_hook=hook)
    inner: Callable[[Any, Any], Any] = make_dict_structure_fn(
        cls,
        made,
        _cattrs_forbid_extra_keys=getattr(cls, "__codec_closed__", False),
        _cattrs_use_linecache=False,
        **overrides,
    )

    def function(value: Any, of: Any) -> Any:
        if not isinstance(value, dict):
            raise _WrongValueError(f"{_shown(value)} is not an object")
        try:
            out = inner(value, of)
        except ClassValidationError as fault:
            _rename_notes(fault, json_names)
            raise
        if remainder is not None:
            taken = set(json_names.values())
            extra = {name: item for name, item in value.items() if name not in taken}
            if extra:
                out = attrs.evolve(out, **{remainder: extra})
        return out

    return function


def _rename_notes(fault: ClassValidationError, json_names: Mapping[str, str]) -> None:
    """Errors name keys as they stand in the document; cattrs notes the attributes' names."""
    from cattrs.errors import AttributeValidationNote

    for one in fault.exceptions:
        for note in getattr(one, "__notes__", ()):
            if isinstance(note, AttributeValidationNote):
                note.name = json_names.get(note.name, note.name)


def _field_hook(kind: Any, options: dict[str, Any], made: Converter) -> Callable[[Any, Any], Any] | None:
    check: Check | None = options.get("check")
    keys_only: bool = options.get("keys_only", False)
    if check is None and not keys_only:
        return None
    hook = made.get_structure_hook(kind)

    def checked(value: Any, _: Any) -> Any:
        if keys_only:
            if not isinstance(value, dict):
                raise _WrongValueError(f"{_shown(value)} is not an object")
            out: Any = tuple(sorted(value))
        else:
            out = hook(value, kind)
        wrong = check(out) if check is not None and out is not None else None
        if wrong is not None:
            raise _WrongValueError(wrong)
        return out

    return checked


def _unstructure_function(cls: type, made: Converter) -> Callable[[Any], dict[str, Any]]:
    import attrs
    from cattrs.gen import make_dict_unstructure_fn, override

    attrs.resolve_types(cls)
    overrides: dict[str, Any] = {}
    remainder: str | None = None
    for one in attrs.fields(cls):
        options = one.metadata.get("codec", {})
        if options.get("rest"):
            remainder = one.name
            overrides[one.name] = override(omit=True)
            continue
        hook = _as_keys if options.get("keys_only") else None
        omit = False if options.get("always") else None
        overrides[one.name] = override(rename=options.get("name", one.name), omit_if_default=omit, unstruct_hook=hook)
    inner: Callable[[Any], dict[str, Any]] = make_dict_unstructure_fn(
        cls, made, _cattrs_omit_if_default=True, _cattrs_use_linecache=False, **overrides
    )

    def function(value: Any) -> dict[str, Any]:
        out = dict(inner(value))
        if remainder is not None:
            out = {**getattr(value, remainder), **out}
        return out

    return function


def _as_keys(names: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    return {name: {} for name in names}
