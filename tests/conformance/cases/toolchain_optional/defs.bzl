def _tool_impl(ctx):
    return [platform_common.ToolchainInfo(word = ctx.attr.word)]

tool = rule(implementation = _tool_impl, attrs = {"word": attr.string()})

def _use_impl(ctx):
    lines = []
    for key in ["//:a", "@//:a", Label("//:a"), Label(":b"), "//:b"]:
        found = ctx.toolchains[key]
        lines.append("%s %s %s" % (key, key in ctx.toolchains, found.word if found else found))
    lines.append(str("//:c" in ctx.toolchains))
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(out, "\n".join(lines) + "\n")
    return [DefaultInfo(files = depset([out]))]

use = rule(
    implementation = _use_impl,
    toolchains = [
        Label("//:a"),
        config_common.toolchain_type("//:b", mandatory = False),
    ],
)

def _absent_impl(ctx):
    return [DefaultInfo(files = depset(ctx.toolchains["//:b"].files))]

absent = rule(implementation = _absent_impl, toolchains = ["//:a"])
