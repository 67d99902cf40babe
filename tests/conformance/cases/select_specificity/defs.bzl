def _flag_impl(ctx):
    return []

string_flag = rule(implementation = _flag_impl, build_setting = config.string(flag = True))

def _impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(out, "%s %s %s %s\n" % (ctx.attr.one, ctx.attr.many, ctx.attr.table, [f.basename for f in ctx.files.srcs]))
    return [DefaultInfo(files = depset([out]))]

show = rule(
    implementation = _impl,
    attrs = {
        "many": attr.string_list(),
        "one": attr.string(default = "the default"),
        "srcs": attr.label_list(allow_files = True),
        "table": attr.string_dict(),
    },
)
