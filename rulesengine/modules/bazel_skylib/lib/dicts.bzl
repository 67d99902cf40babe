"""Functions on dicts; none changes its arguments."""

def _add(*dictionaries, **kwargs):
    """One dict of all; of equal keys the last one's value counts."""
    out = {}
    for one in dictionaries:
        out.update(one)
    out.update(kwargs)
    return out

def _omit(dictionary, keys):
    """The entries whose keys are not among these."""
    unwanted = {key: True for key in keys}
    return {key: value for key, value in dictionary.items() if key not in unwanted}

def _pick(dictionary, keys):
    """The entries of these keys; every key must be there."""
    return {key: dictionary[key] for key in keys}

dicts = struct(
    add = _add,
    omit = _omit,
    pick = _pick,
)
