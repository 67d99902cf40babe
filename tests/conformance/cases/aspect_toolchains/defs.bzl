"""Aspects that ask for toolchains."""

ToldInfo = provider(fields = ["files"])

def _compiler_impl(ctx):
    return [platform_common.ToolchainInfo(says = ctx.attr.says, label = ctx.label)]

compiler = rule(implementation = _compiler_impl, attrs = {"says": attr.string()})

leaf = rule(implementation = lambda ctx: [], attrs = {"deps": attr.label_list()})

def _told_impl(target, ctx):
    out = ctx.actions.declare_file(target.label.name + ".told")
    chain = ctx.toolchains["//tools:type"]
    ctx.actions.write(out, "{} {} {} {} {}\n".format(
        target.label.name,
        chain.says,
        chain.label,
        ctx.toolchains["//tools:optional"],
        Label("//tools:type") in ctx.toolchains,
    ))
    files = depset([out], transitive = [dep[ToldInfo].files for dep in ctx.rule.attr.deps])
    return [ToldInfo(files = files), OutputGroupInfo(told = files)]

told = aspect(
    implementation = _told_impl,
    attr_aspects = ["deps"],
    toolchains = [
        "//tools:type",
        config_common.toolchain_type("//tools:optional", mandatory = False),
    ],
)

lacking = aspect(
    implementation = lambda target, ctx: [],
    toolchains = ["//tools:never"],
)

def _grouped_impl(target, ctx):
    out = ctx.actions.declare_file(target.label.name + ".grouped")
    ctx.actions.run_shell(
        outputs = [out],
        command = "echo %s > %s" % (ctx.exec_groups["link"].toolchains["//tools:type"].says, out.path),
        exec_group = "link",
    )
    return [OutputGroupInfo(told = depset([out]))]

grouped = aspect(
    implementation = _grouped_impl,
    exec_groups = {"link": exec_group(toolchains = ["//tools:type"])},
)

def _seen_impl(ctx):
    return [DefaultInfo(files = ctx.attr.dep[ToldInfo].files)]

seen = rule(
    implementation = _seen_impl,
    attrs = {"dep": attr.label(aspects = [told])},
)
