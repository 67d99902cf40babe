"""The toolchain of the Bar language."""

BarcInfo = provider(
    doc = "How to call the Bar compiler.",
    fields = ["compiler", "system_lib", "arch_flags"],
)

def _bar_toolchain_impl(ctx):
    return [platform_common.ToolchainInfo(
        barcinfo = BarcInfo(
            compiler = ctx.attr.compiler,
            system_lib = ctx.attr.system_lib,
            arch_flags = ctx.attr.arch_flags,
        ),
    )]

bar_toolchain = rule(
    implementation = _bar_toolchain_impl,
    attrs = {
        "compiler": attr.label(
            executable = True,
            mandatory = True,
            cfg = "exec",
        ),
        "system_lib": attr.label(cfg = "target"),
        "arch_flags": attr.string_list(),
    },
)
