Info = provider(fields = ["value"])
Other = provider(fields = ["value"])

def _one_impl(target, ctx):
    out = ctx.actions.declare_file("same.txt")
    ctx.actions.write(out, ctx.label.name)
    return [Other(value = out)]

one = aspect(implementation = _one_impl)

def _lib_impl(ctx):
    return [Info(value = 1)]

lib = rule(implementation = _lib_impl, attrs = {"deps": attr.label_list()})

def _show_impl(ctx):
    return []

show = rule(implementation = _show_impl, attrs = {"deps": attr.label_list(aspects = [one])})
