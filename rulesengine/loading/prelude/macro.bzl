# ---- symbolic macros -------------------------------------------------------

_RULE_CLOSURE = "<prelude>.instantiate"
_MACRO_CLOSURE = "<prelude>.instantiate_macro"

def _inherited(inherit_attrs):
    """What `inherit_attrs` names, for Python: common attributes, a rule or a macro by number."""
    if inherit_attrs == None:
        return []
    if inherit_attrs == "common":
        return ["common", 0]
    kind = str(inherit_attrs) if type(inherit_attrs) == "function" else ""
    if kind == _RULE_CLOSURE:
        return ["rule", inherit_attrs(id__ = True)]
    if kind == _MACRO_CLOSURE:
        return ["macro", inherit_attrs(id__ = True)]
    fail("macro(inherit_attrs = %r): a rule, a symbolic macro or \"common\" is expected" % str__(inherit_attrs))

def make_macro__(registry, module):
    """`macro()` for one .bzl file: implementations stay in the file's registry, Python gets the schema."""

    def macro(*, implementation, attrs = {}, inherit_attrs = None, finalizer = False, doc = None):
        py_top_level("macro()", module)
        if type(implementation) != "function":
            fail("macro(implementation = ...) is a function, not %s" % type__(implementation))
        if type(attrs) != "dict":
            fail("macro(attrs = ...) is a dict of names to attr.string(), attr.label() ..., not %s" % type__(attrs))
        if type(finalizer) != "bool":
            fail("macro(finalizer = ...) is True or False, not %s" % type__(finalizer))
        if doc != None:
            _text(doc, "doc")
        schema = {}
        for name, value in attrs.items():
            _text(name, "the name of an attribute")
            if name == "name" or name == "visibility":
                fail("a macro always has the attribute '%s': it cannot be in attrs" % name)
            if value == None:
                schema[name] = None  # an inherited attribute that the macro does not want
            elif not _is(value, "Attribute"):
                fail("attrs[%r] is %s; write attr.string(), attr.label_list() ..." % (name, type__(value)))
            elif type(value.default) == "function":
                fail("attrs[%r]: a macro's default cannot be a function" % name)
            else:
                schema[name] = schema__(value)
        id = py_macro(json.encode({
            "module": module,
            "index": len(registry),
            "schema": schema,
            "inherit": _inherited(inherit_attrs),
            "finalizer": finalizer,
            "doc": doc or "",
        }))

        def instantiate_macro(*args, name = None, **kwargs):
            if args:
                fail("%s() does not accept positional arguments, but got %d" % (py_macro_label(id), len(args)))
            if type(name) != "string":
                if "id__" in kwargs:
                    return id
                fail("%s() needs a name%s" % (
                    py_macro_label(id),
                    "" if name == None else "; it is a string, not %s" % type__(name),
                ))
            spec = py_macro_call(
                id,
                name,
                json.encode({k: plain__(v, k) for k, v in kwargs.items()}),
                call_stack(strip_frames = 1),
            )
            if spec:
                run_macro__(implementation, spec)

        registry.append(struct(closure = instantiate_macro, implementation = implementation, id = id))
        return instantiate_macro

    return macro

def run_macro__(implementation, spec):
    """Run a macro's implementation.  spec: JSON from Python, labels as [repository, package, name]."""
    spec = json.decode(spec)
    returned = implementation(
        name = spec["name"],
        visibility = [label__(*one) for one in spec["visibility"]],
        **{name: _macro_value(kind, configurable, value) for name, kind, configurable, value in spec["values"]}
    )
    if returned != None:
        fail("the implementation of a macro must return None, but it returned %s" % type__(returned))
    py_macro_end()

def _macro_value(kind, configurable, value):
    """An argument of an implementation: what may be a select() always is one, unless it is None."""
    if value == None:
        return None
    parts = [_macro_part(kind, part) for part in value]
    if not configurable:
        return parts[0]
    out = None
    for part in parts:
        if not _is_select(part):
            part = select({"//conditions:default": part})
        out = part if out == None else out + part
    return out

def _is_select(value):
    return type(value) == "list" and len(value) == 1 and _is(value[0], "select")

def _macro_part(kind, value):
    if type(value) == "dict" and "select__" in value:
        return select(
            {
                (condition if type(condition) == "string" else label__(*condition)): None if inner == None else _macro_plain(kind, inner)
                for condition, inner in value["select__"]
            },
            no_match_error = value["error__"],
        )
    return _macro_plain(kind, value)

def _macro_plain(kind, value):
    if kind == "label" or kind == "output":
        return label__(*value)
    if kind == "label_list" or kind == "output_list":
        return [label__(*one) for one in value]
    if kind == "label_keyed_string_dict":
        return {label__(*key): one for key, one in value}
    if kind == "string_keyed_label_dict":
        return {key: label__(*one) for key, one in value}
    if kind == "string_dict" or kind == "string_list_dict":
        return {key: one for key, one in value}
    return value
