def _impl(ctx):
    return [DefaultInfo(files = depset([ctx.actions.args]))]

def _nested(ctx):
    x = [[1]]
    print(depset(
        x,
    ))

a = rule(implementation = _impl)
b = rule(implementation = _nested)
