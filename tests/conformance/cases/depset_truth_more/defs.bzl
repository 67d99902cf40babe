load("//lib:truth.bzl", "asked", "counted", "values")

EMPTY = depset()
FULL = depset(["x"])

def _shown(x):
    return "depset(%d)" % len(x.to_list()) if type(x) == "depset" else str(x)

def _impl(ctx):
    some = [depset(), depset([1]), depset(transitive = [depset(), depset()]), depset(transitive = [depset([1])])]
    lines = []
    for one in some:
        for other in some:
            lines.append(" ".join(asked(one, other)))
            lines.append(" ".join([_shown(x) for x in values(one, other)]))
    lines.append(str(counted(some)))
    lines.append(str(counted([])))
    lines.append("files" if ctx.attr.dep[DefaultInfo].files else "no files")
    lines.append("files" if ctx.attr.dep.files else "no files")
    lines.append("files" if ctx.attr.empty[DefaultInfo].files else "no files")
    lines.append("runfiles" if ctx.attr.empty[DefaultInfo].default_runfiles.files else "no runfiles")
    out = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.write(out, "\n".join(lines) + "\n")
    return [DefaultInfo(files = depset([out]))]

truth = rule(implementation = _impl, attrs = {"dep": attr.label(), "empty": attr.label()})
