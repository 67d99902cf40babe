"""A directory, and a test rule with an environment."""

def _tree_impl(ctx):
    out = ctx.actions.declare_directory(ctx.label.name)
    ctx.actions.run_shell(outputs = [out], command = "echo 1 > $1/one", arguments = [out.path])
    return [DefaultInfo(files = depset([out]))]

tree = rule(implementation = _tree_impl)

def _test_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.write(out, "#!/bin/bash\n[ \"$A $FROM_FLAG $1\" = \"rule flag own\" ]\n", is_executable = True)
    return [DefaultInfo(executable = out), RunEnvironmentInfo(environment = {"A": "rule"}, inherited_environment = ["A"])]

some_test = rule(implementation = _test_impl, test = True)
