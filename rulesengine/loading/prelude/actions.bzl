# ---- ctx.actions -----------------------------------------------------------
# The functions are made once, and bound to a target by partial(): to make closures anew for each target would cost
# more than what most implementations do.  Their first parameter is (number, label, functions that look into trees,
# names of execution groups, log) of the target.
#
# A log is what a target declared and Python was not told yet, kinds of its files by path, and what their paths have in
# common: (list, dict, start of the path, start of the short path, root, what earlier targets of the wave said).  What
# can be wrong is told at once, so that the error has its place; the rest is told together with the wave.  The kind of a
# file is 1 once an action of usual parts makes it; another action sets the kind of "" to 0.  Where all are 1, Python
# has no need to look at the actions before somebody wants them.

_TOGETHER = 200

def log__(bin_dir, label, said):
    below = (label.workspace_root + "/" if label.workspace_root else "") + (label.package + "/" if label.package else "")
    short = "../" + below[len("external/"):] if label.workspace_root else below
    return [], {}, bin_dir.path + "/" + below, short, bin_dir, said

def say__(said):
    """Tell Python what the targets that are done said: a line on all of them, and one on what each declared."""
    if said[0]:
        if py_said("\n".join([str(said[0])] + [str(told) if usual else json.encode(told) for told, usual in said[1]])):  # see depset.bzl
            py_said("\n".join([json.encode(said[0])] + [json.encode(told) for told, _ in said[1]]))
        said[0].clear()
        said[1].clear()

def tell__(target, log):
    """Tell Python what a target declared up to now."""
    say__(log[5])
    log[1][""] = 0
    if log[0]:
        py_told(json.encode([target, log[0]]))
        log[0].clear()

def declare__(target, label, log, filename, kind = ""):
    """A file that a target makes."""
    told, known, path, short, root, _ = log
    path += filename
    if path in known or not _is_usual(filename):
        tell__(target, log)
        py_declare("%d\n%s\n%s" % (target, kind, filename))
    else:
        told.append([kind, filename] if kind else filename)
    known[path] = kind
    return file__(path, root, short + filename, label, False, kind)

def _is_usual(filename):
    """Whether a name is one of a file inside of the package, at a look."""
    if not filename.replace("/", "a").replace("_", "a").replace("-", "a").replace(".", "a").isalnum():
        return False
    if "/" not in filename:
        return filename[0] != "."
    return filename[0] not in "/." and not ("//" in filename or "/." in filename or filename.endswith("/"))

def _make_actions():
    def _declare(me, filename, sibling, kind):
        target, label, _, _, log = me
        function = "declare_" + (kind or "file")
        _typed(filename, "string", function, "filename", "string")
        if sibling != None:
            _typed(sibling, "File", function, "sibling", "File or NoneType")
            prefix = sibling.dirname[len(sibling.root.path) + 1:] if not sibling.is_source else ""
            package = label.workspace_root + "/" + label.package if label.workspace_root else label.package
            inside = prefix[len(package):].lstrip("/")
            filename = inside + "/" + filename if inside else filename
        return declare__(target, label, log, filename, kind)

    def declare_file(me__, filename, *, sibling = None):
        return _declare(me__, filename, sibling, "")

    def declare_directory(me__, filename, *, sibling = None):
        return _declare(me__, filename, sibling, "directory")

    def declare_symlink(me__, filename, *, sibling = None):
        return _declare(me__, filename, sibling, "symlink")

    def _emit(me, mnemonic, argv, inputs, outputs, paths = [], **more):
        ids, input_paths = _inputs(inputs, "inputs")
        tool_ids, tool_paths = _inputs(more.pop("tools", None), "tools", runfiles = True)
        if tool_paths:
            more["tools"] = tool_paths
        ids += tool_ids
        paths = input_paths + paths
        if len(ids) == 1 and not paths and type(ids[0]) == "list":
            paths = ids[0]  # a small depset: its files' paths stand for it
        elif ids:
            more["ids"] = ids
        told, known = me[4][0], me[4][1]
        if tool_paths or "params" in more or more.get("requirements") or [1 for one in argv if type(one) != "string" and "p" not in one]:
            known[""] = 0
        for f in outputs:
            known[f.path if known.get(f.path) == "" else ""] = 1 if known.get(f.path) == "" else 0
        told.append(dict(
            mnemonic = mnemonic,
            argv = argv,
            paths = paths,
            outputs = [f.path for f in outputs],
            **more
        ))
        if len(told) > _TOGETHER or more.get("requirements") or "pin" in more or any([f.is_source for f in outputs]):
            tell__(me[0], me[4])

    def _items(late, args):
        """What Args holds; its functions that look into trees are kept with the target."""
        items = args._items
        if args._late:
            base = len(late)
            late.extend(args._late)
            items = [
                one if type(one) == "string" or "v" not in one else _union(one, {
                    "v": [x if type(x) == "string" or "l" not in x else {"l": x["l"] + base, "f": x["f"]} for x in one["v"]],
                })
                for one in items
            ]
        if args._param().get("format") == "flag_per_line":
            starts = args._starts
            return [{"g": items[start:end]} for start, end in zip(starts, starts[1:] + [len(items)])]
        return items

    def _argv(me, arguments):
        out, params = [], []
        for one in arguments or []:
            if _is(one, "Args"):
                param = one._param()
                if param.get("param"):
                    params.append({"items": _items(me[2], one), "param": param["param"], "format": param.get("format", "shell")})
                    out.append({"x": len(params) - 1})
                else:
                    out.extend(_items(me[2], one))
            elif type(one) == "string":
                out.append(one)
            else:
                fail("expected list of strings or ctx.actions.args() for arguments instead of %s" % type__(one))
        return out, params

    def _requirements(given, resource_set, inputs):
        """execution_requirements, with what a resource_set function says as the tags that say the same."""
        requirements = given
        if resource_set == None:
            return requirements
        needed = resource_set("linux", len(inputs.to_list() if _is(inputs, "depset") else inputs))
        if type(needed) != "dict":
            fail("resource_set returns a dict, not %s" % type__(needed))
        requirements = dict(requirements or {})
        for name, amount in needed.items():
            if name not in ("cpu", "memory", "local_test"):
                fail("resource_set: Illegal resource keys: (%s); cpu, memory and local_test are known" % name)
            if type(amount) not in ("int", "float"):
                fail("resource_set: %s is %r, not a number" % (name, amount))
            requirements["resources:%s:%s" % (name, amount)] = ""
        return requirements

    def _spawn(
            me__,
            function,
            head,
            outputs,
            inputs,
            unused_inputs_list,
            tools,
            arguments,
            mnemonic,
            progress_message,
            use_default_shell_env,
            env,
            execution_requirements,
            input_manifests,
            exec_group,
            shadowed_action,
            resource_set,
            toolchain):
        """What run() and run_shell() have in common.  head: the command line before the arguments."""
        _sequence(outputs, function, "outputs", "sequence")
        for index, one in enumerate(outputs):
            if not _is(one, "File"):
                fail("at index %d of outputs, got element of type %s, want File" % (index, type__(one)))
        if not outputs:
            fail("param 'outputs' may not be empty")
        if type(use_default_shell_env) != "bool":
            _typed(use_default_shell_env, "bool", function, "use_default_shell_env", "bool")
        if type(tools) != "list" and tools != None and not _is(tools, "depset"):
            _sequence(tools, function, "tools", "sequence or depset")
        if type(inputs) != "list" and not _is(inputs, "depset"):
            _sequence(inputs, function, "inputs", "sequence or depset")
        if arguments:
            _sequence(arguments, function, "arguments", "sequence")
        if mnemonic != None:
            _typed(mnemonic, "string", function, "mnemonic", "string or NoneType")
            if not mnemonic.isalnum():
                fail('mnemonic must only contain letters and/or digits, and have non-zero length, was: "%s"' % mnemonic)
        if progress_message != None:
            _typed(progress_message, "string", function, "progress_message", "string or NoneType")
        if unused_inputs_list != None:
            _typed(unused_inputs_list, "File", function, "unused_inputs_list", "File or NoneType")
        if input_manifests != None:
            _sequence(input_manifests, function, "input_manifests", "sequence or NoneType")
        if resource_set != None and type(resource_set) != "function":
            _typed(resource_set, "function", function, "resource_set", "callable or NoneType")
        if exec_group != None:
            _typed(exec_group, "string", function, "exec_group", "string or NoneType")
            if exec_group not in me__[3]:
                fail("Action declared for non-existent exec group '%s'." % exec_group)
        tools = tools.to_list() if _is(tools, "depset") else list(tools or [])
        env = _dict(env, function, "env")
        more = []
        if shadowed_action != None:
            _typed(shadowed_action, "Action", function, "shadowed_action", "Action")
            env = _union(shadowed_action.env, env)
            more = [f.path for f in shadowed_action.inputs.to_list()]
        argv, params = _argv(me__, arguments)
        if function == "run_shell" and argv:
            head.append("")
        else:
            tools.extend([one for one in head if type(one) != "string" and type(one) != "dict"])
        told = {}
        if params:
            told["params"] = params
        if progress_message:
            told["progress_message"] = progress_message
        if env:
            told["env"] = env
        if use_default_shell_env:
            told["default_env"] = 1
        if execution_requirements != None or resource_set != None:
            told["requirements"] = _requirements(_dict(execution_requirements, function, "execution_requirements"), resource_set, inputs)
        _emit(
            me__,
            mnemonic or "Action",
            [{"p": one.path, "f": "%s"} if _is(one, "File") else {"p": one.executable.path, "f": "%s"} if _is(one, "FilesToRun") else one for one in head] + argv,
            inputs,
            outputs,
            more,
            tools = tools,
            **told
        )

    def run(
            me__,
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
        if _is(executable, "op"):
            head = ["rulesengine-op", executable.key]
            mnemonic = mnemonic or executable.name.replace("_", "")
        elif type(executable) == "string" or _is(executable, "File") or _is(executable, "FilesToRun"):
            head = [executable]
        else:
            fail("in call to run(), parameter 'executable' got value of type '%s', want 'File, string, or FilesToRunProvider'" % type__(executable))
        _spawn(
            me__,
            "run",
            head,
            outputs,
            inputs,
            unused_inputs_list,
            tools,
            arguments,
            mnemonic,
            progress_message,
            use_default_shell_env,
            env,
            execution_requirements,
            input_manifests,
            exec_group,
            shadowed_action,
            resource_set,
            toolchain,
        )

    def run_shell(
            me__,
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
        if type(command) == "list" or type(command) == "tuple":
            fail("'command' must be of type string. passing a sequence of strings as 'command' is deprecated.")
        _typed(command, "string", "run_shell", "command", "string or sequence")
        _spawn(
            me__,
            "run_shell",
            ["/bin/bash", "-c", command],
            outputs,
            inputs,
            None,
            tools,
            arguments,
            mnemonic,
            progress_message,
            use_default_shell_env,
            env,
            execution_requirements,
            input_manifests,
            exec_group,
            shadowed_action,
            resource_set,
            toolchain,
        )

    def write(me__, output, content, is_executable = False, *, mnemonic = None):
        _typed(output, "File", "write", "output", "File")
        _typed(is_executable, "bool", "write", "is_executable", "bool")
        if mnemonic != None:
            _typed(mnemonic, "string", "write", "mnemonic", "string or NoneType")
        trees = []
        if _is(content, "Args"):
            lines = {"lines": _items(me__[2], content), "form": content._param().get("format", "shell")}
            trees = [x["d"] for one in content._items if type(one) != "string" and "v" in one for x in one["v"] if type(x) != "string" and "d" in x]
        elif type(content) == "string":
            lines = content
        else:
            _typed(content, "string", "write", "content", "string or Args")
        _emit(
            me__,
            mnemonic or "FileWrite",
            ["rulesengine-op", py_op("write"), "--executable", "true" if is_executable else "false", "--content", lines] +
            ["--out", {"p": output.path, "f": "%s"}],
            [],
            [output],
            trees,
            progress_message = "Writing " + output.short_path,
        )

    def expand_template(me__, *, template, output, substitutions = {}, is_executable = False, computed_substitutions = None):
        _typed(template, "File", "expand_template", "template", "File")
        _typed(output, "File", "expand_template", "output", "File")
        _typed(is_executable, "bool", "expand_template", "is_executable", "bool")
        substitutions = _dict(substitutions, "expand_template", "substitutions")
        if computed_substitutions != None:
            _typed(computed_substitutions, "TemplateDict", "expand_template", "computed_substitutions", "TemplateDict or NoneType")
            substitutions = _union(substitutions, computed_substitutions._values)
        _emit(
            me__,
            "TemplateExpand",
            ["rulesengine-op", py_op("expand_template"), "--executable", "true" if is_executable else "false"] +
            ["--substitutions", json.encode(substitutions), "--template", {"p": template.path, "f": "%s"}] +
            ["--out", {"p": output.path, "f": "%s"}],
            [template],
            [output],
            progress_message = "Expanding template " + output.short_path,
        )

    def symlink(me__, *, output, target_file = None, target_path = None, is_executable = False, progress_message = None, use_exec_root_for_source = False):
        _typed(output, "File", "symlink", "output", "File")
        if progress_message != None:
            _typed(progress_message, "string", "symlink", "progress_message", "string or NoneType")
        if (target_file == None) == (target_path == None):
            fail('Exactly one of "target_file" or "target_path" is required')
        if target_path != None:
            _typed(target_path, "string", "symlink", "target_path", "string or NoneType")
            if not output.is_symlink:
                fail('symlink() with "target_path" param requires that "output" be declared as a symlink, not a file or directory ' +
                     "(did you mean to use declare_symlink() instead of declare_file() or declare_directory()?)")
            if is_executable:
                fail('"is_executable" cannot be True when using "target_path"')
            words, inputs = ["--target", _normal(target_path)], []
        else:
            _typed(target_file, "File", "symlink", "target_file", "File or NoneType")
            if output.is_symlink:
                fail('symlink() with "target_file" param requires that "output" be declared as a file or directory, not a symlink ' +
                     "(did you mean to use declare_file() or declare_directory() instead of declare_symlink()?)")
            if target_file.is_directory != output.is_directory:
                kinds = ("directory", "file") if target_file.is_directory else ("file", "directory")
                fail('symlink() with "target_file" %s param requires that "output" be declared as a %s ' % (kinds[0], kinds[0]) +
                     "(did you mean to use declare_%s() instead of declare_%s()?)" % kinds)
            if is_executable and output.is_directory:
                fail('symlink() with "output" directory param cannot be executable')
            words = ["--from", {"p": target_file.path, "f": "%s"}]
            if is_executable:
                words += ["--executable", "true"]
                if target_file.is_source:
                    words += ["--checked", "true"]
            inputs = [target_file]
        _emit(
            me__,
            "UnresolvedSymlink" if target_path != None else "ExecutableSymlink" if is_executable else "Symlink",
            ["rulesengine-op", py_op("symlink" if target_path != None else "copy")] + words + ["--out", {"p": output.path, "f": "%s"}],
            inputs,
            [output],
            **({"progress_message": progress_message} if progress_message else {})
        )

    def fetch(me__, *, output, sha256, size, kind, path, snapshot = ""):
        """A file by its digest, from whichever configured mirror of `kind` has it."""
        for what, value in [("sha256", sha256), ("kind", kind), ("path", path), ("snapshot", snapshot)]:
            _text(value, what)
        if type(size) != "int":
            fail("size is a number of bytes, not %s" % type__(size))
        _emit(
            me__,
            "Fetch",
            ["rulesengine-op", py_op("fetch"), "--sha256", sha256, "--size", str(size), "--kind", kind, "--path", path] +
            (["--snapshot", snapshot] if snapshot else []) + ["--out", {"p": output.path, "f": "%s"}],
            [],
            [output],
            pin = [sha256, size],
            progress_message = "Fetching " + path.rpartition("/")[2],
        )

    def do_nothing(me__, *, mnemonic, inputs = []):
        """An action that only aspects and queries see; its output is never made."""
        _typed(mnemonic, "string", "do_nothing", "mnemonic", "string")
        if type(inputs) != "list" and not _is(inputs, "depset"):
            _sequence(inputs, "do_nothing", "inputs", "sequence or depset")
        _emit(me__, mnemonic, [], inputs, [declare_file(me__, me__[1].name + ".extra_action_dummy")])

    return struct(
        declare_directory = declare_directory,
        declare_file = declare_file,
        declare_symlink = declare_symlink,
        do_nothing = do_nothing,
        expand_template = expand_template,
        fetch = fetch,
        run = run,
        run_shell = run_shell,
        symlink = symlink,
        write = write,
    )

_ACTIONS = _make_actions()

def actions__(target, label, late, log, groups = ()):
    """`ctx.actions` of the target of that number.

    late: receives functions that look into trees.  groups: the names of the rule's execution groups.
    """
    me = (target, label, late, groups, log)
    return struct(
        _type = "actions",
        args = args__,
        declare_directory = partial(_ACTIONS.declare_directory, me),
        declare_file = partial(_ACTIONS.declare_file, me),
        declare_symlink = partial(_ACTIONS.declare_symlink, me),
        do_nothing = partial(_ACTIONS.do_nothing, me),
        expand_template = partial(_ACTIONS.expand_template, me),
        fetch = partial(_ACTIONS.fetch, me),
        run = partial(_ACTIONS.run, me),
        run_shell = partial(_ACTIONS.run_shell, me),
        template_dict = template_dict__,
        symlink = partial(_ACTIONS.symlink, me),
        write = partial(_ACTIONS.write, me),
    )

def _normal(path):
    """A path as text without `.`, `..` after a name and empty parts."""
    out = []
    for part in path.split("/"):
        if part == ".." and out and out[-1] != "..":
            out.pop()
        elif part and part != "." and (part != ".." or not path.startswith("/")):
            out.append(part)
    return ("/" if path.startswith("/") else "") + "/".join(out)
