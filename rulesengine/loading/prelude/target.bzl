# ---- targets and analysis --------------------------------------------------

# Methods of texts that do more than those of starlark-pyo3.
_LONG_CALLS = {
    "elems": lambda value: lambda: list(value.elems()),
    "startswith": lambda value: lambda sub, start = None, end = None: (value[start:] if end == None else value[:end] if start == None else value[start:end]).startswith(sub),
    "endswith": lambda value: lambda sub, start = None, end = None: (value[start:] if end == None else value[:end] if start == None else value[start:end]).endswith(sub),
    "replace": lambda value: lambda old, new, count = -1: _replace(value, old, new, count),
}

def _replace(value, old, new, count):
    if len(value) * len(new) > _LARGE:
        py_room(value.count(old) * len(new))
    return value.replace(old, new) if count < 0 else value.replace(old, new, count)

def dot__(value, name):
    """`target.label`, `target.files` …: a target is a dict, everything else has real attributes."""
    if type(value) != "dict":
        if type(value) == "struct":
            kind = getattr(value, "_type", None)
            if kind == "set":
                return _set_method(value, name)
            if kind == "Label":
                if name == "same_package_label":
                    return lambda target_name: label__(value.repo_name, value.package, target_name)
                if name == "relative":
                    return lambda relative: label__(*py_label(relative, value.repo_name, value.package))
        elif type(value) == "string" and name in _LONG_CALLS:
            return _LONG_CALLS[name](value)
        return getattr(value, name)
    if "label__" not in value:
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
    if name == "output_groups":
        return value.get(OutputGroupInfo, _NO_GROUPS)
    if name == "actions" and "actions__" in value:
        return value["actions__"]()
    return getattr(value, name)

_TARGET_FIELDS = {"label": 1, "files": 1, "files_to_run": 1, "data_runfiles": 1, "default_runfiles": 1}

def hasattr__(x, name):
    """`hasattr(x, name)`: what makes a value what it is here is none of its fields, and a target is a dict."""
    if type(x) == "dict" and "label__" in x:
        return name in _TARGET_FIELDS or (name == "actions" and "actions__" in x)
    if type(x) != "struct" or not hasattr(x, "_type"):
        return hasattr(x, name)
    if x._type == "set":
        return name in _SET_METHODS
    if x._type == "Label" and (name == "relative" or name == "same_package_label"):
        return True
    return not name.startswith("_") and not name.endswith("__") and hasattr(x, name)

def getattr__(x, name, default = unset__):
    """`getattr(x, name)` likewise."""
    if type(x) != "dict" and (type(x) != "struct" or not hasattr(x, "_type")):
        return getattr(x, name) if default == unset__ else getattr(x, name, default)
    return default if default != unset__ and not hasattr__(x, name) else dot__(x, name)

def file_target__(spec):
    """A source file (a list: its label's parts and its path), or one output of a rule, as a dependency."""
    if type(spec) == "list":
        repo, package, name, path = spec
        label = label__(repo, package, name)
        file = file__(path, _SOURCES, "../" + path[len("external/"):] if path.startswith("external/") else path, label, True)
    else:
        label = label__(*spec["label"])
        path, root, short_path, is_source, kind = spec["file"]
        owner = label if spec["label"] == spec["owner"] else label__(*spec["owner"])
        file = file__(path, source_root__(root), short_path, owner, is_source, kind)
    return {
        "label__": label,
        DefaultInfo: _default_info(_depset_of([path], [file], "default", []), NO_RUNFILES__, file),
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
