def _impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".sh")
    ctx.actions.write(out, "#!/bin/sh\n%s\n" % ctx.attr.body, is_executable = True)
    return [DefaultInfo(executable = out)]

body_test = rule(implementation = _impl, attrs = {"body": attr.string()}, test = True)

def _bad(ctx):
    return []

def make_bad():
    return rule(implementation = _bad, test = True)

not_named = rule(implementation = _bad, test = True)
