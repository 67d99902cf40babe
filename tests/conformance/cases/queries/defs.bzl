def _impl(ctx):
    return []

lib = rule(
    implementation = _impl,
    attrs = {
        "deps": attr.label_list(),
        "srcs": attr.label_list(allow_files = True),
    },
)
