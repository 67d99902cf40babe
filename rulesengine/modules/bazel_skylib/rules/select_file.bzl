"""One file of many."""

def _select_file_impl(ctx):
    wanted, files = ctx.attr.subpath, ctx.attr.srcs.files.to_list()
    if not wanted:
        fail("Subpath can not be empty.")
    for one in files:
        if ("/" + one.path).endswith("/" + wanted):
            return [DefaultInfo(files = depset([one]))]
    fail("Can not find specified file '%s' in %s" % (wanted, [one.path for one in files]))

select_file = rule(
    implementation = _select_file_impl,
    doc = "The one file of `srcs` whose path ends with `subpath`.",
    attrs = {
        "srcs": attr.label(mandatory = True, allow_files = True, doc = "A target of several files."),
        "subpath": attr.string(mandatory = True, doc = "How the path of the wanted one ends."),
    },
)
