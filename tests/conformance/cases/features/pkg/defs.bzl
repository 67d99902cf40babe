def _show_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(out, "%s\n%s\n%s\n" % (ctx.features, ctx.disabled_features, ctx.attr.features))
    return [DefaultInfo(files = depset([out]))]

show = rule(implementation = _show_impl)
