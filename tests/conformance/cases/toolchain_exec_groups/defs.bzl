def _tool_impl(ctx):
    return [platform_common.ToolchainInfo(word = ctx.attr.word)]

tool = rule(implementation = _tool_impl, attrs = {"word": attr.string()})

ShownInfo = provider(fields = ["word"])

show = rule(
    implementation = lambda ctx: [ShownInfo(word = ctx.attr.word)],
    attrs = {"word": attr.string()},
)

def _use_impl(ctx):
    lines = [
        ctx.toolchains["//:x"].word,
        ctx.exec_groups["link"].toolchains["//:x"].word,
        str("//:x" in ctx.exec_groups["bare"].toolchains),
        ctx.attr._here[ShownInfo].word,
        ctx.attr._exec[ShownInfo].word,
        ctx.attr._link[ShownInfo].word,
        ctx.attr._bare[ShownInfo].word,
    ]
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.run_shell(
        outputs = [out],
        arguments = [out.path] + lines,
        command = 'out=$1; shift; printf "%s\\n" "$@" > $out',
        exec_group = "link",
    )
    return [DefaultInfo(files = depset([out]))]

use = rule(
    implementation = _use_impl,
    attrs = {
        "_here": attr.label(default = "//:shown"),
        "_exec": attr.label(
            default = "//:shown",
            cfg = "exec",
        ),
        "_link": attr.label(
            default = "//:shown",
            cfg = config.exec("link"),
        ),
        "_bare": attr.label(
            default = "//:shown",
            cfg = config.exec(exec_group = "bare"),
        ),
    },
    exec_groups = {
        "link": exec_group(
            exec_compatible_with = ["//:w2"],
            toolchains = ["//:x"],
        ),
        "bare": exec_group(),
    },
    toolchains = ["//:x"],
)
