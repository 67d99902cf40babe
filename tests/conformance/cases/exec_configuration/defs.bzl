def _copy_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".out")
    ctx.actions.write(out, "made\n", is_executable = True)
    return [DefaultInfo(files = depset([out]), executable = out)]

maker = rule(implementation = _copy_impl, executable = True)

def _impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name)
    target, tool = ctx.file.target.path, ctx.executable.tool.path
    ctx.actions.write(out, "\n".join([
        "differ" if target != tool else "same",
        ctx.file.target.short_path,
        ctx.executable.tool.short_path,
        str(target.startswith(ctx.bin_dir.path)),
        str(tool.startswith(ctx.bin_dir.path)),
        str(ctx.attr.tool.label),
    ]) + "\n")
    return [DefaultInfo(files = depset([out]))]

compare = rule(
    implementation = _impl,
    attrs = {
        "target": attr.label(allow_single_file = True),
        "tool": attr.label(cfg = "exec", executable = True),
    },
)
