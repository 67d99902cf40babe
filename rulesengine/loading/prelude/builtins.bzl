# ---- builtins that look right ----------------------------------------------

def str__(x):
    if type(x) == "struct":
        if hasattr(x, "_str"):
            return x._str
        kind = getattr(x, "_type", None)
        if kind == "File":
            return "<%s %s>" % ("source file" if x.is_source else "generated file", x.short_path)
        if kind == "depset":
            return "depset([%s])" % ", ".join([_repr(v) for v in x.to_list()])
        if kind == "Label":
            return x._str
        shown = ["%s = %s" % (n, _repr(getattr(x, n))) for n in dir(x) if n != "_provider" and n != "_type"]
        return "%s(%s)" % (kind or "struct", ", ".join(shown))
    elif type(x) == "dict":
        if "label__" in x:
            return "<target %s>" % x["label__"]._text
        return "{%s}" % ", ".join(["%s: %s" % (_repr(k), _repr(v)) for k, v in x.items()])
    elif type(x) == "list":
        if x and (_is(x[-1], "select") or _is(x[0], "select")):
            return _select_text(x)
        return "[%s]" % ", ".join([_repr(v) for v in x])
    elif type(x) == "tuple":
        return "(%s%s)" % (", ".join([_repr(v) for v in x]), "," if len(x) == 1 else "")
    elif type(x) == "float":
        return _float(x)
    elif type(x) == "range":
        text = str(x)
        return text if "," in text else text.replace("(", "(0, ")
    return str(x)

def _select_text(x):
    """`select({...}) + [...]`, as Bazel writes it."""
    parts, plain = [], []
    for one in x:
        if _is(one, "select"):
            if plain:
                parts.append(str__(plain))
                plain = []
            parts.append("select(%s)" % str__(one.branches))
        else:
            plain.append(one)
    return " + ".join(parts + ([str__(plain)] if plain else []))

def _float(x):
    """As Bazel writes a float: without an exponent as long as all its digits mean something."""
    text = str(x)
    if "e" in text and -1e17 < x and x < 1e17 and x == int(x):
        return str(int(x)) + ".0"
    return text

def _repr(x):
    if type(x) == "string":
        return _quoted(x)
    if type(x) == "struct" and getattr(x, "_type", None) == "Label":
        return 'Label("%s")' % (x._text if not x.repo_name else x._str)
    return str__(x)

def _quoted(text):
    """A text in quotes; letters beyond ASCII stay as they are."""
    if "\\" in text:
        text = text.replace("\\", "\\\\")
    return '"' + text.replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t") + '"'

repr__ = _repr

def type__(x):
    if type(x) == "struct":
        return getattr(x, "_type", "struct")
    if type(x) == "list":
        return "select" if x and (_is(x[-1], "select") or _is(x[0], "select")) else "list"
    if type(x) == "dict" and "label__" in x:
        return "Target"
    return type(x)

def dir__(x):
    """The names of a value's fields and methods, without those that make the value what it is here."""
    names = dir(x)
    if type(x) != "struct":
        return names
    if hasattr(x, "_type"):
        return [name for name in names if not name.startswith("_") and not name.endswith("__")]
    return [name for name in names if name != "_provider"]

def _shown(x):
    return str__(x) if type(x) in _ODD else x

_ODD = {"struct": 1, "dict": 1, "list": 1, "tuple": 1, "float": 1, "range": 1}

def mod__(a, b):
    """`a % b`; a text formats labels, files and targets as Bazel does."""
    if type(a) != "string":
        return a % b
    if "%r" in a:
        return _mod_with_repr(a, b if type(b) == "tuple" else (b,))
    if type(b) == "tuple":
        return a % tuple([_shown(x) for x in b])
    if type(b) in _ODD:
        return a % (_shown(b),)
    return a % b

def _mod_with_repr(a, values):
    """`a % values` where some are written as repr() does: those are written here, and put in as texts."""
    conversions, percent = [], False
    for c in a.elems():
        if percent:
            if c != "%":
                conversions.append(c)
            percent = False
        else:
            percent = c == "%"
    if len(conversions) != len(values):
        return a % values  # which says so
    shown = [_repr(x) if c == "r" else _shown(x) for c, x in zip(conversions, values)]
    parts = a.split("%%")
    return "%%".join([part.replace("%r", "%s") for part in parts]) % tuple(shown)

def format__(text__, *args, **kwargs):
    """`text.format(...)` likewise."""
    if type(text__) != "string":
        return text__.format(*args, **kwargs)
    return text__.format(*[_shown(x) for x in args], **{k: _shown(v) for k, v in kwargs.items()})

def provider__(value, key):
    """`target[MyInfo]`, which can say what lacks what."""
    if type(value) == "dict" and type(key) == "function" and key not in value and "label__" in value:
        fail("<target %s> doesn't contain declared provider '%s'" % (value["label__"]._text, provider_name__(key)))
    return value[key]

def fail__(*args, msg = None, attr = None, sep = " ", stack_trace = True):
    words = [x if type(x) == "string" else str__(x) for x in ([msg] if msg != None else []) + list(args)]
    fail(("attribute %s: " % attr if attr else "") + sep.join(words))

def _ordered(x, depth = 0):
    """As Bazel's json.encode: keys in order."""
    t = type(x)
    if depth > _MAX_JSON_DEPTH:
        fail("json.encode(): the value nests deeper than %d" % _MAX_JSON_DEPTH)
    if t == "dict":
        if "label__" in x:
            fail("cannot encode Target as JSON")
        return {k: _ordered(x[k], depth + 1) for k in sorted(x)}
    if t == "list" or t == "tuple":
        return [_ordered(v, depth + 1) for v in x]
    if t == "struct":
        if hasattr(x, "_type") and x._type != "select":
            fail("cannot encode %s as JSON" % type__(x))
        return {k: _ordered(getattr(x, k), depth + 1) for k in dir(x) if k != "_provider"}
    if t == "function":
        fail("cannot encode function as JSON")
    return x

def _json_decode(x, default = unset__):
    if default != unset__ and not py_json_valid(_text(x, "a JSON text")):
        return default
    return json.decode(x)

json__ = struct(
    encode = lambda x: json.encode(_ordered(x)),
    encode_indent = lambda x, *, prefix = "", indent = "\t": py_json_indent(json.encode(_ordered(x)), _text(prefix, "prefix"), _text(indent, "indent")),
    indent = lambda s, *, prefix = "", indent = "\t": py_json_indent(_text(s, "a JSON text"), _text(prefix, "prefix"), _text(indent, "indent")),
    decode = _json_decode,
)
