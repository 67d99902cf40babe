ShownInfo = provider(fields = ["word"])

show = rule(
    implementation = lambda ctx: [ShownInfo(word = ctx.attr.word)],
    attrs = {"word": attr.string()},
)

_attrs = {
    "_here": attr.label(default = "//:shown"),
    "_exec": attr.label(
        default = "//:shown",
        cfg = "exec",
    ),
}

inner = rule(
    implementation = lambda ctx: [platform_common.ToolchainInfo(word = "%s, %s, %s" % (
        ctx.attr.word,
        ctx.attr._here[ShownInfo].word,
        ctx.attr._exec[ShownInfo].word,
    ))],
    attrs = _attrs | {"word": attr.string()},
)

outer = rule(
    implementation = lambda ctx: [platform_common.ToolchainInfo(word = "outer (%s), %s, %s" % (
        ctx.toolchains["//:inner_type"].word,
        ctx.attr._here[ShownInfo].word,
        ctx.attr._exec[ShownInfo].word,
    ))],
    attrs = _attrs,
    toolchains = ["//:inner_type"],
)

def _use_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(out, "%s; %s, %s\n" % (
        ctx.toolchains["//:outer_type"].word,
        ctx.attr._here[ShownInfo].word,
        ctx.attr._exec[ShownInfo].word,
    ))
    return [DefaultInfo(files = depset([out]))]

use = rule(implementation = _use_impl, attrs = _attrs, toolchains = ["//:outer_type"])
