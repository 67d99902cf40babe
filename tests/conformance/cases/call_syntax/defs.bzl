def show(*args, **kwargs):
    return "%s %s" % (args, sorted(kwargs.items()))

ARGS = [1, 2]
MORE = {"x": 1}

def _impl(ctx):
    dep = ctx.attr.dep
    lines = [
        show(b = 1, *ARGS),
        show(0, b = 1, *ARGS, **MORE),
        show(b = 1, *ARGS),
        show(
            c = show(d = 2, *ARGS),
            *[a for a in ARGS]
        ),
        show(y = dep.files.to_list()[0].basename, *("%s" % dep.label, dep.label.name)),
        "%s" % dep.label + " " + str(dep.files),
        "{} {}".format(dep.label, dep.label.package),
        str([d.label.name for d in [dep]]),
        str(dep.files_to_run.executable),
        str(dep[DefaultInfo].files == dep.files),
    ]
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(out, "\n".join(lines) + "\n")
    return [DefaultInfo(files = depset([out]))]

r = rule(implementation = _impl, attrs = {"dep": attr.label(allow_files = True)})
