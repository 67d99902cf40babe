def _impl(ctx):
    out = ctx.actions.declare_directory(ctx.label.name)
    ctx.actions.run_shell(outputs = [out], command = "mkdir -p $1/d; echo 1 > $1/a; echo 2 > $1/d/b", arguments = [out.path])
    return [DefaultInfo(files = depset([out]))]

tree = rule(implementation = _impl)
