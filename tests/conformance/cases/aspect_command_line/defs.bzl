def _aspect_impl(target, ctx):
    out = ctx.actions.declare_file(target.label.name + ".facts")
    srcs = [f.short_path for src in getattr(ctx.rule.attr, "srcs", []) for f in src.files.to_list()]
    ctx.actions.write(out, "%s %s %s\n" % (ctx.label, ctx.rule.kind, srcs))
    deps = getattr(ctx.rule.attr, "deps", [])
    return [OutputGroupInfo(facts = depset([out], transitive = [d[OutputGroupInfo].facts for d in deps]))]

facts = aspect(implementation = _aspect_impl, attr_aspects = ["deps"])

def _impl(ctx):
    return []

library = rule(
    implementation = _impl,
    attrs = {
        "deps": attr.label_list(),
        "srcs": attr.label_list(allow_files = True),
    },
)
