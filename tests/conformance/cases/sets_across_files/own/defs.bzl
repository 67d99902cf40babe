load("//lib:lib.bzl", "NamesInfo", "both", "chosen", "combined", "counted", "described", "joined", "put")

ALL = set(["a", "b"])
NONE = set()
TABLE = {"more": set(["c"])}

def _impl(ctx):
    s = set(["b", "a"])
    seen = set(["x"])
    table = {"k": set([1, 2])}
    table["k"] |= set([3])
    table["k"] -= set([1])
    same = seen
    same |= set(["y"])
    lines = [
        described(s),
        described(NONE),
        str(counted(s)),
        joined(*s),
        str(chosen(s, 1)),
        str(chosen(NONE, 1)),
        str(put(seen, "n")),
        str(seen),
        str(combined(s, set(["a", "c"]))),
        str(both(s)),
        str(table),
        "%s|%r|{}".format(s) % (s, s),
        json.encode({"set": s}),
        str([s == ALL, s != ALL, [s] == [ALL], s in [ALL], {"k": s} == {"k": ALL}]),
        str([type(x) for x in [s, NONE]]),
    ]
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(out, "\n".join(lines) + "\n")
    return [DefaultInfo(files = depset([out])), NamesInfo(names = s, files = depset())]

names = rule(implementation = _impl)
