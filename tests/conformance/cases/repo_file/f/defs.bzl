"""What REPO.bazel gave a target."""

def _impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(out, ",".join(ctx.features) + "\n")
    return [DefaultInfo(files = depset([out]))]

facts = rule(implementation = _impl)
