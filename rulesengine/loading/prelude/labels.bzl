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

def root__(path):
    return struct(_type = "root", path = path)

_SOURCES = root__("")

def source_root__(path):
    """The root of a file that is no target's output."""
    return root__(path) if path else _SOURCES

def file__(path, root, short_path, owner, is_source, kind = ""):
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
        is_directory = kind == "directory",
        is_symlink = kind == "symlink",
        root = root,
        owner = owner,
    )
