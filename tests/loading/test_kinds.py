"""Messages about what is a struct or a dict here only: they say what it is to its author."""

from __future__ import annotations

import pytest

from tests.spaces import Space, define, rule

FAULTS = {
    "s + 1": "unsupported binary operation: set + int",
    "[1] + s": "unsupported binary operation: list + set",
    "s + Label(':x')": "unsupported binary operation: set + Label",
    "s in 1": "unsupported binary operation: set in int",
    "d * 2": "unsupported binary operation: depset * int",
    "s[0]": "type 'set' has no operator [](int)",
    "-s": "unsupported operation: - of type 'set' in -s",
    "'%d' % s": "unsupported operation: format(%d) of type 'set' in '%d' % s",
    "s()": "'set' object is not callable",
    "s.x": "'set' value has no field or method 'x'",
    "dict(s)": "type 'set' is not iterable",
    "int(s)": "expected 'bool | float | int | str', actual 'set'",
    "int(ctx.label)": "expected 'bool | float | int | str', actual 'Label'",
    "ord(ctx.attr.dep)": "expected 'str', actual 'Target'",
    "ord(ctx.file.dep)": "expected 'str', actual 'File'",
    "int([s, s])": "expected 'bool | float | int | str', actual 'list'",
    "int(struct(a = 1))": "expected 'bool | float | int | str', actual 'struct'",
    "[0][s]": "Expected 'int', but got 'set'",
    "getattr(s, 'x')": "'set' value has no field or method 'x'",
}
FIELDS = {
    "hasattr(s, 'add')": True,
    "hasattr(s, 'label')": False,
    "hasattr(s, '_items')": False,
    "hasattr(ctx.attr.dep, 'label')": True,
    "hasattr(ctx.attr.dep, 'default_runfiles')": True,
    "hasattr(ctx.attr.dep, 'items')": False,
    "hasattr(ctx.label, 'relative')": True,
    "hasattr(ctx.label, 'nothing')": False,
    "hasattr({}, 'items')": True,
    "hasattr('', 'elems')": True,
    "hasattr(struct(a = 1), 'a')": True,
    "getattr(ctx.attr.dep, 'label').name": "f.txt",
    "getattr(ctx.attr.dep, 'nothing', 'default')": "default",
    "getattr(ctx.attr.dep, 'nothing', None)": None,
    "getattr(s, 'pop')()": "a",
    "getattr(s, '_items', 'hidden')": "hidden",
    "getattr(struct(a = 1), 'b', 2)": 2,
    "getattr(struct(a = None), 'a')": None,
    "getattr('a,b', 'split')(',')[1]": "b",
}
_ATTRIBUTE = '"dep": attr.label(allow_single_file = True)'
_BUILD = 'thing(name = "x", dep = "f.txt")'


@pytest.mark.parametrize("expression", FAULTS)
def test_faults(space: Space, expression: str) -> None:
    space.write("a/f.txt")
    define(space, rule(f"s = set(['a'])\nd = depset()\nz = {expression}\nreturn []", _ATTRIBUTE), _BUILD)
    fault = space.error("//a:x")
    assert FAULTS[expression] in fault.message
    assert "_type" not in str(fault)


@pytest.mark.parametrize("expression", FIELDS)
def test_fields(space: Space, expression: str) -> None:
    space.write("a/f.txt")
    define(space, rule(f"s = set(['a'])\nprint({expression})\nreturn []", _ATTRIBUTE), _BUILD)
    assert space.prints("//a:x") == [str(FIELDS[expression])]
