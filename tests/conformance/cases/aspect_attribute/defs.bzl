Collected = provider(fields = ["names", "rules"])

def _aspect_impl(target, ctx):
    deps = getattr(ctx.rule.attr, "deps", [])
    return [Collected(
        names = depset(
            ["%s(%s)" % (target.label.name, ctx.rule.kind)],
            transitive = [d[Collected].names for d in deps],
        ),
        rules = len(deps),
    )]

collect = aspect(implementation = _aspect_impl, attr_aspects = ["deps"])

def _library_impl(ctx):
    return []

library = rule(
    implementation = _library_impl,
    attrs = {
        "deps": attr.label_list(),
        "data": attr.label_list(),
    },
)

def _report_impl(ctx):
    lines = []
    for dep in ctx.attr.roots:
        lines.append("%s: %s %d" % (dep.label.name, dep[Collected].names.to_list(), dep[Collected].rules))
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(out, "\n".join(lines) + "\n")
    return [DefaultInfo(files = depset([out]))]

report = rule(implementation = _report_impl, attrs = {"roots": attr.label_list(aspects = [collect])})
