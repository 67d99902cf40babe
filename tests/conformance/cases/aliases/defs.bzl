def _impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(out, "".join(["%s %s\n" % (d.label, [f.short_path for f in d.files.to_list()]) for d in ctx.attr.deps]))
    return [DefaultInfo(files = depset([out]))]

show = rule(implementation = _impl, attrs = {"deps": attr.label_list(allow_files = True)})
