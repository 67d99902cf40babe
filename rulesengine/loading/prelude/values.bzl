# ---- what crosses to Python is checked here --------------------------------
# Native code that walks a value (json.encode, the border) overflows its stack on deep ones.

_MAX_VALUE_DEPTH = 20
_MAX_JSON_DEPTH = 100

def _text(value, what):
    if type(value) != "string":
        fail("%s is a string, not %s" % (what, type__(value)))
    return value

def _typed(value, kind, function, parameter, want):
    """The value of a parameter, unless it has another type: then it fails as Bazel does."""
    if type(value) != kind and not _is(value, kind):
        fail("in call to %s(), parameter '%s' got value of type '%s', want '%s'" % (function, parameter, type__(value), want))
    return value

def _sequence(value, function, parameter, want):
    """Fails as Bazel does for what is no list or tuple."""
    if type(value) != "list" and type(value) != "tuple":
        fail("in call to %s(), parameter '%s' got value of type '%s', want '%s'" % (function, parameter, type__(value), want))

def _dict(value, function, parameter):
    """A dict of strings; None is an empty one.  Fails as Bazel does for others."""
    if value == None:
        return {}
    if type(value) != "dict":
        fail("in call to %s(), parameter '%s' got value of type '%s', want 'dict or NoneType'" % (function, parameter, type__(value)))
    for key, text in value.items():
        if type(key) != "string" or type(text) != "string":
            fail("got dict<%s, %s> for '%s', want dict<string, string>" % (type__(key), type__(text), parameter))
    return value

def _texts(value, what):
    """A dict of strings, or None."""
    if value == None:
        return {}
    if type(value) != "dict":
        fail("%s is a dict of strings, not %s" % (what, type__(value)))
    for key, text in value.items():
        if type(key) != "string" or type(text) != "string":
            fail("%s is a dict of strings, not of %s to %s" % (what, type__(key), type__(text)))
    return value

# ---- select ----------------------------------------------------------------
# A list of structs, so that `+` with lists needs nothing special.  `rewrite` puts add__() and or__() where something
# else may be added.

def select(x, no_match_error = ""):
    if type(x) != "dict":
        fail("select: got %s for parameter 'x', want dict" % type__(x))
    if not x:
        fail("select({}) with an empty dictionary can never resolve because it includes no conditions to match")
    return [struct(_type = "select", branches = x, no_match_error = no_match_error)]

def is_sum__(value):
    """Whether a list holds a select(): then it stands for a sum."""
    for x in value:
        if type(x) == "struct" and getattr(x, "_type", None) == "select":
            return True
    return False

def _always(value):
    """A value that is no list, as a part of a sum with select()."""
    return struct(_type = "select", branches = {"//conditions:default": value}, no_match_error = "", plain = True)

def _part_type(part):
    """The type of a part of a sum: a branch of a select() tells, unless it is None."""
    if type(part) != "struct" or getattr(part, "_type", None) != "select":
        return "list"
    for value in part.branches.values():
        if value != None:
            return "Label" if _is(value, "Label") else type(value)
    return None

def _sum(a, b):
    """The parts of a + b or a | b, of which one is a select()."""
    left = a if type(a) == "list" else [_always(a)]
    right = b if type(b) == "list" else [_always(b)]
    one, other = None, None
    for part in left:
        one = one or _part_type(part)
    for part in right:
        other = other or _part_type(part)
    if one and other and one != other:
        fail("Cannot combine incompatible types (%s, %s)" % tuple([
            "select of " + kind if type(value) == "list" and is_sum__(value) else kind
            for value, kind in [(a, one), (b, other)]
        ]))
    return left + right

def add__(a, b):
    """`a + b`, where one may be a select()."""
    if (type(b) == "list" and b and is_sum__(b)) or (type(a) == "list" and type(b) != "list" and is_sum__(a)):
        return _sum(a, b)
    if type(a) != type(b) and not (type(a) in _NUMBERS and type(b) in _NUMBERS):
        fail("unsupported binary operation: %s + %s" % (type__(a), type__(b)))
    return big__(a + b)

def iadd__(a, b):
    """`a += b` likewise: a list without select() is changed in place."""
    if type(a) == "list" and not is_sum__(a) and not (type(b) == "list" and is_sum__(b)):
        a += big__(b)
        return a
    return add__(a, b)

# ---- growth ----------------------------------------------------------------
# What may double a value asks for room: `rewrite` puts these around it.

_LARGE = 50000
_SIZED = {"list": 8, "tuple": 8, "string": 1}
_BIG_INT = 1 << 65536

def big__(x):
    """A value just made."""
    if type(x) in _SIZED and len(x) > _LARGE:
        py_room(0)
    return x

def taken__(x):
    """A value about to be copied."""
    if (type(x) in _SIZED or type(x) == "range") and len(x) > _LARGE:
        py_room(len(x) * 8)
    return x

def times__(a, b):
    """b, where a is about to be multiplied by it."""
    if type(a) == "int":
        if type(b) == "int" and (a > _BIG_INT or a < -_BIG_INT) and (b > _BIG_INT or b < -_BIG_INT):
            fail("integers of more than 65536 bits cannot be multiplied")
    elif type(a) in _SIZED and type(b) == "int" and b > 0 and len(a) * b > _LARGE:
        py_room(len(a) * b * _SIZED[type(a)])
    return b

def mul__(a, b):
    """`a * b`."""
    if type(a) == "int" and type(b) in _SIZED:
        times__(b, a)
    else:
        times__(a, b)
    return a * b

def or__(a, b):
    """`a | b`, where one may be a select() or both are sets."""
    if (type(b) == "list" and is_sum__(b)) or (type(a) == "list" and is_sum__(a)):
        return _sum(a, b)
    if type(a) == "struct" and _both_sets(a, b, "|"):
        return _changed(_update, a._items, [b._items])
    if type(a) != type(b):
        fail("unsupported binary operation: %s | %s" % (type__(a), type__(b)))
    return a | b

_NUMBERS = {"int": 1, "float": 1}

def plain__(value, name = "default", depth = 0):
    """Attribute values as plain data for Python: labels as strings, select() as a marked dict."""
    t = type(value)
    if t == "string" or t == "int" or t == "bool" or t == "NoneType":
        return value
    if depth > _MAX_VALUE_DEPTH:
        fail("attribute '%s' nests too deep" % name)
    depth = depth + 1
    if t == "list" or t == "tuple":
        return [x if type(x) == "string" else plain__(x, name, depth) for x in value]
    if t == "dict":
        return {_plain_key(k, name): plain__(v, name, depth) for k, v in value.items()}
    if t == "struct":
        kind = getattr(value, "_type", None)
        if kind == "Label":
            return value._str
        if kind == "select":
            return {
                "select__": [[_plain_key(k, name), plain__(v, name, depth)] for k, v in value.branches.items()],
                "error__": value.no_match_error,
            }
        if kind == "depset":
            return plain__(value.to_list(), name, depth)
    fail("attribute '%s' cannot hold a %s" % (name, type__(value)))

def _plain_key(key, name):
    if type(key) == "string":
        return key
    if _is(key, "Label"):
        return key._str
    fail("attribute '%s': the keys of a dict are strings or labels, not %s" % (name, type__(key)))
