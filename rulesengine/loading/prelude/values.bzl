# ---- what crosses to Python is checked here --------------------------------
# Native code that walks a value (json.encode, the border) overflows its stack on deep ones.

_MAX_VALUE_DEPTH = 20
_MAX_JSON_DEPTH = 100

def _text(value, what):
    if type(value) != "string":
        fail("%s is a string, not %s" % (what, type__(value)))
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

def select(x, no_match_error = ""):
    """A list of one struct, so that `+` with lists needs nothing special."""
    if type(x) != "dict":
        fail("select() takes a dict of conditions to values, not %s" % type__(x))
    if not x:
        fail("select({}) has no conditions")
    return [struct(_type = "select", branches = x, no_match_error = no_match_error)]

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
