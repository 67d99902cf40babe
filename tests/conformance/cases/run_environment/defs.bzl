def _impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.write(out, "#!/bin/sh\n", is_executable = True)
    return [
        DefaultInfo(executable = out),
        RunEnvironmentInfo(environment = {"A": "1"}, inherited_environment = ["HOME"]),
    ]

tool = rule(implementation = _impl, executable = True)

def _show_impl(ctx):
    info = ctx.attr.dep[RunEnvironmentInfo]
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(out, "%s %s\n" % (info.environment, info.inherited_environment))
    return [DefaultInfo(files = depset([out]))]

show = rule(implementation = _show_impl, attrs = {"dep": attr.label()})
