def _tool_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.write(out, "#!/bin/bash\ncd \"$0.runfiles\" && find . -name '*.txt' | sort | while read f; do echo \"$f: $(cat $f)\"; done\n", is_executable = True)
    return [DefaultInfo(executable = out, runfiles = ctx.runfiles(
        ctx.files.data,
        root_symlinks = {"top/r.txt": ctx.files.data[0]},
        symlinks = {"inside/s.txt": ctx.files.data[0]},
    ))]

tool = rule(implementation = _tool_impl, attrs = {"data": attr.label_list(allow_files = True)}, executable = True)
