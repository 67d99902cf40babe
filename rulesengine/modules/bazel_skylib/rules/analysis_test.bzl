"""A test that its targets can be analysed; none of their actions is run."""

def _analysis_test_impl(ctx):
    program = ctx.actions.declare_file(ctx.label.name + ".sh")
    ctx.actions.write(program, "#!/bin/sh\nexit 0\n", is_executable = True)
    return [DefaultInfo(executable = program)]

analysis_test = rule(
    implementation = _analysis_test_impl,
    doc = "Passes when all `targets` analyse; that they do is found out before anything runs.",
    test = True,
    attrs = {
        "targets": attr.label_list(mandatory = True, doc = "What is analysed."),
    },
)
