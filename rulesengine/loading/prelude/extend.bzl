# ---- what a rule works out when it is called -------------------------------
# Defaults and outputs that are functions of other attributes; initializers; rules that extend a rule.

def functions__(attrs, outputs, initializer, parent):
    """What rule() was given that runs for every target; None when there is nothing, as for most rules."""
    for name, a in attrs.items():
        if type(a.default) == "function" and not name.startswith("_"):
            fail("attrs[%r]: only a private attribute, one whose name starts with '_', may have a function as default" % name)
    computed = [
        (name, a.default, py_parameters(str(a.default), name))
        for name, a in attrs.items()
        if type(a.default) == "function"
    ]
    named = (outputs, py_parameters(str(outputs), "outputs")) if type(outputs) == "function" else None
    initializers = [(initializer, attrs)] if initializer != None else []
    if parent != None and parent.functions != None:
        initializers = initializers + parent.functions.initializers
    if not computed and not named and not initializers:
        return None
    return struct(attrs = attrs, computed = computed, named = named, initializers = initializers)

def parent__(parent):
    """The entry of the rule that is extended."""
    if parent == None:
        return None
    if type(parent) != "function" or str(parent) != _RULE_CLOSURE:
        fail("rule(parent = ...) is a rule, not %s" % type__(parent))
    return parent(entry__ = True)

def composed__(own, parent):
    """The transition of a rule and of the one it extends: the rule's own first, then that one's."""
    if own == None or parent == None or not _is(own, "transition") or not _is(parent, "transition"):
        return parent if own == None else own

    def both(settings, attr):
        changed = own.implementation({name: settings[name] for name in own.inputs}, attr)
        between = _union(settings, changed)
        return _union(changed, parent.implementation({name: between[name] for name in parent.inputs}, attr))

    return struct(
        _type = "transition",
        implementation = both,
        inputs = own.inputs + [one for one in parent.inputs if one not in own.inputs],
        outputs = own.outputs + [one for one in parent.outputs if one not in own.outputs],
    )

def merged__(attrs, parent):
    """The attributes of a rule and of the one it extends."""
    if parent == None:
        return attrs
    for name, a in attrs.items():
        if name in parent.attrs and a.kind != parent.attrs[name].kind:
            fail("attrs[%r]: the rule that is extended has it as attr.%s" % (name, parent.attrs[name].kind))
    return _union(parent.attrs, attrs)

def arguments__(functions, name, kwargs):
    """The arguments of a call, with what initializers and computed defaults make of them."""
    for initializer, attrs in functions.initializers:
        known = {key: value for key, value in kwargs.items() if key in attrs}
        made = initializer(name = name, **known)
        if type(made) != "dict":
            fail("a rule's initializer must return a dict, not %s" % type__(made))
        for key in made:
            if key == "name" or key not in attrs or key.startswith("_"):
                if key != "name" or made[key] != name:
                    fail("a rule's initializer returned '%s', which is no attribute that it can set" % key)
        kwargs = _union(kwargs, {key: value for key, value in made.items() if key != "name"})
    computed, named = {}, {}
    for key, function, parameters in functions.computed:
        if kwargs.get(key) == None:
            computed[key] = _computed_default(functions.attrs, name, kwargs, key, function, parameters, {})
    if functions.named:
        function, parameters = functions.named
        arguments = {}
        for parameter in parameters:
            value = _default_argument(functions.attrs, name, kwargs, parameter)
            if _select_branches(value) != None:
                # Said when the target is there: a query of the broken package tells of it, as Bazel's does.
                wrong = "attribute '%s' cannot be a select(): the rule's outputs depend on it" % parameter
                return _union(kwargs, {"computed__": computed, "outputs__": {"": wrong}})
            arguments[parameter] = value
        named = _texts(function(**arguments), "what the function for outputs returns")
    return _union(kwargs, {"computed__": computed, "outputs__": named})

def _computed_default(attrs, name, kwargs, key, function, parameters, done):
    """The default of one attribute: a select() where it depends on one."""
    for parameter in parameters:
        if parameter not in done:
            value = _default_argument(attrs, name, kwargs, parameter)
            branches = _select_branches(value)
            if branches == None:
                done = _union(done, {parameter: value})
                continue
            return select({
                condition: _computed_default(
                    attrs,
                    name,
                    kwargs,
                    key,
                    function,
                    parameters,
                    _union(done, {parameter: _default_argument_value(attrs, parameter, one)}),
                )
                for condition, one in branches.items()
            })
    return function(**done)

def _select_branches(value):
    if type__(value) != "select":
        return None
    if len(value) > 1:
        fail("an attribute from which another one's default is worked out cannot be a sum of lists and select()")
    return value[0].branches

def _default_argument(attrs, name, kwargs, parameter):
    if parameter == "name":
        return name
    if parameter not in attrs and parameter not in ("tags", "testonly", "visibility", "deprecation"):
        fail("a function works a default out from '%s', which is no attribute of the rule" % parameter)
    value = kwargs.get(parameter)
    if value == None and parameter in attrs:
        value = attrs[parameter].default
        if type(value) == "function":
            fail("the default of '%s' is a function itself: no other default can be worked out from it" % parameter)
    return value if type__(value) == "select" else _default_argument_value(attrs, parameter, value)

def _default_argument_value(attrs, parameter, value):
    """A value as the function takes it: texts of label attributes as labels, empty ones in the place of None."""
    kind = attrs[parameter].kind if parameter in attrs else ""
    if value == None:
        return _EMPTY_VALUES.get(kind)
    if kind == "label":
        return _package_label(value)
    if kind == "label_list":
        return [_package_label(one) for one in value]
    return value

_EMPTY_VALUES = {
    "bool": False,
    "int": 0,
    "int_list": [],
    "label_keyed_string_dict": {},
    "label_list": [],
    "output_list": [],
    "string": "",
    "string_dict": {},
    "string_keyed_label_dict": {},
    "string_list": [],
    "string_list_dict": {},
}

def _package_label(value):
    return value if _is(value, "Label") else label__(*py_package_label(value))

def extended__(rule, ctx):
    """Run the implementation of a rule that extends one: `ctx.super()` runs that one's."""
    if rule.parent == None:
        return rule.implementation(ctx)
    fields = {name: getattr(ctx, name) for name in dir(ctx) if name != "super"}
    return rule.implementation(struct(super = lambda: extended__(rule.parent, ctx), **fields))
