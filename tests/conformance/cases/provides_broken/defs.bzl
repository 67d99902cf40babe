MyInfo = provider()

def _impl(ctx):
    return []

r = rule(implementation = _impl, provides = [MyInfo])
