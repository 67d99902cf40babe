A = provider(fields = ["text"])
B = provider(fields = ["text"])
C = provider(fields = ["text"])

def _has(target):
    return "".join([name for name, info in [("A", A), ("B", B), ("C", C)] if info in target])

def _deps(ctx):
    return ",".join(["%s:%s" % (d.label.name, _has(d)) for d in getattr(ctx.rule.attr, "deps", [])])

def _a_impl(target, ctx):
    return [A(text = "a(%s sees %s; %s; %s)" % (ctx.label.name, _has(target), _deps(ctx), ctx.aspect_ids))]

a = aspect(implementation = _a_impl, attr_aspects = ["deps"], provides = [A])

def _b_impl(target, ctx):
    return [B(text = "b(%s sees %s; %s; %s)" % (ctx.label.name, _has(target), _deps(ctx), ctx.aspect_ids))]

b = aspect(implementation = _b_impl, attr_aspects = ["deps"], provides = [B], required_aspect_providers = [A])

def _c_impl(target, ctx):
    return [C(text = "c(%s sees %s; %s; %s; %s %s)" % (ctx.label.name, _has(target), _deps(ctx), ctx.aspect_ids, ctx.attr.level, ctx.attr.on))]

c = aspect(
    implementation = _c_impl,
    attr_aspects = ["deps"],
    attrs = {
        "level": attr.int(values = [1, 2], default = 1),
        "on": attr.bool(),
    },
    provides = [C],
    required_aspect_providers = [[A], [B]],
)
needs_a = aspect(implementation = _b_impl, attr_aspects = ["more"], requires = [a], provides = [B])

def _lib_impl(ctx):
    return []

lib = rule(implementation = _lib_impl, attrs = {
    "deps": attr.label_list(),
    "more": attr.label_list(),
})

def _show_impl(ctx):
    lines = []
    for dep in ctx.attr.deps:
        for info in [A, B, C]:
            lines.append(dep[info].text if info in dep else "none")
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(out, "\n".join(lines) + "\n")
    return [DefaultInfo(files = depset([out]))]

def _show(aspects):
    return rule(
        implementation = _show_impl,
        attrs = {
            "deps": attr.label_list(aspects = aspects),
            "level": attr.int(default = 2),
            "on": attr.bool(default = True),
        },
    )

show_ab = _show([a, b])
show_ba = _show([b, a])
show_abc = _show([a, b, c])
show_acb = _show([a, c, b])
show_c = _show([c])
show_needs = _show([needs_a])
