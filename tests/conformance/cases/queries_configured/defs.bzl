"""A library rule with a tool and a private dependency."""

def _lib(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".lib")
    args = ctx.actions.args()
    args.add(out)
    args.add_all(ctx.files.srcs)
    args.add_all([dep[DefaultInfo].files for dep in ctx.attr.deps], map_each = _paths)
    ctx.actions.run_shell(
        inputs = depset(ctx.files.srcs, transitive = [dep[DefaultInfo].files for dep in ctx.attr.deps]),
        outputs = [out],
        arguments = [args],
        command = "out=$1; shift; cat \"$@\" > $out",
        mnemonic = "Concatenate",
        tools = [ctx.executable._tool],
    )
    note = ctx.actions.declare_file(ctx.label.name + ".note")
    ctx.actions.write(note, "note")
    return [DefaultInfo(files = depset([out]))]

def _paths(files):
    return [f.path for f in files.to_list()]

lib = rule(
    implementation = _lib,
    attrs = {
        "deps": attr.label_list(),
        "srcs": attr.label_list(allow_files = True),
        "_tool": attr.label(default = "//tools:tool", executable = True, cfg = "exec"),
    },
)
