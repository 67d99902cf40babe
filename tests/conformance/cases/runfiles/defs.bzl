def _library_impl(ctx):
    runfiles = ctx.runfiles(files = ctx.files.data)
    runfiles = runfiles.merge_all([d[DefaultInfo].default_runfiles for d in ctx.attr.deps])
    return [DefaultInfo(files = depset(ctx.files.srcs), runfiles = runfiles)]

library = rule(
    implementation = _library_impl,
    attrs = {
        "data": attr.label_list(allow_files = True),
        "deps": attr.label_list(),
        "srcs": attr.label_list(allow_files = True),
    },
)

def _names(runfiles):
    return sorted([f.short_path for f in runfiles.files.to_list()])

def _impl(ctx):
    lines = []
    for dep in ctx.attr.deps:
        info = dep[DefaultInfo]
        lines.append("%s default %s" % (dep.label.name, _names(info.default_runfiles)))
        lines.append("%s data %s" % (dep.label.name, _names(info.data_runfiles)))
    mine = ctx.runfiles(
        files = [ctx.file.one],
        transitive_files = depset(ctx.files.more),
        symlinks = {"links/here.txt": ctx.file.one},
        root_symlinks = {"root/there.txt": ctx.file.one},
        collect_default = False,
    )
    lines.append("mine %s" % _names(mine))
    lines.append("symlinks %s" % [(s.path, s.target_file.short_path) for s in mine.symlinks.to_list()])
    lines.append("root_symlinks %s" % [(s.path, s.target_file.short_path) for s in mine.root_symlinks.to_list()])
    lines.append("merged %s" % _names(mine.merge(ctx.attr.deps[0][DefaultInfo].default_runfiles)))
    lines.append("empty %s" % mine.empty_filenames.to_list())
    lines.append("collected %s" % _names(ctx.runfiles(collect_default = True)))
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(out, "\n".join(lines) + "\n")
    return [DefaultInfo(files = depset([out]), runfiles = mine)]

show = rule(
    implementation = _impl,
    attrs = {
        "deps": attr.label_list(),
        "more": attr.label_list(allow_files = True),
        "one": attr.label(allow_single_file = True),
    },
)
