"""How many sources a target has, with what it depends on."""

FileCount = provider(fields = {"count": "number of files"})

def _file_count_aspect_impl(target, ctx):
    count = 0
    if hasattr(ctx.rule.attr, "srcs"):
        for src in ctx.rule.attr.srcs:
            for f in src.files.to_list():
                if ctx.attr.extension == "*" or ctx.attr.extension == f.extension:
                    count = count + 1
    for dep in ctx.rule.attr.deps:
        count = count + dep[FileCount].count
    return [FileCount(count = count)]

file_count_aspect = aspect(
    implementation = _file_count_aspect_impl,
    attr_aspects = ["deps"],
    attrs = {"extension": attr.string(values = ["*", "h", "cc"])},
)

def _file_count_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(out, "".join(["%s %d\n" % (dep.label.name, dep[FileCount].count) for dep in ctx.attr.deps]))
    return [DefaultInfo(files = depset([out]))]

file_count = rule(
    implementation = _file_count_impl,
    attrs = {
        "deps": attr.label_list(aspects = [file_count_aspect]),
        "extension": attr.string(default = "*"),
    },
)

def _library_impl(ctx):
    return []

library = rule(
    implementation = _library_impl,
    attrs = {
        "deps": attr.label_list(),
        "srcs": attr.label_list(allow_files = True),
    },
)
