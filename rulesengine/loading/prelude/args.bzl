# ---- ctx -------------------------------------------------------------------

def op(name):
    """An operation shipped with the engine or registered by a plug-in, as the executable of ctx.actions.run."""
    return struct(_type = "op", name = name, key = py_op(_text(name, "the name of an operation")))

def _argument(value, format = None):
    if type(value) == "string":
        return format.replace("%s", value) if format else value
    if type(value) == "struct":
        kind = getattr(value, "_type", None)
        if kind == "File":
            return {"p": value.path, "f": format or "%s"}
        if kind == "Label":
            text = value._str if value.repo_name else value._text
            return format.replace("%s", text) if format else text
    if type(value) == "int" or type(value) == "bool":
        return format.replace("%s", str(value)) if format else str(value)
    fail("an argument is a string, an int, a File or a Label, not %s" % type__(value))

def args__():
    items = []
    me = []

    def add(arg_name_or_value, value = unset__, *, format = None):
        if value == unset__:
            items.append(_argument(arg_name_or_value, format))
        else:
            items.append(_argument(arg_name_or_value))
            items.append(_argument(value, format))
        return me[0]

    def _values(values, map_each):
        many = values.to_list() if _is(values, "depset") else values
        if map_each == None:
            return many
        out = []
        for value in many:
            made = map_each(value)
            if made == None:
                continue
            if type(made) == "list" or type(made) == "tuple":
                out.extend(made)
            else:
                out.append(made)
        return out

    def _unique(items):
        out = {}
        for item in items:
            out[json.encode(item) if type(item) == "dict" else item] = item
        return out.values()

    def add_all(
            arg_name_or_values,
            values = unset__,
            *,
            map_each = None,
            format_each = None,
            before_each = None,
            omit_if_empty = True,
            uniquify = False,
            expand_directories = True,
            terminate_with = None,
            allow_closure = False):
        name = None
        if values == unset__:
            values = arg_name_or_values
        else:
            name = arg_name_or_values
        made = [_argument(v, format_each) for v in _values(values, map_each)]
        if uniquify:
            made = _unique(made)
        if not made and omit_if_empty:
            return me[0]
        if name != None:
            items.append(_text(name, "an argument's name"))
        for one in made:
            if before_each != None:
                items.append(_text(before_each, "before_each"))
            items.append(one)
        if terminate_with != None:
            items.append(_text(terminate_with, "terminate_with"))
        return me[0]

    def add_joined(
            arg_name_or_values,
            values = unset__,
            *,
            join_with,
            map_each = None,
            format_each = None,
            format_joined = None,
            omit_if_empty = True,
            uniquify = False,
            expand_directories = True,
            allow_closure = False):
        name = None
        if values == unset__:
            values = arg_name_or_values
        else:
            name = arg_name_or_values
        made = [_argument(v, format_each) for v in _values(values, map_each)]
        if uniquify:
            made = _unique(made)
        if not made and omit_if_empty:
            return me[0]
        if name != None:
            items.append(_text(name, "an argument's name"))
        joined = format_joined or "%s"
        items.append({"j": made, "w": _text(join_with, "join_with"), "f": _text(joined, "format_joined")})
        return me[0]

    def use_param_file(param_file_arg, *, use_always = False):
        me[1]["param"] = {"arg": _text(param_file_arg, "param_file_arg"), "always": bool(use_always)}
        return me[0]

    def set_param_file_format(format):
        me[1]["format"] = _text(format, "format")
        return me[0]

    me.append(struct(
        _type = "Args",
        _items = items,
        _param = lambda: me[1],
        add = add,
        add_all = add_all,
        add_joined = add_joined,
        use_param_file = use_param_file,
        set_param_file_format = set_param_file_format,
    ))
    me.append({})
    return me[0]

unset__ = struct(_type = "unset")

def _inputs(values, what, runfiles = False):
    """Depset ids and file paths of a list of Files (and targets) or a depset."""
    if values == None:
        return [], []
    if _is(values, "depset"):
        return [values._node[0]], []
    ids, paths = [], []
    for value in values:
        if _is(value, "File"):
            paths.append(value.path)
        elif _is(value, "depset"):
            ids.append(value._node[0])
        elif _is(value, "runfiles"):
            ids.append(value.files._node[0])
        elif type(value) == "dict" and DefaultInfo in value:
            ids.append(value[DefaultInfo].files._node[0])
            if runfiles:
                ids.append(value[DefaultInfo].default_runfiles.files._node[0])
                if value[DefaultInfo].files_to_run.executable:
                    paths.append(value[DefaultInfo].files_to_run.executable.path)
        elif _is(value, "FilesToRun"):
            if value.executable:
                paths.append(value.executable.path)
            ids.append(value._runfiles.files._node[0])
        elif value != None:
            fail("%s takes Files or a depset of them, not %s" % (what, type__(value)))
    return ids, paths
