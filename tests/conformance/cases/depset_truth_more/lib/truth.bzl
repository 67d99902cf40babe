"""No depset is made here."""

def asked(one, other):
    out = []
    if one:
        out.append("if")
    elif other:
        out.append("elif")
    else:
        out.append("else")
    out.append("is" if one else "is not")
    out.append("not" if not one else "yes")
    out.append("both" if one and other else "not both")
    out.append("either" if one or other else "neither")
    out.append("only" if not (one and other) and (one or other) else "same")
    return out

def values(one, other):
    return [
        one and 1,
        one or 1,
        _same(one) and 1 and _same(other),
        _same(one) or _same(other),
        (one or other) and 2,
        1 and one,
        None or one,
        one and other and 3,
    ]

def counted(all_of_them):
    return [
        len([x for x in all_of_them if x]),
        len([x for x in all_of_them if not x]),
        len([x for x in all_of_them if x and True]),
        any(all_of_them),
        all(all_of_them),
        any([x for x in all_of_them]),
        all([x or 1 for x in all_of_them]),
        [bool(x) for x in all_of_them],
    ]

def _same(x):
    return x
