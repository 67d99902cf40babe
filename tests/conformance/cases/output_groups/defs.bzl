def _impl(ctx):
    made = {}
    for name in ["main", "docs", "debug"]:
        made[name] = ctx.actions.declare_file("%s.%s" % (ctx.label.name, name))
        ctx.actions.write(made[name], name + "\n")
    return [
        DefaultInfo(files = depset([made["main"]])),
        OutputGroupInfo(docs = depset([made["docs"]]), debug = [made["debug"]], none = depset()),
    ]

groups = rule(implementation = _impl)

def _show_impl(ctx):
    info = ctx.attr.dep[OutputGroupInfo]
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(out, "\n".join([
        str(sorted([g for g in dir(info) if not g.startswith("_")])),
        str([f.basename for f in info.docs.to_list()]),
        str([f.basename for f in info["debug"].to_list()]),
        str(hasattr(info, "nope")),
        str("docs" in info),
        str([g for g in info if not g.startswith("_")]),
    ]) + "\n")
    return [DefaultInfo(files = depset([out]))]

show = rule(implementation = _show_impl, attrs = {"dep": attr.label()})
