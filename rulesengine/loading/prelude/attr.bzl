# ---- attributes ------------------------------------------------------------

_VALUES = {"string": 1, "int": 1}

def _attribute(kind):
    def make(
            *,
            default = None,
            doc = "",
            mandatory = False,
            values = [],
            providers = [],
            allow_files = None,
            allow_single_file = None,
            allow_rules = None,
            allow_empty = True,
            executable = False,
            cfg = None,
            aspects = [],
            configurable = None,
            flags = [],
            skip_validations = False):
        if executable and cfg == None:
            fail("attr.%s(executable = True) needs cfg = \"exec\" or \"target\"" % kind)
        if allow_files != None and allow_single_file != None:
            fail("attr.%s takes allow_files or allow_single_file, not both" % kind)
        for taken in [allow_files, allow_single_file]:
            if type(taken) == "list":
                for extension in taken:
                    _text(extension, "an extension in allow_files")
            elif taken != None and type(taken) != "bool":
                fail("attr.%s(allow_files = ...) is True, False or a list of extensions, not %s" % (kind, type__(taken)))
        if type(values) != "list" or not all([type(v) in _VALUES for v in values]):
            fail("attr.%s(values = ...) is a list of strings or ints" % kind)
        if doc != None:
            _text(doc, "doc")
        if aspects:
            _check_aspects(kind, aspects)
        return struct(
            _type = "Attribute",
            kind = kind,
            default = default,
            doc = doc,
            mandatory = mandatory,
            values = values,
            providers = _alternatives(providers),
            allow_files = allow_single_file if allow_files == None else allow_files,
            single = allow_single_file != None,
            allow_empty = allow_empty,
            executable = executable,
            cfg = cfg,
            aspects = aspects,
            configurable = configurable != False,
        )

    return make

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
    if type(providers[0]) == "list":
        return providers
    return [providers]

_KINDS = [
    "bool",
    "int",
    "int_list",
    "label",
    "label_keyed_string_dict",
    "label_list",
    "output",
    "output_list",
    "string",
    "string_dict",
    "string_keyed_label_dict",
    "string_list",
    "string_list_dict",
]

attr = struct(**{kind: _attribute(kind) for kind in _KINDS})
