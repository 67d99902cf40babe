def analyze_all__(out, spec, modules, rules, shared, late, said):
    """Run rule implementations, one after the other.  spec: JSON from Python.

    out: receives a target for each; late: functions that look into trees.  modules: the targets of other modules, to which dependencies lead.
    rules: of base__().  shared: of shared__().  said: receives what Python must know of each target, and what it declared.
    """
    spec = json.decode(spec)
    files = [file_target__(one) for one in spec["files"]]
    for one in spec["targets"]:
        rule, base = rules[one["rule"]]
        deps = [modules[other][place] if other >= 0 else files[place] for other, place in one["deps"]]
        out.append(_analyze(rule, base, one, shared[one["configuration"]], deps, late, said))
        py_next()
    say__(said)

def shared__(spec):
    """What the ctx of every target of a configuration has."""
    one = json.decode(spec)
    bin_dir = root__(one["bin_dir"])
    return struct(
        vars = one["vars"],
        constant = dict(
            _type = "ctx",
            bin_dir = bin_dir,
            genfiles_dir = bin_dir,
            workspace_name = one["workspace"],
            configuration = _configuration(one["stamp"], one["env"]),
            info_file = _INFO_FILE,
            version_file = _VERSION_FILE,
            target_platform = struct(**one["platform"]),
            coverage_instrumented = lambda target = None: False,
        ),
    )

def base__(rule, defaults):
    """A rule, and what its targets have whose attributes are not given: frozen, as all of them share it."""
    attrs, files, file, executable, outputs = {}, {}, {}, {}, {}
    for name, value in json.decode(defaults):
        schema = rule.attrs.get(name)
        kind = schema.kind if schema else "string"
        if kind == "label" or kind == "label_list" or kind == "label_keyed_string_dict" or kind == "string_keyed_label_dict":
            attrs[name] = _targets(kind, value, schema, name, [], None)
            files[name] = []
            if schema.single:
                file[name] = None
            if schema.executable:
                executable[name] = None
        elif kind == "output" or kind == "output_list":
            attrs[name] = value
            outputs[name] = value
        elif kind == "string_dict" or kind == "string_list_dict":
            attrs[name] = {key: one for key, one in value}
        else:
            attrs[name] = value if schema else common__(name, value)
    return rule, (attrs, files, file, executable, outputs)

def common__(name, value):
    """A common attribute that a target gives.  Targets in them have no providers here: they are no dependencies."""
    if name == "visibility":
        return [label__(*one) for one in value]
    if name in _COMMON_TARGETS:
        return [{"label__": label__(*one)} for one in value]
    if name == "exec_properties":
        return {key: one for key, one in value}
    return value

_COMMON_TARGETS = {
    "applicable_licenses": 1,
    "compatible_with": 1,
    "exec_compatible_with": 1,
    "restricted_to": 1,
    "target_compatible_with": 1,
    "toolchains": 1,
}

def _analyze(rule, base, spec, shared, deps, late, said):
    """Run one rule implementation.  spec: its target; label values are indices into deps.

    Dicts whose order matters are lists of pairs there: json.decode() sorts keys.
    """
    label = label__(*spec["label"])
    log = log__(shared.constant["bin_dir"], label, said)
    attrs, files, file, executable, outputs = [dict(one) for one in base]
    attrs["name"] = label.name
    split = {}
    given = spec["attrs"]
    splits = spec.get("split")
    if splits:
        for name in splits:
            attrs[name] = []
        given += [(name, None) for name in splits]
    for name, value in given:
        schema = rule.attrs.get(name)
        kind = schema.kind if schema else "string"
        if kind == "label" or kind == "label_list" or kind == "label_keyed_string_dict" or kind == "string_keyed_label_dict":
            if splits and name in splits:
                branches = {}
                for key, one in splits[name]:
                    made = _targets(kind, one, schema, name, deps, label)
                    branches[key] = made.keys() if kind == "label_keyed_string_dict" else made
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
            declared = [declare__(spec["id"], label, log, one) for one in ([value] if kind == "output" and value else value or [])]
            outputs[name] = (declared[0] if declared else None) if kind == "output" else declared
            attrs[name] = [label__(label.repo_name, label.package, one) for one in value or []] if kind == "output_list" else (label__(label.repo_name, label.package, value) if value else None)
        elif kind == "string_dict" or kind == "string_list_dict":
            attrs[name] = {key: one for key, one in value}
        else:
            attrs[name] = value if schema else common__(name, value)
    for name, filename in spec.get("outputs", ()):
        outputs[name] = declare__(spec["id"], label, log, filename)
    default_executable = None
    if rule.executable:
        default_executable = declare__(spec["id"], label, log, label.name, "file")
        outputs["executable"] = default_executable
    variables = shared.vars
    if "make" in spec:
        variables = make_variables__(variables, spec["make"], deps)
    ctx = struct(
        label = label,
        attr = struct(**attrs),
        files = struct(**files),
        file = struct(**file),
        executable = struct(**executable),
        outputs = struct(**outputs),
        split_attr = struct(**split),
        actions = actions__(spec["id"], label, late, log, spec.get("exec_groups", ())),
        var = variables,
        build_file_path = spec["build_file"],
        target_platform_has_constraint = partial(_has_constraint, spec["id"]),
        build_setting_value = spec.get("setting"),
        runfiles = partial(_ctx_runfiles, attrs),
        expand_location = partial(_ctx_expand_location, (spec["label"], attrs)),
        expand_make_variables = partial(_ctx_expand_make, variables),
        features = spec["features"][0] if "features" in spec else [],
        disabled_features = spec["features"][1] if "features" in spec else [],
        toolchains = toolchains__(spec["toolchains"], deps, label) if "toolchains" in spec else NO_TOOLCHAINS__,
        exec_groups = exec_contexts__(spec["exec_groups"], deps, label) if "exec_groups" in spec else NO_TOOLCHAINS__,
        **shared.constant
    )
    got = rule.implementation(ctx) if rule.parent == None else extended__(rule, ctx)
    if rule.analysis_test:
        got = _analysis_test(spec["id"], label, log, got)
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
    runfiles = runfiles or NO_RUNFILES__
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
            if name != "_provider":
                groups[name] = getattr(info, name)._node[0]
    else:
        target[OutputGroupInfo] = _NO_GROUPS
    more = {}
    if groups:
        more["groups"] = groups
    if RunEnvironmentInfo in target:
        more["environment"] = _texts(getattr(target[RunEnvironmentInfo], "environment", {}), "RunEnvironmentInfo.environment")
    if rule.test and ExecutionInfo__ in target:
        more["requirements"] = target[ExecutionInfo__].requirements.keys()
    if run:
        more["executable"] = run.path
    if runfiles.files._node[0] != []:
        more["runfiles"] = runfiles.files._node[0]
        if runfiles.symlinks._node[1] or runfiles.symlinks._node[2]:
            more["symlinks"] = [[e.path, e.target_file.path] for e in runfiles.symlinks.to_list()]
        if runfiles.root_symlinks._node[1] or runfiles.root_symlinks._node[2]:
            more["root_symlinks"] = [[e.path, e.target_file.path] for e in runfiles.root_symlinks.to_list()]
        if RunEnvironmentInfo in target:
            inherited = getattr(target[RunEnvironmentInfo], "inherited_environment", None) or []
            more["inherited"] = [_text(one, "RunEnvironmentInfo.inherited_environment") for one in inherited]

    usual = log[1] and not [1 for kind in log[1].values() if kind != 1]
    if usual:
        more["made"] = log[1].keys()

    # One text for all targets of a wave: a value that crosses to Python costs as much as a hundred calls here.
    said[0].append(dict(
        files = given._node[0],
        providers = [p(provider_id__ = True) for p in target if type(p) == "function" and (p != OutputGroupInfo or target[p] != _NO_GROUPS)],
        **more
    ))
    said[1].append((log[0], usual))
    return target

_NO_GROUPS = OutputGroupInfo()

def _configuration(stamp, environment):
    return struct(
        _type = "configuration",
        coverage_enabled = False,
        default_shell_env = environment,
        host_path_separator = ":",
        stamp_binaries = lambda: stamp,
    )

# What --workspace_status_command and the engine itself say of a build; see rulesengine/workspace/status.py.
_INFO_FILE = file__("pybuild-out/stable-status.txt", root__("pybuild-out"), "stable-status.txt", None, False)
_VERSION_FILE = file__("pybuild-out/volatile-status.txt", root__("pybuild-out"), "volatile-status.txt", None, False)

def _targets(kind, value, schema, name, deps, owner):
    if kind == "label":
        return None if value == None else _link(value, schema, name, deps, owner)
    if kind == "label_list":
        return [_link(one, schema, name, deps, owner) for one in value or []]
    if kind == "string_keyed_label_dict":
        return {key: _link(one, schema, name, deps, owner) for key, one in value or []}

    # A target is a dict, which cannot be a key: pairs take its place.
    return keyed__([(_link(one, schema, name, deps, owner), text) for one, text in value]) if value else {}

def keyed__(pairs):
    """A dict whose keys are targets; what else a dict can do is rewritten, see names__() and provider__()."""
    return struct(
        _type = "dict",
        get = lambda key, default = None: ([value for one, value in pairs if one == key] or [default])[0],
        items = lambda: pairs,
        keys = lambda: [key for key, _ in pairs],
        values = lambda: [value for _, value in pairs],
    )

# Functions of ctx; what they know of the target is their first parameter, which partial() fills in.

def _has_constraint(me__, value):
    return py_has_constraint(me__, (value[ConstraintValueInfo] if type(value) == "dict" else value).label._text)

def _ctx_expand_location(me__, input, targets = []):
    return _expand_location(_text(input, "input"), me__[0], me__[1], targets)

def _ctx_expand_make(me__, attribute_name, command, additional_substitutions = {}):
    return _expand_make(
        _text(command, "command"),
        _union(me__, _texts(additional_substitutions, "additional_substitutions")),
    )

def _expand_location(input, label, attrs, targets):
    for kind in ["$(location", "$(execpath", "$(rootpath", "$(rlocationpath"]:
        if kind in input:
            return py_expand_location(input, json.encode([label, _locations(attrs, targets)]))
    return input

def _expand_make(command, variables):
    return py_expand_make(json.encode((command, variables))) if "$" in command else command

_RUN_FROM = {"data": 1, "deps": 1, "tools": 1}

def _locations(attrs, targets):
    """Label text -> execution paths of every dependency that $(location) may name."""
    known = {}
    for name, value in attrs.items():
        for one in value if type(value) == "list" else [value]:
            if type(one) == "dict" and "label__" in one:
                # A program stands for its executable, whatever else it makes.
                run = one[DefaultInfo].files_to_run.executable if name in _RUN_FROM else None
                files = [run] if run else one[DefaultInfo].files.to_list()
                known[one["label__"]._text] = [[f.path, f.short_path] for f in files]
            elif _is(one, "Label"):
                known[one._text] = [[py_output_path(one._text), ""]]
    for one in targets:
        if one["label__"]._text in known:
            continue
        known[one["label__"]._text] = [[f.path, f.short_path] for f in one[DefaultInfo].files.to_list()]
    return known
