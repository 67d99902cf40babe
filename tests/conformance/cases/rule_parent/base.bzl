BaseInfo = provider(fields = ["word"])

def _base_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".base")
    ctx.actions.write(out, "base %s %s\n" % (ctx.attr.word, ctx.attr._hidden))
    return [DefaultInfo(files = depset([out])), BaseInfo(word = ctx.attr.word)]

def _base_init(name, word = "w"):
    return {"word": word + " of " + name}

base = rule(
    implementation = _base_impl,
    initializer = _base_init,
    provides = [BaseInfo],
    attrs = {
        "word": attr.string(),
        "_hidden": attr.string(default = "hidden"),
    },
)
