def _impl(ctx):
    return []

r = rule(
    implementation = _impl,
    attrs = {
        "mode": attr.string(values = ["fast", "slow"], default = "fast"),
        "level": attr.int(values = [1, 2], default = 1),
        "must": attr.string(mandatory = True),
        "some": attr.string_list(allow_empty = False, default = ["x"]),
    },
)
