def _show_impl(ctx):
    lines = [ctx.attr.chosen]
    for one in ctx.attr.words:
        value = one[platform_common.ConstraintValueInfo]
        lines.append("%s %s" % (one.label.name, ctx.target_platform_has_constraint(value)))
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(out, "\n".join(lines) + "\n")
    return [DefaultInfo(files = depset([out]))]

show = rule(
    implementation = _show_impl,
    attrs = {
        "chosen": attr.string(),
        "words": attr.label_list(providers = [platform_common.ConstraintValueInfo]),
    },
)
