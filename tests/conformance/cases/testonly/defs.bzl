def _impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".sh")
    ctx.actions.write(out, "#!/bin/sh\n", is_executable = True)
    return [DefaultInfo(executable = out)]

_ATTRS = {"deps": attr.label_list()}
plain = rule(implementation = _impl, attrs = _ATTRS)
some_test = rule(implementation = _impl, attrs = _ATTRS, test = True)
