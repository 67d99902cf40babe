"""What type a value has."""

def _is(name):
    return lambda value: type(value) == name

def _is_set(value):
    """Whether a value is a set of lib/sets.bzl (not Starlark's own)."""
    return type(value) == "struct" and hasattr(value, "_values") and type(value._values) == "dict"

types = struct(
    is_bool = _is("bool"),
    is_depset = _is("depset"),
    is_dict = _is("dict"),
    is_function = _is("function"),
    is_int = _is("int"),
    is_list = _is("list"),
    is_none = _is("NoneType"),
    is_set = _is_set,
    is_string = _is("string"),
    is_tuple = _is("tuple"),
)
