"""A toolchain of a module, and who uses it."""

compiler = rule(
    implementation = lambda ctx: [platform_common.ToolchainInfo(says = ctx.attr.says)],
    attrs = {"says": attr.string()},
)

def _user_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    other = ctx.toolchains["//tools:optional"]
    ctx.actions.write(out, "{} {}\n".format(ctx.toolchains["//tools:type"].says, other.says if other else "none"))
    return [DefaultInfo(files = depset([out]))]

user = rule(
    implementation = _user_impl,
    attrs = {"optional": attr.bool()},
    toolchains = [
        "//tools:type",
        config_common.toolchain_type("//tools:optional", mandatory = False),
    ],
)
