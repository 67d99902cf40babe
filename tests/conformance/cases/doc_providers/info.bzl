"""Providers with a constructor of their own."""

def _example_init(*, files_to_link, headers = None, allow_empty = False):
    if not files_to_link and not allow_empty:
        fail("files_to_link is empty")
    all_headers = depset(transitive = headers) if headers else depset()
    return {"files_to_link": files_to_link, "headers": all_headers}

ExampleInfo, _new_example_info = provider(
    doc = "What to link and what to include.",
    fields = ["files_to_link", "headers"],
    init = _example_init,
)

def _library_impl(ctx):
    info = ExampleInfo(
        files_to_link = [f.basename for f in ctx.files.srcs],
        headers = [depset(ctx.attr.headers)] + [d[ExampleInfo].headers for d in ctx.attr.deps],
    )
    out = ctx.actions.declare_file(ctx.label.name + ".info")
    ctx.actions.write(out, "%s\n%s\n" % (info.files_to_link, info.headers.to_list()))
    return [DefaultInfo(files = depset([out])), info]

library = rule(
    implementation = _library_impl,
    attrs = {
        "deps": attr.label_list(providers = [ExampleInfo]),
        "headers": attr.string_list(),
        "srcs": attr.label_list(allow_files = True),
    },
    provides = [ExampleInfo],
)
