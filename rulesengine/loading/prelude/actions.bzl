def actions__(target, label, late):
    def _declare(filename, sibling, kind):
        _text(filename, "a file name")
        if sibling != None:
            prefix = sibling.dirname[len(sibling.root.path) + 1:] if not sibling.is_source else ""
            package = label.workspace_root + "/" + label.package if label.workspace_root else label.package
            inside = prefix[len(package):].lstrip("/")
            filename = inside + "/" + filename if inside else filename
        path, root, short_path = py_declare("%d\n%s\n%s" % (target, kind, filename)).split("\n")
        return file__(path, root, short_path, label, False, kind)

    def declare_file(filename, *, sibling = None):
        return _declare(filename, sibling, "")

    def declare_directory(filename, *, sibling = None):
        return _declare(filename, sibling, "directory")

    def declare_symlink(filename, *, sibling = None):
        return _declare(filename, sibling, "symlink")

    def _emit(mnemonic, argv, inputs, outputs, paths = [], **more):
        _text(mnemonic, "mnemonic")
        if more.get("progress_message") != None:
            _text(more["progress_message"], "progress_message")
        ids, input_paths = _inputs(inputs, "inputs")
        tool_ids, tool_paths = _inputs(more.pop("tools", None), "tools", runfiles = True)
        for one in outputs:
            if not _is(one, "File"):
                fail("outputs are declared Files, not %s" % type__(one))
        py_action(json.encode(dict(
            id = target,
            mnemonic = mnemonic,
            argv = argv,
            inputs = [ids + tool_ids, input_paths + paths],
            tools = tool_paths,
            outputs = [f.path for f in outputs],
            **more
        )))

    def _items(args):
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

    def _argv(arguments):
        out, params = [], []
        for one in arguments or []:
            if _is(one, "Args"):
                param = one._param()
                if param.get("param"):
                    params.append({"items": _items(one), "param": param["param"], "format": param.get("format", "shell")})
                    out.append({"x": len(params) - 1})
                else:
                    out.extend(_items(one))
            elif type(one) == "string":
                out.append(one)
            else:
                fail("arguments holds strings and ctx.actions.args(), not %s" % type__(one))
        return out, params

    def _requirements(given, resource_set, inputs):
        """execution_requirements, with what a resource_set function says as the tags that say the same."""
        requirements = _texts(given, "execution_requirements")
        if resource_set == None:
            return requirements
        needed = resource_set("linux", len(inputs.to_list() if _is(inputs, "depset") else inputs))
        if type(needed) != "dict":
            fail("resource_set returns a dict, not %s" % type__(needed))
        requirements = dict(requirements or {})
        for name, amount in needed.items():
            if name not in ("cpu", "memory", "local_test"):
                fail("resource_set: illegal resource key %r: cpu, memory and local_test are known" % name)
            if type(amount) not in ("int", "float"):
                fail("resource_set: %s is %r, not a number" % (name, amount))
            requirements["resources:%s:%s" % (name, amount)] = ""
        return requirements

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
            requirements = _requirements(execution_requirements, resource_set, inputs),
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
            requirements = _requirements(execution_requirements, resource_set, inputs),
        )

    def write(output, content, is_executable = False, *, mnemonic = None):
        trees = []
        if _is(content, "Args"):
            lines = {"lines": _items(content), "form": content._param().get("format", "shell")}
            trees = [x["d"] for one in content._items if type(one) != "string" and "v" in one for x in one["v"] if type(x) != "string" and "d" in x]
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
            trees,
            progress_message = "Writing " + output.short_path,
        )

    def expand_template(*, template, output, substitutions = {}, is_executable = False, computed_substitutions = None):
        if computed_substitutions != None:
            if not _is(computed_substitutions, "TemplateDict"):
                fail("computed_substitutions is a ctx.actions.template_dict(), not %s" % type__(computed_substitutions))
            substitutions = _union(_texts(substitutions, "substitutions"), computed_substitutions._values)
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
        _typed(output, "File", "symlink", "output", "File")
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
            words = ["--from", {"p": target_file.path, "f": "%s"}] + (["--executable", "true", "--checked", "true"] if is_executable else [])
            inputs = [target_file]
        _emit(
            "UnresolvedSymlink" if target_path != None else "ExecutableSymlink" if is_executable else "Symlink",
            ["rulesengine-op", py_op("symlink" if target_path != None else "copy")] + words + ["--out", {"p": output.path, "f": "%s"}],
            inputs,
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
        declare_symlink = declare_symlink,
        do_nothing = do_nothing,
        expand_template = expand_template,
        fetch = fetch,
        run = run,
        run_shell = run_shell,
        template_dict = template_dict__,
        symlink = symlink,
        write = write,
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
