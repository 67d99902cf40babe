def _impl(ctx):
    lines = [ctx.expand_location(line, ctx.attr.deps) for line in ctx.attr.lines]
    lines.append(ctx.expand_make_variables("lines", "$(COMPILATION_MODE) $(MINE) $$x", {"MINE": "mine"}))
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(out, "\n".join(lines) + "\n")
    return [DefaultInfo(files = depset([out]))]

show = rule(
    implementation = _impl,
    attrs = {
        "deps": attr.label_list(allow_files = True),
        "lines": attr.string_list(),
    },
)
