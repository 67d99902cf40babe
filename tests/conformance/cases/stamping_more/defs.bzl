def _impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.run_shell(
        outputs = [out],
        inputs = [ctx.info_file, ctx.version_file],
        command = "grep -h -e COUNTER -e STABLE -e EMBED %s %s > %s" % (ctx.info_file.path, ctx.version_file.path, out.path),
    )
    return [DefaultInfo(files = depset([out]))]

stamped = rule(implementation = _impl)
