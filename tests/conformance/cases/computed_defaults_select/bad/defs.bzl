def _default(name):
    return Label("//:sour_1.txt")

def _impl(ctx):
    return []

r = rule(
    implementation = _impl,
    attrs = {"public": attr.label(default = _default)},
)
