load(":base.bzl", "BaseInfo", "base")

ExtraInfo = provider(fields = ["extra"])

def _extended_impl(ctx):
    default, info = ctx.super()
    out = ctx.actions.declare_file(ctx.label.name + ".extra")
    ctx.actions.write(out, "%s and %s\n" % (info.word, ctx.attr.extra))
    return [
        DefaultInfo(files = depset([out], transitive = [default.files])),
        info,
        ExtraInfo(extra = ctx.attr.extra),
    ]

def _extended_init(name, extra, **kwargs):
    return {"extra": extra.upper()} | kwargs

extended = rule(
    implementation = _extended_impl,
    initializer = _extended_init,
    parent = base,
    provides = [ExtraInfo],
    attrs = {"extra": attr.string()},
)

twice = rule(implementation = lambda ctx: ctx.super(), parent = extended)

def _shows_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(out, "\n".join([d[BaseInfo].word for d in ctx.attr.deps]) + "\n")
    return [DefaultInfo(files = depset([out]))]

shows = rule(implementation = _shows_impl, attrs = {"deps": attr.label_list(providers = [BaseInfo])})
