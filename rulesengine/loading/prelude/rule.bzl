# ---- rules -----------------------------------------------------------------

_OWN = {"name": 1, "visibility": 1, "tags": 1, "testonly": 1, "deprecation": 1, "features": 1}

def schema__(a):
    """An attribute as plain data for Python."""
    return {
        "kind": a.kind,
        "default": None if type(a.default) == "function" else plain__(a.default),
        "computed": type(a.default) == "function",
        "mandatory": a.mandatory,
        "values": a.values,
        "allow_files": a.allow_files,
        "single": a.single,
        "allow_empty": a.allow_empty,
        "executable": a.executable,
        "cfg": _cfg(a.cfg),
        "exec_group": a.cfg.exec_group if _is(a.cfg, "exec") else None,
        "doc": a.doc,
        "providers": [[provider_name__(p) for p in one] for one in a.providers],
        "configurable": a.configurable,
        "aspects": [one._id for one in a.aspects],
    }

def check_attributes__(attrs):
    """What rule() is given as `attrs`, or an error."""
    if type(attrs) != "dict":
        fail("rule(attrs = ...) is a dict of names to attr.string(), attr.label() ..., not %s" % type__(attrs))
    for name, value in attrs.items():
        _text(name, "the name of an attribute")
        if name in _OWN:
            fail("there is already a built-in attribute '%s', which a rule cannot define anew" % name)
        if not _is(value, "Attribute"):
            fail("attrs[%r] is %s; write attr.string(), attr.label_list() ..." % (name, type__(value)))

def make_rule__(registry, module):
    """`rule()` for one .bzl file: implementations stay in the file's registry, Python gets the schema."""

    def rule(
            implementation,
            *,
            attrs = {},
            doc = "",
            executable = False,
            test = False,
            provides = [],
            cfg = None,
            toolchains = [],
            fragments = [],
            host_fragments = [],
            outputs = None,
            exec_compatible_with = [],
            exec_groups = {},
            build_setting = None,
            output_to_genfiles = False,
            analysis_test = False,
            subrules = [],
            initializer = None,
            parent = None,
            _skylark_testable = False):
        foreign = py_foreign("rule()", module)
        index = -1 if foreign else len(registry)
        if type(implementation) != "function":
            fail("rule(implementation = ...) is a function, not %s" % type__(implementation))
        if doc != None:
            _text(doc, "doc")
        check_attributes__(attrs)
        if build_setting != None and not _is(build_setting, "BuildSetting"):
            fail("rule(build_setting = ...) is config.bool(), config.string() ..., not %s" % type__(build_setting))
        if initializer != None and type(initializer) != "function":
            fail("rule(initializer = ...) is a function, not %s" % type__(initializer))
        parent = parent__(parent)
        if parent != None:
            if executable or test or outputs:
                fail("rule(parent = ...): executable, test and outputs are those of the rule that is extended")
            attrs = merged__(attrs, parent)
            test = parent.test
            executable = parent.executable
            provides = parent.provides + [one for one in provides if one not in parent.provides]
            cfg = composed__(cfg, parent.cfg)
        functions = functions__(attrs, outputs, initializer, parent)
        schema = {name: schema__(a) for name, a in attrs.items()}
        entry = dict(
            implementation = implementation,
            attrs = attrs,
            provides = provides,
            cfg = cfg,
            outputs = outputs,
            executable = executable or test or analysis_test,
            analysis_test = analysis_test,
            test = test or analysis_test,
            parent = parent,
            functions = functions,
        )
        id = py_rule(json.encode({
            "module": module,
            "index": index,
            "schema": schema,
            "doc": doc,
            "provides": [p(provider_id__ = True) for p in provides],
            "executable": executable or test or analysis_test,
            "test": test or analysis_test,
            "cfg": _cfg(cfg),
            "outputs": _texts(outputs, "rule(outputs = ...)") if type(outputs) != "function" else {},
            "build_setting": build_setting.kind if build_setting else "",
            "exec_groups": exec_groups__(toolchains, exec_compatible_with, exec_groups),
            "build_setting_default": build_setting.default if build_setting else "",
            "parent": None if parent == None else parent.id,
            "functions": functions != None,
            "build_setting_flag": build_setting.flag if build_setting else False,
            "build_setting_repeated": build_setting.repeated if build_setting else False,
        }), call_stack(strip_frames = 1))

        def instantiate(*args, name = None, **kwargs):
            if args:
                fail("%s() does not accept positional arguments, but got %d" % (py_rule_label(id), len(args)))
            if type(name) != "string":
                if "id__" in kwargs:
                    return id
                if "entry__" in kwargs:
                    return struct(closure = instantiate, id = id, **entry)
                fail("%s() needs a name%s" % (
                    py_rule_label(id),
                    "" if name == None else "; it is a string, not %s" % type__(name),
                ))
            if functions != None:
                kwargs = arguments__(functions, name, kwargs)
            told = [id, name, {k: plain__(v, k) for k, v in kwargs.items()}, call_stack(strip_frames = 1)]
            if "bool" in [type(one) for one in kwargs.values()] or py_target(str(told)):  # see depset.bzl
                py_target(json.encode(told))

        if not foreign:
            registry.append(struct(closure = instantiate, id = id, **entry))
        return instantiate

    return rule

_RULE = "<prelude>.instantiate"
_CONSTRUCTOR = "<prelude>.constructor"

def export__(rules, providers, macros, aspects, names):
    """After a module is evaluated: tell Python the names its rules, providers and macros were given."""
    macro_ids = {m.closure: m.id for m in macros}
    by_closure = {r.closure: r.id for r in rules}
    made = {p: True for p in providers}
    for name, value in names.items():
        if type(value) == "function":
            if value in by_closure:
                py_rule_name(by_closure[value], name)
            elif value in macro_ids:
                py_macro_name(macro_ids[value], name)
            elif value in made:
                py_name_provider(value(provider_id__ = True), name)
            elif str(value) == _RULE:
                # A function of another file made it: from here on it is this file's.
                entry = value(entry__ = True)
                if py_rule_placed(entry.id, len(rules)):
                    rules.append(entry)
                    py_rule_name(entry.id, name)
            elif str(value) == _CONSTRUCTOR:
                py_name_provider(value(provider_id__ = True), name)
        elif _is(value, "Aspect"):
            if py_aspect_placed(value._id, len(aspects)):
                aspects.append(value._entry)
            py_aspect_named(value._id, name)
        elif type(value) in _NESTS and not hasattr(value, "_type"):
            _check_depth(name, value)

_NESTS = {"list": 1, "tuple": 1, "dict": 1, "struct": 1}

def _check_depth(name, value):
    """Refuse a private value whose freezing would overflow the native stack; public ones are seen by Python."""
    level, seen = [value], 0
    for _ in range(1000):
        below = []
        for x in level:
            t = type(x)
            if t == "dict":
                below.extend([v for v in x.values() if type(v) in _NESTS])
            elif t == "struct":
                below.extend([v for v in [getattr(x, n) for n in dir(x)] if type(v) in _NESTS])
            else:
                below.extend([v for v in x if type(v) in _NESTS])
        seen = seen + len(below)
        if not below or seen > 100000:
            return
        level = below
    fail("the value of '%s' nests too deep" % name)
