NameInfo = provider(fields = ["name"])
SeenInfo = provider(fields = ["seen"])

def _leaf_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".leaf")
    ctx.actions.write(out, ctx.label.name)
    return [NameInfo(name = ctx.label.name), DefaultInfo(files = depset([out]))]

leaf = rule(implementation = _leaf_impl)

def _seeing_impl(target, ctx):
    return [SeenInfo(seen = "saw " + target[NameInfo].name)]

seeing = aspect(implementation = _seeing_impl, required_providers = [NameInfo])

def _split_impl(settings, attr):
    return {
        name: {"//command_line_option:compilation_mode": mode}
        for name, mode in [("zeta", "opt"), ("alpha", "fastbuild"), ("mid", "dbg")]
    }

split = transition(
    implementation = _split_impl,
    inputs = [],
    outputs = ["//command_line_option:compilation_mode"],
)

def _keyed_impl(ctx):
    d = ctx.attr.both
    lines = ["type %s, length %d, true %s" % (type(d), len(d), bool(d))]
    for key in d:
        lines.append("%s: %s" % (key.label.name, d[key]))
        lines.append("  in %s, get %s, name %s, seen %s" % (
            key in d,
            d.get(key),
            key[NameInfo].name if NameInfo in key else None,
            key[SeenInfo].seen if SeenInfo in key else None,
        ))
    for key, value in d.items():
        lines.append("item %s = %s, files %s" % (key.label, value, [f.basename for f in key.files.to_list()]))
    lines.append("keys %s" % [key.label.name for key in d.keys()])
    lines.append("values %s" % d.values())
    lines.append("list %s" % [key.label.name for key in list(d)])
    lines.append("swapped %s" % {value: key.label.name for key, value in d.items()})
    lines.append("sorted %s" % sorted([value + key.label.name for key, value in d.items()]))
    lines.append("one in d: %s" % (ctx.attr.one in d if ctx.attr.one else None))
    lines.append("not in d: %s" % (ctx.attr.one not in d if ctx.attr.one else None))
    lines.append("d[one]: %s" % (d[ctx.attr.one] if ctx.attr.one else None))
    lines.append("get default %s" % d.get("nothing", "default"))
    lines.append("files %s" % [f.basename for f in ctx.files.both])
    for name in sorted(ctx.split_attr.split):
        part = ctx.split_attr.split[name]
        lines.append("split %s %s" % (name, "%s %s" % (type(part), sorted([key.label.name for key in part]))))
    if d:
        lines.append("enumerate %s" % [(n, key.label.name) for n, key in enumerate(d)])
        lines.append("zip %s" % [(n, key.label.name) for n, key in zip([1, 2], d)])
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(out, "\n".join(lines) + "\n")
    return [DefaultInfo(files = depset([out]))]

keyed = rule(
    implementation = _keyed_impl,
    attrs = {
        "both": attr.label_keyed_string_dict(
            allow_files = True,
            aspects = [seeing],
        ),
        "one": attr.label(aspects = [seeing]),
        "split": attr.label_keyed_string_dict(
            cfg = split,
            default = {":a": "1", ":b": "2"},
        ),
        "_allowlist_function_transition": attr.label(default = "@bazel_tools//tools/allowlists/function_transition_allowlist"),
    },
)
