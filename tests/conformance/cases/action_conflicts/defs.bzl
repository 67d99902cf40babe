def _no_action_impl(ctx):
    ctx.actions.declare_file("forgotten.txt")
    return [DefaultInfo(files = depset([ctx.actions.declare_file("also.txt")]))]

no_action = rule(implementation = _no_action_impl)

def _twice_impl(ctx):
    out = ctx.actions.declare_file("twice.txt")
    ctx.actions.write(out, "1")
    ctx.actions.write(out, "2")
    return [DefaultInfo(files = depset([out]))]

twice = rule(implementation = _twice_impl)

def _wrong_impl(ctx):
    ctx.actions.run_shell(
        outputs = [],
        command = "true",
    )

wrong = rule(implementation = _wrong_impl)

def _returns_impl(ctx):
    return ["text"]

returns = rule(implementation = _returns_impl)

def _type_impl(ctx):
    return [DefaultInfo(
        files = ["x"],
    )]

wrong_type = rule(implementation = _type_impl)

def _double_impl(ctx):
    return [DefaultInfo(), DefaultInfo()]

double = rule(implementation = _double_impl)

def _undefined_impl(ctx):
    print(ctx.attr.nothing)

undefined = rule(implementation = _undefined_impl)

def _no_executable_impl(ctx):
    return []

no_executable = rule(implementation = _no_executable_impl, executable = True)
