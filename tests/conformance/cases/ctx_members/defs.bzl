def _impl(ctx):
    lines = [
        str(ctx.label),
        "%s %s %s" % (ctx.label.package, ctx.label.name, repr(ctx.label.workspace_name)),
        ctx.bin_dir.path,
        str(ctx.bin_dir.path == ctx.genfiles_dir.path),
        ctx.workspace_name,
        ctx.build_file_path,
        str(sorted(ctx.features)),
        str(ctx.disabled_features),
        ctx.var["COMPILATION_MODE"],
        ctx.var["BINDIR"],
        ctx.var.get("thing", "no thing"),
        str(ctx.coverage_instrumented()),
        ctx.configuration.host_path_separator,
        str(ctx.configuration.coverage_enabled),
        str(ctx.attr.tags),
        ctx.attr.name,
        str(ctx.attr.testonly),
        str([v.name for v in ctx.attr.visibility] if False else type(ctx.attr.visibility)),
        str(type(ctx)),
        str(type(ctx.actions)),
        str(type(ctx.label)),
    ]
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(out, "\n".join(lines) + "\n")
    return [DefaultInfo(files = depset([out]))]

show = rule(implementation = _impl)
