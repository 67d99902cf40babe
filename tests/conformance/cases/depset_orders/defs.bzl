def _graph(order):
    d = depset(["d1", "d2"], order = order)
    b = depset(["b"], transitive = [d], order = order)
    c = depset(["c", "d2"], transitive = [d], order = order)
    a = depset(["a"], transitive = [b, c], order = order)
    e = depset(["e"], transitive = [d, a], order = order)
    return depset(["top", "a"], transitive = [e, b, depset(["z"], order = order)], order = order)

def _chain(order, n):
    made = depset(order = order)
    for i in range(n):
        made = depset([str(i)], transitive = [made], order = order)
    return made

def _impl(ctx):
    lines = []
    for order in ["default", "postorder", "preorder", "topological"]:
        lines.append("%s: %s" % (order, _graph(order).to_list()))
        lines.append("%s: %s" % (order, _chain(order, 5).to_list()))
    lines.append(str(depset()))
    lines.append(str(depset(["a"])))
    lines.append(str(type(depset())))
    lines.append(str(bool(depset([1]))))
    lines.append(str(depset([1, 2, 1]).to_list()))
    lines.append(str(depset([(1, 2), (1, 2)]).to_list()))
    lines.append(str(depset(["x"], transitive = [depset(["y"], order = "preorder")]).to_list()))
    lines.append(str(len(_chain("default", 200).to_list())))
    out = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.write(out, "\n".join(lines) + "\n")
    return [DefaultInfo(files = depset([out]))]

orders = rule(implementation = _impl)
