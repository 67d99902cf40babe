def _impl(ctx):
    ctx.actions.write(ctx.outputs.main, "main %s\n" % ctx.outputs.main.short_path)
    ctx.actions.write(ctx.outputs.side, "side %s\n" % ctx.outputs.side.basename)

r = rule(
    implementation = _impl,
    attrs = {"kind": attr.string()},
    outputs = {
        "main": "%{name}.main",
        "side": "lib%{name}-%{kind}.side",
    },
)
