load(":defs.bzl", "lines")

def _impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(out, "\n".join(lines()) + "\n")
    return [DefaultInfo(files = depset([out]))]

show = rule(implementation = _impl)
