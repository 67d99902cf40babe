def _tool_impl(ctx):
    return [platform_common.ToolchainInfo(word = ctx.attr.word)]

tool = rule(implementation = _tool_impl, attrs = {"word": attr.string()})

def _use_impl(ctx):
    words = []
    for key in ["//:x", "//:y"]:
        if key in ctx.toolchains:
            found = ctx.toolchains[key]
            words.append(found.word if found else "none")
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(out, " ".join(words) + "\n")
    return [DefaultInfo(files = depset([out]))]

use_x = rule(implementation = _use_impl, toolchains = ["//:x"])

use_y = rule(implementation = _use_impl, toolchains = ["//:y"])

use_both = rule(implementation = _use_impl, toolchains = ["//:x", "//:y"])

use_either = rule(
    implementation = _use_impl,
    toolchains = [
        "//:x",
        config_common.toolchain_type("//:y", mandatory = False),
    ],
)

use_on_two = rule(
    implementation = _use_impl,
    exec_compatible_with = ["//:w2"],
    toolchains = ["//:x"],
)
