def _impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(out, "%s %s\n" % (ctx.attr._hidden, ctx.attr.kind))
    return [DefaultInfo(files = depset([out]))]

def _make(kind):
    return rule(
        implementation = _impl,
        attrs = {
            "kind": attr.string(default = kind),
            "_hidden": attr.string(default = "hidden " + kind),
        },
        doc = "A rule of kind " + kind,
    )

first = _make("first")
_second = _make("second")

def second(name, **kwargs):
    _second(name = name, **kwargs)

rules = struct(third = _make("third"))
