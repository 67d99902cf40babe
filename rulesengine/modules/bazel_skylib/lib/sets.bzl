"""Sets of hashable values: a struct around a dict, changed in place by insert() and remove()."""

def _make(elements = None):
    """A set of the elements of a list, a tuple or a dict's keys."""
    return struct(_values = {element: None for element in elements or []})

def _copy(s):
    """Another set with the same elements."""
    return _make(s._values)

def _insert(s, e):
    """The set itself, with one more element."""
    s._values[e] = None
    return s

def _remove(s, e):
    """The set itself, without an element, which must be there."""
    s._values.pop(e)
    return s

def _to_list(a):
    """The elements in the order in which they were put in."""
    return a._values.keys()

def _contains(a, e):
    return e in a._values

def _length(s):
    return len(s._values)

def _is_subset(a, b):
    """Whether every element of `a` is one of `b`."""
    return all([e in b._values for e in a._values])

def _is_equal(a, b):
    return len(a._values) == len(b._values) and _is_subset(a, b)

def _intersection(a, b):
    return _make([e for e in a._values if e in b._values])

def _disjoint(a, b):
    return not any([e in b._values for e in a._values])

def _union(*args):
    """The elements of any number of sets."""
    return _make([e for one in args for e in one._values])

def _difference(a, b):
    """The elements of `a` that are not in `b`."""
    return _make([e for e in a._values if e not in b._values])

def _repr(s):
    return repr(_to_list(s))

sets = struct(
    contains = _contains,
    copy = _copy,
    difference = _difference,
    disjoint = _disjoint,
    insert = _insert,
    intersection = _intersection,
    is_equal = _is_equal,
    is_subset = _is_subset,
    length = _length,
    make = _make,
    remove = _remove,
    repr = _repr,
    str = _repr,
    to_list = _to_list,
    union = _union,
)
