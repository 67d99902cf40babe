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

NO_RUNFILES__ = runfiles__(_EMPTY["default"])

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

def _ctx_runfiles(attrs__, files = [], transitive_files = None, collect_data = False, collect_default = False, symlinks = {}, root_symlinks = {}):
    made = runfiles__(
        depset(files, transitive = [transitive_files] if transitive_files else []),
        _links(symlinks, "symlinks"),
        _links(root_symlinks, "root_symlinks"),
    )
    if collect_data or collect_default:
        infos = [
            one[DefaultInfo]
            for name in ["srcs", "data", "deps"]
            for one in (attrs__[name] if type(attrs__.get(name)) == "list" else [])
            if type(one) == "dict" and DefaultInfo in one
        ]
        made = made.merge_all([one.data_runfiles if collect_data else one.default_runfiles for one in infos])
    return made
