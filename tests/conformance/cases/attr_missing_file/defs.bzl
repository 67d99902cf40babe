def _impl(ctx):
    return [DefaultInfo(files = depset(ctx.files.srcs))]

r = rule(implementation = _impl, attrs = {"srcs": attr.label_list(allow_files = True)})
