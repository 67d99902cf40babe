"""The frozen prelude: Bazel's names for .bzl and BUILD files, written in Starlark.

Trusted and evaluated once.  `py_*` are Python callables that exchange plain data;
everything else (providers, depsets, rules) stays a Starlark value.  Names that end
in `__` are not for users.
"""

def _is(value, type_name):
    return type(value) == "struct" and getattr(value, "_type", None) == type_name

# ---- labels ----------------------------------------------------------------

def label__(repo, package, name):
    # No methods among the fields: two labels must be equal when they name the same target.
    # `dot__` supplies same_package_label() and relative().
    text = ("@" + repo if repo else "") + "//" + package + ":" + name
    return struct(
        _type = "Label",
        _str = "@" + text if repo else "@@" + text,
        _text = text,
        name = name,
        package = package,
        repo_name = repo,
        workspace_name = repo,
        workspace_root = "external/" + repo if repo else "",
    )

def make_label__(repo, package):
    """`Label()` as seen from a file: relative strings are relative to that file."""

    def Label(input):
        if _is(input, "Label"):
            return input
        return label__(*py_label(input, repo, package))

    return Label

# ---- files -----------------------------------------------------------------

def file__(path, root, short_path, owner, is_source, is_directory = False):
    base = path.rpartition("/")[2]
    stem, dot, extension = base.rpartition(".")
    return struct(
        _type = "File",
        path = path,
        short_path = short_path,
        basename = base,
        dirname = path.rpartition("/")[0] or ".",
        extension = extension if dot else "",
        is_source = is_source,
        is_directory = is_directory,
        is_symlink = False,
        root = struct(_type = "root", path = root),
        owner = owner,
    )

# ---- depset ----------------------------------------------------------------
# A DAG of Starlark values for to_list(); Python mirrors the files of each node, so that actions
# never flatten.  Node identity needs an id from Python: unhashable nodes cannot be told apart.

_ORDERS = {"default": 1, "postorder": 1, "preorder": 1, "topological": 1}

def depset(direct = None, order = "default", *, transitive = None):
    if order not in _ORDERS:
        fail("invalid order %r: default, postorder, preorder or topological" % order)
    if direct == None:
        direct = []
    elif type(direct) != "list" and type(direct) != "tuple":
        if _is(direct, "depset"):
            fail("depset() takes a list; write transitive = [...] for another depset")
        fail("depset() takes a list of direct elements, not %s" % type(direct))
    transitive = transitive or []
    for t in transitive:
        if not _is(t, "depset"):
            fail("depset(transitive = ...) takes depsets, not %s" % type__(t))
        if t._node[3] != order and t._node[3] != "default" and order != "default":
            fail("Order '%s' is incompatible with order '%s'" % (order, t._node[3]))
    transitive = [t for t in transitive if t._node[1] or t._node[2]]
    if not direct:
        if not transitive:
            return _EMPTY[order]
        if len(transitive) == 1 and transitive[0]._node[3] == order:
            return transitive[0]  # as Bazel: long chains of groups stay short
    return _depset(direct, order, transitive)

def _depset(direct, order, transitive):
    # One text crosses to Python: every value that crosses costs as much as a hundred Starlark calls.
    id = py_depset("\n".join(
        [order, ",".join([str(t._node[0]) for t in transitive])] + [x.path for x in direct if _is(x, "File")],
    ))
    node = (id, list(direct), [t._node for t in transitive], order)
    return struct(_type = "depset", _node = node, to_list = lambda: _depset_list(node))

_EMPTY = {order: _depset([], order, []) for order in _ORDERS}

def _depset_list(root):
    order = root[3]
    if order == "topological":
        return _depset_topological(root)
    before = order == "preorder"
    out, seen, stack = {}, {}, [(root, False)]
    for _ in range(1000000000):  # Starlark has no `while`
        if not stack:
            break
        node, done = stack.pop()
        if done:
            for x in node[1]:
                out[x] = True
        elif node[0] not in seen:
            seen[node[0]] = True
            if before or not node[2]:
                for x in node[1]:
                    out[x] = True
            else:
                stack.append((node, True))
            for child in reversed(node[2]):
                stack.append((child, False))
    return out.keys()

def _depset_topological(root):
    out, seen, stack = {}, {}, [(root, False)]
    for _ in range(1000000000):
        if not stack:
            break
        node, done = stack.pop()
        if done:
            for x in reversed(node[1]):
                out[x] = True
        elif node[0] not in seen:
            seen[node[0]] = True
            stack.append((node, True))
            for child in node[2]:
                stack.append((child, False))
    return list(reversed(out.keys()))

# ---- providers -------------------------------------------------------------
# The closure that provider() returns is the constructor and the key in a target's dict at once.

def make_provider__(registry, module):
    def provider(doc = "", *, fields = None, init = None):
        py_top_level("provider()", module)
        if fields != None and type(fields) != "list" and type(fields) != "dict":
            fail("provider(fields = ...) is a list or a dict of names, not %s" % type__(fields))
        if init != None and type(init) != "function":
            fail("provider(init = ...) is a function, not %s" % type__(init))
        allowed = None if fields == None else {f: True for f in fields}

        def raw(**kwargs):
            if allowed != None:
                for key in kwargs:
                    if key not in allowed:
                        fail("got unexpected field '%s' in call to instantiate provider %s; its fields: %s" % (
                            key,
                            provider_name__(constructor),
                            ", ".join(allowed.keys()) or "none",
                        ))
            return struct(_provider = constructor, **kwargs)

        id = py_provider()

        def constructor(*args, **kwargs):
            if "provider_id__" in kwargs:
                return id
            if init == None:
                if args:
                    fail("a provider is instantiated with keyword arguments only")
                return raw(**kwargs)
            made = init(*args, **kwargs)
            if type(made) != "dict":
                fail("a provider's init must return a dict, not %s" % type__(made))
            return raw(**made)

        registry.append(constructor)
        return constructor if init == None else (constructor, raw)

    return provider

_core = []
_provider = make_provider__(_core, "")

DefaultInfo = _provider(fields = ["files", "runfiles", "data_runfiles", "default_runfiles", "executable", "files_to_run"])
OutputGroupInfo = _provider()
RunEnvironmentInfo = _provider(fields = ["environment", "inherited_environment"])
InstrumentedFilesInfo = _provider(fields = ["instrumented_files", "metadata_files"])
PlatformInfo = _provider(fields = ["label"])
ConstraintValueInfo = _provider(fields = ["constraint", "label"])
ConstraintSettingInfo = _provider(fields = ["label", "default_constraint_value"])
BuildSettingInfo__ = _provider(fields = ["value"])

platform_common = struct(
    PlatformInfo = PlatformInfo,
    ConstraintValueInfo = ConstraintValueInfo,
    ConstraintSettingInfo = ConstraintSettingInfo,
)

[
    py_name_provider(constructor(provider_id__ = True), name)
    for name, constructor in [
        ("DefaultInfo", DefaultInfo),
        ("OutputGroupInfo", OutputGroupInfo),
        ("RunEnvironmentInfo", RunEnvironmentInfo),
        ("InstrumentedFilesInfo", InstrumentedFilesInfo),
        ("PlatformInfo", PlatformInfo),
        ("ConstraintValueInfo", ConstraintValueInfo),
        ("ConstraintSettingInfo", ConstraintSettingInfo),
    ]
]

def provider_name__(constructor):
    return py_provider_name(constructor(provider_id__ = True))

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
        )

    return make

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

# ---- transitions -----------------------------------------------------------

def transition(*, implementation, inputs, outputs):
    for what, value in [("inputs", inputs), ("outputs", outputs)]:
        if type(value) != "list":
            fail("transition(%s = ...) is a list of settings, not %s" % (what, type__(value)))
    return struct(_type = "transition", implementation = implementation, inputs = inputs, outputs = outputs)

def _cfg(cfg):
    if cfg == None or type(cfg) == "string":
        return cfg or "target"
    if _is(cfg, "transition"):
        return "transition"
    if _is(cfg, "exec"):
        return "exec"
    fail("cfg is \"target\", \"exec\" or a transition, not %s" % type__(cfg))

config = struct(
    bool = lambda flag = False: struct(_type = "build_setting", kind = "bool", flag = flag),
    int = lambda flag = False: struct(_type = "build_setting", kind = "int", flag = flag),
    string = lambda flag = False, allow_multiple = False: struct(_type = "build_setting", kind = "string", flag = flag),
    string_list = lambda flag = False, repeatable = False: struct(_type = "build_setting", kind = "string_list", flag = flag),
    exec = lambda exec_group = None: struct(_type = "exec"),
    target = lambda: "target",
)

# ---- rules -----------------------------------------------------------------

_OWN = {"name": 1, "visibility": 1, "tags": 1, "testonly": 1, "deprecation": 1, "features": 1}

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
            parent = None):
        py_top_level("rule()", module)
        index = len(registry)
        if type(attrs) != "dict":
            fail("rule(attrs = ...) is a dict of names to attr.string(), attr.label() ..., not %s" % type__(attrs))
        if type(implementation) != "function":
            fail("rule(implementation = ...) is a function, not %s" % type__(implementation))
        if doc != None:
            _text(doc, "doc")
        for name, value in attrs.items():
            _text(name, "the name of an attribute")
            if name in _OWN:
                fail("there is already a built-in attribute '%s', which a rule cannot define anew" % name)
            if not _is(value, "Attribute"):
                fail("attrs[%r] is %s; write attr.string(), attr.label_list() ..." % (name, type__(value)))
            if type(value.default) == "function":
                fail("attrs[%r]: a default that is a function is not supported; let a macro work it out" % name)
        if initializer != None or parent != None:
            fail("rule(): initializer and parent are not supported; write a macro over the rule")
        schema = {
            name: {
                "kind": a.kind,
                "default": plain__(a.default),
                "mandatory": a.mandatory,
                "values": a.values,
                "allow_files": a.allow_files,
                "single": a.single,
                "allow_empty": a.allow_empty,
                "executable": a.executable,
                "cfg": _cfg(a.cfg),
                "doc": a.doc,
                "providers": [[provider_name__(p) for p in one] for one in a.providers],
            }
            for name, a in attrs.items()
        }
        registry.append(struct(
            implementation = implementation,
            attrs = attrs,
            provides = provides,
            cfg = cfg,
            outputs = outputs,
            executable = executable or test,
        ))
        id = py_rule(json.encode({
            "module": module,
            "index": index,
            "schema": schema,
            "doc": doc,
            "executable": executable or test,
            "test": test,
            "cfg": _cfg(cfg),
            "outputs": _texts(outputs, "rule(outputs = ...)") if type(outputs) != "function" else {},
            "build_setting": build_setting.kind if build_setting else "",
        }))

        def instantiate(*args, name = None, **kwargs):
            if args:
                fail("%s() does not accept positional arguments, but got %d" % (py_rule_label(id), len(args)))
            if type(name) != "string":
                fail("%s() needs a name%s" % (
                    py_rule_label(id),
                    "" if name == None else "; it is a string, not %s" % type__(name),
                ))
            py_target(id, name, json.encode({k: plain__(v, k) for k, v in kwargs.items()}), call_stack(strip_frames = 1))

        registry_keys__(registry, instantiate, id)
        return instantiate

    return rule

def registry_keys__(registry, closure, id):
    """Where a rule's closure is found again once its module is evaluated and its name is known."""
    entry = registry[-1]
    registry[-1] = struct(
        implementation = entry.implementation,
        attrs = entry.attrs,
        provides = entry.provides,
        cfg = entry.cfg,
        outputs = entry.outputs,
        executable = entry.executable,
        closure = closure,
        id = id,
    )

def export__(rules, providers, names):
    """After a module is evaluated: tell Python the names its rules and providers were given."""
    by_closure = {r.closure: r.id for r in rules}
    made = {p: True for p in providers}
    for name, value in names.items():
        if type(value) == "function":
            if value in by_closure:
                py_rule_name(by_closure[value], name)
            elif value in made:
                py_name_provider(value(provider_id__ = True), name)

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
        elif _is(value, "FilesToRun"):
            if value.executable:
                paths.append(value.executable.path)
            ids.append(value._runfiles.files._node[0])
        elif value != None:
            fail("%s takes Files or a depset of them, not %s" % (what, type__(value)))
    return ids, paths

def actions__(target, label):
    def _declare(filename, sibling, directory):
        _text(filename, "a file name")
        if sibling != None:
            prefix = sibling.dirname[len(sibling.root.path) + 1:] if not sibling.is_source else ""
            package = label.workspace_root + "/" + label.package if label.workspace_root else label.package
            inside = prefix[len(package):].lstrip("/")
            filename = inside + "/" + filename if inside else filename
        path, root, short_path = py_declare(target, filename, directory).split("\n")
        return file__(path, root, short_path, label, False, directory)

    def declare_file(filename, *, sibling = None):
        return _declare(filename, sibling, False)

    def declare_directory(filename, *, sibling = None):
        return _declare(filename, sibling, True)

    def _emit(mnemonic, argv, inputs, outputs, **more):
        _text(mnemonic, "mnemonic")
        if more.get("progress_message") != None:
            _text(more["progress_message"], "progress_message")
        ids, paths = _inputs(inputs, "inputs")
        tool_ids, tool_paths = _inputs(more.pop("tools", None), "tools", runfiles = True)
        for one in outputs:
            if not _is(one, "File"):
                fail("outputs are declared Files, not %s" % type__(one))
        py_action(target, json.encode(dict(
            mnemonic = mnemonic,
            argv = argv,
            inputs = [ids + tool_ids, paths],
            tools = tool_paths,
            outputs = [f.path for f in outputs],
            **more
        )))

    def _argv(arguments):
        out, params = [], []
        for one in arguments or []:
            if _is(one, "Args"):
                param = one._param()
                if param.get("param"):
                    params.append({"items": one._items, "param": param["param"], "format": param.get("format", "shell")})
                    out.append({"x": len(params) - 1})
                else:
                    out.extend(one._items)
            elif type(one) == "string":
                out.append(one)
            else:
                fail("arguments holds strings and ctx.actions.args(), not %s" % type__(one))
        return out, params

    def run(
            *,
            outputs,
            inputs = [],
            unused_inputs_list = None,
            executable,
            tools = None,
            arguments = [],
            mnemonic = None,
            progress_message = None,
            use_default_shell_env = False,
            env = None,
            execution_requirements = None,
            input_manifests = None,
            exec_group = None,
            shadowed_action = None,
            resource_set = None,
            toolchain = None):
        tool_list = tools.to_list() if _is(tools, "depset") else list(tools or [])
        if _is(executable, "op"):
            head = ["rulesengine-op", executable.key]
        elif _is(executable, "File"):
            head = [{"p": executable.path, "f": "%s"}]
            tool_list.append(executable)
        elif _is(executable, "FilesToRun"):
            head = [{"p": executable.executable.path, "f": "%s"}]
            tool_list.append(executable)
        elif type(executable) == "string":
            head = [executable]
        else:
            fail("executable is a File, a string or op(\"NAME\"), not %s" % type__(executable))
        argv, params = _argv(arguments)
        _emit(
            mnemonic or (executable.name if _is(executable, "op") else "Action"),
            head + argv,
            inputs,
            outputs,
            tools = tool_list,
            params = params,
            progress_message = progress_message,
            env = _texts(env, "env"),
            default_env = bool(use_default_shell_env),
            requirements = _texts(execution_requirements, "execution_requirements"),
        )

    def run_shell(
            *,
            outputs,
            inputs = [],
            tools = None,
            arguments = [],
            mnemonic = None,
            command,
            progress_message = None,
            use_default_shell_env = False,
            env = None,
            execution_requirements = None,
            input_manifests = None,
            exec_group = None,
            shadowed_action = None,
            resource_set = None,
            toolchain = None):
        argv, params = _argv(arguments)
        _emit(
            mnemonic or "Action",
            ["/bin/bash", "-c", _text(command, "command")] + ([""] + argv if argv else []),
            inputs,
            outputs,
            tools = tools.to_list() if _is(tools, "depset") else list(tools or []),
            params = params,
            progress_message = progress_message,
            env = _texts(env, "env"),
            default_env = bool(use_default_shell_env),
            requirements = _texts(execution_requirements, "execution_requirements"),
        )

    def write(output, content, is_executable = False, *, mnemonic = None):
        if _is(content, "Args"):
            lines = {"lines": content._items}
        elif type(content) == "string":
            lines = content
        else:
            fail("content is a string or ctx.actions.args(), not %s" % type__(content))
        _emit(
            mnemonic or "FileWrite",
            ["rulesengine-op", py_op("write"), "--executable", "true" if is_executable else "false", "--content", lines] +
            ["--out", {"p": output.path, "f": "%s"}],
            [],
            [output],
            progress_message = "Writing " + output.short_path,
        )

    def expand_template(*, template, output, substitutions = {}, is_executable = False, computed_substitutions = None):
        _emit(
            "TemplateExpand",
            ["rulesengine-op", py_op("expand_template"), "--executable", "true" if is_executable else "false"] +
            ["--substitutions", json.encode(_texts(substitutions, "substitutions")), "--template", {"p": template.path, "f": "%s"}] +
            ["--out", {"p": output.path, "f": "%s"}],
            [template],
            [output],
            progress_message = "Expanding template " + output.short_path,
        )

    def symlink(*, output, target_file = None, target_path = None, is_executable = False, progress_message = None, use_exec_root_for_source = False):
        if target_file == None:
            fail("ctx.actions.symlink needs target_file here")
        _emit(
            "Symlink",
            ["rulesengine-op", py_op("copy"), "--from", {"p": target_file.path, "f": "%s"}] +
            (["--executable", "true"] if is_executable else []) + ["--out", {"p": output.path, "f": "%s"}],
            [target_file],
            [output],
            progress_message = progress_message,
        )

    def fetch(*, output, sha256, size, kind, path, snapshot = ""):
        """A file by its digest, from whichever configured mirror of `kind` has it."""
        for what, value in [("sha256", sha256), ("kind", kind), ("path", path), ("snapshot", snapshot)]:
            _text(value, what)
        if type(size) != "int":
            fail("size is a number of bytes, not %s" % type__(size))
        _emit(
            "Fetch",
            ["rulesengine-op", py_op("fetch"), "--sha256", sha256, "--size", str(size), "--kind", kind, "--path", path] +
            (["--snapshot", snapshot] if snapshot else []) + ["--out", {"p": output.path, "f": "%s"}],
            [],
            [output],
            pin = [sha256, size],
            progress_message = "Fetching " + path.rpartition("/")[2],
        )

    def do_nothing(*, mnemonic = None, inputs = []):
        pass

    return struct(
        _type = "actions",
        args = args__,
        declare_directory = declare_directory,
        declare_file = declare_file,
        do_nothing = do_nothing,
        expand_template = expand_template,
        fetch = fetch,
        run = run,
        run_shell = run_shell,
        symlink = symlink,
        write = write,
    )

# ---- runfiles --------------------------------------------------------------

def runfiles__(files, symlinks = _EMPTY["default"], root_symlinks = _EMPTY["default"]):
    def merge(other):
        return merge_all([other])

    def merge_all(others):
        return runfiles__(
            depset(transitive = [files] + [o.files for o in others]),
            depset(transitive = [symlinks] + [o.symlinks for o in others]),
            depset(transitive = [root_symlinks] + [o.root_symlinks for o in others]),
        )

    return struct(
        _type = "runfiles",
        files = files,
        symlinks = symlinks,
        root_symlinks = root_symlinks,
        empty_filenames = _EMPTY["default"],
        merge = merge,
        merge_all = merge_all,
    )

def _union(a, b):
    out = dict(a)
    out.update(b)
    return out

def _links(given, name):
    """`symlinks` of ctx.runfiles(), a dict or a depset of entries, as a depset."""
    if _is(given, "depset"):
        return given
    if type(given) != "dict":
        fail("ctx.runfiles(%s = ...) takes a dict or a depset, not %s" % (name, type__(given)))
    return depset([struct(_type = "SymlinkEntry", path = path, target_file = file) for path, file in given.items()])

def _ctx_runfiles(attrs):
    def runfiles(files = [], transitive_files = None, collect_data = False, collect_default = False, symlinks = {}, root_symlinks = {}):
        made = runfiles__(
            depset(files, transitive = [transitive_files] if transitive_files else []),
            _links(symlinks, "symlinks"),
            _links(root_symlinks, "root_symlinks"),
        )
        if collect_data or collect_default:
            infos = [
                one[DefaultInfo]
                for name in ["srcs", "data", "deps"]
                for one in (attrs[name] if type(attrs.get(name)) == "list" else [])
                if type(one) == "dict" and DefaultInfo in one
            ]
            made = made.merge_all([one.data_runfiles if collect_data else one.default_runfiles for one in infos])
        return made

    return runfiles

# ---- targets and analysis --------------------------------------------------

def dot__(value, name):
    """`target.label`, `target.files` …: a target is a dict, everything else has real attributes."""
    if type(value) != "dict":
        if _is(value, "Label"):
            if name == "same_package_label":
                return lambda target_name: label__(value.repo_name, value.package, target_name)
            if name == "relative":
                return lambda relative: label__(*py_label(relative, value.repo_name, value.package))
        return getattr(value, name)
    if "label__" not in value:
        if name in _SET_METHODS and not hasattr(value, name):
            return _SET_METHODS[name](value)
        return getattr(value, name)
    if name == "label":
        return value["label__"]
    if name == "files":
        return value[DefaultInfo].files
    if name == "files_to_run":
        return value[DefaultInfo].files_to_run
    if name == "data_runfiles":
        return value[DefaultInfo].data_runfiles
    if name == "default_runfiles":
        return value[DefaultInfo].default_runfiles
    return getattr(value, name)

def file_target__(spec):
    """A source file, or one output of a rule, as a dependency."""
    spec = json.decode(spec)
    label = label__(*spec["label"])
    path, root, short_path, is_source, is_directory = spec["file"]
    file = file__(path, root, short_path, label__(*spec["owner"]), is_source, is_directory)
    return {
        "label__": label,
        DefaultInfo: _default_info(depset([file]), runfiles__(depset()), file),
    }

def _default_info(files, runfiles, executable, data_runfiles = None):
    return DefaultInfo(
        files = files,
        default_runfiles = runfiles,
        data_runfiles = data_runfiles or runfiles,
        files_to_run = struct(
            _type = "FilesToRun",
            executable = executable,
            _runfiles = runfiles,
            runfiles_manifest = None,
        ),
    )

def _check_providers(target, name, alternatives, owner):
    if not alternatives:
        return
    for one in alternatives:
        if all([p in target for p in one]):
            return
    fail("%s: attribute '%s': %s does not have mandatory providers: %s" % (
        owner._text,
        name,
        target["label__"]._text,
        " or ".join([" and ".join(["'%s'" % provider_name__(p) for p in one]) for one in alternatives]),
    ))

def _link(value, schema, name, deps, owner):
    """A label value of the resolved attributes as a target."""
    target = deps[value]
    _check_providers(target, name, schema.providers, owner)
    return target

def analyze__(rule, spec, deps):
    """Run one rule implementation.  spec: JSON from Python; label values are indices into deps.

    Dicts whose order matters are lists of pairs there: json.decode() sorts keys.
    """
    spec = json.decode(spec)
    label = label__(*spec["label"])
    attrs, files, file, executable, split, outputs = {}, {}, {}, {}, {}, {}
    for name, value in spec["attrs"]:
        schema = rule.attrs.get(name)
        kind = schema.kind if schema else "string"
        if kind == "label" or kind == "label_list" or kind == "label_keyed_string_dict" or kind == "string_keyed_label_dict":
            if name in spec["split"]:
                branches = {}
                for key, one in spec["split"][name]:
                    branches[key] = _targets(kind, one, schema, name, deps, label)
                split[name] = branches
                flat = []
                for one in branches.values():
                    flat.extend(one if type(one) == "list" else ([one] if one else []))
                made = flat
                listed = flat
            else:
                made = _targets(kind, value, schema, name, deps, label)
                if kind == "label":
                    listed = [made] if made != None else []
                elif kind == "label_list":
                    listed = made
                elif kind == "label_keyed_string_dict":
                    listed = made.keys()
                else:
                    listed = made.values()
            attrs[name] = made
            of = []
            for target in listed:
                of.extend(target[DefaultInfo].files.to_list())
            if len(listed) > 1:
                of = {f.path: f for f in of}.values()
            files[name] = of
            if schema.single:
                if len(of) > 1:
                    fail("%s: attribute '%s': %s must produce a single file, but it has %d" % (
                        label._text,
                        name,
                        listed[0]["label__"]._text,
                        len(of),
                    ))
                file[name] = of[0] if of else None
            if schema.executable:
                run = [t[DefaultInfo].files_to_run.executable or (t[DefaultInfo].files.to_list() + [None])[0] for t in listed]
                executable[name] = run[0] if run else None
        elif kind == "output" or kind == "output_list":
            declared = [_output(spec["id"], one, label) for one in ([value] if kind == "output" and value else value or [])]
            outputs[name] = (declared[0] if declared else None) if kind == "output" else declared
            attrs[name] = [label__(label.repo_name, label.package, one) for one in value or []] if kind == "output_list" else (label__(label.repo_name, label.package, value) if value else None)
        elif kind == "string_dict" or kind == "string_list_dict":
            attrs[name] = {key: one for key, one in value}
        else:
            attrs[name] = value
    for name, filename in spec["outputs"]:
        outputs[name] = _output(spec["id"], filename, label)
    default_executable = None
    if rule.executable:
        default_executable = _output(spec["id"], label.name, label)
        outputs["executable"] = default_executable
    bin_dir = struct(_type = "root", path = spec["bin_dir"])
    ctx = struct(
        _type = "ctx",
        label = label,
        attr = struct(**attrs),
        files = struct(**files),
        file = struct(**file),
        executable = struct(**executable),
        outputs = struct(**outputs),
        split_attr = struct(**split),
        actions = actions__(spec["id"], label),
        bin_dir = bin_dir,
        genfiles_dir = bin_dir,
        var = spec["vars"],
        workspace_name = spec["workspace"],
        build_file_path = spec["build_file"],
        configuration = struct(host_path_separator = ":", default_shell_env = {}, coverage_enabled = False),
        target_platform = struct(**spec["platform"]),
        target_platform_has_constraint = lambda value: value[ConstraintValueInfo].label._text in spec["constraints"],
        build_setting_value = spec["setting"],
        runfiles = _ctx_runfiles(attrs),
        expand_location = lambda input, targets = []: _expand_location(
            _text(input, "input"),
            spec["label"],
            attrs,
            targets,
        ),
        expand_make_variables = lambda attribute_name, command, additional_substitutions = {}: _expand_make(
            _text(command, "command"),
            _union(spec["vars"], _texts(additional_substitutions, "additional_substitutions")),
        ),
        features = [],
        disabled_features = [],
        coverage_instrumented = lambda target = None: False,
    )
    got = rule.implementation(ctx)
    target = {"label__": label}
    if type(got) == "struct" and hasattr(got, "_provider"):
        got = [got]
    elif got == None:
        got = []
    elif type(got) != "list":
        fail("%s: the rule's implementation must return a list of providers, not %s" % (label._text, type__(got)))
    for one in got:
        if type(one) != "struct" or not hasattr(one, "_provider"):
            fail("%s: the rule's implementation returned %s among its providers" % (label._text, type__(one)))
        if one._provider in target:
            fail("%s: the rule's implementation returned %s twice" % (label._text, provider_name__(one._provider)))
        target[one._provider] = one
    default = target.get(DefaultInfo)
    run = getattr(default, "executable", None) if default else None
    if run == None and rule.executable:
        run = default_executable
    given = getattr(default, "files", None) if default else None
    if given == None:
        implicit = []
        for one in outputs.values():
            implicit.extend(one if type(one) == "list" else ([one] if one else []))
        if run and not rule.executable:
            implicit.append(run)
        given = depset(implicit) if not (default and run and rule.executable) else depset([run])
    runfiles = None
    if default:
        runfiles = getattr(default, "runfiles", None) or getattr(default, "default_runfiles", None)
    runfiles = runfiles or runfiles__(depset())
    if run:
        runfiles = runfiles__(depset([run], transitive = [runfiles.files]), runfiles.symlinks, runfiles.root_symlinks)
    target[DefaultInfo] = _default_info(given, runfiles, run, getattr(default, "data_runfiles", None) if default else None)
    for one in rule.provides:
        if one not in target:
            fail("%s: the rule advertises %s, but its implementation did not return it" % (label._text, provider_name__(one)))
    groups = {}
    if OutputGroupInfo in target:
        info = target[OutputGroupInfo]
        for name in dir(info):
            if not name.startswith("_"):
                value = getattr(info, name)
                groups[name] = (value if _is(value, "depset") else depset(value))._node[0]
    else:
        target[OutputGroupInfo] = _NO_GROUPS
    environment = {}
    if RunEnvironmentInfo in target:
        environment = _texts(getattr(target[RunEnvironmentInfo], "environment", {}), "RunEnvironmentInfo.environment")
    py_done(spec["id"], json.encode({
        "files": given._node[0],
        "executable": run.path if run else None,
        "runfiles": runfiles.files._node[0],
        "groups": groups,
        "providers": [provider_name__(p) for p in target if type(p) == "function" and (p != OutputGroupInfo or target[p] != _NO_GROUPS)],
        "environment": environment,
    }))
    return target

_NO_GROUPS = OutputGroupInfo()

def _targets(kind, value, schema, name, deps, owner):
    if kind == "label":
        return None if value == None else _link(value, schema, name, deps, owner)
    if kind == "label_list":
        return [_link(one, schema, name, deps, owner) for one in value or []]
    if kind == "string_keyed_label_dict":
        return {key: _link(one, schema, name, deps, owner) for key, one in value or []}

    # A target is a dict, which cannot be a key: pairs take its place.
    return keyed__([(_link(one, schema, name, deps, owner), text) for one, text in value or []])

def keyed__(pairs):
    return struct(
        items = lambda: pairs,
        keys = lambda: [key for key, _ in pairs],
        values = lambda: [value for _, value in pairs],
    )

def _output(id, filename, label):
    path, root, short_path = py_declare(id, filename, False).split("\n")
    return file__(path, root, short_path, label, False)

def _expand_location(input, label, attrs, targets):
    return py_expand_location(input, json.encode([label, _locations(attrs, targets)])) if "$(" in input else input

def _expand_make(command, variables):
    return py_expand_make(command, json.encode(variables)) if "$" in command else command

def _locations(attrs, targets):
    """Label text -> execution paths of every dependency that $(location) may name."""
    known = {}
    for value in attrs.values():
        for one in value if type(value) == "list" else [value]:
            if type(one) == "dict" and "label__" in one:
                known[one["label__"]._text] = [[f.path, f.short_path] for f in one[DefaultInfo].files.to_list()]
            elif _is(one, "Label"):
                known[one._text] = [[py_output_path(one._text), ""]]
    for one in targets:
        known[one["label__"]._text] = [[f.path, f.short_path] for f in one[DefaultInfo].files.to_list()]
    return known

def transition__(cfg, settings, attrs):
    return _answer(cfg.implementation(settings, struct(**attrs)), 0)

def _answer(value, depth):
    """What a transition returned, as plain data."""
    t = type(value)
    if t == "string" or t == "int" or t == "bool" or t == "NoneType":
        return value
    if _is(value, "Label"):
        return value._str
    if depth < 5:
        if t == "list" or t == "tuple":
            return [_answer(v, depth + 1) for v in value]
        if t == "dict":
            return {_text(str__(k), "a setting"): _answer(v, depth + 1) for k, v in value.items()}
    fail("a transition returns a dict of settings, a list of them or a dict of them; it holds a %s" % type__(value))

def transition_ports__(cfg):
    return {"inputs": [_text(str__(x), "an input") for x in cfg.inputs], "outputs": [_text(str__(x), "an output") for x in cfg.outputs]}

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
        return "[%s]" % ", ".join([_repr(v) for v in x])
    elif type(x) == "tuple":
        return "(%s%s)" % (", ".join([_repr(v) for v in x]), "," if len(x) == 1 else "")
    elif type(x) == "float":
        return _float(x)
    elif type(x) == "range":
        text = str(x)
        return text if "," in text else text.replace("(", "(0, ")
    return str(x)

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

def set(elements = []):
    """A set is a dict here: `in`, len(), iteration, truth and `|` work as they are; `dot__` has the methods."""
    return {x: None for x in elements}

def _set_update(value, others):
    for other in others:
        for x in other:
            value[x] = None

def _set_discard(value, x):
    value.pop(x, None)

_SET_METHODS = {
    "add": lambda value: lambda x: _set_update(value, [[x]]),
    "update": lambda value: lambda *others: _set_update(value, others),
    "discard": lambda value: lambda x: _set_discard(value, x),
    "remove": lambda value: lambda x: value.pop(x) and None,
    "union": lambda value: lambda *others: set(list(value) + [x for other in others for x in other]),
    "intersection": lambda value: lambda other: {x: None for x in value if x in other},
    "difference": lambda value: lambda other: {x: None for x in value if x not in other},
    "symmetric_difference": lambda value: lambda other: {x: None for x in list(value) + list(other) if (x in value) != (x in other)},
    "issubset": lambda value: lambda other: all([x in other for x in value]),
    "issuperset": lambda value: lambda other: all([x in value for x in other]),
}

def make_print__(path):
    def print(*args, sep = " "):
        py_print(path, sep.join([x if type(x) == "string" else str__(x) for x in args]), call_stack(strip_frames = 1))

    return print

# ---- native ----------------------------------------------------------------

def _glob(include = [], exclude = [], exclude_directories = 1, allow_empty = True):
    return py_glob(include, exclude, exclude_directories, allow_empty)

def _package(
        *,
        default_visibility = None,
        default_testonly = False,
        default_deprecation = None,
        features = [],
        default_applicable_licenses = [],
        default_package_metadata = [],
        default_compatible_with = [],
        default_restricted_to = []):
    py_package(
        None if default_visibility == None else plain__(default_visibility),
        default_testonly,
    )

def _exports_files(srcs, visibility = None, licenses = None):
    py_exports_files(plain__(srcs), None if visibility == None else plain__(visibility))

def _package_group(*, name, packages = [], includes = []):
    py_package_group(name, packages, plain__(includes), call_stack(strip_frames = 1))

def _existing_rule(name):
    text = py_existing_rule(_text(name, "a target's name"))
    return None if text == None else json.decode(text)

def _existing_rules():
    return json.decode(py_existing_rules())

def _read_json(path):
    """A JSON file of the package, read and tracked at loading time; None when it is not there."""
    text = py_read_file(path)
    return None if text == None else json.decode(text)

native_core__ = dict(
    glob = _glob,
    package = _package,
    exports_files = _exports_files,
    package_group = _package_group,
    existing_rule = _existing_rule,
    existing_rules = _existing_rules,
    package_name = lambda: py_package_name(),
    repository_name = lambda: py_repository_name(),
    repo_name = lambda: py_repository_name().lstrip("@"),
    module_name = lambda: py_module_name(),
    package_relative_label = lambda input: input if _is(input, "Label") else label__(*py_package_label(input)),
    read_json = _read_json,
)
