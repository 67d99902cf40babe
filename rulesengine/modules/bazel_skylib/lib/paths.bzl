"""Functions on paths as texts; the file system is never asked. They follow Python's posixpath."""

def _is_absolute(path):
    """Whether a path starts with a slash or names a drive (`C:`)."""
    return path.startswith("/") or (len(path) > 2 and path[1] == ":")

def _basename(p):
    """What stands behind the last slash."""
    return p.rpartition("/")[2]

def _dirname(p):
    """What stands before the last slash, without slashes at its end; `/` for what stands in the root."""
    head, slash, _ = p.rpartition("/")
    return head.rstrip("/") if head else slash

def _join(path, *others):
    """The components with slashes between them; an absolute one forgets what came before it."""
    out = path
    for one in others:
        if _is_absolute(one):
            out = one
        elif not out or out.endswith("/"):
            out += one
        else:
            out += "/" + one
    return out

def _normalize(path):
    """A path without empty components, `.` and (where they can be resolved) `..`."""
    if not path:
        return "."

    # POSIX: two leading slashes may mean something of their own, three or more are as one.
    slashes = 2 if path.startswith("//") and not path.startswith("///") else (1 if path.startswith("/") else 0)
    kept = []
    for component in path.split("/"):
        if component in ("", "."):
            continue
        if component != "..":
            kept.append(component)
        elif kept and kept[-1] != "..":
            kept.pop()
        elif not slashes:
            kept.append(component)
    return "/" * slashes + "/".join(kept) or "."

def _is_normalized(str, look_for_same_level_references = True):
    """Whether no component is `..` (nor `.`, unless told to leave those)."""
    for component in str.split("/"):
        if component == ".." or (component == "." and look_for_same_level_references):
            return False
    return True

def _relativize(path, start):
    """`path` as seen from `start`, which must be above it (or be it: the path itself, then)."""
    segments, above = _normalize(path).split("/"), _normalize(start).split("/")
    if above == ["."]:
        above = []
    for segment in above:
        if not segments or segments[0] != segment:
            fail("Path '%s' is not beneath '%s'" % (path, start))
        segments = segments[1:]
    return "/".join(segments) if segments else _normalize(path)

def _split_extension(p):
    """(path, extension with its dot); a dot that starts the file's name does not count."""
    base = _basename(p)
    dot = base.rfind(".")
    if dot <= 0:
        return (p, "")
    length = len(base) - dot
    return (p[:-length], p[-length:])

def _replace_extension(p, new_extension):
    """The path with another extension, which has its dot."""
    return _split_extension(p)[0] + new_extension

def _starts_with(path_a, path_b):
    """Whether `path_b` is `path_a` or above it."""
    if not path_b:
        return True
    a, b = _normalize(path_a), _normalize(path_b)
    return a == b or a.startswith(b if b.endswith("/") else b + "/")

paths = struct(
    basename = _basename,
    dirname = _dirname,
    is_absolute = _is_absolute,
    is_normalized = _is_normalized,
    join = _join,
    normalize = _normalize,
    relativize = _relativize,
    replace_extension = _replace_extension,
    split_extension = _split_extension,
    starts_with = _starts_with,
)
