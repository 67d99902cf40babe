def _impl(ctx):
    made = ctx.actions.declare_file("dir/made.tar.gz")
    ctx.actions.write(made, "")
    tree = ctx.actions.declare_directory("tree.d")
    ctx.actions.run_shell(outputs = [tree], command = "echo > $1/x", arguments = [tree.path])
    lines = []
    for f in ctx.files.srcs + [made, tree]:
        lines.append("%s|%s|%s|%s|%s|%s|%s|%s" % (f.path, f.short_path, f.dirname, f.basename, f.extension, f.root.path, f.is_source, f.is_directory))
        lines.append("%s %s %s" % (f.owner, f, type(f)))
    lines.append(str(ctx.files.srcs[0] == ctx.files.again[0]))
    lines.append(str({ctx.files.srcs[0]: 1}[ctx.files.again[0]]))
    lines.append(str(sorted([f.basename for f in ctx.files.srcs])))
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(out, "\n".join(lines) + "\n")
    return [DefaultInfo(files = depset([out]))]

show = rule(
    implementation = _impl,
    attrs = {
        "again": attr.label_list(allow_files = True),
        "srcs": attr.label_list(allow_files = True),
    },
)
