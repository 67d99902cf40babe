Info = provider(fields = ["size", "names"])

def _thing_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(out, "")
    return [
        Info(size = ctx.attr.size, names = [one.label.name for one in ctx.attr.deps]),
        DefaultInfo(files = depset([out]), runfiles = ctx.runfiles([out])),
        OutputGroupInfo(more = depset(ctx.files.deps)),
    ]

thing = rule(
    implementation = _thing_impl,
    attrs = {
        "deps": attr.label_list(allow_files = True),
        "size": attr.int(),
        "tool": attr.label(cfg = "exec"),
    },
)
