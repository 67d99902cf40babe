"""Greetings, as files."""

def _greeting_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".cc")
    ctx.actions.expand_template(
        output = out,
        template = ctx.file._template,
        substitutions = {"{NAME}": ctx.attr.username},
    )
    return [DefaultInfo(files = depset([out]))]

greeting = rule(
    implementation = _greeting_impl,
    attrs = {
        "username": attr.string(default = "unknown person"),
        "_template": attr.label(
            allow_single_file = True,
            default = "greet.cc.tpl",
        ),
    },
)

print("the file is evaluated")
