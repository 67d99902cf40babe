"""A program that is there already, as a target that can be run or as a test."""

def _impl(ctx):
    out = ctx.actions.declare_file(ctx.attr.out or ctx.attr.name)
    ctx.actions.symlink(
        output = out,
        target_file = ctx.executable.src,
        is_executable = True,
    )
    runfiles = ctx.runfiles(files = ctx.files.data)
    runfiles = runfiles.merge_all([
        one[DefaultInfo].default_runfiles
        for one in ctx.attr.data + [ctx.attr.src]
    ])
    return [
        DefaultInfo(
            files = depset([out]),
            runfiles = runfiles,
            executable = out,
        ),
        RunEnvironmentInfo(
            environment = {
                name: ctx.expand_make_variables("env", ctx.expand_location(value, ctx.attr.data), {})
                for name, value in ctx.attr.env.items()
            },
        ),
    ]

_ATTRS = {
    "data": attr.label_list(allow_files = True, doc = "What the program needs when it runs."),
    "env": attr.string_dict(doc = "Its environment; $(location) may name `data`."),
    "out": attr.string(doc = "The name under which it stands in the output tree; the target's own by default."),
    "src": attr.label(mandatory = True, executable = True, allow_files = True, cfg = "target", doc = "The program."),
}

native_binary = rule(
    implementation = _impl,
    doc = "Wraps a program that is there already as a target that can be run.",
    attrs = _ATTRS,
    executable = True,
)

native_test = rule(
    implementation = _impl,
    doc = "Wraps a program that is there already as a test.",
    attrs = _ATTRS,
    test = True,
)
