def _default(flavour, size):
    return Label("//:%s_%d.txt" % (flavour, size))

def _impl(ctx):
    ctx.actions.write(ctx.outputs.out, ctx.file._src.short_path + "\n")

r = rule(
    implementation = _impl,
    attrs = {
        "flavour": attr.string(default = "sweet"),
        "size": attr.int(default = 1),
        "out": attr.output(),
        "_src": attr.label(default = _default, allow_single_file = True),
    },
)
