# ---- aspects ---------------------------------------------------------------

def make_aspect__(registry, module):
    """`aspect()` for one .bzl file: like rule(), but what it makes is a value to be named in `aspects`."""

    def aspect(
            implementation,
            attr_aspects = [],
            toolchains_aspects = [],
            attrs = {},
            required_providers = [],
            required_aspect_providers = [],
            provides = [],
            requires = [],
            propagation_predicate = None,
            fragments = [],
            host_fragments = [],
            toolchains = [],
            doc = "",
            *,
            apply_to_generating_rules = False,
            exec_compatible_with = [],
            exec_groups = None,
            subrules = []):
        foreign = py_foreign("aspect()", module)
        if type(implementation) != "function":
            fail("aspect(implementation = ...) is a function, not %s" % type__(implementation))
        if type(attr_aspects) != "list":
            fail("aspect(attr_aspects = ...) is a list of attribute names, not %s" % type__(attr_aspects))
        if type(attrs) != "dict":
            fail("aspect(attrs = ...) is a dict of names to attr.string(), attr.label() ..., not %s" % type__(attrs))
        if doc != None:
            _text(doc, "doc")
        for name in attr_aspects:
            _text(name, "a name in attr_aspects")
        for name, value in attrs.items():
            _text(name, "the name of an attribute")
            if name in _OWN:
                fail("there is already a built-in attribute '%s', which an aspect cannot define anew" % name)
            if not _is(value, "Attribute"):
                fail("attrs[%r] is %s; write attr.string(), attr.label() ..." % (name, type__(value)))
            _check_aspect_attribute(name, value)
        for one in requires:
            if not _is(one, "Aspect"):
                fail("aspect(requires = ...) is a list of aspects, it holds a %s" % type__(one))
        if type(provides) != "list" or not all([type(p) == "function" for p in provides]):
            fail("aspect(provides = ...) is a list of providers")
        id = py_aspect(json.encode({
            "module": module,
            "index": -1 if foreign else len(registry),
            "schema": {name: schema__(value) for name, value in attrs.items()},
            "along": attr_aspects,
            "required": _provider_ids(required_providers, "required_providers"),
            "required_aspects": _provider_ids(required_aspect_providers, "required_aspect_providers"),
            "provides": [p(provider_id__ = True) for p in provides],
            "requires": [one._id for one in requires],
            "generating": apply_to_generating_rules,
            "doc": doc or "",
            "exec_groups": exec_groups__(toolchains, exec_compatible_with, exec_groups),
        }))
        entry = struct(
            implementation = implementation,
            attrs = attrs,
            provides = provides,
            required = _alternatives(required_providers),
            id = id,
        )
        if not foreign:
            registry.append(entry)
        return struct(_type = "Aspect", _id = id, _entry = entry)

    return aspect

_PARAMETERS = {"string": 1, "int": 1, "bool": 1}

def _check_aspect_attribute(name, value):
    """Private label attributes have a default; public ones are parameters."""
    if name.startswith("_"):
        if value.kind.startswith("label") and not value.default:
            fail("Aspect attribute '%s' has no default value" % name)
        return
    if value.kind not in _PARAMETERS:
        fail("Aspect parameter attribute '%s' must have type 'bool', 'int' or 'string'." % name)
    if value.values and value.default != None and value.default not in value.values:
        fail("Aspect parameter attribute '%s' has a bad default value: has to be one of %s instead of '%s'" % (
            name,
            " or ".join(["'%s'" % one for one in value.values]),
            value.default,
        ))

def _provider_ids(providers, what):
    """`[A, B]` or `[[A], [B, C]]` as the numbers of the providers."""
    out = []
    for one in _alternatives(providers):
        for provider in one:
            if type(provider) != "function":
                fail("aspect(%s = ...) holds providers or lists of them, not %s" % (what, type__(provider)))
        out.append([provider(provider_id__ = True) for provider in one])
    return out

def aspect_id__(value):
    """The number of an aspect, or -1: what --aspects names may be something else."""
    return value._id if _is(value, "Aspect") else -1

def satisfies__(spec, modules, aspects):
    """Whether a target has what an aspect requires, whatever its rule advertises."""
    spec = json.decode(spec)
    target = _needed(spec, modules)[0]
    aspect = aspects[spec["aspect"]]
    return not aspect.required or any([all([p in target for p in one]) for one in aspect.required])

def _members(schemas, spec, deps, label):
    """ctx.attr, .files, .file and .executable of a rule that an aspect looks at, or of the aspect itself."""
    attrs, files, file, executable = {}, {}, {}, {}
    split = spec["split"]
    for name, value in spec["attrs"]:
        schema = schemas.get(name)
        kind = schema.kind if schema else "string"
        if kind == "label" or kind == "label_list" or kind == "label_keyed_string_dict" or kind == "string_keyed_label_dict":
            if name in split:
                listed = []
                for _, one in split[name]:
                    branch = _targets(kind, one, schema, name, deps, label)
                    if kind == "label_keyed_string_dict":
                        branch = branch.keys()
                    listed.extend(branch if type(branch) == "list" else ([branch] if branch else []))
                attrs[name] = listed
            else:
                made = _targets(kind, value, schema, name, deps, label)
                attrs[name] = made
                if kind == "label":
                    listed = [] if made == None else [made]
                elif kind == "label_list":
                    listed = made
                elif kind == "label_keyed_string_dict":
                    listed = made.keys()
                else:
                    listed = made.values()
            of = {}
            for target in listed:
                for one in target[DefaultInfo].files.to_list():
                    of[one.path] = one
            files[name] = of.values()
            if schema.single:
                file[name] = files[name][0] if files[name] else None
            if schema.executable:
                run = [t[DefaultInfo].files_to_run.executable or (t[DefaultInfo].files.to_list() + [None])[0] for t in listed]
                executable[name] = run[0] if run else None
        elif kind == "output":
            attrs[name] = label__(label.repo_name, label.package, value) if value else None
        elif kind == "output_list":
            attrs[name] = [label__(label.repo_name, label.package, one) for one in value or []]
        elif kind == "string_dict" or kind == "string_list_dict":
            attrs[name] = {key: one for key, one in value}
        else:
            attrs[name] = value if schema else common__(name, value)
    return struct(attr = attrs, files = files, file = file, executable = executable)

def _needed(spec, modules):
    files = [file_target__(one) for one in spec["files"]]
    return [modules[module][place] if module >= 0 else files[place] for module, place in spec["deps"]]

def apply__(aspects, rules, spec, modules, late):
    """Run one aspect on a target.  spec: JSON from Python, as for analyze_all__; a list of what it provides."""
    spec = json.decode(spec)
    deps = _needed(spec, modules)
    base = deps.pop()
    return [_apply(aspects[spec["aspect"]], rules[spec["index"]], spec, base, deps, late)]

def _apply(aspect, rule, spec, base, deps, late):
    """What an aspect provides, by provider."""
    shared = spec["shared"]
    label = label__(*spec["label"])
    shown = _members(rule.attrs, spec["rule"], deps, label)
    own_spec = spec["own"]
    own = _members(aspect.attrs, own_spec, deps, label)
    bin_dir = root__(shared["bin_dir"])
    log = log__(bin_dir, label, ([], []))
    ctx = struct(
        _type = "ctx",
        label = label,
        attr = struct(**own.attr),
        files = struct(**own.files),
        file = struct(**own.file),
        executable = struct(**own.executable),
        rule = struct(
            _type = "rule_attributes",
            attr = struct(**shown.attr),
            files = struct(**shown.files),
            file = struct(**shown.file),
            executable = struct(**shown.executable),
            kind = spec["kind"],
        ),
        aspect_ids = spec["aspect_ids"],
        actions = actions__(spec["id"], label, late, log, own_spec.get("exec_groups", ())),
        toolchains = toolchains__(own_spec["toolchains"], deps, label) if "toolchains" in own_spec else NO_TOOLCHAINS__,
        exec_groups = exec_contexts__(own_spec["exec_groups"], deps, label) if "exec_groups" in own_spec else NO_TOOLCHAINS__,
        bin_dir = bin_dir,
        genfiles_dir = bin_dir,
        var = shared["vars"],
        workspace_name = shared["workspace"],
        build_file_path = spec["build_file"],
        configuration = _configuration(shared["stamp"], shared["env"]),
        info_file = _INFO_FILE,
        version_file = _VERSION_FILE,
        target_platform = struct(**shared["platform"]),
        target_platform_has_constraint = lambda value: value[ConstraintValueInfo].label._text in shared["constraints"],
        runfiles = partial(_ctx_runfiles, own.attr),
        expand_location = lambda input, targets = []: _expand_location(
            _text(input, "input"),
            spec["label"],
            shown.attr,
            targets,
        ),
        expand_make_variables = lambda attribute_name, command, additional_substitutions = {}: _expand_make(
            _text(command, "command"),
            _union(shared["vars"], _texts(additional_substitutions, "additional_substitutions")),
        ),
        features = [],
        disabled_features = [],
        coverage_instrumented = lambda target = None: False,
    )
    target = dict(base)
    target["actions__"] = lambda: _target_actions(spec["id"])
    got = aspect.implementation(target, ctx)
    out = {}
    if type(got) == "struct" and hasattr(got, "_provider"):
        got = [got]
    elif got == None:
        got = []
    elif type(got) != "list" and type(got) != "tuple":
        fail("%s: an aspect's implementation must return a list of providers, not %s" % (label._text, type__(got)))
    for one in got:
        if type(one) != "struct" or not hasattr(one, "_provider"):
            continue  # as in Bazel, which takes no notice of it
        out[one._provider] = one
    for one in aspect.provides:
        if one not in out:
            fail("%s: the aspect advertises %s, but its implementation did not return it" % (label._text, provider_name__(one)))
    groups = {}
    if OutputGroupInfo in out:
        info = out[OutputGroupInfo]
        for name in dir(info):
            if not name.startswith("_provider"):
                value = getattr(info, name)
                groups[name] = (value if _is(value, "depset") else depset(value))._node[0]
    tell__(spec["id"], log)
    py_aspect_done(spec["id"], json.encode({
        "groups": groups,
        "providers": [provider_name__(p) for p in out],
    }))
    return out

def merge__(spec, modules):
    """A target with what aspects provide for it: a list of one."""
    needed = _needed(json.decode(spec), modules)
    base, results = needed[0], needed[1:]
    out = dict(base)
    groups = []
    for one in results:
        for key, value in one.items():
            if key == OutputGroupInfo:
                groups.append(value)
            elif key in out:
                fail("%s: provider '%s' provided twice" % (base["label__"]._text, provider_name__(key)))
            else:
                out[key] = value
    if groups:
        out[OutputGroupInfo] = _merge_groups([out[OutputGroupInfo]] + groups if OutputGroupInfo in out else groups)
    return [out]

def _merge_groups(infos):
    found = {}
    for info in infos:
        for name in dir(info):
            if name != "_provider":
                value = getattr(info, name)
                found.setdefault(name, []).append(value if _is(value, "depset") else depset(value))
    return OutputGroupInfo(**{
        name: some[0] if len(some) == 1 else depset(transitive = some)
        for name, some in found.items()
    })

def _target_actions(id):
    """`target.actions`: what the rule of a target declared."""
    files = {}

    def file(spec):
        path, root, short_path, owner, is_source, kind = spec
        if path not in files:
            files[path] = file__(path, source_root__(root), short_path, label__(*owner), is_source, kind)
        return files[path]

    return [
        struct(
            _type = "Action",
            mnemonic = one["mnemonic"],
            argv = one["argv"],
            args = None,
            content = one["content"],
            substitutions = one["substitutions"],
            env = one["env"],
            inputs = depset([file(spec) for spec in one["inputs"]]),
            outputs = depset([file(spec) for spec in one["outputs"]]),
        )
        for one in json.decode(py_target_actions(id))
    ]
