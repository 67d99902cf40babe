def _impl(ctx):
    for out in ctx.outputs.output_list + ([ctx.outputs.output] if ctx.outputs.output else []):
        ctx.actions.write(out, "")
    return []

r = rule(
    implementation = _impl,
    attrs = {
        "bool": attr.bool(),
        "int": attr.int(),
        "int_list": attr.int_list(),
        "label": attr.label(allow_files = True),
        "label_keyed_string_dict": attr.label_keyed_string_dict(allow_files = True),
        "label_list": attr.label_list(allow_files = True),
        "output": attr.output(),
        "output_list": attr.output_list(),
        "string": attr.string(),
        "string_dict": attr.string_dict(),
        "string_list": attr.string_list(),
        "string_list_dict": attr.string_list_dict(),
        "string_keyed_label_dict": attr.string_keyed_label_dict(allow_files = True),
    },
)
