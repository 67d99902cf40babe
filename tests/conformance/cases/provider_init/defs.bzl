def _point_init(x, y = 0, *, scale = 1):
    if x < 0:
        fail("x is negative: %d" % x)
    return {"x": x * scale, "y": y * scale}

Point, new_point = provider(fields = ["x", "y"], init = _point_init)

def _impl(ctx):
    lines = [
        str(Point(1)),
        str(Point(2, 3)),
        str(Point(x = 2, y = 3, scale = 10)),
        str(new_point(x = -1, y = -2)),
        str(Point(1) == new_point(x = 1, y = 0)),
    ]
    out = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.write(out, "\n".join(lines) + "\n")
    return [DefaultInfo(files = depset([out])), Point(7)]

point = rule(implementation = _impl, provides = [Point])

def _bad_impl(ctx):
    return [Point(ctx.attr.x)]

bad = rule(implementation = _bad_impl, attrs = {"x": attr.int()})
