"""A tool with symlinks of choice, and who shows its runfiles."""

def _impl(ctx):
    out = ctx.actions.declare_file("bin_" + ctx.label.name)
    ctx.actions.write(out, "#!/bin/bash\ncd \"$0.runfiles\" && find -L . -name '*.txt' -type f | LC_ALL=C sort | while read f; do echo \"$f: $(cat $f)\"; done\n", is_executable = True)
    runfiles = ctx.runfiles(
        ctx.files.data,
        symlinks = {path: file for path, file in zip(ctx.attr.links, ctx.files.targets)},
        root_symlinks = {path: file for path, file in zip(ctx.attr.roots, ctx.files.targets)},
    )
    return [DefaultInfo(executable = out, runfiles = runfiles.merge_all([d[DefaultInfo].default_runfiles for d in ctx.attr.deps]))]

tool = rule(
    implementation = _impl,
    attrs = {
        "data": attr.label_list(allow_files = True),
        "deps": attr.label_list(),
        "links": attr.string_list(),
        "roots": attr.string_list(),
        "targets": attr.label_list(allow_files = True),
    },
    executable = True,
)
