"""A program that shows its environment."""

def _impl(ctx):
    out = ctx.actions.declare_file("bin/" + ctx.label.name)
    ctx.actions.write(out, "#!/bin/bash\necho \"$A $B\" \"$@\"\ncat pkg/data.txt\n", is_executable = True)
    return [
        DefaultInfo(executable = out, runfiles = ctx.runfiles(ctx.files.data)),
        RunEnvironmentInfo(environment = {"A": "from the rule", "B": "b"}, inherited_environment = ["NOT_SET_ANYWHERE"]),
    ]

program = rule(implementation = _impl, attrs = {"data": attr.label_list(allow_files = True)}, executable = True)
