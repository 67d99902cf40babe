def _impl(ctx):
    lines = [
        str([f.short_path for f in ctx.files.any]),
        str([f.short_path for f in ctx.files.texts]),
        str(ctx.file.one.short_path if ctx.file.one else None),
        str(ctx.files.one),
        str(sorted(dir(ctx.file))),
        str([f.basename for f in ctx.files._private]),
    ]
    ctx.actions.write(ctx.outputs.out, "\n".join(lines) + "\n")

r = rule(
    implementation = _impl,
    attrs = {
        "any": attr.label_list(allow_files = True),
        "texts": attr.label_list(allow_files = [".txt", ".md"]),
        "one": attr.label(allow_single_file = [".txt"]),
        "out": attr.output(),
        "_private": attr.label(default = "//:a.txt", allow_single_file = True),
    },
)
