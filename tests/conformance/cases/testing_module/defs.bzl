"""A test rule that says how its test is to be run."""

def _impl(ctx):
    script = ctx.actions.declare_file(ctx.label.name + ".sh")
    ctx.actions.write(script, "#!/bin/sh\n[ \"$WORD\" = given ] && [ \"$NUMBER\" = 1 ]\n", is_executable = True)
    info = testing.ExecutionInfo({"requires-network": ""}, exec_group = "test")
    print(info.requirements, info.exec_group, testing.ExecutionInfo(requirements = {"a": "b"}).requirements)
    return [
        DefaultInfo(executable = script),
        info,
        testing.TestEnvironment({"WORD": "given", "NUMBER": "1"}),
    ]

checks_test = rule(implementation = _impl, test = True)
