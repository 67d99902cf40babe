MyInfo = provider(fields = ["a"])

def _impl(ctx):
    return [MyInfo(b = 1)]

r = rule(implementation = _impl)
