"""A file made of a template."""

def _expand_template_impl(ctx):
    ctx.actions.expand_template(
        template = ctx.file.template,
        output = ctx.outputs.out,
        substitutions = {
            key: ctx.expand_location(value, ctx.attr.data) if ctx.attr.data else value
            for key, value in ctx.attr.substitutions.items()
        },
    )

expand_template = rule(
    implementation = _expand_template_impl,
    doc = "The template with some texts replaced by others. `substitutions` may name files of `data` by $(location).",
    attrs = {
        "data": attr.label_list(allow_files = True, doc = "What $(location) in substitutions may name."),
        "out": attr.output(mandatory = True, doc = "The file."),
        "substitutions": attr.string_dict(mandatory = True, doc = "Texts of the template, and what stands in their place."),
        "template": attr.label(mandatory = True, allow_single_file = True, doc = "The template."),
    },
)
