"""Functions on lists."""

def _after_each(separator, iterable):
    """Every element followed by the separator."""
    out = []
    for element in iterable:
        out += [element, separator]
    return out

def _before_each(separator, iterable):
    """Every element preceded by the separator."""
    out = []
    for element in iterable:
        out += [separator, element]
    return out

def _uniq(iterable):
    """The elements in order, each once; they must be hashable."""
    return {element: None for element in iterable}.keys()

collections = struct(
    after_each = _after_each,
    before_each = _before_each,
    uniq = _uniq,
)
