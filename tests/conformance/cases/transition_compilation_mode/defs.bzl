def _transition_impl(settings, attr):
    return {"//command_line_option:compilation_mode": "opt" if settings["//command_line_option:compilation_mode"] == "fastbuild" else "dbg"}

change = transition(
    implementation = _transition_impl,
    inputs = ["//command_line_option:compilation_mode"],
    outputs = ["//command_line_option:compilation_mode"],
)

def _impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(out, "%s %s\n" % (ctx.attr.mode, ctx.var["COMPILATION_MODE"]))
    return [DefaultInfo(files = depset([out]))]

plain = rule(implementation = _impl, attrs = {"mode": attr.string()})
changed = rule(
    implementation = _impl,
    attrs = {
        "mode": attr.string(),
        "_allowlist_function_transition": attr.label(default = "@bazel_tools//tools/allowlists/function_transition_allowlist"),
    },
    cfg = change,
)
