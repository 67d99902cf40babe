def _init(name, word = "from the initializer", words = [], **kwargs):
    return {"word": word, "words": words + [name], "count": None} | kwargs

def _impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(out, "%s %s %d %s\n" % (ctx.attr.word, ",".join(ctx.attr.words), ctx.attr.count, ",".join(ctx.attr.tags)))
    return [DefaultInfo(files = depset([out]))]

r = rule(
    implementation = _impl,
    initializer = _init,
    attrs = {
        "word": attr.string(default = "from the rule"),
        "words": attr.string_list(),
        "count": attr.int(default = 7),
    },
)

bad = rule(implementation = _impl, initializer = lambda name: {"nothing": 1})

def _needs(name, word):
    return {}

needs = rule(implementation = _impl, initializer = _needs, attrs = {"word": attr.string()})
