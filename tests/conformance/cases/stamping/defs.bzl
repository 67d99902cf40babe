def _impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.run_shell(
        outputs = [out],
        inputs = [ctx.info_file, ctx.version_file],
        command = "sed 's/ .*//' %s | sort > %s; grep -c BUILD_TIMESTAMP %s >> %s" % (ctx.info_file.path, out.path, ctx.version_file.path, out.path),
    )
    return [DefaultInfo(files = depset([out]))]

stamped = rule(implementation = _impl)
