# ---- attributes ------------------------------------------------------------

# What each kind takes besides `doc` and `mandatory`, and what a default of it is.
_KINDS = {
    "bool": ("configurable default", "bool"),
    "int": ("configurable default values", "int"),
    "int_list": ("allow_empty configurable default", "list"),
    "label": ("allow_files allow_rules allow_single_file aspects cfg configurable default executable flags for_dependency_resolution materializer providers skip_validations", "Label"),
    "label_keyed_string_dict": ("allow_empty allow_files allow_rules aspects cfg configurable default flags for_dependency_resolution materializer providers skip_validations", "dict"),
    "label_list": ("allow_empty allow_files allow_rules aspects cfg configurable default flags for_dependency_resolution materializer providers skip_validations", "list"),
    "output": ("", ""),
    "output_list": ("allow_empty", ""),
    "string": ("configurable default values", "string"),
    "string_dict": ("allow_empty configurable default", "dict"),
    "string_keyed_label_dict": ("allow_empty allow_files allow_rules aspects cfg configurable default for_dependency_resolution materializer providers skip_validations", "dict"),
    "string_list": ("allow_empty configurable default", "list"),
    "string_list_dict": ("allow_empty configurable default", "dict"),
}
_ELEMENTS = {
    "int_list": "int",
    "label_keyed_string_dict": "string",
    "label_list": "Label",
    "string_dict": "string",
    "string_keyed_label_dict": "Label",
    "string_list": "string",
    "string_list_dict": "list",
}
_TYPES = {
    "allow_empty": "bool",
    "allow_rules": "list",
    "aspects": "list",
    "executable": "bool",
    "flags": "list",
    "mandatory": "bool",
    "providers": "list",
    "values": "list",
}
_FLAGS = ["DIRECT_COMPILE_TIME_INPUT", "ORDER_INDEPENDENT", "SKIP_ANALYSIS_TIME_FILETYPE_CHECK", "SKIP_CONSTRAINTS_OVERRIDE"]

def _attribute(kind):
    takes, wanted = _KINDS[kind]
    known = {name: 1 for name in takes.split() + ["doc", "mandatory"]}

    def make(*args, **given):
        if args:
            fail("attr.%s() does not accept positional arguments" % kind)
        for name, value in given.items():
            if name not in known:
                fail("attr.%s() has no argument '%s'; it has: %s" % (kind, name, ", ".join(sorted(known))))
            if name in _TYPES and type__(value) != _TYPES[name] and not (value == None and name == "allow_rules"):
                fail("attr.%s(%s = ...) is a %s, not %s" % (kind, name, _TYPES[name], type__(value)))
        doc = given.get("doc", "")
        if doc != None:
            _text(doc, "doc")
        default = given.get("default")
        if default != None and type(default) != "function":
            _check_default(kind, wanted, default)
        executable, cfg = given.get("executable", False), given.get("cfg")
        if executable and cfg == None:
            fail("attr.%s(executable = True) needs cfg = \"exec\" or \"target\"" % kind)
        if cfg != None:
            _cfg(cfg)
        files, single = given.get("allow_files"), given.get("allow_single_file")
        if files != None and single != None:
            fail("attr.%s takes allow_files or allow_single_file, not both" % kind)
        for taken in [files, single]:
            if type(taken) == "list":
                for extension in taken:
                    _text(extension, "an extension in allow_files")
            elif taken != None and type(taken) != "bool":
                fail("attr.%s(allow_files = ...) is True, False or a list of extensions, not %s" % (kind, type__(taken)))
        for flag in given.get("flags", []):
            if flag not in _FLAGS:
                fail("attr.%s(flags = ...): unknown attribute flag '%s'" % (kind, flag))
        if given.get("materializer") != None:
            fail("attr.%s(materializer = ...): dependencies that are worked out during analysis are not supported; name them in the attribute" % kind)
        aspects = given.get("aspects", [])
        if aspects:
            _check_aspects(kind, aspects)
        rules = given.get("allow_rules")
        return struct(
            _type = "Attribute",
            kind = kind,
            default = default,
            doc = doc,
            mandatory = given.get("mandatory", False),
            values = given.get("values", []),
            providers = _alternatives(given.get("providers", [])),
            allow_files = single if files == None else files,
            single = single != None,
            allow_empty = given.get("allow_empty", True),
            executable = executable,
            cfg = cfg,
            aspects = aspects,
            configurable = given.get("configurable", True) != False,
            rules = rules or [],
        )

    return make

def _check_default(kind, wanted, value):
    """Refuse a default that is not of the attribute's kind, where it is written."""
    t = type__(value)
    if t != wanted and not (t == "string" and wanted == "Label") and not (t == "tuple" and wanted == "list"):
        fail("attr.%s(default = ...) is a %s, not %s" % (kind, wanted, t))
    if wanted == "Label" and t == "string":
        py_check_label(value)
    element = _ELEMENTS.get(kind)
    if element == None:
        if t == "int" and (value > 2147483647 or value < -2147483648):
            fail("attr.int(default = ...): %d does not fit into 32 bits" % value)
        return
    if wanted == "dict":
        for key in value:
            if type(key) != "string" and not (kind == "label_keyed_string_dict" and _is(key, "Label")):
                fail("attr.%s(default = ...): a key is a %s" % (kind, type__(key)))
    for one in value.values() if wanted == "dict" else value:
        if type__(one) != element and not (element == "Label" and type(one) == "string"):
            fail("attr.%s(default = ...) holds a %s, want %s" % (kind, type__(one), element))

def _check_aspects(kind, aspects):
    if type(aspects) != "list":
        fail("attr.%s(aspects = ...) is a list of aspects, not %s" % (kind, type__(aspects)))
    for number, one in enumerate(aspects):
        if not _is(one, "Aspect"):
            fail("attr.%s(aspects = ...) is a list of aspects, it holds a %s" % (kind, type__(one)))
        if one in aspects[:number]:
            fail("attr.%s(aspects = ...): aspect %s added more than once" % (kind, py_aspect_name(one._id)))

def _alternatives(providers):
    """`[A, B]` and `[[A, B], [C]]` as a list of lists of which one must be there whole."""
    if not providers:
        return []
    nested = type(providers[0]) == "list"
    for one in providers:
        for provider in one if nested and type(one) == "list" else [one]:
            if type__(provider) != "Provider" and not (nested and type(provider) == "string"):
                fail("attr.*(providers = ...) is a list of providers, or of lists of them; it holds a %s" % type__(provider))
    if nested:
        return [[one for one in some if type(one) != "string"] for some in providers]
    return [providers]

def configuration_field(fragment, name):
    fail("configuration_field(fragment = %r, name = %r): there are no fragments of configuration here; use a build setting or a toolchain" % (fragment, name))

def subrule(**kwargs):
    fail("subrule() is private to Bazel's own rules; write a function that takes ctx, or a rule")

attr = struct(**{kind: _attribute(kind) for kind in _KINDS})
