def _outputs(name, ext, more, src):
    out = {"main": "%{name}." + ext, "src": src.name + ".copy"}
    if more:
        out["other"] = "more/%{name}_%{ext}.txt"
    return out

def _impl(ctx):
    for key in ["main", "src", "other"]:
        if hasattr(ctx.outputs, key):
            ctx.actions.write(getattr(ctx.outputs, key), "%s of %s\n" % (key, ctx.label.name))

r = rule(
    implementation = _impl,
    attrs = {
        "ext": attr.string(default = "txt"),
        "more": attr.bool(),
        "src": attr.label(allow_files = True),
    },
    outputs = _outputs,
)
