def _impl(ctx):
    value = struct(
        b = [1, 2.5, -3, True, None],
        a = {"z": "e\"\\\n\t<&>", "k": ()},
        c = struct(),
        d = (1, "x"),
        e = 1.0,
        f = 1e30,
    )
    text = json.encode(value)
    lines = [
        text,
        json.indent(text),
        json.encode_indent(value, indent = "  ", prefix = "> "),
        str(json.decode(text)),
        str(json.decode("[1, 1.0, 12345678901234567890, \"\\u0041\", null, true]")),
        str(json.decode("nope", default = "fallback")),
        json.encode({"b": 1, "a": 2}),
        json.encode([]),
        json.encode("<&>"),
    ]
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(out, "\n".join(lines) + "\n")
    return [DefaultInfo(files = depset([out]))]

show = rule(implementation = _impl)

def bad_encode(name):
    json.encode({"x": depset()})

def bad_decode(name):
    json.decode("{\"a\": }")
