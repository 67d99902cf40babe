"""Chains of depsets."""

def _chain_impl(ctx):
    chain = depset(["first"])
    for number in range(ctx.attr.depth):
        chain = depset([str(number)], transitive = [chain])
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(out, str(len(chain.to_list())) if ctx.attr.listed else "made")
    return [DefaultInfo(files = depset([out]))]

chain = rule(
    implementation = _chain_impl,
    attrs = {
        "depth": attr.int(),
        "listed": attr.bool(),
    },
)
