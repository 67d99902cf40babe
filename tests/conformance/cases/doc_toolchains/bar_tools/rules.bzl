"""Rules that take the Bar compiler from a toolchain."""

def _bar_binary_impl(ctx):
    info = ctx.toolchains["//bar_tools:toolchain_type"].barcinfo
    out = ctx.actions.declare_file(ctx.label.name + ".out")
    args = ctx.actions.args()
    args.add(out)
    args.add_all(info.arch_flags)
    library = []
    if info.system_lib:
        library = info.system_lib.files.to_list()
        args.add("--lib=" + library[0].short_path)
    args.add_all(ctx.files.srcs)
    ctx.actions.run(
        outputs = [out],
        inputs = ctx.files.srcs + library,
        executable = info.compiler.files_to_run,
        arguments = [args],
        mnemonic = "BarCompile",
        toolchain = "//bar_tools:toolchain_type",
    )
    return [DefaultInfo(files = depset([out]))]

bar_binary = rule(
    implementation = _bar_binary_impl,
    attrs = {"srcs": attr.label_list(allow_files = True)},
    toolchains = ["//bar_tools:toolchain_type"],
)
