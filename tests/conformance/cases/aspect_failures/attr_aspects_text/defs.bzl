Info = provider(fields = ["value"])
Other = provider(fields = ["value"])

def _one_impl(target, ctx):
    return []

one = aspect(implementation = _one_impl, attr_aspects = "deps")

def _lib_impl(ctx):
    return [Info(value = 1)]

lib = rule(implementation = _lib_impl, attrs = {"deps": attr.label_list()})

def _show_impl(ctx):
    return []

show = rule(implementation = _show_impl, attrs = {"deps": attr.label_list(aspects = [one])})
