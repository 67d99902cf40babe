"""A rule with a toolchain and a transition, and two that extend it."""

WordInfo = provider(fields = ["word"])

word = rule(
    implementation = lambda ctx: [WordInfo(word = ctx.build_setting_value)],
    build_setting = config.string(flag = True),
)

compiler = rule(
    implementation = lambda ctx: [platform_common.ToolchainInfo(says = ctx.attr.says)],
    attrs = {"says": attr.string()},
)

def _base_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".base")
    ctx.actions.write(out, "{} {} {}\n".format(
        ctx.toolchains["//tools:one"].says,
        ctx.attr._word[WordInfo].word,
        ctx.attr._other[WordInfo].word,
    ))
    return [DefaultInfo(files = depset([out]))]

base = rule(
    implementation = _base_impl,
    cfg = transition(
        implementation = lambda settings, attr: {"//:word": settings["//:other"] + " seen by base"},
        inputs = ["//:other"],
        outputs = ["//:word"],
    ),
    attrs = {
        "_other": attr.label(default = "//:other"),
        "_word": attr.label(default = "//:word"),
    },
    toolchains = ["//tools:one"],
)

def _child_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".child")
    ctx.actions.write(out, "{} {}\n".format(
        ctx.toolchains["//tools:two"].says,
        ctx.exec_groups["link"].toolchains["//tools:one"].says,
    ))
    return [DefaultInfo(files = depset([out], transitive = [ctx.super()[0].files]))]

child = rule(
    implementation = _child_impl,
    cfg = transition(
        implementation = lambda settings, attr: {"//:other": "set by child"},
        inputs = [],
        outputs = ["//:other"],
    ),
    exec_groups = {"link": exec_group(toolchains = ["//tools:one"])},
    parent = base,
    toolchains = ["//tools:two"],
)

plain = rule(
    implementation = lambda ctx: ctx.super(),
    parent = base,
)
