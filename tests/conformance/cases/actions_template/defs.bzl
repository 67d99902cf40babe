def _impl(ctx):
    out = ctx.actions.declare_file("out.txt")
    ctx.actions.expand_template(
        template = ctx.file.template,
        output = out,
        substitutions = {
            "{A}": "1",
            "{AB}": "2",
            "{B}": "{A}",
            "X": "",
        },
    )
    second = ctx.actions.declare_file("second.txt")
    computed = ctx.actions.template_dict()
    computed.add("{A}", "one")
    computed.add_joined("{B}", depset(["x", "y"]), join_with = ", ", map_each = _shout)
    ctx.actions.expand_template(template = ctx.file.template, output = second, computed_substitutions = computed, is_executable = True)
    return [DefaultInfo(files = depset([out, second]))]

def _shout(text):
    return text + "!"

expand = rule(implementation = _impl, attrs = {"template": attr.label(allow_single_file = True)})
