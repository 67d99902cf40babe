# ---- sets ------------------------------------------------------------------
# A struct around a dict, so that two are equal when their elements are, and a loop over one keeps it from being
# changed.  `rewrite` puts calls around what a struct cannot do: see names__, filled__ and the others below.

_ITERABLE = {"list": 1, "tuple": 1, "dict": 1, "range": 1}

def set(elements = []):
    if type(elements) not in _ITERABLE:
        if not _is(elements, "set"):
            fail("in call to set(), parameter 'elements' got value of type '%s', want 'iterable'" % type__(elements))
        elements = elements._items
    return _set({_element(x) if type(x) == "struct" else x: None for x in elements})

def _set(items):
    return struct(_type = "set", _items = items)

def _element(x):
    """What may be an element: a set is no key of a dict, even a frozen one."""
    if _is(x, "set"):
        fail("unhashable type: 'set'")
    return x

def _elements(other, method):
    """The elements that a method is given, as the keys of a dict."""
    if type(other) == "dict":
        return other
    if type(other) in _ITERABLE:
        return {_element(x) if type(x) == "struct" else x: None for x in other}
    if not _is(other, "set"):
        fail("for %s argument got value of type '%s', want a collection of hashable elements" % (method, type__(other)))
    return other._items

def _all_elements(others, method):
    return [_elements(other, method) for other in others]

def _add(items, x):
    items[_element(x)] = None

def _update(items, others):
    items.update({})  # which fails for a frozen one
    for other in others:
        if other != items:
            for x in other:
                items[x] = None

def _keep(items, others):
    items.update({})
    for other in others:
        for x in [x for x in items if x not in other]:
            items.pop(x)

def _take_away(items, others):
    items.update({})
    for other in others:
        for x in [x for x in items if x in other]:
            items.pop(x)

def _toggle(items, other):
    items.update({})
    for x in list(other):
        if x in items:
            items.pop(x)
        else:
            items[x] = None

def _remove(items, x):
    items.update({})
    if x not in items:
        fail("element %s not found in set" % _repr(x))
    items.pop(x)

def _discard(items, x):
    items.pop(_element(x), None)

def _pop(items):
    items.update({})
    for x in items:
        first = x
        break
    if not items:
        fail("set is empty")
    items.pop(first)
    return first

def _changed(change, items, other):
    """A new set: a copy that is changed."""
    items = dict(items)
    change(items, other)
    return _set(items)

_SET_METHODS = {
    "add": lambda items: lambda element: _add(items, element),
    "clear": lambda items: lambda: items.clear(),
    "difference": lambda items: lambda *others: _changed(_take_away, items, _all_elements(others, "difference")),
    "difference_update": lambda items: lambda *others: _take_away(items, _all_elements(others, "difference_update")),
    "discard": lambda items: lambda element: _discard(items, element),
    "intersection": lambda items: lambda *others: _changed(_keep, items, _all_elements(others, "intersection")),
    "intersection_update": lambda items: lambda *others: _keep(items, _all_elements(others, "intersection_update")),
    "isdisjoint": lambda items: lambda other: not [x for x in _elements(other, "isdisjoint") if x in items],
    "issubset": lambda items: lambda other: _subset(items, _elements(other, "issubset")),
    "issuperset": lambda items: lambda other: _subset(_elements(other, "issuperset"), items),
    "pop": lambda items: lambda: _pop(items),
    "remove": lambda items: lambda element: _remove(items, element),
    "symmetric_difference": lambda items: lambda other: _changed(_toggle, items, _elements(other, "symmetric_difference")),
    "symmetric_difference_update": lambda items: lambda other: _toggle(items, _elements(other, "symmetric_difference_update")),
    "union": lambda items: lambda *others: _changed(_update, items, _all_elements(others, "union")),
    "update": lambda items: lambda *others: _update(items, _all_elements(others, "update")),
}

def _subset(items, other):
    return len(items) <= len(other) and all([x in other for x in items])

def _set_method(value, name):
    if name not in _SET_METHODS:
        fail("'set' value has no field or method '%s'" % name)
    return _SET_METHODS[name](value._items)

# ---- operators, which `rewrite` writes as calls ------------------------------

def _both_sets(a, b, operator):
    """Whether an operator is one of sets; both sides must be then."""
    if not _is(a, "set") and not _is(b, "set"):
        return False
    if not _is(a, "set") or not _is(b, "set"):
        fail("unsupported binary operation: %s %s %s" % (type__(a), operator, type__(b)))
    return True

def sub__(a, b):
    """`a - b`."""
    if type(a) == "struct" and _both_sets(a, b, "-"):
        return _changed(_take_away, a._items, [b._items])
    return a - b

def band__(a, b):
    """`a & b`."""
    if type(a) == "struct" and _both_sets(a, b, "&"):
        return _changed(_keep, a._items, [b._items])
    return a & b

def xor__(a, b):
    """`a ^ b`."""
    if type(a) == "struct" and _both_sets(a, b, "^"):
        return _changed(_toggle, a._items, b._items)
    return a ^ b

def _set_or(items, other):
    _update(items, [other])

_IN_PLACE = {
    or__: ("|", _set_or),
    sub__: ("-", lambda items, other: _take_away(items, [other])),
    band__: ("&", lambda items, other: _keep(items, [other])),
    xor__: ("^", _toggle),
}

def change__(a, operation, b):
    """`a |= b` and the like: a set or a dict is changed in place."""
    if type(a) == "struct":
        operator, change = _IN_PLACE[operation]
        if _both_sets(a, b, operator):
            change(a._items, b._items)
            return a
    elif type(a) == "dict" and type(b) == "dict" and operation == or__:
        a |= b
        return a
    return operation(a, b)

def change_item__(container, key, operation, b):
    """`container[key] |= b` and the like."""
    container[key] = change__(container[key], operation, b)

def ordered__(x):
    """The left side of `<` and the like."""
    if type(x) == "struct" and _is(x, "set"):
        fail("unsupported comparison: sets have no order (issubset() tells whether one holds another)")
    return x

# ---- truth of what is a struct here --------------------------------------------

def filled__(x):
    """A value of which nothing but the truth matters: None for an empty set and an empty depset."""
    if type(x) != "struct":
        return x
    kind = getattr(x, "_type", None)
    if kind == "depset":
        return x if x._node[1] or x._node[2] else None
    return None if kind == "set" and not x._items else x

def empty__(x):
    """Whether a value is false."""
    return not (x if type(x) != "struct" else filled__(x))

def and__(a, b):
    """`a and b()`."""
    return a if empty__(a) else b()

def each__(values):
    """What any() and all() go over."""
    return [filled__(x) for x in names__(values)]
