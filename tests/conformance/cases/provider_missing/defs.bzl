MyInfo = provider()
Other = provider()

def _impl(ctx):
    return []

r = rule(implementation = _impl, attrs = {"deps": attr.label_list(providers = [MyInfo])})
plain = rule(implementation = _impl)

def _direct_impl(ctx):
    return [DefaultInfo(files = depset([ctx.attr.dep[Other].x]))]

direct = rule(implementation = _direct_impl, attrs = {"dep": attr.label()})
