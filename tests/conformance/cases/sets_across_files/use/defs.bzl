load("//lib:lib.bzl", "NamesInfo")

def _impl(ctx):
    info = ctx.attr.dep[NamesInfo]
    lines = ["%s is of %s" % (name, ctx.label.name) for name in info.names]
    if "a" in info.names and not info.files:
        lines.append(str(info.names))
    copy = info.names.union(["own"])
    copy.remove("a")
    lines.append(str(copy))
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(out, "\n".join(lines) + "\n")
    return [DefaultInfo(files = depset([out]))]

user = rule(implementation = _impl, attrs = {"dep": attr.label(providers = [NamesInfo])})
