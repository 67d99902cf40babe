def _needs_two(os, inputs):
    if type(os) != "string" or inputs != 0:
        fail("%s %s" % (os, inputs))
    return {"cpu": 2, "memory": 100.5, "local_test": 1}

def _make(ctx, resource_set):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.run_shell(
        outputs = [out],
        command = "echo %s > %s" % (ctx.label.name, out.path),
        resource_set = resource_set,
    )
    return [DefaultInfo(files = depset([out]))]

def _needs_impl(ctx):
    return _make(ctx, _needs_two)

needs = rule(implementation = _needs_impl)
