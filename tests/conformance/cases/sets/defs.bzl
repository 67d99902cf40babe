def _impl(ctx):
    a, b = set([3, 1, 2, 1]), set([2, 5])
    c = set(a)
    c.add(9)
    c.remove(3)
    c.discard(77)
    d = set()
    d.update([4, 4], [6])
    lines = [
        str(a),
        repr(b),
        str(set()),
        str([len(a), 1 in a, 7 in a, 7 not in a]),
        str([x for x in a]),
        str(a | b),
        str(a & b),
        str(a - b),
        str(a ^ b),
        str(a.union(b, [8])),
        str(a.intersection([1, 2])),
        str(a.difference([1])),
        str(a.symmetric_difference(b)),
        str([a.issubset(a | b), a.issuperset(b), a.isdisjoint(b), a.isdisjoint([10])]),
        str(c),
        str(d),
        str(d.pop()) + " " + str(d),
        str(a == set([1, 2, 3])),
        str([a.issubset(a), a != [3, 1, 2], set() == {}, set([1, 2]) == set([2, 1])]),
        type(a),
        "true" if a else "false",
        "true" if set() else "false",
        str(sorted(a)),
        str(list(a)),
        str({"k": set(["x"])}),
    ]
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(out, "\n".join(lines) + "\n")
    return [DefaultInfo(files = depset([out]))]

show = rule(implementation = _impl)
