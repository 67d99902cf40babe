def _tool_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".sh")
    ctx.actions.write(out, "#!/bin/sh\necho \"$@\" > $1\ncat {} >> $1\n".format(ctx.file.data.path), is_executable = True)
    return [DefaultInfo(executable = out, runfiles = ctx.runfiles([ctx.file.data]))]

tool = rule(implementation = _tool_impl, attrs = {"data": attr.label(allow_single_file = True)}, executable = True)

def _use_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.run(
        outputs = [out],
        inputs = [ctx.file._data],
        executable = ctx.executable.tool,
        arguments = [out.path, "x", ctx.executable.tool.basename],
        tools = [ctx.attr.tool[DefaultInfo].files_to_run],
    )
    return [DefaultInfo(files = depset([out]))]

use = rule(
    implementation = _use_impl,
    attrs = {
        "tool": attr.label(executable = True, cfg = "target"),
        "_data": attr.label(default = "//:data.txt", allow_single_file = True),
    },
)
