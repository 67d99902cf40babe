def _impl(ctx):
    return []

r = rule(implementation = _impl, attrs = {"dep": attr.label()})
