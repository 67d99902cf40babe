Plain = provider()
Named = provider(doc = "Two fields.", fields = ["a", "b"])
Documented = provider(fields = {"x": "the x", "y": "the y"})

def _library_impl(ctx):
    return [Plain(z = 1, a = "t"), Named(a = ctx.label.name), Documented(x = [1, 2], y = None)]

library = rule(implementation = _library_impl)

def _impl(ctx):
    lines = []
    for dep in ctx.attr.deps:
        plain, named, documented = dep[Plain], dep[Named], dep[Documented]
        lines.append(str(plain))
        lines.append(repr(named))
        lines.append("%s" % documented)
        lines.append(str([hasattr(named, "a"), hasattr(named, "b"), getattr(named, "b", "none")]))
        lines.append(str(dir(plain)))
        lines.append(str([Plain in dep, DefaultInfo in dep, OutputGroupInfo in dep]))
        lines.append(str(plain == Plain(a = "t", z = 1)))
        lines.append(str(plain == Plain(a = "t", z = 2)))
        lines.append(str([type(plain), type(named), type(Named)]))
        lines.append(str(struct(b = 1, a = [2]) == struct(a = [2], b = 1)))
    out = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.write(out, "\n".join(lines) + "\n")
    return [DefaultInfo(files = depset([out]))]

show = rule(implementation = _impl, attrs = {"deps": attr.label_list(providers = [[Plain, Named], [DefaultInfo]])})
