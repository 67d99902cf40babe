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
        if kind == "set":
            return "set([%s])" % ", ".join([_repr(v) for v in x._items]) if x._items else "set()"
        if kind == "select":
            return str__([x])
        shown = ["%s = %s" % (n, _repr(getattr(x, n))) for n in dir(x) if n != "_provider" and n != "_type"]
        return "%s(%s)" % (kind or "struct", ", ".join(shown))
    elif type(x) == "dict":
        if "label__" in x:
            return "<target %s>" % x["label__"]._text
        return "{%s}" % ", ".join(["%s: %s" % (_repr(k), _repr(v)) for k, v in x.items()])
    elif type(x) == "list":
        return _shown_sum(x) if is_sum__(x) else "[%s]" % ", ".join([_repr(v) for v in x])
    elif type(x) == "function":
        return _shown_function(x)
    elif type(x) == "tuple":
        return "(%s%s)" % (", ".join([_repr(v) for v in x]), "," if len(x) == 1 else "")
    elif type(x) == "float":
        return _float(x)
    elif type(x) == "range":
        text = str(x)
        return text if "," in text else text.replace("(", "(0, ")
    return str(x)

def _shown_sum(parts):
    """A sum with select() as its author wrote it."""
    out, run, operator = [], [], " + "
    for part in parts:
        if not _is(part, "select"):
            run.append(part)
            continue
        if run:
            out.append(str__(run))
            run = []
        if _part_type(part) == "dict":
            operator = " | "
        out.append(_repr(part.branches["//conditions:default"]) if hasattr(part, "plain") else "select(%s)" % str__(part.branches))
    if run:
        out.append(str__(run))
    return operator.join(out)

# What the prelude's own functions are to those who print them.
_FUNCTIONS = {
    "<prelude>.constructor": ("Provider", "<provider>"),
    "<prelude>.instantiate": ("rule", "<rule>"),
    "<prelude>.instantiate_macro": ("macro", "<macro>"),
}
_NAMES = {
    "_ctx_expand_location": "expand_location",
    "_ctx_expand_make": "expand_make_variables",
    "_ctx_runfiles": "runfiles",
    "_has_constraint": "target_platform_has_constraint",
    "_glob": "glob",
    "_json_decode": "decode",
    "_repr": "repr",
    "raw": "constructor",
}

def _shown_function(x):
    text = str(x)
    if text in _FUNCTIONS:
        return _FUNCTIONS[text][1]
    if text.startswith("partial(<prelude>."):
        text = text[len("partial("):].partition(",")[0]
    if text.startswith("<prelude>."):
        name = text[len("<prelude>."):]
        return "<built-in function %s>" % _NAMES.get(name, name.removesuffix("__"))
    path, dot, name = text.rpartition(".")
    return "<function %s from %s>" % (name, py_file_label(path)) if dot else "<built-in function %s>" % text

def _float(x):
    """As Bazel writes a float: the fewest digits that mean it, with an exponent from 1e+17 on and below 0.0001."""
    if x != x or x - x != 0.0:
        return str(x)  # nan, +inf, -inf
    digits, _, exponent = json.encode(x).partition("e")
    if not exponent and not digits.startswith("0.0000") and not digits.startswith("-0.0000") and len(digits) < 17:
        return digits if "." in digits else digits + ".0"
    sign = "-" if digits.startswith("-") else ""
    whole, _, part = digits.removeprefix("-").partition(".")
    part = "" if part == "0" else part
    power = int(exponent or "0") + len(whole) - 1
    digits = whole + part
    zeros = len(digits) - len(digits.lstrip("0"))
    digits = digits.lstrip("0").rstrip("0")
    power = power - zeros
    if power >= 17 or power < -4:
        shown = str(power if power >= 0 else -power)
        return "%s%s%se%s%s" % (sign, digits[0], "." + digits[1:] if len(digits) > 1 else "", "+" if power > 0 else "-", "0" + shown if len(shown) < 2 else shown)
    if power < 0:
        return sign + "0." + "0" * (-power - 1) + digits
    if len(digits) <= power + 1:
        return sign + digits + "0" * (power + 1 - len(digits)) + ".0"
    return sign + digits[:power + 1] + "." + digits[power + 1:]

def _repr(x):
    if type(x) == "string":
        return _quoted(x)
    if type(x) == "struct" and getattr(x, "_type", None) == "Label":
        return 'Label("%s")' % (x._text if not x.repo_name else x._str)
    return str__(x)

# What cannot stand in a text as it is: U+0000 to U+001F.
_CONTROLS = {
    json.decode('"\\u00%s%s"' % (a, b)): "\\x%s%s" % (a, b)
    for a in ["0", "1"]
    for b in "0123456789abcdef".elems()
} | {"\n": "\\n", "\r": "\\r", "\t": "\\t"}

def _quoted(text):
    """A text in quotes; letters beyond ASCII stay as they are."""
    if "\\" in text:
        text = text.replace("\\", "\\\\")
    text = text.replace('"', '\\"').replace("\n", "\\n")
    if len(repr(text)) != len(text) + 2:  # something in it is written in another way
        for control, shown in _CONTROLS.items():
            text = text.replace(control, shown)
    return '"' + text + '"'

repr__ = _repr

def type__(x):
    if type(x) == "struct":
        return getattr(x, "_type", "struct")
    if type(x) == "dict" and "label__" in x:
        return "Target"
    if type(x) == "list" and is_sum__(x):
        return "select"
    if type(x) == "function":
        text = str(x)
        if text in _FUNCTIONS:
            return _FUNCTIONS[text][0]
        if text.startswith("<prelude>.") or text.startswith("partial(<prelude>.") or "." not in text:
            return "builtin_function_or_method"
    return type(x)

def dir__(x):
    """The names of a value's fields and methods, without those that make the value what it is here."""
    names = dir(x)
    if type(x) != "struct":
        return names
    if _is(x, "set"):
        return list(_SET_METHODS)
    if hasattr(x, "_type"):
        return [name for name in names if not name.startswith("_") and not name.endswith("__")]
    return [name for name in names if name != "_provider"]

def _shown(x):
    return str__(x) if type(x) in _ODD else x

_ODD = {"struct": 1, "dict": 1, "list": 1, "tuple": 1, "float": 1, "range": 1, "function": 1}

def mod__(a, b):
    """`a % b`; a text formats labels, files and targets as Bazel does."""
    if type(a) != "string":
        return a % b
    if "%r" in a or "%g" in a or "%G" in a or "%E" in a:
        return _mod_with_repr(a, b if type(b) == "tuple" else (b,))
    if type(b) == "tuple":
        return big__(a % tuple([_shown(x) for x in b]))
    if type(b) in _ODD:
        return big__(a % (_shown(b),))
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
    shown = [_repr(x) if c == "r" else _general(x, c) if c == "g" or c == "G" else ("%e" % x).upper() if c == "E" else _shown(x) for c, x in zip(conversions, values)]
    parts = a.split("%%")
    return "%%".join([part.replace("%r", "%s").replace("%g", "%s").replace("%G", "%s").replace("%E", "%s") for part in parts]) % tuple(shown)

def _general(x, conversion):
    text = str__(float(x))
    return text.upper() if conversion == "G" else text

def format__(text__, *args, **kwargs):
    """`text.format(...)` likewise."""
    if type(text__) != "string":
        return text__.format(*args, **kwargs)
    return big__(text__.format(*[_shown(x) for x in args], **{k: _shown(v) for k, v in kwargs.items()}))

def provider__(value, key):
    """`target[MyInfo]`, which can say what lacks what."""
    if type(value) == "dict" and type(key) == "function" and key not in value and "label__" in value:
        fail("<target %s> doesn't contain declared provider '%s'" % (value["label__"]._text, provider_name__(key)))
    if type(value) == "struct" and getattr(value, "_provider", None) == OutputGroupInfo:
        if type(key) != "string" or not hasattr(value, key):
            fail("Output group %s not present" % key)
        return getattr(value, key)
    if _is(value, "dict"):
        found = value.get(key, unset__)
        if found == unset__:
            fail("key %s not found in dictionary" % str__(key))
        return found
    return value[key]

def names__(value):
    """What `in` and `for` see of a value: the elements of a set, of OutputGroupInfo the names of its groups, of a dict of targets its keys."""
    if type(value) == "struct":
        kind = getattr(value, "_type", None)
        if kind == "set":
            return value._items
        if kind == "dict":
            return value.keys()
        if getattr(value, "_provider", None) == OutputGroupInfo:
            return [name for name in dir(value) if name != "_provider"]
    return value

def fail__(*args, msg = None, attr = None, sep = " ", stack_trace = True):
    words = [x if type(x) == "string" else str__(x) for x in ([msg] if msg != None else []) + list(args)]
    fail(("attribute %s: " % attr if attr else "") + sep.join(words))

def _json(x, depth = 0):
    """As Bazel's json.encode: keys in order, floats as Starlark writes them."""
    t = type(x)
    if t == "string" or t == "int" or t == "bool" or t == "NoneType":
        return json.encode(x)
    if t == "struct" and _is(x, "set"):
        x, t = list(x._items), "list"
    if depth > _MAX_JSON_DEPTH:
        fail("json.encode(): the value nests deeper than %d" % _MAX_JSON_DEPTH)
    if t == "list" and is_sum__(x):
        fail("cannot encode select as JSON")
    if t == "list" or t == "tuple" or t == "range":
        out = []
        for i, v in enumerate(x):
            out.append(_json(v, depth + 1))
        return "[" + ",".join(out) + "]"
    if t == "dict" and "label__" not in x:
        for k in x:
            if type(k) != "string":
                fail("dict has %s key, want string" % type__(k))
        return "{" + ",".join([json.encode(k) + ":" + _json(x[k], depth + 1) for k in sorted(x)]) + "}"
    if t == "struct" and not hasattr(x, "_type"):
        return "{" + ",".join([json.encode(k) + ":" + _json(getattr(x, k), depth + 1) for k in dir(x) if k != "_provider"]) + "}"
    if t == "float":
        text = _float(x)
        if text == "nan" or text.endswith("inf"):
            fail("cannot encode non-finite float %s" % text)
        return text
    fail("cannot encode %s as JSON" % type__(x))

def _json_decode(x, default = unset__):
    answer = py_json_decode(_text(x, "a JSON text"), default != unset__)
    if answer == 0:
        return json.decode(x)
    return answer[0] if answer else default

json__ = struct(
    encode = lambda x: _json(x),
    encode_indent = lambda x, *, prefix = "", indent = "\t": py_json_indent(_json(x), _text(prefix, "prefix"), _text(indent, "indent")),
    indent = lambda s, *, prefix = "", indent = "\t": py_json_indent(_text(s, "a JSON text"), _text(prefix, "prefix"), _text(indent, "indent")),
    decode = _json_decode,
)
