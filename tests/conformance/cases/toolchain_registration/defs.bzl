def _tool_impl(ctx):
    return [platform_common.ToolchainInfo(word = ctx.attr.word)]

tool = rule(implementation = _tool_impl, attrs = {"word": attr.string()})

def _use_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(out, ctx.toolchains["//:type"].word + "\n")
    return [DefaultInfo(files = depset([out]))]

use = rule(implementation = _use_impl, toolchains = ["//:type"])
