def make_print__(path):
    def print(*args, sep = " "):
        py_print(path, sep.join([x if type(x) == "string" else str__(x) for x in args]), call_stack(strip_frames = 1))

    return print

# ---- native ----------------------------------------------------------------

def _glob(include = [], exclude = [], exclude_directories = 1, allow_empty = True):
    return py_glob(include, exclude, exclude_directories, allow_empty)

def _package(
        *,
        default_applicable_licenses = unset__,
        default_compatible_with = unset__,
        default_deprecation = unset__,
        default_hdrs_check = unset__,
        default_package_metadata = unset__,
        default_restricted_to = unset__,
        default_testonly = unset__,
        default_visibility = unset__,
        features = unset__,
        licenses = unset__,
        transitive_visibility = unset__):
    given = dict(
        default_applicable_licenses = default_applicable_licenses,
        default_compatible_with = default_compatible_with,
        default_deprecation = default_deprecation,
        default_hdrs_check = default_hdrs_check,
        default_package_metadata = default_package_metadata,
        default_restricted_to = default_restricted_to,
        default_testonly = default_testonly,
        default_visibility = default_visibility,
        features = features,
        licenses = licenses,
        transitive_visibility = transitive_visibility,
    )
    py_package({name: plain__(value) for name, value in given.items() if value != unset__})

def _exports_files(srcs, visibility = None, licenses = None):
    py_exports_files(
        plain__(srcs),
        None if visibility == None else plain__(visibility),
        None if licenses == None else plain__(licenses),
        call_stack(strip_frames = 1),
    )

def _licenses(license_strings):
    py_licenses(plain__(license_strings))

def _subpackages(*, include, exclude = [], allow_empty = False):
    return py_subpackages(plain__(include), plain__(exclude), allow_empty)

def _package_group(*, name, packages = [], includes = []):
    py_package_group(name, packages, plain__(includes), call_stack(strip_frames = 1))

def _existing_rule(name):
    text = py_existing_rule(_text(name, "a target's name"))
    return None if text == None else _attributes(json.decode(text))

def _existing_rules():
    return {name: _attributes(pairs) for name, pairs in json.decode(py_existing_rules())}

def _attributes(pairs):
    return {name: _existing_value(parts) for name, parts in pairs}

def _existing_value(parts):
    """A value as a macro sees it: lists are tuples."""
    made = None
    for part in parts:
        if type(part) == "dict" and "select__" in part:
            part = select({condition: _tuples(value) for condition, value in part["select__"]})
        else:
            part = _tuples(part)
        made = part if made == None else made + part
    return made

def _tuples(value):
    if type(value) == "list":
        return tuple([_tuples(one) for one in value])
    if type(value) == "dict":
        return {key: _tuples(one) for key, one in value["pairs__"]}
    return value

def _read_json(path):
    """A JSON file of the package, read and tracked at loading time; None when it is not there."""
    text = py_read_file(path)
    return None if text == None else json.decode(text)

native_core__ = dict(
    glob = _glob,
    package = _package,
    exports_files = _exports_files,
    licenses = _licenses,
    package_group = _package_group,
    package_default_visibility = lambda: [label__(*one) for one in py_default_visibility()],
    subpackages = _subpackages,
    existing_rule = _existing_rule,
    existing_rules = _existing_rules,
    package_name = lambda: py_package_name(),
    repository_name = lambda: py_repository_name(),
    repo_name = lambda: py_repository_name().lstrip("@"),
    module_name = lambda: py_module_name(),
    module_version = lambda: py_module_version(),
    package_relative_label = lambda input: input if _is(input, "Label") else label__(*py_package_label(input)),
    read_json = _read_json,
    host_constraints = lambda: py_host_constraints(),
)

def _language(rule):
    """One of Bazel's rules that is not here: what it is called with is kept."""

    def instantiate_language(*args, name = None, **kwargs):
        id, part, suffix = py_language_rule(rule)
        if args:
            fail("%s() does not accept positional arguments, but got %d" % (rule, len(args)))
        if type(name) != "string":
            if "id__" in kwargs:
                return id
            fail("%s() needs a name%s" % (rule, "" if name == None else "; it is a string, not %s" % type__(name)))
        stack = call_stack(strip_frames = 1)
        py_target(json.encode((id, name, {k: plain__(v, k) for k, v in kwargs.items()}, stack)))
        if part != None:
            known = {k: plain__(v, k) for k, v in kwargs.items() if k in _OF_PARTS}
            tags = plain__(kwargs.get("tags") or [], "tags")
            if type(tags) == "list" and "manual" not in tags:
                tags = tags + ["manual"]
            if type(tags) != "list" or "nodeployjar" not in tags:
                py_target(json.encode((part, name + suffix, known | {"binary": name, "tags": tags}, stack)))

    return instantiate_language

_OF_PARTS = {"tags": 1, "testonly": 1, "visibility": 1}

def languages__(names):
    return {name: _language(name) for name in names}

# ---- REPO.bazel ------------------------------------------------------------

def repo__(*args, **kwargs):
    if args:
        fail("repo() takes named arguments, as package() does")
    py_repo(json.encode({name: plain__(value, name) for name, value in kwargs.items()}))

def ignore_directories__(dirs):
    py_ignore_directories(json.encode(plain__(dirs)))
