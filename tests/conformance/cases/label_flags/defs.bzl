"""What a label flag leads to."""

ThingInfo = provider(fields = ["name"])

def _thing_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(out, ctx.label.name + "\n")
    return [DefaultInfo(files = depset([out])), ThingInfo(name = ctx.label.name)]

thing = rule(implementation = _thing_impl)

def _show_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(out, "".join([
        "{} {} {}\n".format(dep[ThingInfo].name, dep.label, ",".join([f.short_path for f in dep.files.to_list()]))
        for dep in ctx.attr.deps
    ]))
    return [DefaultInfo(files = depset([out]))]

show = rule(
    implementation = _show_impl,
    attrs = {"deps": attr.label_list(providers = [ThingInfo])},
)

def _pass_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".passed")
    ctx.actions.symlink(output = out, target_file = ctx.attr.dep[DefaultInfo].files.to_list()[0])
    return [DefaultInfo(files = depset([out]))]

change = rule(
    implementation = _pass_impl,
    cfg = transition(
        implementation = lambda settings, attr: {"//:flag": "//:two"} if str(settings["//:flag"]) == "@@//:one" else {"//:flag": "//:three"},
        inputs = ["//:flag"],
        outputs = ["//:flag"],
    ),
    attrs = {"dep": attr.label()},
)

change_hidden = rule(
    implementation = _pass_impl,
    cfg = transition(
        implementation = lambda settings, attr: {"//:hidden": Label("//:two")},
        inputs = [],
        outputs = ["//:hidden"],
    ),
    attrs = {"dep": attr.label()},
)
