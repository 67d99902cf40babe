"""Which packages lie directly below this one."""

def _supported():
    """Whether there is native.subpackages(): always."""
    return True

def _all(exclude = [], allow_empty = False, fully_qualified = True):
    """The packages below the BUILD file's, without those below them.

    Args:
      exclude: glob patterns of directories to leave out.
      allow_empty: whether there may be none.
      fully_qualified: labels (`//a/b`) instead of paths from here.
    Returns:
      A sorted list of strings.
    """
    found = native.subpackages(include = ["**"], exclude = exclude, allow_empty = allow_empty)
    if not fully_qualified:
        return found
    here = native.package_name()
    return ["//" + (here + "/" if here else "") + one for one in found]

def _exists(relative_path):
    """Whether a directory is a package directly below this one."""
    return relative_path in native.subpackages(include = [relative_path], allow_empty = True)

subpackages = struct(
    all = _all,
    exists = _exists,
    supported = _supported,
)
