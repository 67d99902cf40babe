def _compiler_impl(ctx):
    return [platform_common.ToolchainInfo(command = ctx.attr.command, label = ctx.label)]

compiler = rule(implementation = _compiler_impl, attrs = {"command": attr.string()})

def _use_impl(ctx):
    tool = ctx.toolchains["//tc:type"]
    optional = ctx.toolchains["//tc:nobody_has"]
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(out, "%s %s %s %s\n" % (tool.command, tool.label, optional, "//tc:type" in ctx.toolchains))
    return [DefaultInfo(files = depset([out]))]

use = rule(
    implementation = _use_impl,
    toolchains = [
        "//tc:type",
        config_common.toolchain_type("//tc:nobody_has", mandatory = False),
    ],
)

def _needs_impl(ctx):
    return []

needs = rule(implementation = _needs_impl, toolchains = ["//tc:nobody_has"])
