Base = provider(fields = ["text"])
First = provider(fields = ["text"])
Second = provider(fields = ["text"])

def _first_impl(target, ctx):
    return [First(text = "first of %s with %s" % (target[Base].text, ctx.file._extra.basename))]

first = aspect(
    implementation = _first_impl,
    attr_aspects = ["dep"],
    attrs = {"_extra": attr.label(default = "//:extra.txt", allow_single_file = True)},
    provides = [First],
    required_providers = [Base],
)

def _second_impl(target, ctx):
    return [Second(text = "second after (%s), level %s" % (target[First].text, ctx.attr.level))]

second = aspect(
    implementation = _second_impl,
    attr_aspects = ["dep"],
    attrs = {"level": attr.string(values = ["low", "high"])},
    requires = [first],
)

def _base_impl(ctx):
    return [Base(text = ctx.label.name)]

base = rule(implementation = _base_impl, attrs = {"dep": attr.label()}, provides = [Base])

def _other_impl(ctx):
    return []

other = rule(implementation = _other_impl)

def _show_impl(ctx):
    lines = []
    for dep in ctx.attr.deps:
        lines.append("%s: %s %s" % (
            dep.label.name,
            dep[First].text if First in dep else None,
            dep[Second].text if Second in dep else None,
        ))
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(out, "\n".join(lines) + "\n")
    return [DefaultInfo(files = depset([out]))]

show = rule(
    implementation = _show_impl,
    attrs = {
        "deps": attr.label_list(aspects = [second]),
        "level": attr.string(default = "low"),
    },
)
