def set(elements = []):
    """A set is a dict here: `in`, len(), iteration, truth and `|` work as they are; `dot__` has the methods."""
    return {x: None for x in elements}

def _set_update(value, others):
    for other in others:
        for x in other:
            value[x] = None

def _set_discard(value, x):
    value.pop(x, None)

_SET_METHODS = {
    "add": lambda value: lambda x: _set_update(value, [[x]]),
    "update": lambda value: lambda *others: _set_update(value, others),
    "discard": lambda value: lambda x: _set_discard(value, x),
    "remove": lambda value: lambda x: value.pop(x) and None,
    "union": lambda value: lambda *others: set(list(value) + [x for other in others for x in other]),
    "intersection": lambda value: lambda other: {x: None for x in value if x in other},
    "difference": lambda value: lambda other: {x: None for x in value if x not in other},
    "symmetric_difference": lambda value: lambda other: {x: None for x in list(value) + list(other) if (x in value) != (x in other)},
    "issubset": lambda value: lambda other: all([x in other for x in value]),
    "issuperset": lambda value: lambda other: all([x in value for x in other]),
}
