def _impl(ctx):
    lines = []
    for one in [depset(), depset([1]), depset(transitive = [depset()]), depset(transitive = [depset([1])])]:
        lines.append("true" if one else "false")
    lines.append("not" if not depset() else "yes")
    out = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.write(out, "\n".join(lines) + "\n")
    return [DefaultInfo(files = depset([out]))]

truth = rule(implementation = _impl)
