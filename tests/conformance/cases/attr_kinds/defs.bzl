def _show(value):
    if type(value) == "Target":
        return "target " + value.label.name
    if type(value) == "list":
        return [v.label.name if type(v) == "Target" else v for v in value]
    return value

def _impl(ctx):
    lines = []
    for name in ["b", "i", "il", "s", "sl", "sd", "sld", "l", "ll", "d_b", "d_i", "d_il", "d_s", "d_sl", "d_sd", "d_sld", "d_l", "d_ll"]:
        value = getattr(ctx.attr, name)
        lines.append("%s: %s %s" % (name, type(value), _show(value)))
    for target, text in ctx.attr.lksd.items():
        lines.append("lksd: %s=%s" % (target.label.name, text))
    for key, target in ctx.attr.skld.items():
        lines.append("skld: %s=%s" % (key, target.label.name))
    lines.append("out: %s %s" % (ctx.outputs.o.short_path, [f.short_path for f in ctx.outputs.ol]))
    lines.append("attr.o: %s %s" % (ctx.attr.o, ctx.attr.ol))
    for one in [ctx.outputs.o] + ctx.outputs.ol:
        ctx.actions.write(one, "\n".join(lines) + "\n")
    return [DefaultInfo(files = depset([ctx.outputs.o] + ctx.outputs.ol))]

kinds = rule(
    implementation = _impl,
    attrs = {
        "b": attr.bool(),
        "i": attr.int(),
        "il": attr.int_list(),
        "s": attr.string(),
        "sl": attr.string_list(),
        "sd": attr.string_dict(),
        "sld": attr.string_list_dict(),
        "l": attr.label(allow_files = True),
        "ll": attr.label_list(allow_files = True),
        "lksd": attr.label_keyed_string_dict(allow_files = True),
        "skld": attr.string_keyed_label_dict(allow_files = True),
        "o": attr.output(mandatory = True),
        "ol": attr.output_list(),
        "d_b": attr.bool(default = True),
        "d_i": attr.int(default = -7),
        "d_il": attr.int_list(default = [3, 1]),
        "d_s": attr.string(default = "dé"),
        "d_sl": attr.string_list(default = ["b", "a"]),
        "d_sd": attr.string_dict(default = {"k": "v"}),
        "d_sld": attr.string_list_dict(default = {"k": ["v", "w"]}),
        "d_l": attr.label(default = "//:x.txt", allow_files = True),
        "d_ll": attr.label_list(default = ["//:x.txt", Label("//:y.txt")], allow_files = True),
    },
)
