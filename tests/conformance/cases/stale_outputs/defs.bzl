def _impl(ctx):
    out = ctx.actions.declare_directory(ctx.label.name)
    ctx.actions.run_shell(
        outputs = [out],
        inputs = ctx.files.srcs,
        command = "out=$1; shift; cp \"$@\" $out",
        arguments = [out.path] + [f.path for f in ctx.files.srcs],
    )
    return [DefaultInfo(files = depset([out]))]

tree = rule(implementation = _impl, attrs = {"srcs": attr.label_list(allow_files = True)})
