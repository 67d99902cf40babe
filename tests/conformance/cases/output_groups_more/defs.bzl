def _impl(ctx):
    made = {}
    for name in ["main", "docs", "debug"]:
        made[name] = ctx.actions.declare_file("%s.%s" % (ctx.label.name, name))
        ctx.actions.write(made[name], name + "\n")
    checked = ctx.actions.declare_file(ctx.label.name + ".checked")
    ctx.actions.run_shell(
        outputs = [checked],
        command = "touch %s%s" % (checked.path, "" if ctx.attr.valid else "; exit 1"),
    )
    return [
        DefaultInfo(files = depset([made["main"]])),
        OutputGroupInfo(
            docs = depset([made["docs"]]),
            debug = [made["debug"]],
            _validation = depset([checked]),
        ),
    ]

groups = rule(implementation = _impl, attrs = {"valid": attr.bool(default = True)})

def _pick_impl(ctx):
    info = ctx.attr.dep[OutputGroupInfo]
    return [
        DefaultInfo(files = info[ctx.attr.group]),
        OutputGroupInfo(**{name + "_too": info[name] for name in info if "_" not in name}),
    ]

pick = rule(
    implementation = _pick_impl,
    attrs = {
        "dep": attr.label(providers = [OutputGroupInfo]),
        "group": attr.string(),
    },
)
