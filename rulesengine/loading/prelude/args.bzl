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

def expanding__(function):
    """A map_each function that takes a DirectoryExpander too; `rewrite` finds them."""
    return struct(_type = "expanding", call = function)

_EXPANDER = struct(
    _type = "DirectoryExpander",
    expand = lambda file: [file] if not file.is_directory else _inside(file, py_members(file.path)),
)

def _inside(file, names):
    """The files in a tree; the tree itself, where it is not looked into."""
    return [file] if names == "." else [
        file__(
            "%s/%s" % (file.path, name),
            file.root,
            "%s/%s" % (file.short_path, name),
            file.owner,
            False,
        )
        for name in names.split("\n")
        if name
    ]

def late__(function):
    """What a function that looks into trees gives, for Python."""
    return json.encode(function())

def _mapped(made):
    """What map_each returned, as a list of arguments."""
    if made == None:
        return []
    if type(made) == "string":
        return [made]
    if type(made) == "list" or type(made) == "tuple":
        return [_argument(one) for one in made]
    if _is(made, "File") or _is(made, "Label"):
        return [_argument(made)]
    fail("Expected map_each to return string, None, or list of strings, found %s" % type__(made))

def _later(value, map_each, expand):
    """A function that applies map_each to a tree's files, or to a value with an expander, when it is called."""
    if _is(map_each, "expanding"):
        function = map_each.call
        if expand and _is(value, "File"):
            return lambda: [x for f in _EXPANDER.expand(value) for x in _mapped(function(f, _EXPANDER))]
        return lambda: _mapped(function(value, _EXPANDER))
    return lambda: [x for f in _EXPANDER.expand(value) for x in _mapped(map_each(f))]

def _one_place(format, what):
    """A text with one `%s`, or None."""
    if format == None:
        return None
    _text(format, what)
    if format.replace("%%", "").count("%s") != 1:
        fail('Invalid value for parameter "%s": Expected string with a single "%%s", got "%s"' % (what, format))
    return format

def _arguments(values, map_each, format_each, expand, late):
    """Arguments, and whether trees are among them; what looks into trees is added to `late`."""
    if _is(values, "depset"):
        values = values.to_list()
    elif type(values) != "list" and type(values) != "tuple":
        if type(values) != "dict" or "label__" in values:
            fail("parameter 'values' got value of type '%s', want 'sequence or depset'" % type__(values))
    _one_place(format_each, "format_each")
    out, trees = [], False
    if map_each == None:
        for value in values:
            if expand and type(value) == "struct" and getattr(value, "is_directory", False):
                out.append({"d": value.path, "f": format_each or "%s"})
                trees = True
            else:
                out.append(_argument(value, format_each))
        return out, trees
    expander = _is(map_each, "expanding")
    if not expander and type(map_each) != "function":
        fail("parameter 'map_each' got value of type '%s', want 'callable or NoneType'" % type__(map_each))
    for value in values:
        if expander or (expand and type(value) == "struct" and getattr(value, "is_directory", False)):
            out.append({"l": len(late), "f": format_each or "%s"})
            late.append(_later(value, map_each, expand))
            trees = True
            continue
        made = map_each(value)
        if type(made) == "string":
            out.append(format_each.replace("%s", made) if format_each else made)
        elif made != None:
            for one in _mapped(made):
                if type(one) == "string":
                    out.append(format_each.replace("%s", one) if format_each else one)
                else:
                    out.append({"p": one["p"], "f": format_each or "%s"})
    return out, trees

def _unique(items):
    out = {}
    for item in items:
        out[json.encode(item) if type(item) == "dict" else item] = item
    return out.values()

def args__():
    # starts: where each call's arguments begin; the form flag_per_line makes a line of them.
    items, late, me, starts = [], [], [], []

    def add(arg_name_or_value, value = unset__, *, format = None):
        starts.append(len(items))
        if value == unset__:
            value = arg_name_or_value
        else:
            items.append(_text(arg_name_or_value, "an argument's name"))
        _one_place(format, "format")
        if type(value) == "struct" and getattr(value, "is_directory", False):
            fail("Cannot add directories to Args#add since they may expand to multiple values. " +
                 "Either use Args#add_all (if you want expansion) or args.add(directory.path).")
        if type(value) == "list" or type(value) == "tuple" or _is(value, "depset"):
            fail("Args#add doesn't accept vectorized arguments. Please use Args#add_all or Args#add_joined instead.")
        items.append(_argument(value, format))
        return me[0]

    def _vector(name, made, omit, before, terminate, uniquify, join):
        starts.append(len(items))
        items.append({
            "v": made,
            "name": name,
            "omit": bool(omit),
            "before": before,
            "terminate": terminate,
            "unique": bool(uniquify),
            "join": join,
        })
        return me[0]

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
            name = _text(arg_name_or_values, "an argument's name")
        if before_each != None:
            _text(before_each, "before_each")
        if terminate_with != None:
            _text(terminate_with, "terminate_with")
        made, trees = _arguments(values, map_each, format_each, expand_directories, late)
        if trees:
            return _vector(name, made, omit_if_empty, before_each, terminate_with, uniquify, None)
        if uniquify:
            made = _unique(made)
        if not made and omit_if_empty:
            return me[0]
        starts.append(len(items))
        if name != None:
            items.append(name)
        if before_each == None:
            items.extend(made)
        else:
            for one in made:
                items.append(before_each)
                items.append(one)
        if terminate_with != None:
            items.append(terminate_with)
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
            name = _text(arg_name_or_values, "an argument's name")
        made, _ = _arguments(values, map_each, format_each, expand_directories, late)
        join = [_text(join_with, "join_with"), _one_place(format_joined, "format_joined") or "%s"]
        return _vector(name, made, omit_if_empty, None, None, uniquify, join)

    def use_param_file(param_file_arg, *, use_always = False):
        me[1]["param"] = {"arg": _one_place(param_file_arg, "param_file_arg"), "always": bool(use_always)}
        return me[0]

    def set_param_file_format(format):
        if _text(format, "format") not in _PARAM_FILE_FORMATS:
            fail('Invalid value for parameter "format": Expected one of "shell", "multiline", "flag_per_line"')
        me[1]["format"] = format
        return me[0]

    me.append(struct(
        _type = "Args",
        _items = items,
        _late = late,
        _starts = starts,
        _param = lambda: me[1],
        add = add,
        add_all = add_all,
        add_joined = add_joined,
        use_param_file = use_param_file,
        set_param_file_format = set_param_file_format,
    ))
    me.append({})
    return me[0]

_PARAM_FILE_FORMATS = {"shell": 1, "multiline": 1, "flag_per_line": 1}

def template_dict__():
    values, me = {}, []

    def add(key, value):
        values[_text(key, "key")] = _text(value, "value")
        return me[0]

    def add_joined(
            key,
            values,
            *,
            join_with,
            map_each,
            uniquify = False,
            format_joined = None,
            allow_closure = False):
        me[1](_text(key, "key"), values, join_with, map_each, uniquify, format_joined)
        return me[0]

    def _join(key, given, join_with, map_each, uniquify, format_joined):
        if not _is(given, "depset"):
            fail("in call to add_joined(), parameter 'values' got value of type '%s', want 'depset'" % type__(given))
        made = []
        for value in given.to_list():
            one = map_each(value)
            if type(one) == "string":
                made.append(one)
            elif type(one) == "list" and all([type(x) == "string" for x in one]):
                made.extend(one)
            elif one != None:
                fail("Function provided to map_each must return string, None, or list of strings, but returned %s for key '%s'" % (type__(one), key))
        if uniquify:
            made = {one: None for one in made}.keys()
        text = _text(join_with, "join_with").join(made)
        values[key] = (_one_place(format_joined, "format_joined") or "%s").replace("%s", text)

    me.append(struct(_type = "TemplateDict", add = add, add_joined = add_joined, _values = values))
    me.append(_join)
    return me[0]

unset__ = struct(_type = "unset")

def _inputs(values, what, runfiles = False):
    """Depset ids and file paths of a list of Files (and targets) or a depset."""
    if values == None:
        return [], []
    if _is(values, "depset"):
        node = values._node
        for _ in range(1000000):
            if node[1] or not node[2]:
                break
            node = node[2][0]
        if node[1] and not _is(node[1][0], "File"):
            fail("for '%s', got a depset of '%s', expected a depset of 'File'" % (what, type__(node[1][0])))
        return [values._node[0]], []
    ids, paths = [], []
    for index, value in enumerate(values):
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
            if runfiles:
                fail("expected value of type 'File, FilesToRunProvider or Depset of Files' for a member of parameter 'tools' but got %s instead" % type__(value))
            fail("at index %d of %s, got element of type %s, want File" % (index, what, type__(value)))
    return ids, paths
